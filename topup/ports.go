package topup

import (
	"context"
	"errors"
	"time"

	"pulsa/prepaid"
)

// Outcome is what a foreign call came to. There are three answers, not two: yes, definitely no, unknown.
type Outcome string

// The outcomes. Sending stands in an attempt that has no answer yet.
const (
	Sending  Outcome = "sending"
	Done     Outcome = "done"     // charged, cancelled, credited, refunded: finally
	Pending  Outcome = "pending"  // accepted, the result comes later (a SEPA debit; a network still working on it)
	Refused  Outcome = "refused"  // definitely not, and never will be
	Passing  Outcome = "passing"  // definitely not, for a reason that passes: try again later
	Action   Outcome = "action"   // the customer must first do something at ActionURL
	Unknown  Outcome = "unknown"  // a time-out, a broken answer: it may or may not have happened
	Absent   Outcome = "absent"   // only of a look-up: the provider knows no such reference
	Returned Outcome = "returned" // only of a charge's look-up: it was taken back after it was done
)

// Result is a foreign call's or look-up's answer.
type Result struct {
	Outcome     Outcome
	Code        string        // the provider's word for it, fit for operators and logs; never a secret
	ProviderRef string        // the provider's own id
	ActionURL   string        // with Action
	Cost        prepaid.Money // of a credit: what our wallet paid; zero where unknown
	PIN         *PINDetail    // of a credit at a PIN operator
}

// PINDetail is what a customer of a PIN operator types to get the credit. Each field may be empty, but for Code.
type PINDetail struct {
	Code     prepaid.Secret
	Serial   string
	Value    string    // what the operator calls its worth
	Info     [3]string // how it is used
	IVR      string    // the number to be called
	Validity string
}

// Network is the mobile operator that credits numbers, or the one who resells it. Its methods may be
// called at the same time, but never two Credits with one reference. They return what they could find
// out, never an error: what is unclear is Unknown.
type Network interface {
	// Recognise asks whether the network serves the number: nil, ErrUnknownNumber or ErrNetworkDown.
	Recognise(ctx context.Context, m prepaid.MSISDN) error
	// Credit tops the number up. The reference makes it findable later; a repeated reference is not
	// promised to be refused.
	Credit(ctx context.Context, c Credit) Result
	// LookUp tells what became of the reference: Done, Pending, Refused, Passing, Absent or Unknown.
	LookUp(ctx context.Context, reference string) Result
}

// Credit asks a network for airtime.
type Credit struct {
	Reference string
	MSISDN    prepaid.MSISDN
	Amount    prepaid.Money
	// Email is topped up instead of the number, which is then empty, where the network sells to mail accounts (Nauta Cuba).
	Email prepaid.Email
}

// What Recognise answers.
var (
	ErrUnknownNumber = errors.New("the network does not know the number")
	ErrNetworkDown   = errors.New("the network's look-up does not answer")
)

// Funding is what pays for an order: a charge to an instrument, a top-up card, or a developer's account. The order's charge id
// is the reference of Take, and makes a repeated Take harmless.
type Funding interface {
	// Take charges or reserves: Done, Pending, Refused, Action or Unknown.
	Take(ctx context.Context, o Order, charge prepaid.ChargeID) Result
	// LookUp tells what became of it: Done, Pending, Refused, Action, Returned, Absent or Unknown.
	LookUp(ctx context.Context, o Order, charge prepaid.ChargeID) Result
	// Cancel makes sure that a charge which is not Done never will be: Done (it never will), Refused (too
	// late, it was charged) or Unknown.
	Cancel(ctx context.Context, o Order, charge prepaid.ChargeID) Result
	// GiveBack refunds or releases: Done, Refused or Unknown. part is how much of the order's amount, at most once; zero is all that is left
	// of it. Repeated, it gives back once. Only a charge is given back in part.
	GiveBack(ctx context.Context, o Order, charge prepaid.ChargeID, part prepaid.Money) Result
	// LookUpGivenBack tells what became of a GiveBack of all: Done, Refused, Absent or Unknown.
	LookUpGivenBack(ctx context.Context, o Order, charge prepaid.ChargeID) Result
}

