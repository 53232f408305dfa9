package operators

import (
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// OrderRow is an order as lists show it: the tags name its fields for programs, and for people as headings.
type OrderRow struct {
	ID           prepaid.OrderID    `json:"id"`
	CreatedAt    time.Time          `json:"created_at"`
	Brand        string             `json:"brand"`
	Customer     prepaid.CustomerID `json:"customer"`
	Number       string             `json:"number"` // masked: of the phone or the mail account that is topped up
	Amount       string             `json:"amount"`
	Currency     prepaid.Currency   `json:"currency"`
	Funding      topup.FundingKind  `json:"funding"`
	Method       string             `json:"method"`
	Provider     string             `json:"provider"`
	Status       topup.Status       `json:"status"`
	Reason       string             `json:"reason"`
	NeedsHuman   bool               `json:"needs_human"`
	StatusAt     time.Time          `json:"status_at"`
	NextAt       time.Time          `json:"next_at"`
	AfterDebit   bool               `json:"after_debit"`
	Network      string             `json:"network"`
	NetworkRef   string             `json:"network_ref"`
	Settings     int                `json:"settings_version"` // of its brand, that it was made under; 0 is not known
	AuthorisedBy string             `json:"authorised_by"`
	Cursor       string             `json:"cursor"` // what OrderQuery.After takes for the orders that follow
}

// Cells are what people see of the row.
func (r OrderRow) Cells() [][2]string {
	waiting := ""
	if r.NeedsHuman {
		waiting = "needs a human since " + stamp(r.StatusAt)
	}
	return [][2]string{
		{"id", r.ID.Grouped()}, {"created_at", stamp(r.CreatedAt)}, {"brand", r.Brand}, {"number", r.Number}, {"amount", r.Amount},
		{"currency", string(r.Currency)}, {"status", string(r.Status)}, {"reason", r.Reason}, {"needs_human", waiting},
	}
}

func newOrderRow(o topup.Order) OrderRow {
	row := OrderRow{
		ID: o.ID, CreatedAt: o.CreatedAt, Brand: o.Brand, Customer: o.Customer, Number: o.MSISDN.Masked(),
		Amount: o.Amount.Number(), Currency: o.Amount.Currency, Funding: o.Funding.Kind, Method: o.Funding.Method, Provider: o.Funding.Provider,
		Status: o.Status, Reason: o.Reason, NeedsHuman: o.NeedsHuman, StatusAt: o.StatusAt, NextAt: o.RunAt, AfterDebit: o.AfterDebit,
		Network: o.Network, Settings: o.Settings, NetworkRef: o.NetworkRef, AuthorisedBy: o.AuthorisedBy,
		Cursor: OrderCursor{o.CreatedAt, o.ID}.String(),
	}
	if o.Email != "" {
		row.Number = o.Email.Masked()
	}
	return row
}

func orderRows(orders []topup.Order) []OrderRow {
	rows := make([]OrderRow, len(orders))
	for i, o := range orders {
		rows[i] = newOrderRow(o)
	}
	return rows
}

// The values of Dossier.PIN.
const (
	pinWaits    = "which waits, sealed, to be handed on"
	pinHandedOn = "which was handed on"
)

// Dossier is all that is known of an order.
type Dossier struct {
	OrderRow
	Order    topup.History          `json:"-"`             // the order itself
	PIN      string                 `json:"pin,omitempty"` // of an order delivered as a PIN: whether the PIN was handed on
	Charge   ChargeRow              `json:"charge"`
	Sale     *SaleRow               `json:"sale,omitempty"` // of a developer's order
	Attempts []AttemptRow           `json:"attempts"`
	Passages []Passage              `json:"history"`
	Postings []PostingRow           `json:"postings"`
	Notices  []Notice               `json:"notices"`
	ByHand   []DeedRow              `json:"by_hand"`
	Allowed  []topup.OperatorAction `json:"allowed_now"` // what an operator may do to it now
}

func newDossier(h topup.History, now time.Time) Dossier {
	d := Dossier{OrderRow: newOrderRow(h.Order), Order: h, Attempts: make([]AttemptRow, len(h.Attempts)), Allowed: h.Allowed(now)}
	d.Charge = ChargeRow{h.Charge.ID, h.Charge.Status, h.Charge.ProviderRef}
	for i, a := range h.Attempts {
		d.Attempts[i] = AttemptRow{a.Number, a.Step, a.Reference, a.Outcome, a.Code, a.ProviderRef, a.StartedAt, a.EndedAt}
	}
	if h.Sale != nil {
		d.Sale = newSaleRow(*h.Sale)
	}
	return d
}

// ChargeRow is an order's charge.
type ChargeRow struct {
	ID          prepaid.ChargeID   `json:"id"`
	Status      topup.ChargeStatus `json:"status"`
	ProviderRef string             `json:"provider_ref"`
}

// AttemptRow is one call of a gateway or a network.
type AttemptRow struct {
	Number      int           `json:"number"`
	Step        topup.Step    `json:"step"`
	Reference   string        `json:"reference"`
	Outcome     topup.Outcome `json:"outcome"`
	Code        string        `json:"code"`
	ProviderRef string        `json:"provider_ref"`
	StartedAt   time.Time     `json:"started_at"`
	EndedAt     time.Time     `json:"ended_at"`
}

// Passage is one status change of an order.
type Passage struct {
	From   topup.Status `json:"from"`
	To     topup.Status `json:"to"`
	Reason string       `json:"reason"`
	At     time.Time    `json:"at"`
}

// PostingRow is one posting of the ledger.
type PostingRow struct {
	Entry    string           `json:"entry"` // the kind of the entry that it belongs to
	Account  string           `json:"account"`
	Amount   prepaid.Money    `json:"-"`
	Minor    int64            `json:"minor"`
	Currency prepaid.Currency `json:"currency"`
}

func postingRows(entries []topup.Entry) []PostingRow {
	rows := []PostingRow{}
	for _, e := range entries {
		for _, p := range e.Postings {
			rows = append(rows, PostingRow{e.Kind, p.Account, p.Amount, p.Amount.Minor, p.Amount.Currency})
		}
	}
	return rows
}

// Notice is news for a customer about an order.
type Notice struct {
	About  prepaid.NoticeKind `json:"about"`
	DueAt  time.Time          `json:"due_at"`
	ToldAt time.Time          `json:"told_at"` // zero: not yet
}

// SaleRow is what a developer asked for by the API and what it cost.
type SaleRow struct {
	TransactionID     int64            `json:"transaction_id"`
	Identifier        string           `json:"identifier"`
	OperatorID        int64            `json:"operator_id"`
	Operator          string           `json:"operator"`
	Requested         string           `json:"requested"`
	Discount          string           `json:"discount"`
	Cost              string           `json:"cost"`
	Currency          prepaid.Currency `json:"currency"`
	Delivered         string           `json:"delivered"`
	DeliveredCurrency prepaid.Currency `json:"delivered_currency"`
	FX                string           `json:"fx"`
	DebitedAt         *time.Time       `json:"debited_at"`        // nil: not debited
	Balance           string           `json:"balance,omitempty"` // after the debit
}

func newSaleRow(s topup.Sale) *SaleRow {
	row := &SaleRow{
		TransactionID: s.Number, Identifier: s.Identifier, OperatorID: s.Operator, Operator: s.OperatorName,
		Requested: s.Requested.Number(), Discount: s.Discount.Number(), Cost: s.Price.Number(), Currency: s.Price.Currency,
		Delivered: s.Delivered.Number(), DeliveredCurrency: s.Delivered.Currency, FX: s.FX,
	}
	if !s.DebitedAt.IsZero() {
		row.DebitedAt, row.Balance = &s.DebitedAt, s.Balance.Number()
	}
	return row
}
