package topup

import (
	"context"
	"fmt"
)

// credit makes the credit that is written down, and goes on with what follows from its answer.
func (s *Service) credit(ctx context.Context, h *History) error {
	a := h.last(StepCredit)
	_, network := s.c.Network(h.Brand)
	r, err := s.call(ctx, h, a, func(ctx context.Context) Result {
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
		name, _ := s.c.Network(h.Brand)
		return Change{
			To: []Status{Delivered}, NetworkRef: r.ProviderRef, Cost: r.Cost, PIN: r.PIN,
			Postings: []Entry{deliveryEntry(h.Order, name, r.Cost)}, Notice: s.notice(h),
		}
	case Refused:
		return s.refunding(h, r.Code)
	case Passing:
		c := Change{To: []Status{Held}, Reason: r.Code, RunAt: nextRetry(h.heldSince(now), now)}
		if !h.tried(StepCredit, Passing) {
			c.Notice = s.notice(h) // held once or a hundred times, the customer hears of it once
		}
		return c
	}
	return Change{To: []Status{DeliveryUnknown}, NetworkRef: r.ProviderRef, RunAt: nextLookUp(now, now, now)}
}

// send writes a further attempt down and makes it, under the order's one reference.
func (s *Service) send(ctx context.Context, h *History) error {
	now := s.c.Clock.Now()
	c := leased(Change{To: []Status{Delivering}, Next: h.add(StepCredit, now)}, now)
	if moved, err := s.apply(ctx, h, c); err != nil || !moved {
		return err
	}
	return s.credit(ctx, h)
}

// retry tries a held order again, or gives it up: after a day, or where the bank has taken the money back.
func (s *Service) retry(ctx context.Context, h *History) error {
	now := s.c.Clock.Now()
	switch {
	case h.returned():
		return s.giveUp(ctx, h, ReasonReturned)
	case now.Sub(h.heldSince(now)) >= giveUpAfter:
		return s.giveUp(ctx, h, ReasonHeldTooLong)
	}
	return s.send(ctx, h)
}
