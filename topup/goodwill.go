package topup

import (
	"context"
	"errors"

	"pulsa/prepaid"
)

// ErrRefusedBack is returned by Goodwill if the gateway refuses to refund the charge; the order is as it was.
var ErrRefusedBack = errors.New("the gateway refuses to give the money back")

// Goodwill gives the money of a delivered order back to its customer, who keeps the airtime: a loss of ours, booked
// as one, once. If the network says that it took the delivery back, the order is refunded instead, without a loss. A refund
// that the gateway does not answer is repeated until it does. Errors as Resolve, and ErrRefusedBack.
func (s *Service) Goodwill(ctx context.Context, id prepaid.OrderID, by prepaid.By) (History, error) {
	return s.intervene(ctx, id, RefundAsGoodwill, by, s.goodwill)
}

func (s *Service) goodwill(ctx context.Context, h *History) error {
	r, err := s.callProvider(ctx, s.creditLookUp(h))
	switch {
	case err != nil:
		return err
	case r.Outcome == Refused, r.Outcome == Returned:
		return s.reverse(ctx, h, r)
	}
	if err := s.giveAway(ctx, h); err != nil {
		return err
	}
	if h.Charge.Status == ChargeCaptured && !h.givingAway() {
		return ErrRefusedBack
	}
	return nil
}

// givingAway reports whether a goodwill refund is under way: a delivered order has no other refund.
func (h *History) givingAway() bool {
	a := h.last(StepRefund)
	return h.Status == Delivered && h.Charge.Status == ChargeCaptured && a.Number > 0 && a.Outcome != Refused
}

// giveAway writes a goodwill refund down and makes it. Until it is answered the order's run time brings it to a worker, who
// repeats the refund, which is idempotent.
func (s *Service) giveAway(ctx context.Context, h *History) error {
	now := s.c.Clock.Now()
	return s.refundAfter(ctx, h, leased(Change{Next: h.nextAttempt(StepRefund, now), IfCharge: ChargeCaptured}, now), s.afterGoodwill)
}

func (s *Service) afterGoodwill(h *History, r Result) Change {
	switch r.Outcome {
	case Done:
		return Change{IfCharge: ChargeCaptured, Charge: ChargeRefunded, Postings: []Entry{goodwillEntry(h.Order)}}
	case Refused:
		return Change{}
	}
	return s.toldNothing(h, StepRefund)
}
