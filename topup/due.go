package topup

import (
	"context"
	"fmt"
	"time"
)

// runAtMost bounds one RunDue, so that its caller sees a shutdown.
const runAtMost = 100

// RunDue claims the orders that are due and works on each until it ends or waits again. It returns how
// many it worked on. Orders are claimed one by one, each just before it is worked on, so that no lease
// lapses while others are worked on; several RunDue at a time share the orders among them. An order that
// can't be worked on is logged and comes back when its lease lapses; the error is the store's.
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
		s.carryOn(ctx, &claimed[0])
	}
	return runAtMost, nil
}

// NextDue tells when RunDue next has something to do; zero for never.
func (s *Service) NextDue(ctx context.Context) (time.Time, error) { return s.c.Orders.NextDue(ctx) }

func (s *Service) carryOn(ctx context.Context, h *History) {
	ctx, ended := s.own(ctx)
	defer ended()
	_ = s.guard(ctx, h, func() error { return s.step(ctx, h) }) // guard has logged it
}

// step does what is next for a claimed order. Nobody else works on it: an attempt that has no answer
// will not get one any more.
func (s *Service) step(ctx context.Context, h *History) error {
	switch h.Status {
	case Charging:
		if h.awaitsDebit() {
			return s.lookUpCharge(ctx, h)
		}
		return s.lapse(ctx, h, h.last(StepCharge), s.afterCharge)
	case Delivering:
		return s.lapse(ctx, h, h.last(StepCredit), s.afterCredit)
	case Refunding:
		return s.lapse(ctx, h, h.last(StepRefund), s.afterRefund)
	}
	if a, ok := h.sending(); ok { // a cancellation, or the refund of a late charge or as goodwill
		if err := s.lapse(ctx, h, a, s.kept); err != nil {
			return err
		}
	}
	switch h.Status {
	case Confirming, ChargeUnknown:
		return s.lookUpCharge(ctx, h)
	case Charged:
		return s.send(ctx, h)
	case DeliveryUnknown:
		return s.lookUpCredit(ctx, h)
	case Held:
		return s.retry(ctx, h)
	case RefundUnknown:
		return s.lookUpRefund(ctx, h)
	case Delivered:
		if h.givingAway() {
			return s.giveAway(ctx, h)
		}
		return s.checkDelivery(ctx, h)
	case Declined:
		if h.Charge.Status == ChargeCaptured {
			return s.lateCharge(ctx, h)
		}
	}
	return fmt.Errorf("nothing to do for an order in status %s", h.Status)
}
