package operators

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Speaker finds the words that customers read. *conversation.Handler implements it.
type Speaker interface {
	// OrderText is what the order's customer reads of how it stands, in their language; "" where nobody is told.
	OrderText(h topup.History) string
	// GoodwillText is what they read when they are given some of it back and keep the airtime; "" where nobody is told.
	GoodwillText(h topup.History, given prepaid.Money) string
}

// OfOrder is what all operations on an order have: the brand that it must be of, and its id.
type OfOrder struct {
	Brand string
	Order prepaid.OrderID
}

// On implements Operation.
func (o OfOrder) On() Object { return Object{o.Brand, prepaid.OnOrder, string(o.Order)} }

// find reads the order, which must be of the brand, and allow the action now: else topup.ErrNoOrder or a *topup.NotAllowedError.
func (o OfOrder) find(ctx context.Context, d *Desk, a topup.OperatorAction) (topup.History, error) {
	h, err := d.Orders.Orders.Order(ctx, o.Order)
	if err == nil && h.Brand != o.Brand {
		err = topup.ErrNoOrder
	}
	if err != nil {
		return topup.History{}, err
	}
	now := d.Clock.Now()
	if allowed := h.Allowed(now); !slices.Contains(allowed, a) {
		reason := topup.ErrNotLegal
		if h.LeaseUntil.After(now) {
			reason = topup.ErrWorkedOn
		}
		return h, &topup.NotAllowedError{Action: a, Status: h.Status, Allowed: allowed, Reason: reason}
	}
	return h, nil
}

// state is what a plan depends on.
func (o OfOrder) state(h topup.History) string { return fmt.Sprintf("the order is %s", h.Status) }

// carry carries out an action, and says how the order then stands.
func (o OfOrder) carry(ctx context.Context, d *Desk, a topup.OperatorAction, by prepaid.By) (topup.History, error) {
	if _, err := o.find(ctx, d, a); err != nil {
		return topup.History{}, err
	}
	return d.Topups.Intervene(ctx, o.Order, a, by)
}

// how the order stands, as it would after a change, for the words that its customer will read.
func as(h topup.History, s topup.Status) topup.History {
	h.Status = s
	return h
}

// SettleOrder settles by hand what the program can't find out.
type SettleOrder struct {
	OfOrder
	Verdict topup.Verdict
}

// Kind implements Operation.
func (SettleOrder) Kind() string { return "settle order" }

// Act implements Operation.
func (SettleOrder) Act(Actor) Act { return ActSettle }

// settled says of each verdict what it does, and how the order will stand.
var settled = map[topup.Verdict]struct {
	does string
	then topup.Status
}{
	topup.WasCharged:   {"Takes it that the customer paid %s, and has the network deliver it.", topup.Delivered},
	topup.NotCharged:   {"Takes it that the customer was not charged the %s, and never will be. The order is declined.", topup.Declined},
	topup.WasDelivered: {"Takes it that the customer got the %s. Nothing is given back.", topup.Delivered},
	topup.NotDelivered: {"Takes it that the network did not deliver, and gives the %s back.", topup.Refunded},
	topup.WasRefunded:  {"Takes it that the customer has the %s back. Nothing is paid again.", topup.Refunded},
	topup.NotRefunded:  {"Takes it that the customer does not have the %s back. The order waits for a person.", topup.RefundFailed},
}

// Plan implements Operation.
func (o SettleOrder) Plan(ctx context.Context, d *Desk) (Plan, error) {
	says, known := settled[o.Verdict]
	if !known {
		return Plan{}, &FieldError{Field: "verdict", Value: string(o.Verdict), Err: errors.New("choose what you have found out")}
	}
	h, err := o.find(ctx, d, o.Verdict.Action())
	if err != nil {
		return Plan{}, err
	}
	does := fmt.Sprintf(says.does, h.Amount) + " The provider is asked once more before; if it says otherwise, nothing is done."
	return Plan{Does: does, Reads: d.Says.OrderText(as(h, says.then)), State: o.state(h)}, nil
}

