package topup

import "time"

const (
	// callMax is how long a foreign call may take.
	callMax = 90 * time.Second
	// startWithin is how soon after it was written down a call must begin: together with callMax it is
	// over before its lease.
	startWithin = 30 * time.Second
	// leaseFor is how long nobody else works on an order whose attempt is written down.
	leaseFor = callMax + startWithin
	// absentAfter is how old an attempt must be before the provider's not knowing it means anything, and how
	// far apart two such answers must be.
	absentAfter = 2 * time.Minute
	// confirmWithin is how long a customer may take to authenticate.
	confirmWithin = 30 * time.Minute
	// giveUpAfter ends the program's own patience: held orders are refunded, unknown ones go to a human.
	giveUpAfter = 24 * time.Hour
	// toldAfter is how long after the customer's patience the notice is due: by then the turn that waited has
	// told what it knew.
	toldAfter = 5 * time.Second
	// debitEvery is how often a debit on its way is looked up: its gateway's news mostly comes first.
	debitEvery = 24 * time.Hour
	// debitLate is how long after its day a debit goes to a human.
	debitLate = 3 * 24 * time.Hour
	// repeatWithin is how soon the same again is asked about.
	repeatWithin = 60 * time.Second
)

// nextLookUp tells when to look up next what entered its unknown status at the given time and has been
// unclear since: at 10 s, 30 s, 2, 5, 10 min, then every 10; after a day, when it is on the operator's
// list, every hour. It is always after now.
func nextLookUp(entered, since, now time.Time) time.Time {
	if now.Sub(since) >= giveUpAfter {
		return now.Add(time.Hour)
	}
	for _, after := range []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute} {
		if at := entered.Add(after); at.After(now) {
			return at
		}
	}
	const every = 10 * time.Minute
	rounds := max(now.Sub(entered), 0) / every
	return entered.Add((rounds + 1) * every)
}

// nextRetry tells when to try a delivery again that has been held since the given time: every minute,
// after 10 min every 5, and when it is to be given up.
func nextRetry(since, now time.Time) time.Time {
	after := time.Minute
	if now.Sub(since) >= 10*time.Minute {
		after = 5 * time.Minute
	}
	at, end := now.Add(after), since.Add(giveUpAfter)
	if at.After(end) && end.After(now) {
		return end
	}
	return at
}

// workingDaysAfter counts days from a time on. Saturdays and Sundays don't count; what other days banks rest does not matter
// to a time at which something is to be expected.
func workingDaysAfter(t time.Time, days int) time.Time {
	for days > 0 {
		t = t.AddDate(0, 0, 1)
		if t.Weekday() != time.Saturday && t.Weekday() != time.Sunday {
			days--
		}
	}
	return t
}
