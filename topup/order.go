package topup

import (
	"slices"
	"time"

	"pulsa/prepaid"
)

// Status is where an order stands.
type Status string

// The statuses of an order. Declined, Delivered, Refunded and RefundFailed are ends.
const (
	Requested       Status = "requested"
	Charging        Status = "charging"         // the funding's attempt is written down, perhaps sent; or AfterDebit
	Confirming      Status = "confirming"       // the customer must authenticate on a page, 30 min
	ChargeUnknown   Status = "charge_unknown"   // charged or not? look-ups will tell
	Charged         Status = "charged"          // the money is ours, or a debit pending inside the exposure limit
	Declined        Status = "declined"         // end: nothing was charged
	Delivering      Status = "delivering"       // the network's attempt is written down, perhaps sent
	DeliveryUnknown Status = "delivery_unknown" // credited or not? look-ups will tell
	Held            Status = "held"             // refused for a passing reason: our wallet is empty, number just recharged
	Delivered       Status = "delivered"        // end, unless the network itself reverses it
	Refunding       Status = "refunding"        // refused for good: the money goes back
	RefundUnknown   Status = "refund_unknown"
	RefundFailed    Status = "refund_failed" // end for the program: on the operator's list
	Refunded        Status = "refunded"      // end
)

// next lists where a status may go. Everything else is refused, whoever asks and in whatever order
// webhooks, polls and reports arrive.
func next(from Status) []Status {
	switch from {
	case Requested:
		return []Status{Charging}
	case Charging:
		return []Status{Charged, Declined, Confirming, ChargeUnknown}
	case Confirming:
		return []Status{Charged, Declined, ChargeUnknown, Charging}
	case ChargeUnknown:
		return []Status{Charged, Declined, Confirming, Charging} // a debit that is to settle first
	case Charged:
		return []Status{Delivering}
	case Delivering:
		return []Status{Delivered, Held, DeliveryUnknown, Refunding}
	case Held:
		return []Status{Delivering, Refunding}
	case DeliveryUnknown:
		return []Status{Delivered, Delivering, Held, Refunding}
	case Delivered:
		return []Status{Refunding} // only when the network itself reverses it
	case Refunding:
		return []Status{Refunded, RefundUnknown, RefundFailed}
	case RefundUnknown:
		return []Status{Refunded, Refunding, RefundFailed}
	case RefundFailed:
		return []Status{Refunding, Refunded} // an operator tries again, or has paid by hand
	}
	return nil // Declined and Refunded are final
}

// Legal reports whether an order may go from one status to the other.
func Legal(from, to Status) bool { return slices.Contains(next(from), to) }

// Transitions is the whole table of legal transitions, for drawing and checking it.
func Transitions() map[Status][]Status {
	table := make(map[Status][]Status)
	for _, from := range Statuses() {
		table[from] = next(from)
	}
	return table
}

// Statuses lists all of them in the order of an order's life.
func Statuses() []Status {
	return []Status{Requested, Charging, Confirming, ChargeUnknown, Charged, Declined, Delivering,
		DeliveryUnknown, Held, Delivered, Refunding, RefundUnknown, RefundFailed, Refunded}
}

// Ended reports whether nothing more is to be done about an order.
func (s Status) Ended() bool {
	return s == Declined || s == Delivered || s == Refunded || s == RefundFailed
}

// Reasons of our own; the others are providers' codes.
const (
	ReasonNotConfirmed = "NOT_CONFIRMED"  // the customer did not authenticate in time
	ReasonNotCharged   = "NOT_CHARGED"    // the gateway never heard of the charge; it was cancelled
	ReasonHeldTooLong  = "HELD_TOO_LONG"  // the network would not take it for a day
	ReasonReturned     = "DEBIT_RETURNED" // the bank took the money back before the delivery
	ReasonNoAnswer     = "NO_ANSWER"      // the provider did not answer in time
	ReasonRecovered    = "RECOVERED"      // the customer's number was recovered before they authenticated
)

// FundingKind says which Funding pays.
type FundingKind string

// The kinds of funding; ByDeveloper is another.
const (
	ByCharge FundingKind = "charge" // Ref is the instrument
	ByCard   FundingKind = "card"   // Ref is the card's serial
)

// methodSEPA is the one method whose charges may be pending, and taken back by the bank.
const methodSEPA = "sepa"

// FundingRef names what pays for an order.
type FundingRef struct {
	Kind     FundingKind
	Ref      string // instrument id, card serial or developer's key
	Provider string // the gateway's name; "" for cards
	Method   string // "sepa", "card", "paypal"; "" for top-up cards
}

