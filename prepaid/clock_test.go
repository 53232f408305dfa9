package prepaid

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

func TestVirtualTimePassesOnlyWhileAllWait(t *testing.T) {
	c := NewVirtualClock(start)
	var ended bool
	err := c.Run(func() {
		// The work takes 40 s, its caller waits 8 s for it.
		if c.Within(8*time.Second, func() { _ = c.Sleep(context.Background(), 40*time.Second); ended = true }) {
			t.Error("work of 40 s ended within 8 s")
		}
		if got := c.Now().Sub(start); got != 8*time.Second {
			t.Errorf("the caller went on after %s", got)
		}
	})
	if err != nil || ended {
		t.Fatalf("error %v, ended %v", err, ended)
	}
	if next, ok := c.Next(); !ok || next.Sub(start) != 40*time.Second {
		t.Errorf("next timer %s %v", next, ok)
	}
	c.AdvanceTo(start.Add(time.Minute))
	if !ended || c.Now().Sub(start) != time.Minute {
		t.Errorf("ended %v at %s", ended, c.Now())
	}
}

func TestVirtualWorkThatEndsInTimeIsNoticedAtOnce(t *testing.T) {
	c := NewVirtualClock(start)
	for range 200 {
		err := c.Run(func() {
			before := c.Now()
			if !c.Within(time.Hour, func() { _ = c.Sleep(context.Background(), time.Second) }) {
				t.Error("work of 1 s did not end within the hour")
			}
			if c.Now().Sub(before) != time.Second {
				t.Errorf("waited %s", c.Now().Sub(before))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestVirtualTimersStopTheClockOneByOne(t *testing.T) {
	c := NewVirtualClock(start)
	var seen []time.Duration
	if err := c.Run(func() {
		for _, d := range []time.Duration{3, 1, 2} {
			c.Within(0, func() {
				_ = c.Sleep(context.Background(), d*time.Minute)
				seen = append(seen, c.Now().Sub(start))
			})
		}
	}); err != nil {
		t.Fatal(err)
	}
	c.AdvanceTo(start.Add(time.Hour))
	if len(seen) != 3 || seen[0] != time.Minute || seen[1] != 2*time.Minute || seen[2] != 3*time.Minute {
		t.Errorf("woken at %v", seen)
	}
}

func TestVirtualWorkOfManyBeginsAtOneInstant(t *testing.T) {
	c := NewVirtualClock(start)
	begun, ended := make([]time.Duration, 3), make([]time.Duration, 3)
	var work []func()
	for i := range begun {
		work = append(work, func() {
			begun[i] = c.Now().Sub(start)
			_ = c.Sleep(context.Background(), time.Duration(3-i)*time.Second)
			ended[i] = c.Now().Sub(start)
		})
	}
	if err := c.Run(work...); err != nil {
		t.Fatal(err)
	}
	for i := range begun {
		if begun[i] != 0 || ended[i] != time.Duration(3-i)*time.Second {
			t.Errorf("%d ran from %s to %s", i, begun[i], ended[i])
		}
	}
	if err := c.Run(); err != nil || c.Now().Sub(start) != 3*time.Second {
		t.Errorf("no work ends at %s, %v", c.Now().Sub(start), err)
	}
}

func TestVirtualSleepEndsWithItsContext(t *testing.T) {
	c := NewVirtualClock(start)
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if runErr := c.Run(func() {
		c.Within(0, func() { err = c.Sleep(ctx, time.Hour) })
		cancel()
	}); runErr != nil {
		t.Fatal(runErr)
	}
	c.AdvanceTo(start) // waits until what cancel woke has come to rest
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, any := c.Next(); !any {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the sleeper still waits")
		}
	}
	c.AdvanceTo(start)
	if !errors.Is(err, context.Canceled) || c.Now() != start {
		t.Errorf("error %v at %s", err, c.Now())
	}
}

func TestVirtualRunThatWaitsForNothingIsAnError(t *testing.T) {
	c := NewVirtualClock(start)
	err := c.Run(func() {
		c.mu.Lock()
		c.rest() // as if blocked on what never comes
		c.mu.Unlock()
		select {}
	})
	if !errors.Is(err, ErrNeverEnds) {
		t.Errorf("error %v", err)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	s := NewSecret("4821")
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%v", struct{ PIN Secret }{s}),
		fmt.Sprintf("%v", []Secret{s}), fmt.Errorf("pin %v", s).Error(),
	} {
		if strings.Contains(text, "4821") || strings.Contains(text, "34383231") {
			t.Errorf("printed as %s", text)
		}
	}
	if NewSecret("4821").Reveal() != "4821" {
		t.Error("the secret is lost")
	}
}

func TestIDsHaveNoDigitsAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		for _, id := range []string{string(NewID[CustomerID]()), string(NewOrderID()), NewToken()} {
			if strings.ContainsAny(id, "0123456789aeiouAEIOU") || seen[id] {
				t.Fatalf("id %s", id)
			}
			seen[id] = true
		}
	}
}
