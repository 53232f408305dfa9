package topup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// errUnread makes the gateway send its news again: an order that has been charged is looked up only when there is news.
var errUnread = errors.New("the gateway does not tell what the news is")

// newsWithin is how long a gateway's webhook waits for what its news sets off.
const newsWithin = 5 * time.Second

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
	if s.runDetached(ctx, newsWithin, func(ctx context.Context) {
		failed = s.guard(ctx, &h, func() error { return s.readCharge(ctx, &h) })
	}) {
		return failed
	}
	return nil
}

// readCharge looks a charge up at its gateway and moves the order by the answer. While the first call of a charge is under
// way there is nothing to do: its own answer, or the look-ups that follow a lost one, will say the same.
func (s *Service) readCharge(ctx context.Context, h *History) error {
	switch h.Status {
	case Requested, Charging:
		if !h.awaitsDebit() {
			return nil
		}
		return s.lookUpCharge(ctx, h)
	case Confirming, ChargeUnknown:
		return s.lookUpCharge(ctx, h)
	}
	r, err := s.callProvider(ctx, func(ctx context.Context) Result {
		return s.funding(h).LookUp(ctx, h.Order, h.Charge.ID)
	})
	if err != nil {
		return err
	}
	if r.Outcome == Unknown || r.Outcome == Absent { // the gateway has told of the charge but does not find it yet
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

// debitChanged writes down what became of a charged order's money. It does not depend on the order's status: if somebody else
// moves the order meanwhile, it reads the order again and decides anew.
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

// afterDebit is the change that news of a charged order's money makes; news is false if it is known already. A pending
// debit that fails counts as returned.
func (s *Service) afterDebit(h *History, r Result) (Change, bool) {
	c := s.sameSchedule(h, r)
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
			c.Notice = &NewNotice{ID: prepaid.NewID[prepaid.NoticeID](), Kind: prepaid.NoticeDebitReturned, DueAt: s.c.Clock.Now()}
		}
		return c, true
	}
	return Change{}, false
}
