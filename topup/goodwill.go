package topup

import (
	"context"
	"errors"
	"fmt"

	"pulsa/prepaid"
)

// Why no goodwill is given.
var (
	// ErrRefusedBack: the gateway refuses to refund the charge; the order is as it was.
	ErrRefusedBack = errors.New("the gateway refuses to give the money back")
	// ErrNotPart: more than was paid, nothing, or another currency.
	ErrNotPart = errors.New("goodwill is some of what was paid, or all of it")
)

// Goodwill gives money of a delivered order back to its customer, who keeps the airtime: a loss of ours, booked
// as one, once. part is how much; zero is all of it. The customer is told. If the network says that it took the delivery back, the order
// is refunded instead, without a loss. A refund that the gateway does not answer is repeated until it does. Errors as Resolve,
// ErrRefusedBack and ErrNotPart.
func (s *Service) Goodwill(ctx context.Context, id prepaid.OrderID, part prepaid.Money, by prepaid.By) (History, error) {
	h, err := s.c.Orders.Order(ctx, id)
	if err != nil {
		return History{}, err
	}
	switch {
	case part == h.Amount:
		part = prepaid.Money{}
	case part == prepaid.Money{}:
	case part.Currency != h.Amount.Currency || part.Minor <= 0 || part.Minor > h.Amount.Minor:
		return h, fmt.Errorf("%w: %s of %s", ErrNotPart, part, h.Amount)
	}
	if h.givingAway() && h.last(StepRefund).Part != part { // that one would be finished, and this one taken for done
		return h, &NotAllowedError{Action: RefundAsGoodwill, Status: h.Status, Allowed: h.Allowed(s.c.Clock.Now()), Reason: ErrWorkedOn}
	}
	return s.intervene(ctx, id, RefundAsGoodwill, by, func(ctx context.Context, h *History) error { return s.goodwill(ctx, h, part) })
}

func (s *Service) goodwill(ctx context.Context, h *History, part prepaid.Money) error {
	r, err := s.callProvider(ctx, s.creditLookUp(h))
	switch {
	case err != nil:
		return err
	case r.Outcome == Refused, r.Outcome == Returned:
		return s.reverse(ctx, h, r)
	}
	if err := s.giveAway(ctx, h, part); err != nil {
		return err
	}
	if h.Charge.Status == ChargeCaptured && !h.givingAway() {
		return ErrRefusedBack
	}
	return nil
}

// givingAway reports whether a goodwill refund is under way: a delivered order has no other refund.
func (h *History) givingAway() bool {
	a := h.last(StepRefund)
	return h.Status == Delivered && h.Charge.Status == ChargeCaptured && a.Number > 0 && a.Outcome != Refused
}

// giveAway writes a goodwill refund down and makes it. Until it is answered the order's run time brings it to a worker, who
// repeats the refund, which is idempotent.
func (s *Service) giveAway(ctx context.Context, h *History, part prepaid.Money) error {
	if h.givingAway() { // what was asked for before is finished first
		part = h.last(StepRefund).Part
	}
	now := s.c.Clock.Now()
	next := h.nextAttempt(StepRefund, now)
	next.Part = part
	return s.refundAfter(ctx, h, leased(Change{Next: next, IfCharge: ChargeCaptured}, now), s.afterGoodwill)
}

func (s *Service) afterGoodwill(h *History, r Result) Change {
	switch r.Outcome {
	case Done:
		c := Change{IfCharge: ChargeCaptured, Charge: ChargeRefunded, Postings: []Entry{goodwillEntry(h.Order)}}
		if part := h.last(StepRefund).Part; !part.Zero() {
			c.Charge, c.GivenAway, c.Postings = ChargePartly, part, []Entry{partGoodwillEntry(h.Order, part)}
		}
		if h.ReplyTo.Address != "" {
			c.Notice = &NewNotice{ID: prepaid.NewID[prepaid.NoticeID](), Kind: prepaid.NoticeGoodwill, DueAt: s.c.Clock.Now()}
		}
		return c
	case Refused:
		return Change{}
	}
	return s.toldNothing(h, StepRefund)
}
