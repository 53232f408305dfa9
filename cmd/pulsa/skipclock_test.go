package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"pulsa/prepaid"
)

// skipClock is the real time, in which tests skip what they would have to wait for. However slow the machine is,
// no more time passes at once than passes there.
type skipClock struct {
	prepaid.SystemClock

	mu      sync.Mutex
	skipped time.Duration
	moved   chan struct{} // closed by the next skip
}

func newSkipClock() *skipClock { return &skipClock{moved: make(chan struct{})} }

// look returns the time and what is closed when time is skipped.
func (c *skipClock) look() (now time.Time, moved <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skipped).UTC(), c.moved
}

func (c *skipClock) Now() time.Time {
	now, _ := c.look()
	return now
}

func (c *skipClock) Sleep(ctx context.Context, d time.Duration) error {
	now, moved := c.look()
	for until := now.Add(d); now.Before(until); now, moved = c.look() {
		timer := time.NewTimer(until.Sub(now))
		select {
		case <-timer.C:
		case <-moved:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// skip lets so much time pass at once.
func (c *skipClock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped += d
	close(c.moved)
	c.moved = make(chan struct{})
}

// patience is how long a test waits for what must come, on however slow a machine.
const patience = 2 * time.Minute

// await waits until something is so, calling meanwhile, if not nil, whenever it looks and it is not.
func await(t testing.TB, what string, is func() bool, meanwhile func()) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
		if meanwhile != nil {
			meanwhile()
		}
	}
}

// awaitSent waits until no pushed message waits or is on its way.
func (r *running) awaitSent() {
	r.t.Helper()
	await(r.t, "all that was pushed has an end", func() bool {
		next, err := r.db.NextOutbound(r.t.Context())
		return err == nil && next.IsZero()
	}, nil)
}
