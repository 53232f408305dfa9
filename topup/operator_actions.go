package topup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// OperatorAction is what an operator may do to an order by hand. It is also what the record calls it.
type OperatorAction string

// The actions. Resolve takes a Verdict, of which each is an action of its own.
const (
	ResolveCharged      OperatorAction = "resolve charged"
	ResolveNotCharged   OperatorAction = "resolve not-charged"
	ResolveDelivered    OperatorAction = "resolve delivered"
	ResolveNotDelivered OperatorAction = "resolve not-delivered"
	ResolveRefunded     OperatorAction = "resolve refunded"
	ResolveNotRefunded  OperatorAction = "resolve not-refunded"
	RefundOrder         OperatorAction = "refund"
	RefundAsGoodwill    OperatorAction = "refund as goodwill"
)

// OperatorActions lists all of them in the order of an order's life.
func OperatorActions() []OperatorAction {
	return []OperatorAction{ResolveCharged, ResolveNotCharged, ResolveDelivered, ResolveNotDelivered, ResolveRefunded, ResolveNotRefunded,
		RefundOrder, RefundAsGoodwill}
}

// resolveAs begins the name of an action of Resolve; its verdict follows.
const resolveAs = "resolve "

// Action is the action that settles an order by this verdict.
func (v Verdict) Action() OperatorAction { return OperatorAction(resolveAs + v) }

// Allowed lists the actions that would be carried out now, by what we know; none while somebody works on the order. All
// others are refused: with a *NotAllowedError, or, for a refund of an order that the network has delivered, with
// ErrNotReversed once it was asked. The provider, which is asked before each action, may still say otherwise.
func (h History) Allowed(now time.Time) []OperatorAction {
	return slices.DeleteFunc(OperatorActions(), func(a OperatorAction) bool {
		return h.forbids(a, now) != nil || a == RefundOrder && h.Status == Delivered && !h.mayBeReversed()
	})
}

// mayBeReversed reports whether the network may have taken the delivery back: it has told of a change, and not yet of which.
func (h History) mayBeReversed() bool {
	return h.Status == Delivered && !h.RunAt.IsZero() && !h.givingAway()
}

// forbids returns why an action is not allowed now: ErrNotLegal, ErrNotGoodwill or ErrWorkedOn; nil where it is.
func (h History) forbids(a OperatorAction, now time.Time) error {
	switch {
	case !h.inStatusFor(a):
		return ErrNotLegal
	case a == RefundAsGoodwill && (h.Funding.Kind != ByCharge || h.Charge.Status != ChargeCaptured):
		return ErrNotGoodwill
	case h.LeaseUntil.After(now):
		return ErrWorkedOn
	}
	return nil
}

// inStatusFor reports whether an action means something for an order that stands where this one does.
func (h History) inStatusFor(a OperatorAction) bool {
	switch a {
	case ResolveCharged, ResolveNotCharged:
		return h.Status == ChargeUnknown || h.awaitsDebit() && h.NeedsHuman
	case ResolveDelivered, ResolveNotDelivered:
		return h.Status == DeliveryUnknown
	case ResolveRefunded:
		return h.Status == RefundUnknown || h.Status == RefundFailed || h.lateChargeKept()
	case ResolveNotRefunded:
		return h.Status == RefundUnknown
	case RefundOrder: // of a delivered order the network is asked whether it took the delivery back
		return h.Status == Held || h.Status == RefundFailed || h.Status == Delivered || h.lateChargeKept()
	case RefundAsGoodwill:
		return h.Status == Delivered
	}
	return false
}

// lateChargeKept reports whether a charge that turned up after the order was declined could not be given back.
func (h History) lateChargeKept() bool {
	return h.Status == Declined && h.Charge.Status == ChargeCaptured && h.NeedsHuman
}

// Why an order does not allow an action.
var (
	ErrNotLegal    = errors.New("the order's status does not allow it")
	ErrNotGoodwill = errors.New("only what a customer paid through a gateway, finally and once, is given back as goodwill")
	ErrWorkedOn    = errors.New("the order is being worked on: try again in two minutes")
)

// NotAllowedError says that an order does not allow an action now. It wraps the reason: ErrNotLegal, ErrNotGoodwill or
// ErrWorkedOn.
type NotAllowedError struct {
	Action  OperatorAction
	Status  Status
	Allowed []OperatorAction // what the order allows instead
	Reason  error
}

func (e *NotAllowedError) Error() string {
	allowed := "allows nothing by hand"
	if len(e.Allowed) > 0 {
		words := make([]string, len(e.Allowed))
		for i, a := range e.Allowed {
			words[i] = string(a)
		}
		allowed = "allows: " + strings.Join(words, ", ")
	}
	switch {
	case errors.Is(e.Reason, ErrWorkedOn):
		return fmt.Sprintf("%s: %s", e.Action, e.Reason)
	case errors.Is(e.Reason, ErrNotLegal):
		return fmt.Sprintf("%s: %s: it is %s, which %s", e.Action, e.Reason, e.Status, allowed)
	}
	return fmt.Sprintf("%s: %s; the order %s", e.Action, e.Reason, allowed)
}

// Unwrap returns the reason.
func (e *NotAllowedError) Unwrap() error { return e.Reason }

// check returns a *NotAllowedError unless the order allows the action now.
func (h History) check(a OperatorAction, now time.Time) error {
	if reason := h.forbids(a, now); reason != nil {
		return &NotAllowedError{Action: a, Status: h.Status, Allowed: h.Allowed(now), Reason: reason}
	}
	return nil
}
