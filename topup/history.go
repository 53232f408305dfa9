package topup

import (
	"slices"
	"time"
)

// add returns the attempt to be made next.
func (h *History) add(step Step, now time.Time) *Attempt {
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

// tried reports whether an attempt of the step has come to the outcome before.
func (h *History) tried(step Step, o Outcome) bool {
	return slices.ContainsFunc(h.Attempts, func(a Attempt) bool { return a.Step == step && a.Outcome == o })
}

// unclearSince tells when the step's attempts in a row without an answer began.
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

// heldSince tells when the network first refused for a passing reason; now if it never did.
func (h *History) heldSince(now time.Time) time.Time {
	for _, a := range h.Attempts {
		if a.Step == StepCredit && a.Outcome == Passing {
			return a.EndedAt
		}
	}
	return now
}

// awaitsDebit reports whether the order waits for its debit, which is on its way, to settle.
func (h *History) awaitsDebit() bool {
	return h.AfterDebit && h.Status == Charging && h.Charge.Status == ChargePending
}

// returned reports whether the bank has taken the money back.
func (h *History) returned() bool { return h.Charge.Status == ChargeReturned }

// turnedUp reports whether the books know nothing yet of a charge that was found done. A developer's account is debited
// in our books alone.
func (h *History) turnedUp() bool {
	switch h.Charge.Status {
	case ChargeCaptured, ChargeRefunded, ChargeReturned:
		return false
	}
	return h.Sale == nil
}

// absent counts a look-up that found nothing of an attempt, and reports whether that is now believed: two
// such answers 2 min apart, both when the attempt was older than 2 min.
func (h *History) absent(a Attempt, now time.Time) (count int, first time.Time, believed bool) {
	if now.Sub(a.StartedAt) < absentAfter {
		return h.Absents, h.AbsentAt, false
	}
	if h.Absents == 0 {
		return 1, now, false
	}
	return h.Absents + 1, h.AbsentAt, now.Sub(h.AbsentAt) >= absentAfter
}
