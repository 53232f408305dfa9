package operators

import (
	"context"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
)

// CustomerStore reads and changes customers. Each change is one transaction, and keeps who did it, and why. One who does not
// exist or was erased is an accounts.ErrNoCustomer.
type CustomerStore interface {
	CustomerByMSISDN(ctx context.Context, brand string, m prepaid.MSISDN) (accounts.Customer, error)
}

// AddressReader lists the addresses that are linked to a customer, and what is opted out there.
type AddressReader interface {
	AddressesOf(ctx context.Context, id prepaid.CustomerID) ([]accounts.KnownAddress, error)
}

// MandateReader reads SEPA mandates that were given by text, newest first, 20 at most.
type MandateReader interface {
	MandatesOf(ctx context.Context, c prepaid.CustomerID) ([]payments.Mandate, error)
	// MandatesByReference returns those whose reference begins so.
	MandatesByReference(ctx context.Context, begins string) ([]payments.Mandate, error)
}

// Customers holds the operations on customers. Safe for concurrent use.
type Customers struct {
	Customers     CustomerStore
	Addresses     AddressReader
	Orders        OrderReader
	Interventions InterventionReader
	Mandates      MandateReader
	Clock         prepaid.Clock
}

// Whom names a customer.
type Whom struct {
	Brand  string
	MSISDN prepaid.MSISDN
}

// find reads the customer; accounts.ErrNoCustomer.
func (s Customers) find(ctx context.Context, w Whom) (accounts.Customer, error) {
	c, err := s.Customers.CustomerByMSISDN(ctx, w.Brand, w.MSISDN)
	if err != nil {
		return c, w.wrap(err)
	}
	return c, nil
}

// wrap says whom an error is about.
func (w Whom) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s at %s: %w", w.MSISDN.Masked(), w.Brand, err)
}

// ordersOfProfile is how many orders a profile shows at most.
const ordersOfProfile = 10

// Show returns what is known of a customer, with the last orders; accounts.ErrNoCustomer.
func (s Customers) Show(ctx context.Context, w Whom) (Profile, error) {
	c, err := s.find(ctx, w)
	if err != nil {
		return Profile{}, err
	}
	p := newProfile(c, s.Clock.Now())
	addresses, err := s.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return Profile{}, err
	}
	for _, a := range addresses {
		p.Addresses = append(p.Addresses, AddressRow{a.Address.Masked(), a.Out.ByWord, a.Out.AtCarrier})
	}
	orders, err := s.Orders.List(ctx, OrderFilter{Customer: c.ID, Limit: ordersOfProfile})
	if err != nil {
		return Profile{}, err
	}
	p.Orders = orderRows(orders)
	done, err := s.Interventions.List(ctx, "", c.ID)
	if err != nil {
		return Profile{}, err
	}
	p.ByHand = interventionRows(done)
	mandates, err := s.Mandates.MandatesOf(ctx, c.ID)
	p.Mandates = mandateRows(mandates)
	return p, err
}

// Mandate returns the mandates whose reference begins so, 20 at most: what a bank asks for when its customer disputes a debit.
// Those of erased customers are kept without name, account and address.
func (s Customers) Mandate(ctx context.Context, reference string) ([]MandateRow, error) {
	found, err := s.Mandates.MandatesByReference(ctx, reference)
	return mandateRows(found), err
}

// Profile is what is known of a customer.
type Profile struct {
	ID           prepaid.CustomerID `json:"id"`
	Brand        string             `json:"brand"`
	Number       string             `json:"number"` // masked
	Language     string             `json:"language"`
	Status       accounts.Status    `json:"status"`
	PaysBy       string             `json:"pays_by"`
	Instrument   string             `json:"instrument"`
	CreatedAt    time.Time          `json:"created_at"`
	RecognisedAt time.Time          `json:"recognised_at"`
	Account      string             `json:"account"` // whose it is
	PIN          string             `json:"pin"`     // whether it is locked
	RecoveredAt  time.Time          `json:"recovered_at"`
	FrozenAt     time.Time          `json:"frozen_at"` // zero: it is not
	Mandates     []MandateRow       `json:"mandates"`
	Addresses    []AddressRow       `json:"addresses"`
	Orders       []OrderRow         `json:"orders"` // the last ten
	ByHand       []InterventionRow  `json:"by_hand"`
}

func newProfile(c accounts.Customer, now time.Time) Profile {
	return Profile{
		ID: c.ID, Brand: c.Brand, Number: c.MSISDN.Masked(), Language: c.Language, Status: c.Status, PaysBy: c.Pays.Method,
		Instrument: c.Pays.Display, CreatedAt: c.CreatedAt, RecognisedAt: c.Recognised, Account: accountState(c), PIN: pinState(c, now),
		RecoveredAt: c.RecoveredAt, FrozenAt: c.FrozenAt,
	}
}

// accountState says whose the account is.
func accountState(c accounts.Customer) string {
	said := "never recovered"
	if !c.RecoveredAt.IsZero() {
		said = "recovered " + c.RecoveredAt.Format(time.DateTime)
	}
	if c.Frozen() {
		said = "frozen since " + c.FrozenAt.Format(time.DateTime) + " by NOT ME, " + said
	}
	return said
}

// pinState says whether the customer's PIN is locked.
func pinState(c accounts.Customer, now time.Time) string {
	switch {
	case c.PIN.HardLocked:
		return "locked until the number is proven anew"
	case c.PIN.Locked(now):
		return "locked until " + c.PIN.LockedUntil.Format(time.DateTime)
	}
	return fmt.Sprintf("%d wrong in a row, %d in 30 days", c.PIN.Tries, c.PIN.MonthTries)
}

// AddressRow is an address that is linked to a customer.
type AddressRow struct {
	Address    string   `json:"address"`      // masked
	OptedOut   bool     `json:"opted_out"`    // by our own word: they get answers alone
	OptedOutAt []string `json:"opted_out_at"` // the channels that can't reach it any more
}

// MandateRow is a SEPA mandate that was given by text.
type MandateRow struct {
	Reference       string             `json:"reference"`
	Customer        prepaid.CustomerID `json:"customer"`
	Brand           string             `json:"brand"`
	Creditor        string             `json:"creditor"`
	CreditorAddress string             `json:"creditor_address"`
	CreditorID      string             `json:"creditor_id"`
	AgreedAt        string             `json:"agreed_at"` // RFC 3339
	Channel         string             `json:"channel"`
	Kind            string             `json:"kind"`
	Address         string             `json:"address"` // masked
	Language        string             `json:"language"`
	TextVersion     string             `json:"text_version"`
	Text            string             `json:"text"` // as its debtor has read it
	IBAN            string             `json:"-"`    // its last characters
}

func mandateRows(mandates []payments.Mandate) []MandateRow {
	var rows []MandateRow
	for _, m := range mandates {
		rows = append(rows, MandateRow{
			Reference: m.Reference, Customer: m.Customer, Brand: m.Brand, Creditor: m.Creditor.Name, CreditorAddress: m.Creditor.Address,
			CreditorID: m.Creditor.Identifier, AgreedAt: m.AgreedAt.Format(time.RFC3339), Channel: m.From.Channel, Kind: m.From.Kind,
			Address: m.From.Address.Masked(), Language: m.Language, TextVersion: m.Version, Text: m.AsShown(), IBAN: m.IBAN,
		})
	}
	return rows
}
