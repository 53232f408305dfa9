package topup

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestLookUpsComeAtTheTimesPromisedAndHourlyAfterADay(t *testing.T) {
	var got []string
	for now := noon; len(got) < 8; {
		now = nextLookUp(noon, noon, now)
		got = append(got, now.Sub(noon).String())
	}
	want := []string{"10s", "30s", "2m0s", "5m0s", "10m0s", "20m0s", "30m0s", "40m0s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	day := noon.Add(24 * time.Hour)
	if got := nextLookUp(noon, noon, day).Sub(day); got != time.Hour {
		t.Errorf("after a day the next look-up is in %s, want an hour", got)
	}
	// What is sent again every few minutes is as old as its first attempt.
	if got := nextLookUp(day, noon, day).Sub(day); got != time.Hour {
		t.Errorf("the age counts from the first attempt: next in %s, want an hour", got)
	}
}

func TestLookUpsThatFellBehindAreStillInTheFuture(t *testing.T) {
	for _, late := range []time.Duration{-time.Hour, 0, time.Second, 31 * time.Second, 9 * time.Minute, 10 * time.Minute, 23 * time.Hour} {
		now := noon.Add(late)
		if at := nextLookUp(noon, noon, now); !at.After(now) {
			t.Errorf("%s after the order became unclear the next look-up is at %s", late, at)
		}
	}
}

func TestHeldOrdersAreRetriedEveryMinuteThenEveryFive(t *testing.T) {
	for _, c := range []struct{ held, next time.Duration }{
		{0, time.Minute},
		{9 * time.Minute, time.Minute},
		{10 * time.Minute, 5 * time.Minute},
		{23*time.Hour + 58*time.Minute, 2 * time.Minute}, // not beyond the day
		{24 * time.Hour, 5 * time.Minute},
	} {
		now := noon.Add(c.held)
		if got := nextRetry(noon, now).Sub(now); got != c.next {
			t.Errorf("held for %s: next retry in %s, want %s", c.held, got, c.next)
		}
	}
}

func TestTwoAbsentsCountOnlyLateAndApart(t *testing.T) {
	a := Attempt{StartedAt: noon}
	var h History
	for _, c := range []struct {
		at       time.Duration
		count    int
		believed bool
	}{
		{100 * time.Second, 0, false}, // the attempt is too young
		{2 * time.Minute, 1, false},
		{3 * time.Minute, 2, false}, // too soon after the first
		{4 * time.Minute, 3, true},
	} {
		count, first, believed := h.countAbsent(a, noon.Add(c.at))
		if count != c.count || believed != c.believed {
			t.Errorf("at %s: count %d believed %v, want %d %v", c.at, count, believed, c.count, c.believed)
		}
		h.Absents, h.AbsentAt = count, first
	}
	if want := noon.Add(2 * time.Minute); !h.AbsentAt.Equal(want) {
		t.Errorf("first absent at %s, want %s", h.AbsentAt, want)
	}
}

func TestUnclearSinceReachesBackOverAttemptsWithoutAnAnswer(t *testing.T) {
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	h := History{Attempts: []Attempt{
		{Step: StepCharge, Outcome: Done, StartedAt: at(0)},
		{Step: StepCredit, Outcome: Passing, StartedAt: at(1), EndedAt: at(2)},
		{Step: StepCredit, Outcome: Unknown, StartedAt: at(3)},
		{Step: StepCredit, Outcome: Unknown, StartedAt: at(9)},
	}}
	if got := h.unclearSince(StepCredit); !got.Equal(at(3)) {
		t.Errorf("unclear since %s, want %s", got, at(3))
	}
	if got := h.heldSince(at(30)); !got.Equal(at(2)) {
		t.Errorf("held since %s, want %s", got, at(2))
	}
}
