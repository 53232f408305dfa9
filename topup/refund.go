package topup

import (
	"context"
	"fmt"
)

// refunding writes the refund down. The customer is told once it is answered, which follows at once. If the money has gone
// back already, by the bank or as goodwill, the order is refunded without a call.
func (s *Service) refunding(h *History, reason string) Change {
	if h.returned() {
		return Change{To: []Status{Refunding, Refunded}, Reason: reason,
			Postings: []Entry{h.returnedRefundEntry()}, Notice: s.notice(h)}
	}
	if h.Charge.Status == ChargeRefunded { // as goodwill, before the network took the delivery back
		return Change{To: []Status{Refunding, Refunded}, Reason: reason, Notice: s.notice(h)}
	}
	now := s.c.Clock.Now()
	return leased(Change{To: []Status{Refunding}, Reason: reason, Next: h.nextAttempt(StepRefund, now)}, now)
}

// giveUpDelivery ends a delivery that was definitely not made, and refunds the order.
func (s *Service) giveUpDelivery(ctx context.Context, h *History, reason string) error {
	moved, err := s.apply(ctx, h, s.refunding(h, reason))
	if err != nil || !moved || h.Status != Refunding {
		return err
	}
	return s.giveBack(ctx, h)
}

// giveBack makes the refund attempt that is written down.
func (s *Service) giveBack(ctx context.Context, h *History) error {
	a := h.last(StepRefund)
	r, err := s.refund(ctx, h, a)
	if err != nil {
		return err
	}
	_, err = s.settle(ctx, h, a, r, s.afterRefund)
	return err
}

func (s *Service) refund(ctx context.Context, h *History, a Attempt) (Result, error) {
	r, err := s.makeAttempt(ctx, h, a, func(ctx context.Context) Result {
		return s.funding(h).GiveBack(ctx, h.Order, h.Charge.ID, a.Part)
	})
	if err == nil {
		s.reached("refund")
	}
	return r, err
}

// afterRefund is what a refund's answer does to an order.
func (s *Service) afterRefund(h *History, r Result) Change {
	now := s.c.Clock.Now()
	switch r.Outcome {
	case Done:
		return Change{To: []Status{Refunded}, Charge: ChargeRefunded,
			Postings: []Entry{h.refundEntry()}, Notice: s.notice(h)}
	case Refused:
		return Change{To: []Status{RefundFailed}, Reason: r.Code, NeedsHuman: true, Notice: s.notice(h)}
	}
	c := Change{To: []Status{RefundUnknown}, RunAt: nextLookUp(now, now, now)}
	if !h.tried(StepRefund, Unknown) {
		c.Notice = s.notice(h)
	}
	return c
}

// lookUpRefund looks up a refund whose outcome is unknown. A refund is idempotent, yet it is looked up before it is repeated.
func (s *Service) lookUpRefund(ctx context.Context, h *History) error {
	a := h.last(StepRefund)
	r, err := s.callProvider(ctx, func(ctx context.Context) Result {
		return s.funding(h).LookUpGivenBack(ctx, h.Order, h.Charge.ID)
	})
	if err != nil {
		return err
	}
	switch r.Outcome {
	case Done, Refused:
		_, err := s.settle(ctx, h, a, r, s.afterRefund)
		return err
	case Absent:
		c, believed := s.foundNothing(h, a)
		if !believed {
			return s.reschedule(ctx, h, c)
		}
		now := s.c.Clock.Now()
		again := leased(Change{To: []Status{Refunding}, Next: h.nextAttempt(StepRefund, now)}, now)
		if moved, err := s.apply(ctx, h, again); err != nil || !moved {
			return err
		}
		return s.giveBack(ctx, h)
	}
	return s.reschedule(ctx, h, s.toldNothing(h, StepRefund))
}

// lateCharge refunds a charge that turned up after its order was declined. The order stays declined; its charge is booked as
// captured and then refunded. Until the refund is answered the order's run time brings it to a worker, who repeats the
// refund, which is idempotent.
func (s *Service) lateCharge(ctx context.Context, h *History) error {
	now := s.c.Clock.Now()
	c := leased(Change{Next: h.nextAttempt(StepRefund, now)}, now)
	if h.turnedUp() {
		c.Charge, c.Postings = ChargeCaptured, []Entry{h.captureEntry()}
		s.c.Log.WarnContext(ctx, "charge turned up after its order was declined", "order", h.ID, "brand", h.Brand)
	}
	if err := s.refundAfter(ctx, h, c, s.afterLateRefund); err != nil {
		return fmt.Errorf("give back late charge: %w", err)
	}
	return nil
}

// refundAfter applies a change whose Next is a refund attempt, makes the refund, and settles it as after decides. The order
// keeps its status.
func (s *Service) refundAfter(ctx context.Context, h *History, c Change, after func(*History, Result) Change) error {
	if moved, err := s.apply(ctx, h, c); err != nil || !moved {
		return err
	}
	a := h.last(StepRefund)
	r, err := s.refund(ctx, h, a)
	if err != nil {
		return err
	}
	_, err = s.settle(ctx, h, a, r, after)
	return err
}

func (s *Service) afterLateRefund(h *History, r Result) Change {
	switch r.Outcome {
	case Done:
		return Change{Charge: ChargeRefunded, Postings: []Entry{h.refundEntry()}}
	case Refused:
		return Change{NeedsHuman: true, Reason: r.Code}
	}
	return s.toldNothing(h, StepRefund)
}
