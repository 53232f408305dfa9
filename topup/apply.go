package topup

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"pulsa/prepaid"
)

// apply writes a change of the order in h. If the order was still in h's status, h is updated and moved is true; if somebody
// else moved it first, only the attempt's answer is written. Every change of an order goes through here.
func (s *Service) apply(ctx context.Context, h *History, c Change) (moved bool, err error) {
	c.Order, c.From, c.At = h.ID, h.Status, s.c.Clock.Now()
	moved, err = s.c.Orders.Apply(ctx, c)
	if err != nil {
		return false, fmt.Errorf("move order %s from %s: %w", h.ID, h.Status, err)
	}
	if !moved {
		return false, nil
	}
	s.reportMoves(ctx, h.Order, c)
	*h = h.Apply(c)
	return true, nil
}

// reportMoves logs and counts every transition of a change.
func (s *Service) reportMoves(ctx context.Context, o Order, c Change) {
	from := c.From
	for _, to := range c.To {
		attrs := []slog.Attr{
			slog.Any("order", o.ID), slog.String("brand", o.Brand), o.recipient(),
			slog.String("from", string(from)), slog.String("to", string(to)),
		}
		if a := c.Answered; a != nil {
			attrs = append(attrs, slog.String("step", string(a.Step)),
				slog.String("outcome", string(a.Outcome)), slog.String("code", a.Code))
		}
		if c.Reason != "" {
			attrs = append(attrs, slog.String("reason", c.Reason))
		}
		s.c.Log.LogAttrs(ctx, slog.LevelInfo, "order moved", attrs...)
		if s.c.Moved != nil {
			s.c.Moved(o.Brand, from, to)
		}
		from = to
	}
}

// recipient is who is topped up, for logs.
func (o Order) recipient() slog.Attr {
	if o.Email != "" {
		return slog.Any("email", o.Email)
	}
	return slog.Any("msisdn", o.MSISDN)
}

// settle writes an attempt's answer and moves the order as decide says. It reports whether the order moved; h is as stored
// in either case.
func (s *Service) settle(ctx context.Context, h *History, a Attempt, r Result, decide func(*History, Result) Change) (bool, error) {
	// Until the lease lapses nobody else moves the order. After that, even an order in the same status as when it was read
	// may be there because of a newer attempt, so that it has to be read again.
	if s.c.Clock.Now().Before(h.LeaseUntil) {
		c := decide(h, r)
		c.Answered = s.answered(a, r)
		if moved, err := s.apply(ctx, h, c); moved || err != nil {
			return moved, err
		}
	}
	return s.settleLate(ctx, h, a, r, decide)
}

// settleLate settles an answer that came after the lease: it reads the order again, and moves it only if it is still
// concerned by the answer. The answer is written to its attempt in any case. It repeats only if somebody else moved the
// order since it was read, so it needs no backoff.
func (s *Service) settleLate(ctx context.Context, h *History, a Attempt, r Result, decide func(*History, Result) Change) (bool, error) {
	for {
		fresh, err := s.c.Orders.Order(ctx, h.ID)
		if err != nil {
			return false, fmt.Errorf("read order %s again: %w", h.ID, err)
		}
		*h = fresh
		c := decide(h, r)
		moves := h.concernedBy(a, r, c.To)
		if !moves {
			s.c.Log.LogAttrs(ctx, slog.LevelWarn, "late answer moves nothing", slog.Any("order", h.ID),
				slog.String("brand", h.Brand), slog.String("status", string(h.Status)),
				slog.String("step", string(a.Step)), slog.String("outcome", string(r.Outcome)), slog.String("code", r.Code))
			c = s.sameSchedule(h, r)
		}
		c.Answered = s.answered(a, r)
		if done, err := s.apply(ctx, h, c); done || err != nil || !moves {
			return done && moves, err
		}
	}
}

// concernedBy reports whether an answer that comes late may still move the order. Done always may; any other answer means
// nothing once the step has been tried again. A late refusal never reopens a delivered order.
func (h *History) concernedBy(a Attempt, r Result, to []Status) bool {
	return len(to) > 0 && h.Status != Delivered && Legal(h.Status, to[0]) &&
		(r.Outcome == Done || h.last(a.Step).Number == a.Number)
}

// answered is the attempt with its answer. A pending credit or refund leaves the attempt unknown, so that its final answer
// can still be written. A pending charge is a final answer: what becomes of it is the charge's own status.
func (s *Service) answered(a Attempt, r Result) *Attempt {
	a.Outcome, a.Code, a.ProviderRef = r.Outcome, r.Code, r.ProviderRef
	switch r.Outcome {
	case Done, Refused, Passing, Action:
	case Returned:
		a.Outcome = Refused
	case Pending:
		if a.Step != StepCharge {
			a.Outcome = Unknown
		}
	default:
		a.Outcome = Unknown
	}
	a.EndedAt = s.c.Clock.Now()
	return &a
}

// notice schedules the message that tells the customer how the order stands. It is due once the reply to the order should
// have told it; nil if there is nobody to tell.
func (s *Service) notice(h *History) *NewNotice {
	if h.ReplyTo.Address == "" {
		return nil
	}
	due, now := h.CreatedAt.Add(s.c.Patience(h.ReplyTo.Kind)+toldAfter), s.c.Clock.Now()
	if due.Before(now) {
		due = now
	}
	return &NewNotice{ID: prepaid.NewID[prepaid.NoticeID](), Kind: prepaid.NoticeOrder, DueAt: due}
}

// leased returns the change with a lease for a foreign call: nobody else works on the order until it lapses.
func leased(c Change, now time.Time) Change {
	c.RunAt, c.LeaseUntil = now, now.Add(leaseFor)
	return c
}
