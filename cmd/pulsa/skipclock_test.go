package main

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

// skipClock is the real time, in which tests skip what they would have to wait for. However slow the machine is,
// no more time passes at once than passes there, and nobody loses patience.
type skipClock struct {
	started time.Time
	pace    int64 // real time is divided by it

	mu      sync.Mutex
	skipped time.Duration
	moved   chan struct{} // closed by the next skip
}

func newSkipClock() *skipClock { return newSlowClock(1) }

// newSlowClock returns a clock on which time passes so many times as slowly as in reality.
func newSlowClock(pace int64) *skipClock {
	return &skipClock{started: time.Now(), pace: pace, moved: make(chan struct{})}
}

// newStillClock returns a clock on which no time passes but what is skipped. Who sleeps is woken all the same.
func newStillClock() *skipClock { return newSlowClock(math.MaxInt64) }

// look returns how much time was skipped and what is closed when more is.
func (c *skipClock) look() (skipped time.Duration, moved <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skipped, c.moved
}

func (c *skipClock) Now() time.Time {
	skipped, _ := c.look()
	return c.started.Add(time.Since(c.started)/time.Duration(c.pace) + skipped).UTC()
}

func (c *skipClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	c.wait(ctx, d, d)
	return ctx.Err()
}

// Within waits until the work has ended, or so much time was skipped.
func (c *skipClock) Within(d time.Duration, work func()) bool {
	ctx, end := context.WithCancel(context.Background())
	go func() {
		defer end()
		work()
	}()
	if d > 0 {
		c.wait(ctx, d, patience)
	}
	return ctx.Err() != nil
}

// wait waits until ctx has ended, d was skipped or, together with what was skipped, most has passed in reality.
func (c *skipClock) wait(ctx context.Context, d, most time.Duration) {
	began := time.Now()
	before, moved := c.look()
	for now := before; ctx.Err() == nil && now-before < d; now, moved = c.look() {
		left := most - time.Since(began) - (now - before)
		if left <= 0 {
			return
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-moved:
		case <-ctx.Done():
		}
		timer.Stop()
	}
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

// patientRedis makes a URL of one with which no machine is too slow.
func patientRedis(address string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "dial_timeout=1m&read_timeout=1m&write_timeout=1m&pool_timeout=1m"
}

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
		next, err := r.DB.Outbox.NextOutbound(r.t.Context())
		return err == nil && next.IsZero()
	}, nil)
}
