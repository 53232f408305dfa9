package topup

import (
	"context"
	"fmt"

	"pulsa/prepaid"
)

// CreditChanged says that a network reported news of the credit with the order's reference. It is a hint: it schedules the
// look-up of an unclear delivery, or of one that the network may have reversed, for now, and does not wait for it.
// ErrNoOrder if there is no such order; any other error means that the news should be sent again: ErrWorkedOn while a
// worker reads the delivery, since it may have read it before the news.
func (s *Service) CreditChanged(ctx context.Context, id prepaid.OrderID) error {
	h, err := s.c.Orders.Order(ctx, id)
	if err != nil {
		return fmt.Errorf("find order of credit %s: %w", id, err)
	}
	now := s.c.Clock.Now()
	worked := h.LeaseUntil.After(now)
	switch {
	case h.Status == Delivered && worked: // it is read once, perhaps before the news
		return ErrWorkedOn
	case h.Status != Delivered && h.Status != DeliveryUnknown, worked:
		return nil // settled, or looked up again in any case
	}
	c := s.sameSchedule(&h, Result{})
	c.RunAt = now
	_, err = s.apply(ctx, &h, c)
	return err
}
