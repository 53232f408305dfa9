package topup

import (
	"context"
	"time"
)

// settleUnanswered settles an attempt as unknown whose caller died before it wrote an answer down.
func (s *Service) settleUnanswered(ctx context.Context, h *History, a Attempt, decide func(*History, Result) Change) error {
	_, err := s.settle(ctx, h, a, Result{Outcome: Unknown, Code: ReasonNoAnswer}, decide)
	return err
}

// lookUpCharge looks up a charge whose outcome is unknown, that awaits the customer's confirmation, or that has not settled.
func (s *Service) lookUpCharge(ctx context.Context, h *History) error {
	a := h.last(StepCharge)
	r, err := s.callProvider(ctx, func(ctx context.Context) Result {
		return s.funding(h).LookUp(ctx, h.Order, h.Charge.ID)
	})
	if err != nil {
		return err
	}
	settled := r.Outcome == Done || r.Outcome == Refused || r.Outcome == Returned
	switch {
	case h.awaitsDebit() && !settled:
		return s.reschedule(ctx, h, s.debitUnsettled(h, r))
	case h.former(r):
		return s.cancel(ctx, h, s.toldNothing(h, StepCharge), ReasonRecovered)
	case settled, pendingDebit(h, r),
		r.Outcome == Action && h.Status != Confirming:
		return s.chargeAnswered(ctx, h, a, r)
	case h.Status == Confirming:
		return s.awaitConfirmation(ctx, h, r)
	case r.Outcome == Absent:
		c, believed := s.foundNothing(h, a)
		if believed {
			return s.cancel(ctx, h, c, ReasonNotCharged)
		}
		return s.reschedule(ctx, h, c)
	case r.Outcome == Pending:
		return s.reschedule(ctx, h, s.foundUnfinished(h, StepCharge))
	}
	return s.reschedule(ctx, h, s.toldNothing(h, StepCharge))
}

// former reports whether an order waits for an earlier holder of the number to authenticate, and so is to be cancelled. One
// whose cancellation was refused has been charged, and goes on.
func (h *History) former(r Result) bool {
	waits := r.Outcome == Action || h.Status == Confirming && (r.Outcome == Unknown || r.Outcome == Absent)
	return waits && h.Charge.Former && !h.tried(StepCancel, Refused)
}

// awaitConfirmation reschedules the look-up for the end of the customer's time to authenticate, and cancels the charge once
// that has passed. An unknown outcome is looked up again within a minute: the customer may have confirmed.
func (s *Service) awaitConfirmation(ctx context.Context, h *History, r Result) error {
	now, until := s.c.Clock.Now(), h.ConfirmBy()
	if !now.Before(until) {
		return s.cancel(ctx, h, s.toldNothing(h, StepCharge), ReasonNotConfirmed)
	}
	next := until
	if soon := now.Add(time.Minute); r.Outcome == Unknown && soon.Before(until) {
		next = soon
	}
	return s.reschedule(ctx, h, Change{RunAt: next, Tries: h.Tries + 1})
}

// lookUpCredit looks up a credit whose outcome is unknown. It is sent again only if the network is believed not to know it,
// and only within the first day. After that a human decides.
func (s *Service) lookUpCredit(ctx context.Context, h *History) error {
	a := h.last(StepCredit)
	network := s.network(h.Network)
	r, err := s.callProvider(ctx, func(ctx context.Context) Result { return network.LookUp(ctx, a.Reference) })
	if err != nil {
		return err
	}
	switch r.Outcome {
	case Done, Refused, Passing:
		return s.creditAnswered(ctx, h, a, r)
	case Absent:
		c, believed := s.foundNothing(h, a)
		switch {
		case believed && h.returned():
			return s.giveUpDelivery(ctx, h, ReasonReturned)
		case believed && !c.NeedsHuman:
			return s.creditAnew(ctx, h)
		}
		return s.reschedule(ctx, h, c)
	case Pending:
		return s.reschedule(ctx, h, s.foundUnfinished(h, StepCredit))
	}
	return s.reschedule(ctx, h, s.toldNothing(h, StepCredit))
}

// reschedule applies a change that only says when the order is looked at next.
func (s *Service) reschedule(ctx context.Context, h *History, c Change) error {
	_, err := s.apply(ctx, h, c)
	return err
}

// toldNothing is the change of a look-up that told nothing: it reschedules the look-up and keeps the absent count. After a day
// the order goes on the operators' list.
func (s *Service) toldNothing(h *History, step Step) Change {
	now, since := s.c.Clock.Now(), h.unclearSince(step)
	return Change{
		RunAt: nextLookUp(h.StatusAt, since, now), Absents: h.Absents, AbsentAt: h.AbsentAt,
		Tries: h.Tries + 1, NeedsHuman: now.Sub(since) >= giveUpAfter,
	}
}

// foundUnfinished is the change of a look-up that found the attempt still under way: it reschedules the look-up and resets
// the absent count.
func (s *Service) foundUnfinished(h *History, step Step) Change {
	c := s.toldNothing(h, step)
	c.Absents, c.AbsentAt = 0, time.Time{}
	return c
}

// foundNothing is the change of a look-up that found nothing: it reschedules the look-up and raises the absent count. believed
// says whether the attempt now counts as never made.
func (s *Service) foundNothing(h *History, a Attempt) (c Change, believed bool) {
	c = s.toldNothing(h, a.Step)
	c.Absents, c.AbsentAt, believed = h.countAbsent(a, s.c.Clock.Now())
	return c, believed
}

// sameSchedule is a change that keeps the order's run time, lease and look-up counters.
func (s *Service) sameSchedule(h *History, _ Result) Change {
	return Change{RunAt: h.RunAt, LeaseUntil: h.LeaseUntil, Absents: h.Absents, AbsentAt: h.AbsentAt,
		Tries: h.Tries, NeedsHuman: h.NeedsHuman}
}
