package topup

import (
	"context"
	"time"
)

// charge makes the charge attempt that is written down; if it succeeds, the credit follows.
func (s *Service) charge(ctx context.Context, h *History) error {
	a := h.last(StepCharge)
	r, err := s.makeAttempt(ctx, h, a, func(ctx context.Context) Result {
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

// pendingDebit reports whether the answer is a direct debit that was sent to the bank. Create has counted it towards the
// customer's exposure limit, so it is delivered before it settles. Any other pending charge does not count as paid.
func pendingDebit(h *History, r Result) bool {
	return r.Outcome == Pending && h.Funding.Method == methodSEPA
}

// paid books the money, unless it was booked when the debit was sent, and writes the credit attempt down in the same
// transaction.
func (s *Service) paid(h *History, status ChargeStatus, r Result) Change {
	now := s.c.Clock.Now()
	c := Change{To: []Status{Charged, Delivering}, Charge: status, ChargeRef: r.ProviderRef, Next: h.nextAttempt(StepCredit, now)}
	if !h.awaitsDebit() {
		c.Postings = []Entry{h.captureEntry()}
	}
	return leased(c, now)
}

// declined ends an order that is not charged. A debit that was booked when it was sent is reversed in the books; the customer
// owes nothing for it, since nothing was delivered.
func (s *Service) declined(h *History, reason string) Change {
	c := Change{To: []Status{Declined}, Charge: ChargeDeclined, Reason: reason, Notice: s.notice(h)}
	if h.awaitsDebit() {
		c.Charge, c.Postings = ChargeReturned, []Entry{returnEntry(h.Order), h.returnedRefundEntry()}
	}
	return c
}

// debited books a debit that has been sent, and makes the order wait until it settles.
func (s *Service) debited(h *History, r Result) Change {
	c := s.debitUnsettled(h, r)
	c.Charge, c.ChargeRef, c.Postings, c.Notice = ChargePending, r.ProviderRef, []Entry{h.captureEntry()}, s.notice(h)
	if h.Status != Charging {
		c.To = []Status{Charging}
	}
	return c
}

// debitUnsettled is the change of a look-up of a debit that has not settled: it is looked up again in a day, or in an hour if
// the gateway did not tell. A debit that takes longer than debits do goes on the operators' list.
func (s *Service) debitUnsettled(h *History, r Result) Change {
	now, next := s.c.Clock.Now(), debitEvery
	if r.Outcome != Pending {
		next = time.Hour
	}
	return Change{RunAt: now.Add(next), Tries: h.Tries + 1, NeedsHuman: now.After(h.SettlesBy().Add(debitLate))}
}

// cancel makes sure that a charge which was never confirmed, or which the gateway does not know, will never happen, and
// declines the order with the reason. lookedUp is the change of the look-up that led here: its counters are kept.
func (s *Service) cancel(ctx context.Context, h *History, lookedUp Change, reason string) error {
	now := s.c.Clock.Now()
	c := leased(lookedUp, now)
	c.Next = h.nextAttempt(StepCancel, now)
	if moved, err := s.apply(ctx, h, c); err != nil || !moved {
		return err
	}
	a := h.last(StepCancel)
	r, err := s.makeAttempt(ctx, h, a, func(ctx context.Context) Result {
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

// afterCancel is what a cancellation's answer does to an order. Refused means that the charge happened: the absent count is
// reset, and the next look-up decides.
func (s *Service) afterCancel(h *History, r Result, reason string) Change {
	if r.Outcome == Done {
		return s.declined(h, reason)
	}
	now := s.c.Clock.Now()
	var c Change
	if h.Status == Confirming {
		c = Change{To: []Status{ChargeUnknown}, Charge: ChargeUnclear, RunAt: nextLookUp(now, now, now)}
	} else {
		c = s.toldNothing(h, StepCharge)
	}
	if r.Outcome == Refused {
		c.Absents, c.AbsentAt = 0, time.Time{}
	}
	return c
}
