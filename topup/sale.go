package topup

import (
	"errors"
	"time"

	"pulsa/prepaid"
)

// ByDeveloper is the funding by a developer's prepaid account; Ref is the key. The account is ours: it is debited in
// the transaction that moves the order to charged, which is the one that creates it unless Request.DebitLater, and
// credited in the one that refunds it.
const ByDeveloper FundingKind = "developer"

// Why a developer's order is not taken, and nothing stored; or why one that was stored before its debit is declined.
var (
	ErrNoFunds  = errors.New("the developer's account does not hold the price")
	ErrNoKey    = errors.New("no such key, or it is revoked")
	ErrInactive = errors.New("the key is suspended")
)

// refusedDebit is the code for which the debit of a developer's account, and with it the change of the order, was not
// made; "" where err is another.
func refusedDebit(err error) string {
	switch {
	case errors.Is(err, ErrNoFunds):
		return CodeNoFunds
	case errors.Is(err, ErrNoKey), errors.Is(err, ErrInactive):
		return CodeInactive
	}
	return ""
}

// Sale is what a developer asked for by the API and what it cost. Orders by ByDeveloper have one, no others. Requested,
// Discount, Price and Balance are in the account's currency.
type Sale struct {
	Number       int64  // the transaction's id at the API; the store draws it
	Identifier   string // the developer's own, "" for none
	Asked        string // the whole request, in one form however it was written: its hash tells requests apart. Not stored
	Operator     int64  // as the API numbers them
	OperatorName string
	Country      string        // ISO 3166
	Sender       string        // digits, "" for none
	Requested    prepaid.Money // what the airtime costs before the discount
	Discount     prepaid.Money
	Price        prepaid.Money // Requested - Discount: what the account is debited
	Balance      prepaid.Money // what the debit left; the store fills it in, with the next
	DebitedAt    time.Time     // zero: not yet, or never
	Delivered    prepaid.Money // what the recipient gets. The order's amount is what the network is asked for: mostly the same
	FX           string        // the rate and its date, "" where none was used
	Limits       SaleLimits    // not stored
}

// SaleLimits bound what one key may buy; zero is no limit. They are checked in the transaction that creates the order.
type SaleLimits struct {
	DayCount int           // in 24 hours
	DaySum   prepaid.Money // in 24 hours, in the account's currency
	Gap      time.Duration // how long after a top-up the same recipient may have the next; never while one is under way
}

// What a LimitError of a developer's order is called.
const (
	LimitDayCount = "day_count"
	LimitDaySum   = "day_sum"
	LimitPending  = "pending"
	LimitGap      = "gap"
)

// captureEntry books the order's money when it is ours.
func (h *History) captureEntry() Entry {
	if h.Sale != nil {
		return h.Sale.entry("capture", h.Order)
	}
	return captureEntry(h.Order)
}

// refundEntry books it given back.
func (h *History) refundEntry() Entry {
	if h.Sale != nil {
		return h.Sale.entry("capture", h.Order).undone("refund")
	}
	return refundEntry(h.Order, h.left())
}

// entry books the price from the developer's account: what was requested becomes money due for the order, by way
// of fx where the order's currency is another.
func (s *Sale) entry(kind string, o Order) Entry {
	e := Entry{Kind: kind, Postings: []Posting{{paidFrom(o), s.Price}}}
	if !s.Discount.Zero() {
		e.Postings = append(e.Postings, Posting{accountDiscount, s.Discount})
	}
	if s.Requested.Currency != o.Amount.Currency {
		fx := "fx:" + string(s.Requested.Currency)
		e.Postings = append(e.Postings, Posting{fx, s.Requested.Neg()}, Posting{fx, o.Amount})
	}
	e.Postings = append(e.Postings, Posting{accountRefundsDue, o.Amount.Neg()})
	return e
}

// undone is the entry the other way round.
func (e Entry) undone(kind string) Entry {
	back := Entry{Kind: kind, Postings: make([]Posting, len(e.Postings))}
	for i, p := range e.Postings {
		back.Postings[i] = Posting{p.Account, p.Amount.Neg()}
	}
	return back
}
