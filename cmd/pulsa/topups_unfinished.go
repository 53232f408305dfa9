package main

import (
	"errors"
	"fmt"

	"pulsa/topup"
)

// unfinished says what an order still lacks of what was asked for, and what to do next; nil where it is done.
func (r handRequest) unfinished(a handAnswer) error {
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

func (a handAnswer) funding() string {
	if a.Funding == topup.ByCard {
		return "the card"
	}
	return "the gateway"
}

// otherMeans is how a customer gets their money where what paid for the order does not take it back.
func (a handAnswer) otherMeans() string {
	if a.Funding == topup.ByCard {
		return "give the customer another card"
	}
	return "pay the customer by other means"
}

// nextAfter adds to why nothing was done what to do instead.
func (r handRequest) nextAfter(err error) error {
	switch {
	case errors.Is(err, topup.ErrNotReversed):
		return fmt.Errorf("%w: add --goodwill to give the money back at our loss", err)
	case errors.Is(err, topup.ErrNotLegal), errors.Is(err, topup.ErrContradicted):
		return fmt.Errorf("%w; nothing was done: pulsa topups show %s tells how it came to that", err, r.Order)
	}
	return err
}
