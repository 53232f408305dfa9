package topup

import (
	"context"
	"time"
)

// charge makes the charge that is written down, and goes on with the delivery.
func (s *Service) charge(ctx context.Context, h *History) error {
	a := h.last(StepCharge)
	r, err := s.call(ctx, h, a, func(ctx context.Context) Result {
		return s.funding(h).Take(ctx, h.Order, h.Charge.ID)
	})
	if err != nil {
		return err
	}
	s.reached("charge")
	return s.chargeAnswered(ctx, h, a, r)
}

// chargeAnswered moves the order by what is known of its charge.
func (s *Service) chargeAnswered(ctx context.Context, h *History, a Attempt, r Result) error {
	moved, err := s.settle(ctx, h, a, r, s.afterCharge)
	if code := refusedDebit(err); code != "" { // the developer's account was spent, or closed, meanwhile
		r = Result{Outcome: Refused, Code: code}
		moved, err = s.settle(ctx, h, a, r, s.afterCharge)
	}
	switch {
	case err != nil:
		return err
	case moved && h.Status == Delivering:
		s.reached("charged")
		return s.credit(ctx, h)
	case !moved && h.Status == Declined && r.Outcome == Done && h.turnedUp():
		return s.lateCharge(ctx, h)
	}
	return nil
}

// afterCharge is what a charge's answer does to an order.
func (s *Service) afterCharge(h *History, r Result) Change {
	now := s.c.Clock.Now()
	switch {
	case r.Outcome == Done:
		return s.paid(h, ChargeCaptured, r)
	case pendingDebit(h, r) && h.AfterDebit:
		return s.debited(h, r)
	case pendingDebit(h, r):
		return s.paid(h, ChargePending, r)
	case r.Outcome == Refused:
		return s.declined(h, r.Code)
	case r.Outcome == Returned:
		return s.declined(h, ReasonReturned)
	case r.Outcome == Action:
		return Change{To: []Status{Confirming}, ActionURL: r.ActionURL, ChargeRef: r.ProviderRef,
			RunAt: now.Add(confirmWithin), Notice: s.notice(h)}
	}
	return Change{To: []Status{ChargeUnknown}, Charge: ChargeUnclear, ChargeRef: r.ProviderRef,
		RunAt: nextLookUp(now, now, now)}
}

// pendingDebit reports whether the answer is a debit on its way that may be delivered upon. Create has
// counted it towards the customer's exposure; whatever else is pending is not known to be paid.
func pendingDebit(h *History, r Result) bool {
	return r.Outcome == Pending && h.Funding.Method == methodSEPA
}

// paid takes the money into the books, unless it is there since the debit was on its way, and writes the credit down, in one.
func (s *Service) paid(h *History, status ChargeStatus, r Result) Change {
	now := s.c.Clock.Now()
	c := Change{To: []Status{Charged, Delivering}, Charge: status, ChargeRef: r.ProviderRef, Next: h.add(StepCredit, now)}
	if !h.awaitsDebit() {
		c.Postings = []Entry{h.captureEntry()}
	}
	return leased(c, now)
}

// declined ends an order that is not charged. Of a debit that was on its way nothing is owed: nothing was delivered for it.
func (s *Service) declined(h *History, reason string) Change {
	c := Change{To: []Status{Declined}, Charge: ChargeDeclined, Reason: reason, Notice: s.notice(h)}
	if h.awaitsDebit() {
		c.Charge, c.Postings = ChargeReturned, []Entry{returnEntry(h.Order), h.refundEntry(true)}
	}
	return c
}

// debited books a debit that is on its way like any other, and lets its order wait for it.
func (s *Service) debited(h *History, r Result) Change {
	c := s.awaiting(h, r)
	c.Charge, c.ChargeRef, c.Postings, c.Notice = ChargePending, r.ProviderRef, []Entry{h.captureEntry()}, s.notice(h)
	if h.Status != Charging {
		c.To = []Status{Charging}
	}
	return c
}

// awaiting looks again for a debit that has not settled: in a day, or sooner where the gateway tells nothing of it. One that
// takes longer than debits do is on the operator's list.
func (s *Service) awaiting(h *History, r Result) Change {
	now, next := s.c.Clock.Now(), debitEvery
	if r.Outcome != Pending {
		next = time.Hour
	}
	return Change{RunAt: now.Add(next), Tries: h.Tries + 1, NeedsHuman: now.After(h.SettlesBy().Add(debitLate))}
}

// cancel makes sure that a charge which nobody has confirmed or heard of never happens, and declines the
// order; reason says why.
func (s *Service) cancel(ctx context.Context, h *History, absents Change, reason string) error {
	now := s.c.Clock.Now()
	c := leased(absents, now)
	c.Next = h.add(StepCancel, now)
	if moved, err := s.apply(ctx, h, c); err != nil || !moved {
		return err
	}
	a := h.last(StepCancel)
	r, err := s.call(ctx, h, a, func(ctx context.Context) Result {
		return s.funding(h).Cancel(ctx, h.Order, h.Charge.ID)
	})
	if err != nil {
		return err
	}
	moved, err := s.settle(ctx, h, a, r, func(h *History, r Result) Change { return s.afterCancel(h, r, reason) })
	if err != nil || !moved || r.Outcome != Refused {
		return err
	}
	return s.lookUpCharge(ctx, h) // it was charged after all
}

// afterCancel is what a cancellation's answer does to an order. Refused means that it was charged: what
// look-ups did not find is forgotten, and the next one decides.
func (s *Service) afterCancel(h *History, r Result, reason string) Change {
	if r.Outcome == Done {
		return s.declined(h, reason)
	}
	now := s.c.Clock.Now()
	var c Change
	if h.Status == Confirming {
		c = Change{To: []Status{ChargeUnknown}, Charge: ChargeUnclear, RunAt: nextLookUp(now, now, now)}
	} else {
		c = s.waiting(h, StepCharge)
	}
	if r.Outcome == Refused {
		c.Absents, c.AbsentAt = 0, time.Time{}
	}
	return c
}
