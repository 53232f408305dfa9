package topup

import (
	"slices"
	"time"
)

// nextAttempt returns a new attempt at a step, to be written down before it is made. Credits refer to the order, all other
// steps to its charge.
func (h *History) nextAttempt(step Step, now time.Time) *Attempt {
	number := 0
	for _, a := range h.Attempts {
		number = max(number, a.Number)
	}
	reference := string(h.Charge.ID)
	if step == StepCredit {
		reference = string(h.ID)
	}
	return &Attempt{
		Order: h.ID, Number: number + 1, Step: step, Reference: reference, Outcome: Sending, StartedAt: now,
	}
}

// last returns the newest attempt of a step; the zero Attempt if there is none.
func (h *History) last(step Step) Attempt {
	for _, a := range slices.Backward(h.Attempts) {
		if a.Step == step {
			return a
		}
	}
	return Attempt{}
}

// sending returns the attempt that has no answer, if there is one.
func (h *History) sending() (Attempt, bool) {
	for _, a := range slices.Backward(h.Attempts) {
		if a.Outcome == Sending {
			return a, true
		}
	}
	return Attempt{}, false
}

// tried reports whether an attempt at the step has had the outcome.
func (h *History) tried(step Step, o Outcome) bool {
	return slices.ContainsFunc(h.Attempts, func(a Attempt) bool { return a.Step == step && a.Outcome == o })
}

// unclearSince returns when the first of the step's latest attempts in a row without an answer was made.
func (h *History) unclearSince(step Step) time.Time {
	since := h.StatusAt
	for _, a := range slices.Backward(h.Attempts) {
		if a.Step != step {
			continue
		}
		if a.Outcome != Unknown && a.Outcome != Sending {
			break
		}
		since = a.StartedAt
	}
	return since
}

// heldSince returns when the network first refused for a passing reason; now if it never did.
func (h *History) heldSince(now time.Time) time.Time {
	for _, a := range h.Attempts {
		if a.Step == StepCredit && a.Outcome == Passing {
			return a.EndedAt
		}
	}
	return now
}

// awaitsDebit reports whether the order waits for its debit to settle before it is delivered.
func (h *History) awaitsDebit() bool {
	return h.AfterDebit && h.Status == Charging && h.Charge.Status == ChargePending
}

// returned reports whether the bank has taken the money back.
func (h *History) returned() bool { return h.Charge.Status == ChargeReturned }

// turnedUp reports whether a charge that was found done is not in the books yet. A developer's account is debited only by
// our own books, so that such a charge can't turn up.
func (h *History) turnedUp() bool {
	switch h.Charge.Status {
	case ChargeCaptured, ChargePartly, ChargeRefunded, ChargeReturned:
		return false
	}
	return h.Sale == nil
}

// countAbsent counts a look-up that found nothing of an attempt. It is believed after two such look-ups that are at least
// absentAfter apart; those made before the attempt was that old are not counted, for the call may still arrive.
func (h *History) countAbsent(a Attempt, now time.Time) (count int, first time.Time, believed bool) {
	if now.Sub(a.StartedAt) < absentAfter {
		return h.Absents, h.AbsentAt, false
	}
	if h.Absents == 0 {
		return 1, now, false
	}
	return h.Absents + 1, h.AbsentAt, now.Sub(h.AbsentAt) >= absentAfter
}