// ReplyTo is where news of an order goes.
type ReplyTo struct {
	Channel  string // name within the brand
	Kind     string // "sms", "telegram"…: how the customer writes to us
	Address  prepaid.Address
	Language string
}

// Order is one purchase of airtime.
type Order struct {
	ID       prepaid.OrderID
	Brand    string
	Customer prepaid.CustomerID // empty where a stranger redeems a card
	MSISDN   prepaid.MSISDN     // who is topped up
	Email    prepaid.Email      // or this mail account, where the network has such; one of the two is empty
	Amount   prepaid.Money
	Funding  FundingRef
	Network  string // who credits it: its brand's network when it was made
	Settings int    // the version of its brand's settings that it was made under; 0 is not known

	OperationKey string // unique per brand: fixed by the message that started the flow
	RequestHash  string // of brand, MSISDN or Email, amount and funding
	ReplyTo      ReplyTo
	AuthorisedBy string // "pin", "card", "operator", "api": why it may be charged
	// AfterDebit: it is delivered only once its debit has settled, for nobody but a text has proven yet whose bank account
	// that is. Until then it is Charging, its charge pending, and in no other order's way. Create decides it.
	AfterDebit bool

	Status     Status
	InFlight   bool          // paid by a charge and not at rest yet: its customer can buy nothing else meanwhile
	Reason     string        // the last refusal's code, ours or the provider's: "INSUFFICIENT_BALANCE"
	ActionURL  string        // while Confirming: the page on which the customer authenticates
	NetworkRef string        // the network's own id of the credit
	ByPIN      bool          // delivered as a code that is to be typed: Finder.PIN has it until it was handed on
	Cost       prepaid.Money // what the network took from our wallet; zero until delivered
	Absents    int           // look-ups in a row that found nothing
	AbsentAt   time.Time     // when the first of them was
	Tries      int           // look-ups or retries made in this status
	NeedsHuman bool          // on the operator's list: unknown for 24 h, or a failed refund

	CreatedAt  time.Time
	StatusAt   time.Time // when it took its status
	RunAt      time.Time // when it is next to be worked on; zero: ended
	LeaseUntil time.Time // nobody else works on it before
}

// settleDays is how many working days a direct debit takes until its result is known, at most.
const settleDays = 14

// SettlesBy is the day by which the debit of an order AfterDebit has settled.
func (o Order) SettlesBy() time.Time { return workingDaysAfter(o.CreatedAt, settleDays) }

// ConfirmBy is until when the customer of an order that is Confirming may authenticate.
func (o Order) ConfirmBy() time.Time { return o.StatusAt.Add(confirmWithin) }

// Step is one kind of foreign call.
type Step string

// The foreign calls of an order.
const (
	StepCharge Step = "charge"
	StepCancel Step = "cancel"
	StepCredit Step = "credit"
	StepRefund Step = "refund"
)

// Attempt is one foreign call, written down before it is made.
type Attempt struct {
	Order       prepaid.OrderID
	Number      int // 1, 2, … within the order
	Step        Step
	Reference   string  // under which the provider knows it
	Outcome     Outcome // Sending until an answer is written
	Code        string  // the provider's
	ProviderRef string
	StartedAt   time.Time
	EndedAt     time.Time
	Part        prepaid.Money // of a refund: how much of the charge; zero: all that is left of it
}

// ChargeStatus is where the customer's money stands.
type ChargeStatus string

// The statuses of a charge.
const (
	ChargeSending  ChargeStatus = "sending"
	ChargePending  ChargeStatus = "pending" // a SEPA debit on its way
	ChargeCaptured ChargeStatus = "captured"
	ChargeDeclined ChargeStatus = "declined"
	ChargeUnclear  ChargeStatus = "unknown"
	ChargePartly   ChargeStatus = "partly_refunded" // some of it, as goodwill
	ChargeRefunded ChargeStatus = "refunded"
	ChargeReturned ChargeStatus = "returned" // the bank took a debit back
)

// Charge is the customer's money of one order. Its id is the reference at the gateway.
type Charge struct {
	ID          prepaid.ChargeID
	Order       prepaid.OrderID
	Status      ChargeStatus
	ProviderRef string
	// GivenAway is what was given back as goodwill, where that was not all; zero: nothing.
	GivenAway prepaid.Money
	// Former: the customer's number was recovered since, so that the instrument is an earlier holder's.
	Former bool
}
