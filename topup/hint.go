package topup

import (
	"context"
	"fmt"

	"pulsa/prepaid"
)

// CreditChanged says that a network reported news of the credit with the order's reference. It is a hint: it
// only makes the look-up of an unclear delivery, or of one that the network may have reversed, due at once for
// whoever does due work. ErrNoOrder where there is no such order; any other error means that the news should
// be repeated: ErrWorkedOn where somebody reads a delivery just now, and may have read it before the news.
func (s *Service) CreditChanged(ctx context.Context, id prepaid.OrderID) error {
	h, err := s.c.Orders.Order(ctx, id)
	if err != nil {
		return fmt.Errorf("find order of credit %s: %w", id, err)
	}
	now := s.c.Clock.Now()
	worked := h.LeaseUntil.After(now)
	switch {
	case h.Status == Delivered && worked: // nobody would read it again
		return ErrWorkedOn
	case h.Status != Delivered && h.Status != DeliveryUnknown, worked:
		return nil // settled, or to be looked up again in any case
	}
	c := s.kept(&h, Result{})
	c.RunAt = now
	_, err = s.apply(ctx, &h, c)
	return err
}
