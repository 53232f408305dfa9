package operators

import (
	"context"
	"errors"
	"fmt"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Intervener carries out the actions of operators on orders. It returns the order as it then stands, also with an error.
// *topup.Service implements it, and documents the errors.
type Intervener interface {
	Intervene(ctx context.Context, id prepaid.OrderID, a topup.OperatorAction, by prepaid.By) (topup.History, error)
	// Order returns an order; topup.ErrNoOrder.
	Order(ctx context.Context, id prepaid.OrderID) (topup.History, error)
	// Goodwill gives some of a delivered order's money back; zero is all of it.
	Goodwill(ctx context.Context, id prepaid.OrderID, part prepaid.Money, by prepaid.By) (topup.History, error)
}

// Intervention asks for an action on one order. topup.History.Allowed says which an order allows.
type Intervention struct {
	Order  prepaid.OrderID
	Action topup.OperatorAction
	Amount string // of goodwill, in the order's currency: "2.50"; "" is all
	By     prepaid.By
}

// Intervened is how an order stands after an Intervention.
type Intervened struct {
	Order      prepaid.OrderID
	Action     topup.OperatorAction // the one asked for
	Status     topup.Status
	Reason     string
	NeedsHuman bool
	Charge     topup.ChargeStatus
	Funding    topup.FundingKind
}

// Text describes it for people.
func (d Intervened) Text() string { return fmt.Sprintf("order %s is %s", d.Order.Grouped(), d.Status) }

// Check reports what CarryOut refuses without asking anybody: ErrNoReason.
func (r Intervention) Check() error { return needsReason(r.By) }

// CarryOut carries out the action. An error names the order, says what to do instead, and wraps that of Intervene. An action that
// was carried out may still be incomplete: see Intervened.Unfinished. Errors: ErrNoReason.
func (r Intervention) CarryOut(ctx context.Context, topups Intervener) (Intervened, error) {
	if err := r.Check(); err != nil {
		return Intervened{}, err
	}
	h, err := r.intervene(ctx, topups)
	if field := (*FieldError)(nil); errors.As(err, &field) {
		return Intervened{}, err
	}
	if err != nil {
		return Intervened{}, fmt.Errorf("%s: %w", r.Order.Grouped(), r.advise(h, err))
	}
	return Intervened{h.ID, r.Action, h.Status, h.Reason, h.NeedsHuman, h.Charge.Status, h.Funding.Kind}, nil
}

func (r Intervention) intervene(ctx context.Context, topups Intervener) (topup.History, error) {
	if r.Amount == "" {
		return topups.Intervene(ctx, r.Order, r.Action, r.By)
	}
	h, err := topups.Order(ctx, r.Order)
	if err != nil {
		return h, err
	}
	part, err := prepaid.ParseMoney(r.Amount, h.Amount.Currency)
	if err != nil || r.Action != topup.RefundAsGoodwill {
		return h, &FieldError{Field: "amount", Value: r.Amount, Err: fmt.Errorf("write how much goodwill of the %s, such as 2.50", h.Amount)}
	}
	return topups.Goodwill(ctx, r.Order, part, r.By)
}

// advise adds to an error of Intervene what to do instead.
func (r Intervention) advise(h topup.History, err error) error {
	switch {
	case errors.Is(err, topup.ErrNotReversed):
		return fmt.Errorf("%w: add --goodwill to give the money back at our loss", err)
	case errors.Is(err, topup.ErrNotGoodwill):
		return fmt.Errorf("%w: %s", err, insteadOfGoodwill(h))
	case errors.Is(err, topup.ErrRefusedBack):
		return fmt.Errorf("%w: try again later, or pay the customer by other means, which no ledger of ours books", err)
	case errors.Is(err, topup.ErrNotLegal) && r.Action == topup.RefundAsGoodwill && (h.Status == topup.Held || h.Status == topup.RefundFailed):
		return fmt.Errorf("%w, so that nothing is lost by giving its money back: leave --goodwill out", err)
	case errors.Is(err, topup.ErrNotLegal), errors.Is(err, topup.ErrContradicted):
		return fmt.Errorf("%w; nothing was done: pulsa topups show %s tells how it came to that", err, r.Order.Grouped())
	}
	return err
}

// insteadOfGoodwill is what can be done for the customer of a delivered order whose money no gateway can give back.
func insteadOfGoodwill(h topup.History) string {
	switch h.Funding.Kind {
	case topup.ByCard:
		return fmt.Sprintf("this was paid with card %s, which can't be unspent: give the customer another of %s (pulsa cards generate)", h.Funding.Ref, h.Amount)
	case topup.ByDeveloper:
		return fmt.Sprintf("a developer has paid this: book it back with pulsa apikeys credit --key %s --amount AMOUNT --reason TEXT", h.Funding.Ref)
	}
	switch h.Charge.Status {
	case topup.ChargePending:
		return fmt.Sprintf("the debit is still on its way, some days for SEPA: try again when pulsa topups show %s says captured", h.ID.Grouped())
	case topup.ChargePartly:
		return "some of it was given back already, and that is done once"
	case topup.ChargeRefunded:
		return "the customer has the money back already"
	case topup.ChargeReturned:
		return fmt.Sprintf("the bank has given the money back already, and the customer owes it: to let them buy again all the same, "+
			"pulsa customers unlock NUMBER --brand %s --paid --reason TEXT", h.Brand)
	}
	return fmt.Sprintf("look at the charge with pulsa topups show %s", h.ID.Grouped())
}

// Unfinished says what the action has not achieved yet, and what to do next; nil where it is complete.
func (d Intervened) Unfinished() error {
	refund := d.Action == topup.RefundOrder || d.Action == topup.RefundAsGoodwill
	number := d.Order.Grouped()
	delivery := d.Action == topup.ResolveDelivered || d.Action == topup.ResolveNotDelivered
	switch {
	case d.Status == topup.Refunded, d.Charge == topup.ChargeRefunded, d.Charge == topup.ChargePartly, d.Action == topup.ResolveNotRefunded && d.Status == topup.RefundFailed:
		return nil
	case d.Status == topup.RefundFailed, d.Status == topup.Declined && d.NeedsHuman:
		return fmt.Errorf("%s: the money is not given back: %s refuses (%s); try again later (pulsa topups refund %s), or %s, and then: "+
			"pulsa topups resolve %s --refunded --reason TEXT", number, d.funding(), d.Reason, number, d.otherMeans(), number)
	case d.Status == topup.Refunding, d.Status == topup.RefundUnknown, d.Status == topup.Declined && refund,
		d.Status == topup.Delivered && d.Action == topup.RefundAsGoodwill:
		return fmt.Errorf("%s: the money is not given back yet: %s has not answered, and a running server asks until it does; look again with: "+
			"pulsa topups show %s", number, d.funding(), number)
	case d.Status == topup.ChargeUnknown, d.Status == topup.DeliveryUnknown && delivery:
		return fmt.Errorf("%s: it is not settled: somebody else has been faster; look again with: pulsa topups show %s", number, number)
	}
	return nil
}

func (d Intervened) funding() string {
	if d.Funding == topup.ByCard {
		return "the card"
	}
	return "the gateway"
}

// otherMeans says how a customer gets their money back where the funding does not take a refund.
func (d Intervened) otherMeans() string {
	if d.Funding == topup.ByCard {
		return "give the customer another card"
	}
	return "pay the customer by other means"
}
