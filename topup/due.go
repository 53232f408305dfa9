package topup

import (
	"context"
	"fmt"
	"time"
)

// runAtMost bounds one RunDue, so that its caller sees a shutdown.
const runAtMost = 100

// RunDue works on the orders that are due, each until it ends or is rescheduled, and returns how many there were. It claims
// them one at a time, so that none's lease lapses while it waits its turn. RunDue may be called concurrently: each order is
// claimed by one caller. A failure of one order is logged, and the order is claimed again after its lease; the error is
// the store's.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	for n := range runAtMost {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		now := s.c.Clock.Now()
		claimed, err := s.c.Orders.Claim(ctx, now, now.Add(leaseFor), 1)
		if err != nil {
			return n, fmt.Errorf("claim due orders: %w", err)
		}
		if len(claimed) == 0 {
			return n, nil
		}
		s.resume(ctx, &claimed[0])
	}
	return runAtMost, nil
}

// NextDue returns when RunDue next has something to do; zero for never.
func (s *Service) NextDue(ctx context.Context) (time.Time, error) { return s.c.Orders.NextDue(ctx) }

func (s *Service) resume(ctx context.Context, h *History) {
	ctx, ended := s.detach(ctx)
	defer ended()
	_ = s.guard(ctx, h, func() error { return s.advance(ctx, h) }) // guard has logged it
}

// advance takes a claimed order one step further. Its lease had lapsed, so nobody else works on it: an attempt that still has
// no answer was cut off and is settled as unknown first.
func (s *Service) advance(ctx context.Context, h *History) error {
	switch h.Status {
	case Charging:
		if h.awaitsDebit() {
			return s.lookUpCharge(ctx, h)
		}
		return s.settleUnanswered(ctx, h, h.last(StepCharge), s.afterCharge)
	case Delivering:
		return s.settleUnanswered(ctx, h, h.last(StepCredit), s.afterCredit)
	case Refunding:
		return s.settleUnanswered(ctx, h, h.last(StepRefund), s.afterRefund)
	}
	if a, ok := h.sending(); ok { // a cancellation, or the refund of a late charge or as goodwill
		if err := s.settleUnanswered(ctx, h, a, s.sameSchedule); err != nil {
			return err
		}
	}
	switch h.Status {
	case Confirming, ChargeUnknown:
		return s.lookUpCharge(ctx, h)
	case Charged:
		return s.creditAnew(ctx, h)
	case DeliveryUnknown:
		return s.lookUpCredit(ctx, h)
	case Held:
		return s.retryHeld(ctx, h)
	case RefundUnknown:
		return s.lookUpRefund(ctx, h)
	case Delivered:
		if h.givingAway() {
			return s.giveAway(ctx, h, h.last(StepRefund).Part)
		}
		return s.checkDelivery(ctx, h)
	case Declined:
		if h.Charge.Status == ChargeCaptured {
			return s.lateCharge(ctx, h)
		}
	}
	return fmt.Errorf("nothing to do for an order in status %s", h.Status)
}
