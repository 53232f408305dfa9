package apptest

import (
	"context"
	"math"
	"sync"
	"time"
)

// SkipClock is the real time, in which tests skip what they would have to wait for. However slow the machine is,
// no more time passes at once than passes there, and nobody loses patience.
type SkipClock struct {
	started time.Time
	pace    int64 // real time is divided by it

	mu      sync.Mutex
	skipped time.Duration
	moved   chan struct{} // closed by the next skip
}

// NewSkipClock returns a clock that goes as fast as the real one.
func NewSkipClock() *SkipClock { return NewSlowClock(1) }

// NewSlowClock returns a clock on which time passes so many times as slowly as in reality.
func NewSlowClock(pace int64) *SkipClock {
	return &SkipClock{started: time.Now(), pace: pace, moved: make(chan struct{})}
}

// NewStillClock returns a clock on which no time passes but what is skipped. Who sleeps is woken all the same.
func NewStillClock() *SkipClock { return NewSlowClock(math.MaxInt64) }

// look returns how much time was skipped and what is closed when more is.
func (c *SkipClock) look() (skipped time.Duration, moved <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skipped, c.moved
}

// Now implements prepaid.Clock.
func (c *SkipClock) Now() time.Time {
	skipped, _ := c.look()
	return c.started.Add(time.Since(c.started)/time.Duration(c.pace) + skipped).UTC()
}

// Sleep implements prepaid.Clock. It waits in real time, or until as much was skipped.
func (c *SkipClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	c.wait(ctx, d, d)
	return ctx.Err()
}

// Within waits until the work has ended, or so much time was skipped.
func (c *SkipClock) Within(d time.Duration, work func()) bool {
	ctx, end := context.WithCancel(context.Background())
	go func() {
		defer end()
		work()
	}()
	if d > 0 {
		c.wait(ctx, d, Patience)
	}
	return ctx.Err() != nil
}

// wait waits until ctx has ended, d was skipped or, together with what was skipped, most has passed in reality.
func (c *SkipClock) wait(ctx context.Context, d, most time.Duration) {
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

// Skip lets so much time pass at once.
func (c *SkipClock) Skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped += d
	close(c.moved)
	c.moved = make(chan struct{})
}
