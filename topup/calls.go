package topup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

var errTooLate = errors.New("call would outlast its lease")

// drainEvery is how often Drain looks. It polls by the clock instead of waiting on a channel: a virtual clock advances
// only while everybody sleeps on it, and calls in flight end only when it advances.
const drainEvery = 50 * time.Millisecond

// runDetached does work in the background and waits up to d for it to end; it reports whether it did. The work keeps the
// caller's context values but not its cancellation or deadline: a customer who hangs up does not cancel a charge, and a
// provider's answer is written down however late it comes. Drain waits for the work.
func (s *Service) runDetached(ctx context.Context, d time.Duration, work func(context.Context)) bool {
	ctx, ended := s.detach(ctx)
	return s.c.Clock.Within(d, func() {
		defer ended()
		work(ctx)
	})
}

// detach returns a context that the caller's end does not cancel, only Drain, and counts it as in flight until ended is
// called.
func (s *Service) detach(ctx context.Context) (_ context.Context, ended func()) {
	ctx, cancel := context.WithCancel(prepaid.WithoutTimeLimit(context.WithoutCancel(ctx)))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastFlight++
	number := s.lastFlight
	s.inFlight[number] = cancel
	return ctx, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.inFlight, number)
	}
}

func (s *Service) callsInFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inFlight)
}

// Drain waits for the calls in flight to end. When ctx ends first they are cancelled, their orders are left to their
// leases, and ctx's error is returned. The caller must have stopped new work from coming in.
func (s *Service) Drain(ctx context.Context) error {
	for s.callsInFlight() > 0 {
		if err := s.c.Clock.Sleep(ctx, drainEvery); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, cancel := range s.inFlight {
				cancel()
			}
			return fmt.Errorf("drain top-ups: %w", err)
		}
	}
	return nil
}

// guard works on an order; it turns a panic into an error, logs the error and returns it. Nothing needs to be undone: when
// the order's lease lapses a worker claims it, and an attempt that has no answer by then counts as unknown. News that the
// gateway can't explain yet is only a warning.
func (s *Service) guard(ctx context.Context, h *History, work func() error) error {
	err := prepaid.Guard(work)
	switch {
	case errors.Is(err, errUnread):
		s.c.Log.WarnContext(ctx, "news of an order not read at its gateway, which is to send it again", "order", h.ID, "brand", h.Brand,
			"status", h.Status, "error", err)
	case err != nil:
		s.c.Log.ErrorContext(ctx, "order left to its lease", "order", h.ID, "brand", h.Brand,
			"status", h.Status, "error", err)
	}
	return err
}

// makeAttempt makes the foreign call of an attempt that is written down. It returns errTooLate, without calling, if so much
// of the attempt's lease has passed that the call could outlast it.
func (s *Service) makeAttempt(ctx context.Context, h *History, a Attempt, do func(context.Context) Result) (Result, error) {
	if s.c.Clock.Now().Sub(a.StartedAt) > startWithin {
		return Result{}, fmt.Errorf("%s of order %s: %w", a.Step, h.ID, errTooLate)
	}
	return s.callProvider(ctx, do)
}

// callProvider calls a provider with a deadline of callMax. A call that ignores its context is abandoned a second later.
// No answer in time is the outcome Unknown; a panic is an error.
func (s *Service) callProvider(ctx context.Context, call func(context.Context) Result) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	type answer struct {
		Result
		err error
	}
	answers := make(chan answer, 1)
	inTime := s.c.Clock.Within(callMax+time.Second, func() {
		var a answer
		a.err = prepaid.Guard(func() error {
			a.Result = call(ctx)
			return nil
		})
		answers <- a
	})
	if !inTime {
		return Result{Outcome: Unknown, Code: ReasonNoAnswer}, nil
	}
	a := <-answers
	return a.Result, a.err
}

func (s *Service) reached(point string) {
	if s.c.Reached != nil {
		s.c.Reached(point)
	}
}

func (s *Service) funding(h *History) Funding { return s.c.Fundings[h.Funding.Kind] }
