package topup

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
)

const (
	// readAgainAfter is when a delivery is looked up again if the network did not tell whether it took it back.
	readAgainAfter = 10 * time.Minute
	// readAgainAtMost bounds these look-ups; after that the order stays delivered.
	readAgainAtMost = 20
)

// DeliveryChanged says that the network may have taken a delivered order back. It is a hint: the credit is
// read at the network, and if that definitely says that nothing was delivered, the order is reversed and the
// money goes back. Where the network does not tell, it is asked again later. It waits a few seconds at most.
// ErrNoOrder where there is no such order; any other error means that the news should be repeated.
func (s *Service) DeliveryChanged(ctx context.Context, id prepaid.OrderID) error {
	h, err := s.c.Orders.Order(ctx, id)
	if err != nil {
		return fmt.Errorf("find order of delivery %s: %w", id, err)
	}
	var failed error
	if s.runDetached(ctx, newsWithin, func(ctx context.Context) {
		failed = s.guard(ctx, &h, func() error { return s.checkDelivery(ctx, &h) })
	}) {
		return failed
	}
	return nil
}

// checkDelivery looks a delivered order up at the network, and reverses it if the network took the delivery back.
func (s *Service) checkDelivery(ctx context.Context, h *History) error {
	if h.Status != Delivered {
		return nil
	}
	r, err := s.callProvider(ctx, s.creditLookUp(h))
	if err != nil {
		return err
	}
	switch r.Outcome {
	case Refused, Returned:
		return s.reverse(ctx, h, r)
	case Unknown, Absent: // not found is unclear too: the network's reports may be late
		if h.Tries < readAgainAtMost {
			return s.reschedule(ctx, h, Change{RunAt: s.c.Clock.Now().Add(readAgainAfter), Tries: h.Tries + 1})
		}
	}
	if h.RunAt.IsZero() {
		return nil
	}
	return s.reschedule(ctx, h, Change{})
}

// reverse books the delivery back, writes the refund down in the same transaction, and makes it. How it is booked depends on
// the charge's status; if that changes meanwhile, the order is read again and the change made anew.
func (s *Service) reverse(ctx context.Context, h *History, r Result) error {
	for h.Status == Delivered {
		c := s.refunding(h, r.Code)
		c.IfCharge = h.Charge.Status
		c.Postings = append([]Entry{h.reversalEntry()}, c.Postings...)
		moved, err := s.apply(ctx, h, c)
		switch {
		case err != nil:
			return err
		case moved && h.Status == Refunding:
			return s.giveBack(ctx, h)
		case moved:
			return nil
		}
		if *h, err = s.c.Orders.Order(ctx, h.ID); err != nil {
			return fmt.Errorf("read order again: %w", err)
		}
	}
	return nil
}
