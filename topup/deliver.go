package topup

import (
	"context"
	"fmt"
)

// credit makes the credit attempt that is written down, and does what follows from its answer.
func (s *Service) credit(ctx context.Context, h *History) error {
	a := h.last(StepCredit)
	network := s.network(h.Network)
	r, err := s.makeAttempt(ctx, h, a, func(ctx context.Context) Result {
		return network.Credit(ctx, Credit{Reference: a.Reference, MSISDN: h.MSISDN, Email: h.Email, Amount: h.Amount})
	})
	if err != nil {
		return err
	}
	s.reached("delivery")
	return s.creditAnswered(ctx, h, a, r)
}

// creditAnswered moves the order by what is known of its credit.
func (s *Service) creditAnswered(ctx context.Context, h *History, a Attempt, r Result) error {
	if h.Funding.Method == methodSEPA {
		// The bank may have taken the debit back while the network was busy.
		now, err := s.c.Orders.Order(ctx, h.ID)
		if err != nil {
			return fmt.Errorf("read charge of order %s again: %w", h.ID, err)
		}
		h.Charge = now.Charge
	}
	moved, err := s.settle(ctx, h, a, r, s.afterCredit)
	if err != nil || !moved {
		return err
	}
	switch h.Status {
	case Delivered:
		s.reached("delivered")
	case Refunding:
		return s.giveBack(ctx, h)
	}
	return nil
}

// afterCredit is what a credit's answer does to an order.
func (s *Service) afterCredit(h *History, r Result) Change {
	now := s.c.Clock.Now()
	switch r.Outcome {
	case Done:
		return Change{
			To: []Status{Delivered}, NetworkRef: r.ProviderRef, Cost: r.Cost, PIN: r.PIN,
			Postings: []Entry{deliveryEntry(h.Order, r.Cost)}, Notice: s.notice(h),
		}
	case Refused:
		return s.refunding(h, r.Code)
	case Passing:
		c := Change{To: []Status{Held}, Reason: r.Code, RunAt: nextRetry(h.heldSince(now), now)}
		if !h.tried(StepCredit, Passing) {
			c.Notice = s.notice(h) // only the first time it is held
		}
		return c
	}
	return Change{To: []Status{DeliveryUnknown}, NetworkRef: r.ProviderRef, RunAt: nextLookUp(now, now, now)}
}

// creditAnew writes a further credit attempt down and makes it. All attempts of an order have the same reference.
func (s *Service) creditAnew(ctx context.Context, h *History) error {
	now := s.c.Clock.Now()
	c := leased(Change{To: []Status{Delivering}, Next: h.nextAttempt(StepCredit, now)}, now)
	if moved, err := s.apply(ctx, h, c); err != nil || !moved {
		return err
	}
	return s.credit(ctx, h)
}

// retryHeld tries the delivery of a held order again. After a day, or if the bank has taken the money back, it is given up.
func (s *Service) retryHeld(ctx context.Context, h *History) error {
	now := s.c.Clock.Now()
	switch {
	case h.returned():
		return s.giveUpDelivery(ctx, h, ReasonReturned)
	case now.Sub(h.heldSince(now)) >= giveUpAfter:
		return s.giveUpDelivery(ctx, h, ReasonHeldTooLong)
	}
	return s.creditAnew(ctx, h)
}