// Orders keeps orders. Every method is one transaction.
type Orders interface {
	// Create stores a new order in status Charging with its charge (sending) and first attempt, or returns
	// the existing order of the same operation key and request (existing true). In that transaction it
	// locks the customer's limit row, checks the limits, and forgives the PIN try that authorised the
	// order. What it charges must be active and set up by the customer's present holder, or it is
	// ErrInstrumentEnded; an order is AfterDebit where that is a mandate given by text after a recovery, of which no debit
	// has settled yet. Errors: ErrOrderIDTaken (draw another id), *KeyReusedError; *InFlightError, *RepeatError,
	// *LimitError; ErrBlocked, ErrFrozen. A developer's order is stored with its sale; ErrNoKey, ErrInactive. One that is
	// Charged comes with its postings, which debit the account: ErrNoFunds.
	Create(ctx context.Context, n NewOrder) (o Order, existing bool, err error)
	// Apply writes an attempt's answer and, if the order is still in Change.From, its new status, postings,
	// charge status, next attempt and notice, all in one transaction. It reports whether the order was
	// still in Change.From, and thus all of the change is written. What moves a developer's order to Charged debits the
	// account: ErrNoFunds, ErrNoKey, ErrInactive, and nothing is written. The stored order is then what Order.Apply makes of
	// it, with one exception: an order that enters Confirming for an earlier holder of the number is due at once.
	Apply(ctx context.Context, c Change) (moved bool, err error)
	// Order returns an order with its charge and attempts; ErrNoOrder.
	Order(ctx context.Context, id prepaid.OrderID) (History, error)
	// Claim leases up to n orders that are due (run_at and lease_until both not after now) until the given
	// time, and returns them. Two callers never get the same order.
	Claim(ctx context.Context, now, until time.Time, n int) ([]History, error)
	// NextDue tells when the next order wants work: the later of its run_at and lease_until; zero for none.
	NextDue(ctx context.Context) (time.Time, error)
}

// Finder reads orders for people.
type Finder interface {
	// Latest returns the newest orders within a brand, n at most and the newest first: those that somebody made, whatever became
	// of them, and those that others have had credited to their number.
	Latest(ctx context.Context, brand string, w Whose, n int) ([]Order, error)
	// ByCharge returns the order that a charge belongs to, for a gateway's webhook; ErrNoOrder.
	ByCharge(ctx context.Context, id prepaid.ChargeID) (History, error)
	// ByOperation returns the order of an operation key; ErrNoOrder.
	ByOperation(ctx context.Context, brand, key string) (History, error)
	// PIN returns what the credit of a ByPIN order is used with; nil once it was handed on, and where there is none.
	PIN(ctx context.Context, id prepaid.OrderID) (*PINDetail, error)
}

// Whose says who asks for their orders. Each field may be empty.
type Whose struct {
	Customer prepaid.CustomerID
	Address  prepaid.Address // where they write from: what they ordered before they were a customer was ordered there
	MSISDN   prepaid.MSISDN
}

// Made reports whether they have made an order. What they have not, somebody gave them: its payer and its number are not
// told to them.
func (w Whose) Made(o Order) bool {
	if o.Customer == "" {
		return o.ReplyTo.Address != "" && o.ReplyTo.Address == w.Address
	}
	return o.Customer == w.Customer
}

// History is an order with all that was tried for it.
type History struct {
	Order
	Charge   Charge
	Attempts []Attempt
	Sale     *Sale // nil: not by the API
}

// NewOrder is what Create stores.
type NewOrder struct {
	Order   Order // complete but for what Create decides
	Charge  Charge
	Attempt Attempt
	Limits  prepaid.Limits
	// HoldLimits take the place of Limits for Hold after the customer's last recovery.
	HoldLimits prepaid.Limits
	Hold       time.Duration
	Confirmed  bool      // the customer was asked whether to buy the same again
	Since      time.Time // start of the 60 s within which the same again is asked about
	Sale       *Sale     // of a developer's order
	Postings   []Entry   // of one that is Charged
}

// Why an order is not taken.
var (
	ErrNoOrder      = errors.New("no such order")
	ErrKeyReused    = errors.New("operation key was used for another request")
	ErrOrderIDTaken = errors.New("order id is taken")
	ErrBlocked      = errors.New("customer is blocked")
	ErrFrozen       = errors.New("customer is frozen: an earlier holder of the number has objected")
	// ErrInstrumentEnded: nothing is charged that was removed, revoked, or set up by an earlier holder of the number.
	ErrInstrumentEnded = errors.New("instrument is not active any more")
	ErrOutOfRange      = errors.New("amount outside the brand's range")
	ErrWrongStep       = errors.New("amount not on the brand's steps")
	ErrRecipient       = errors.New("neither a number nor a mail account is to be topped up, or both")
)

// KeyReusedError is an ErrKeyReused with the order that has the key.
type KeyReusedError struct{ Order Order }

func (e *KeyReusedError) Error() string { return ErrKeyReused.Error() }

// Is makes it an ErrKeyReused.
func (e *KeyReusedError) Is(target error) bool { return target == ErrKeyReused }

// InFlightError says that a paid order of the same payer is still under way.
type InFlightError struct{ Order Order }

func (e *InFlightError) Error() string { return "order " + string(e.Order.ID) + " is still in flight" }

// RepeatError says that the same payer bought the same amount for the same number within the last minute.
type RepeatError struct{ Order Order }

func (e *RepeatError) Error() string { return "same as order " + string(e.Order.ID) + " a moment ago" }

// LimitError says which of the customer's limits the order would cross.
type LimitError struct {
	Name  string        // "day_count", "day_sum", "month_count", "month_sum", "exposure"; of a developer LimitDayCount…
	Money prepaid.Money // the limit, of a sum
	Count int           // the limit, of a count
	Spent prepaid.Money // what counts towards the sum
	Until time.Time     // from when on the order would be within the limit; zero: not known, or never
}

func (e *LimitError) Error() string { return "limit " + e.Name + " would be crossed" }
