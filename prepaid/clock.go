package prepaid

import (
	"context"
	"time"
)

// Clock is the time of the whole program: sessions, locks, limits, due work and simulators all ask it,
// so that a conversation script can let a month pass at once.
type Clock interface {
	// Now is the current time, UTC.
	Now() time.Time
	// Sleep waits for d or until ctx ends, and then returns ctx's error.
	Sleep(ctx context.Context, d time.Duration) error
	// Within runs work in a goroutine of its own and waits for it, d at most. It reports whether the
	// work ended in that time; otherwise the work goes on alone.
	Within(d time.Duration, work func()) bool
}

// SystemClock is the real time.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now().UTC() }

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Within implements Clock.
func (SystemClock) Within(d time.Duration, work func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
