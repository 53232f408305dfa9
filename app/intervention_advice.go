package app

import (
	"errors"
	"fmt"

	"pulsa/topup"
)

// Unfinished says what an order still lacks of what was asked for, and what to do next; nil where it is done.
func (r HandRequest) Unfinished(a HandAnswer) error {
	judged := r.Verdict == topup.WasDelivered || r.Verdict == topup.NotDelivered
	switch {
	case a.Status == topup.Refunded, a.Charge == topup.ChargeRefunded, r.Verdict == topup.NotRefunded && a.Status == topup.RefundFailed:
		return nil
	case a.Status == topup.RefundFailed, a.Status == topup.Declined && a.NeedsHuman:
		return fmt.Errorf("%s: the money is not given back: %s refuses (%s); try again later (pulsa topups refund %s), or %s, and then: "+
			"pulsa topups resolve %s --refunded --reason TEXT", a.Order, a.funding(), a.Reason, a.Order, a.otherMeans(), a.Order)
	case a.Status == topup.Refunding, a.Status == topup.RefundUnknown, a.Status == topup.Declined && r.Verdict == "", a.Status == topup.Delivered && r.Goodwill:
		return fmt.Errorf("%s: the money is not given back yet: %s has not answered, and a running server asks until it does; look again with: "+
			"pulsa topups show %s", a.Order, a.funding(), a.Order)
	case a.Status == topup.ChargeUnknown, a.Status == topup.DeliveryUnknown && judged:
		return fmt.Errorf("%s: it is not settled: somebody else has been faster; look again with: pulsa topups show %s", a.Order, a.Order)
	}
	return nil
}

func (a HandAnswer) funding() string {
	if a.Funding == topup.ByCard {
		return "the card"
	}
	return "the gateway"
}

// otherMeans is how a customer gets their money where what paid for the order does not take it back.
func (a HandAnswer) otherMeans() string {
	if a.Funding == topup.ByCard {
		return "give the customer another card"
	}
	return "pay the customer by other means"
}

// NextAfter adds to why nothing was done to an order what to do instead.
func (r HandRequest) NextAfter(h topup.History, err error) error {
	switch {
	case errors.Is(err, topup.ErrNotReversed):
		return fmt.Errorf("%w: add --goodwill to give the money back at our loss", err)
	case errors.Is(err, topup.ErrNotGoodwill):
		return fmt.Errorf("%w: %s", err, insteadOfGoodwill(h))
	case errors.Is(err, topup.ErrRefusedBack):
		return fmt.Errorf("%w: try again later, or pay the customer by other means, which no ledger of ours books", err)
	case errors.Is(err, topup.ErrNotLegal) && r.Goodwill && (h.Status == topup.Held || h.Status == topup.RefundFailed):
		return fmt.Errorf("%w, so that nothing is lost by giving its money back: leave --goodwill out", err)
	case errors.Is(err, topup.ErrNotLegal), errors.Is(err, topup.ErrContradicted):
		return fmt.Errorf("%w; nothing was done: pulsa topups show %s tells how it came to that", err, r.Order)
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
		return fmt.Sprintf("the debit is still on its way, some days for SEPA: try again when pulsa topups show %s says captured", h.ID)
	case topup.ChargeRefunded:
		return "the customer has the money back already"
	case topup.ChargeReturned:
		return fmt.Sprintf("the bank has given the money back already, and the customer owes it: to let them buy again all the same, "+
			"pulsa customers unlock NUMBER --brand %s --paid --reason TEXT", h.Brand)
	}
	return fmt.Sprintf("look at the charge with pulsa topups show %s", h.ID)
}
