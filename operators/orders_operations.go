package operators

import (
	"context"
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
func (o OfOrder) state(h topup.History) Sentence {
	return Say("the order is {status}", "status", statusWord(h.Status))
}

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
	does Sentence
	then topup.Status
}{
	topup.WasCharged:   {Say("Takes it that the customer paid {amount}, and has the network deliver it."), topup.Delivered},
	topup.NotCharged:   {Say("Takes it that the customer was not charged the {amount}, and never will be. The order is declined."), topup.Declined},
	topup.WasDelivered: {Say("Takes it that the customer got the {amount}. Nothing is given back."), topup.Delivered},
	topup.NotDelivered: {Say("Takes it that the network did not deliver, and gives the {amount} back."), topup.Refunded},
	topup.WasRefunded:  {Say("Takes it that the customer has the {amount} back. Nothing is paid again."), topup.Refunded},
	topup.NotRefunded:  {Say("Takes it that the customer does not have the {amount} back. The order waits for a person."), topup.RefundFailed},
}

// Plan implements Operation.
func (o SettleOrder) Plan(ctx context.Context, d *Desk) (Plan, error) {
	says, known := settled[o.Verdict]
	if !known {
		return Plan{}, &FieldError{Field: "verdict", Value: string(o.Verdict), Err: refusal("choose what you have found out")}
	}
	h, err := o.find(ctx, d, o.Verdict.Action())
	if err != nil {
		return Plan{}, err
	}
	does := says.does.Fill("amount", h.Amount).Then(Say("The provider is asked once more before; if it says otherwise, nothing is done."))
	return Plan{Does: does, Reads: d.Says.OrderText(as(h, says.then)), State: o.state(h)}, nil
}

// Carry implements Operation.
func (o SettleOrder) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	h, err := o.carry(ctx, d, o.Verdict.Action(), by)
	return Result{Text: stands(h)}, err
}

// stands says how an order stands after something was done to it.
func stands(h topup.History) Sentence {
	switch {
	case h.Status == topup.Refunding, h.Status == topup.RefundUnknown:
		return Say("The money is not given back yet: whoever took it has not answered, and is asked until they do.")
	case h.Status == topup.RefundFailed:
		return Say("The money is not given back: whoever took it refuses ({code}).", "code", h.Reason)
	}
	return Say("Order {order} is {status}.", "order", h.ID.Grouped(), "status", statusWord(h.Status))
}

// statusWord is where an order stands.
func statusWord(s topup.Status) Word { return Word{Kind: "order.status", Is: string(s)} }

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
	does := Say("Gives {amount} back to {whom}.", "amount", h.Amount, "whom", paidBy(h))
	switch h.Status {
	case topup.Held:
		does = does.Then(Say("The network is not asked to deliver any more."))
	case topup.Delivered:
		does = does.Then(Say("The network is asked first whether it took the delivery back; if it did not, nothing is done."))
	}
	return Plan{Does: does, Reads: d.Says.OrderText(as(h, topup.Refunded)), State: o.state(h)}, nil
}

// paidBy is where the money of an order goes back to.
func paidBy(h topup.History) Sentence {
	switch h.Funding.Kind {
	case topup.ByCard:
		return Say("top-up card {serial}", "serial", h.Funding.Ref)
	case topup.ByDeveloper:
		return Say("the developer's account")
	}
	if h.Funding.Method == "" {
		return Say("the customer")
	}
	return Say("the customer's {method}", "method", Word{Kind: "method", Is: h.Funding.Method})
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
		return Plan{}, &FieldError{Field: "amount", Value: o.Amount.Number(), Err: refusal("write an amount up to {most}", "most", h.Amount)}
	}
	does := Say("Gives {amount} of the {paid} back to {whom}. The customer keeps the airtime, and the money is our loss.", "amount", o.Amount, "paid", h.Amount, "whom", paidBy(h))
	return Plan{Does: does, Reads: d.Says.GoodwillText(h, o.Amount), State: o.state(h)}, nil
}

// Carry implements Operation.
func (o GoodwillOrder) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if _, err := o.Plan(ctx, d); err != nil {
		return Result{}, err
	}
	h, err := d.Topups.Goodwill(ctx, o.Order, o.Amount, by)
	r := Result{Text: Say("{amount} is given back.", "amount", o.Amount)}
	if err == nil && h.Charge.GivenAway.Zero() && h.Charge.Status == topup.ChargeCaptured {
		r.Text = Say("{amount} is being given back: the gateway has not answered, and is asked until it does.", "amount", o.Amount)
	}
	return r, err
}
