package topup

import (
	"context"
	"time"
)

// lapse takes an attempt whose call never answered, because whoever made it is gone, as unknown.
func (s *Service) lapse(ctx context.Context, h *History, a Attempt, decide func(*History, Result) Change) error {
	_, err := s.settle(ctx, h, a, Result{Outcome: Unknown, Code: ReasonNoAnswer}, decide)
	return err
}

// lookUpCharge asks what became of a charge that is unknown, or that the customer is to confirm.
func (s *Service) lookUpCharge(ctx context.Context, h *History) error {
	a := h.last(StepCharge)
	r, err := s.ask(ctx, func(ctx context.Context) Result {
		return s.funding(h).LookUp(ctx, h.Order, h.Charge.ID)
	})
	if err != nil {
		return err
	}
	settled := r.Outcome == Done || r.Outcome == Refused || r.Outcome == Returned
	switch {
	case h.awaitsDebit() && !settled:
		return s.wait(ctx, h, s.awaiting(h, r))
	case h.former(r):
		return s.cancel(ctx, h, s.waiting(h, StepCharge), ReasonRecovered)
	case settled, pendingDebit(h, r),
		r.Outcome == Action && h.Status != Confirming:
		return s.chargeAnswered(ctx, h, a, r)
	case h.Status == Confirming:
		return s.awaitConfirmation(ctx, h, r)
	case r.Outcome == Absent:
		c, believed := s.absent(h, a)
		if believed {
			return s.cancel(ctx, h, c, ReasonNotCharged)
		}
		return s.wait(ctx, h, c)
	case r.Outcome == Pending:
		return s.wait(ctx, h, s.found(h, StepCharge))
	}
	return s.wait(ctx, h, s.waiting(h, StepCharge))
}

// former reports whether an order waits for an earlier holder of the number to authenticate. One whose charge could not be
// cancelled has been charged, and runs on.
func (h *History) former(r Result) bool {
	waits := r.Outcome == Action || h.Status == Confirming && (r.Outcome == Unknown || r.Outcome == Absent)
	return waits && h.Charge.Former && !h.tried(StepCancel, Refused)
}

// awaitConfirmation lets the customer go on authenticating, or ends it when the time is up. News that could
// not be read may have been of the confirmation: it is looked up again soon.
func (s *Service) awaitConfirmation(ctx context.Context, h *History, r Result) error {
	now, until := s.c.Clock.Now(), h.StatusAt.Add(confirmWithin)
	if !now.Before(until) {
		return s.cancel(ctx, h, s.waiting(h, StepCharge), ReasonNotConfirmed)
	}
	next := until
	if soon := now.Add(time.Minute); r.Outcome == Unknown && soon.Before(until) {
		next = soon
	}
	return s.wait(ctx, h, Change{RunAt: next, Tries: h.Tries + 1})
}

// lookUpCredit asks what became of a credit that is unknown. Only when the network twice knows nothing of it
// is it sent again, and only on the first day: then a human decides.
func (s *Service) lookUpCredit(ctx context.Context, h *History) error {
	a := h.last(StepCredit)
	_, network := s.c.Network(h.Brand)
	r, err := s.ask(ctx, func(ctx context.Context) Result { return network.LookUp(ctx, a.Reference) })
	if err != nil {
		return err
	}
	switch r.Outcome {
	case Done, Refused, Passing:
		return s.creditAnswered(ctx, h, a, r)
	case Absent:
		c, believed := s.absent(h, a)
		switch {
		case believed && h.returned():
			return s.giveUp(ctx, h, ReasonReturned)
		case believed && !c.NeedsHuman:
			return s.send(ctx, h)
		}
		return s.wait(ctx, h, c)
	case Pending:
		return s.wait(ctx, h, s.found(h, StepCredit))
	}
	return s.wait(ctx, h, s.waiting(h, StepCredit))
}

// wait leaves the order as it is until its next time.
func (s *Service) wait(ctx context.Context, h *History, c Change) error {
	_, err := s.apply(ctx, h, c)
	return err
}

// waiting is the change of a look-up that told nothing: the next one is due later, and after a day the order
// is on the operator's list.
func (s *Service) waiting(h *History, step Step) Change {
	now, since := s.c.Clock.Now(), h.unclearSince(step)
	return Change{
		RunAt: nextLookUp(h.StatusAt, since, now), Absents: h.Absents, AbsentAt: h.AbsentAt,
		Tries: h.Tries + 1, NeedsHuman: now.Sub(since) >= giveUpAfter,
	}
}

// found is the change of a look-up that found the attempt unfinished: what earlier ones did not find is
// forgotten.
func (s *Service) found(h *History, step Step) Change {
	c := s.waiting(h, step)
	c.Absents, c.AbsentAt = 0, time.Time{}
	return c
}

// absent is the change of a look-up that found nothing, and whether that is believed.
func (s *Service) absent(h *History, a Attempt) (Change, bool) {
	c := s.waiting(h, a.Step)
	count, first, believed := h.absent(a, s.c.Clock.Now())
	c.Absents, c.AbsentAt = count, first
	return c, believed
}

// kept is a change that leaves the order's schedule as it is.
func (s *Service) kept(h *History, _ Result) Change {
	return Change{RunAt: h.RunAt, LeaseUntil: h.LeaseUntil, Absents: h.Absents, AbsentAt: h.AbsentAt,
		Tries: h.Tries, NeedsHuman: h.NeedsHuman}
}
