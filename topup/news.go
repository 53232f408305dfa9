package topup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// errUnread asks for the news again: no look-up is planned for an order whose charging has ended.
var errUnread = errors.New("the gateway does not tell what the news is")

// newsPatience is how long a gateway's webhook waits for what its news sets off.
const newsPatience = 5 * time.Second

// ChargeChanged says that a gateway reported news of a charge. It is a hint: the order's charge is read
// at the gateway, and the order moved by what is found there. It waits a few seconds at most for what
// follows from that, such as the delivery. ErrNoOrder where the charge is no order's; any other error means
// that the news should be repeated.
func (s *Service) ChargeChanged(ctx context.Context, id prepaid.ChargeID) error {
	h, err := s.c.Finder.ByCharge(ctx, id)
	if err != nil {
		return fmt.Errorf("find order of charge %s: %w", id, err)
	}
	var failed error
	if s.inTime(ctx, newsPatience, func(ctx context.Context) {
		failed = s.guard(ctx, &h, func() error { return s.news(ctx, &h) })
	}) {
		return failed
	}
	return nil
}

// news reads a charge at its gateway and does what follows for an order of that status. While the first
// call is under way its own answer is awaited; it, or look-ups, will tell the same.
func (s *Service) news(ctx context.Context, h *History) error {
	switch h.Status {
	case Requested, Charging:
		if !h.awaitsDebit() {
			return nil
		}
		return s.lookUpCharge(ctx, h)
	case Confirming, ChargeUnknown:
		return s.lookUpCharge(ctx, h)
	}
	r, err := s.ask(ctx, func(ctx context.Context) Result {
		return s.funding(h).LookUp(ctx, h.Order, h.Charge.ID)
	})
	if err != nil {
		return err
	}
	if r.Outcome == Unknown || r.Outcome == Absent { // told of, and not found: its reports are late
		return fmt.Errorf("charge %s of order %s: %w", h.Charge.ID, h.ID, errUnread)
	}
	if h.Status == Declined {
		if r.Outcome == Done && h.turnedUp() {
			return s.lateCharge(ctx, h)
		}
		return nil
	}
	return s.debitChanged(ctx, h, r)
}

// debitChanged writes down what became of the money of an order that has been charged, whatever else is
// happening to the order.
func (s *Service) debitChanged(ctx context.Context, h *History, r Result) error {
	for {
		c, news := s.afterDebit(h, r)
		if !news {
			return nil
		}
		moved, err := s.apply(ctx, h, c)
		if err != nil || moved {
			return err
		}
		if *h, err = s.c.Orders.Order(ctx, h.ID); err != nil {
			return fmt.Errorf("read order again: %w", err)
		}
	}
}

// afterDebit is what news of a charged order's money changes, and whether it is news at all. A pending
// debit that fails is one that is returned.
func (s *Service) afterDebit(h *History, r Result) (Change, bool) {
	c := s.kept(h, r)
	pending := h.Charge.Status == ChargePending
	switch {
	case r.Outcome == Done && pending:
		c.Charge, c.ChargeRef = ChargeCaptured, r.ProviderRef
		return c, true
	case r.Outcome == Returned && !h.returned(), r.Outcome == Refused && pending:
		c.Charge, c.Postings = ChargeReturned, []Entry{returnEntry(h.Order)}
		// Where airtime or a refund went out for it, the money is lost until the customer pays it. An order
		// still under way finds out on its way.
		c.Debt = h.Status == Delivered || h.Status == Refunded
		if h.Status == Held {
			c.RunAt = s.c.Clock.Now()
		}
		if h.Status == Delivered && h.ReplyTo.Address != "" {
			c.Notice = &NewNotice{ID: prepaid.NewID[prepaid.NoticeID](), Kind: "debit_returned", DueAt: s.c.Clock.Now()}
		}
		return c, true
	}
	return Change{}, false
}