// Carry implements Operation.
func (o SettleOrder) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	h, err := o.carry(ctx, d, o.Verdict.Action(), by)
	return Result{Text: stands(h)}, err
}

// stands says how an order stands after something was done to it.
func stands(h topup.History) string {
	switch {
	case h.Status == topup.Refunding, h.Status == topup.RefundUnknown:
		return "The money is not given back yet: whoever took it has not answered, and is asked until they do."
	case h.Status == topup.RefundFailed:
		return "The money is not given back: whoever took it refuses (" + h.Reason + ")."
	}
	return "Order " + h.ID.Grouped() + " is " + string(h.Status) + "."
}

// RefundOrder gives the money of an order back that was not delivered.
type RefundOrder struct{ OfOrder }

// Kind implements Operation.
func (RefundOrder) Kind() string { return "refund order" }

// Act implements Operation.
func (RefundOrder) Act(Actor) Act { return ActSettle }

// Plan implements Operation.
func (o RefundOrder) Plan(ctx context.Context, d *Desk) (Plan, error) {
	h, err := o.find(ctx, d, topup.RefundOrder)
	if err != nil {
		return Plan{}, err
	}
	does := fmt.Sprintf("Gives %s back to %s.", h.Amount, paidBy(h))
	switch h.Status {
	case topup.Held:
		does += " The network is not asked to deliver any more."
	case topup.Delivered:
		does += " The network is asked first whether it took the delivery back; if it did not, nothing is done."
	}
	return Plan{Does: does, Reads: d.Says.OrderText(as(h, topup.Refunded)), State: o.state(h)}, nil
}

// paidBy is where the money of an order goes back to.
func paidBy(h topup.History) string {
	switch h.Funding.Kind {
	case topup.ByCard:
		return "top-up card " + h.Funding.Ref
	case topup.ByDeveloper:
		return "the developer's account"
	}
	if h.Funding.Method == "" {
		return "the customer"
	}
	return "the customer's " + h.Funding.Method
}

// Carry implements Operation.
func (o RefundOrder) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	h, err := o.carry(ctx, d, topup.RefundOrder, by)
	return Result{Text: stands(h)}, err
}

// GoodwillOrder gives money of a delivered order back, all of it or some: the customer keeps the airtime, and it is our loss.
type GoodwillOrder struct {
	OfOrder
	Amount prepaid.Money
}

// Kind implements Operation.
func (GoodwillOrder) Kind() string { return "goodwill" }

// Act implements Operation: what is above the person's limit is another act.
func (o GoodwillOrder) Act(a Actor) Act {
	if o.Amount.Minor <= a.Goodwill[o.Amount.Currency] {
		return ActGoodwill
	}
	return ActGoodwillUp
}

// Plan implements Operation.
func (o GoodwillOrder) Plan(ctx context.Context, d *Desk) (Plan, error) {
	h, err := o.find(ctx, d, topup.RefundAsGoodwill)
	if err != nil {
		return Plan{}, err
	}
	if o.Amount.Currency != h.Amount.Currency || o.Amount.Minor <= 0 || o.Amount.Minor > h.Amount.Minor {
		return Plan{}, &FieldError{Field: "amount", Value: o.Amount.Number(), Err: fmt.Errorf("write an amount up to %s", h.Amount)}
	}
	does := fmt.Sprintf("Gives %s of the %s back to %s. The customer keeps the airtime, and the money is our loss.", o.Amount, h.Amount, paidBy(h))
	return Plan{Does: does, Reads: d.Says.GoodwillText(h, o.Amount), State: o.state(h)}, nil
}

// Carry implements Operation.
func (o GoodwillOrder) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if _, err := o.Plan(ctx, d); err != nil {
		return Result{}, err
	}
	h, err := d.Topups.Goodwill(ctx, o.Order, o.Amount, by)
	r := Result{Text: fmt.Sprintf("%s is given back.", o.Amount)}
	if err == nil && h.Charge.GivenAway.Zero() && h.Charge.Status == topup.ChargeCaptured {
		r.Text = fmt.Sprintf("%s is being given back: the gateway has not answered, and is asked until it does.", o.Amount)
	}
	return r, err
}
