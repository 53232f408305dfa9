package topup

import (
	"slices"
	"time"

	"pulsa/prepaid"
)

// Change is one transition of an order, with everything that is written in the same transaction.
type Change struct {
	Order prepaid.OrderID
	From  Status
	// To are the statuses passed through in this transaction; the last one stays. Empty: the order keeps
	// its status, and everything else that the change holds is written all the same.
	To []Status
	// Answered is the attempt whose answer is written, even where the order does not move. Only an attempt
	// that is Sending or Unknown can still be answered.
	Answered *Attempt
	// Next is the attempt to be made after this transaction.
	Next *Attempt
	// IfCharge is the status that the charge must still have, or nothing is written but the answer; "" for any.
	IfCharge  ChargeStatus
	Charge    ChargeStatus  // "" leaves it
	ChargeRef string        // the gateway's own id, "" leaves it
	GivenAway prepaid.Money // of the charge, as goodwill; zero leaves it
	Postings  []Entry
	Notice    *NewNotice
	// RunAt and the lease replace the order's, even with zero. A RunAt brings the order to a worker even where it has
	// ended: a charge that turns up after Declined is still to be given back.
	RunAt, LeaseUntil             time.Time
	Reason, ActionURL, NetworkRef string        // "" leaves it
	Cost                          prepaid.Money // zero leaves it
	PIN                           *PINDetail    // of a delivery by PIN: kept, sealed, until it is handed on
	// The look-up counters replace the order's, even with zero.
	Absents    int
	AbsentAt   time.Time
	Tries      int
	NeedsHuman bool
	// Debt: the customer owes the amount and is blocked (a returned debit after delivery). A delivery whose debit was
	// returned before means the same.
	Debt bool
	At   time.Time
}

// Entry is one ledger transaction: its postings sum to zero in every currency. (Order, Kind) is unique.
type Entry struct {
	Kind     string // "capture", "delivery", "refund", "reversal", "return"
	Postings []Posting
}

// Posting is one line of an entry: positive is a debit.
type Posting struct {
	Account string // "psp:sim", "refunds_due", "airtime_sold", "wallet:sim", "card_liability", "developer:…", "fx:USD"…
	Amount  prepaid.Money
}

// NewNotice asks that the customer be told how an order stands when it is due, unless a turn tells it first.
type NewNotice struct {
	ID    prepaid.NoticeID
	Kind  prepaid.NoticeKind // NoticeOrder, NoticeDebitReturned, NoticeGoodwill
	DueAt time.Time
}

// Apply returns the order as it is after a change. It is the only place that knows: the saga goes on with its result, and
// the store writes it. Whether the change may be made (Change.From, Legal) is for the caller to check.
func (o Order) Apply(c Change) Order {
	if n := len(c.To); n > 0 {
		o.Status, o.StatusAt = c.To[n-1], c.At
	}
	// Once out of the way, an order never blocks another again, even if the network reverses it and it is worked on anew.
	// One that waits days for its debit to settle does not block either.
	o.InFlight = o.InFlight && !o.Status.Ended() && !(o.AfterDebit && c.Charge == ChargePending)
	o.RunAt, o.LeaseUntil = c.RunAt, c.LeaseUntil
	o.Absents, o.AbsentAt, o.Tries, o.NeedsHuman = c.Absents, c.AbsentAt, c.Tries, c.NeedsHuman
	replace(&o.Reason, c.Reason)
	replace(&o.ActionURL, c.ActionURL)
	replace(&o.NetworkRef, c.NetworkRef)
	replace(&o.Cost, c.Cost)
	o.ByPIN = o.ByPIN || c.PIN != nil
	return o
}

// Apply returns the order with its charge and attempts as they are after a change. Its Sale is left as it was: what a
// debit leaves on the developer's account is known to the store alone.
func (h History) Apply(c Change) History {
	h.Order = h.Order.Apply(c)
	replace(&h.Charge.Status, c.Charge)
	replace(&h.Charge.ProviderRef, c.ChargeRef)
	replace(&h.Charge.GivenAway, c.GivenAway)
	h.Attempts = slices.Clone(h.Attempts)
	if c.Answered != nil {
		for i := range h.Attempts {
			h.Attempts[i].answer(*c.Answered)
		}
	}
	if c.Next != nil {
		h.Attempts = append(h.Attempts, *c.Next)
	}
	return h
}

// answer takes over the answer of the attempt with the same number, unless there is a final one already.
func (a *Attempt) answer(answered Attempt) {
	if a.Number == answered.Number && (a.Outcome == Sending || a.Outcome == Unknown) {
		a.Outcome, a.Code, a.ProviderRef, a.EndedAt = answered.Outcome, answered.Code, answered.ProviderRef, answered.EndedAt
	}
}

// replace sets a value to a new one, unless that is the zero value.
func replace[T comparable](value *T, with T) {
	var zero T
	if with != zero {
		*value = with
	}
}
