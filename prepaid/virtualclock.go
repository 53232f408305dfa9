package prepaid

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrNeverEnds is returned by VirtualClock.Run where the work waits for something that no passing of
// time will bring.
var ErrNeverEnds = errors.New("waits for something that never comes")

// VirtualClock stands still until everything that runs under it waits for time, and then jumps to the
// next timer. Only goroutines started by Run and Within may call Sleep and Within; they must not block
// on each other by other means.
type VirtualClock struct {
	mu     sync.Mutex
	quiet  *sync.Cond // busy became 0
	now    time.Time
	busy   int // goroutines of Run and Within that are not waiting for time
	timers []*virtualTimer
}

type virtualTimer struct {
	at    time.Time
	ready chan struct{}
	fired bool
}

// NewVirtualClock returns a clock that stands at start.
func NewVirtualClock(start time.Time) *VirtualClock {
	c := &VirtualClock{now: start.UTC()}
	c.quiet = sync.NewCond(&c.mu)
	return c
}

// Now implements Clock.
func (c *VirtualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep implements Clock.
func (c *VirtualClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	c.mu.Lock()
	timer := c.addTimer(d)
	c.rest()
	c.mu.Unlock()
	select {
	case <-timer.ready: // whoever fired the timer has counted us as busy
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		if !timer.fired {
			c.fire(timer)
		}
		return ctx.Err()
	}
}

// Within implements Clock.
func (c *VirtualClock) Within(d time.Duration, work func()) bool {
	var timer *virtualTimer
	done := false
	c.mu.Lock()
	c.busy++
	c.mu.Unlock()
	go func() {
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			done = true
			if timer != nil && !timer.fired {
				c.fire(timer)
			}
			c.rest()
		}()
		work()
	}()
	c.mu.Lock()
	if done {
		c.mu.Unlock()
		return true
	}
	timer = c.addTimer(max(d, 0))
	c.rest()
	c.mu.Unlock()
	<-timer.ready
	c.mu.Lock()
	defer c.mu.Unlock()
	return done
}

// Run carries out work, all of it at one instant, and lets time pass whenever all that runs waits for it. It returns
// when all of it has ended and whatever it left behind waits for a later time. It returns ErrNeverEnds where time can't help.
// One Run at a time.
func (c *VirtualClock) Run(work ...func()) error {
	going := len(work)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy += going
	for _, one := range work {
		go func() {
			defer func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				going--
				c.rest()
			}()
			one()
		}()
	}
	for {
		c.settle()
		if going == 0 {
			return nil
		}
		if len(c.timers) == 0 {
			return ErrNeverEnds
		}
		c.now = c.timers[0].at
		c.fire(c.timers[0])
	}
}

// Next tells when the next timer is due, if any waits.
func (c *VirtualClock) Next() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 {
		return time.Time{}, false
	}
	return c.timers[0].at, true
}

// AdvanceTo moves the clock to t, stopping at every timer on the way until what it woke has come to rest.
func (c *VirtualClock) AdvanceTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	for len(c.timers) > 0 && !c.timers[0].at.After(t) {
		c.now = c.timers[0].at
		c.fire(c.timers[0])
		c.settle()
	}
	if t.After(c.now) {
		c.now = t.UTC()
	}
}

func (c *VirtualClock) settle() {
	for c.busy > 0 {
		c.quiet.Wait()
	}
}

// rest counts the caller as waiting or ended. Under mu.
func (c *VirtualClock) rest() {
	c.busy--
	if c.busy == 0 {
		c.quiet.Broadcast()
	}
}

// addTimer keeps the timers sorted; those of the same time fire in the order they were set. Under mu.
func (c *VirtualClock) addTimer(d time.Duration) *virtualTimer {
	timer := &virtualTimer{at: c.now.Add(d), ready: make(chan struct{})}
	i, _ := slices.BinarySearchFunc(c.timers, timer, func(have, add *virtualTimer) int {
		if have.at.After(add.at) {
			return 1
		}
		return -1
	})
	c.timers = slices.Insert(c.timers, i, timer)
	return timer
}

// fire wakes a timer's goroutine and counts it as busy before it can run. Under mu.
func (c *VirtualClock) fire(timer *virtualTimer) {
	timer.fired = true
	if i := slices.Index(c.timers, timer); i >= 0 {
		c.timers = slices.Delete(c.timers, i, i+1)
	}
	c.busy++
	close(timer.ready)
}
