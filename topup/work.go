package topup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

var errTooLate = errors.New("call would outlast its lease")

// drainEvery is how often Drain looks. It asks the clock, not a channel: under a virtual clock time must
// pass for the calls in flight to end, and it passes only while everybody waits for time.
const drainEvery = 50 * time.Millisecond

// inTime works in the background and waits for it, d at most; it reports whether the work ended in that
// time. The work has the caller's values, but neither its end nor its time limit: a customer who goes away does not cancel
// a charge, and what a provider has answered is written down however long that takes. Drain waits for it.
func (s *Service) inTime(ctx context.Context, d time.Duration, work func(context.Context)) bool {
	ctx, ended := s.own(ctx)
	return s.c.Clock.Within(d, func() {
		defer ended()
		work(ctx)
	})
}

// own makes a context that ends with the service's instead of the caller's, and counts it as in flight
// until ended is called.
func (s *Service) own(ctx context.Context) (_ context.Context, ended func()) {
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

func (s *Service) flying() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inFlight)
}

// Drain waits for the calls in flight to end. When ctx ends first they are cut off and left to their
// leases, and its error is returned. New work must have stopped coming in.
func (s *Service) Drain(ctx context.Context) error {
	for s.flying() > 0 {
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

// guard works on an order, and logs what it can't do. Whatever it leaves behind is found by the order's
// lease: an attempt without an answer is unknown.
func (s *Service) guard(ctx context.Context, h *History, work func() error) error {
	err := prepaid.Guard(work)
	if err != nil {
		s.c.Log.ErrorContext(ctx, "order left to its lease", "order", h.ID, "brand", h.Brand,
			"status", h.Status, "error", err)
	}
	return err
}

// call makes the foreign call of an attempt that is written down. It is not made where too much of the
// attempt's lease has gone by: it might outlast it.
func (s *Service) call(ctx context.Context, h *History, a Attempt, do func(context.Context) Result) (Result, error) {
	if s.c.Clock.Now().Sub(a.StartedAt) > startWithin {
		return Result{}, fmt.Errorf("%s of order %s: %w", a.Step, h.ID, errTooLate)
	}
	return s.ask(ctx, do)
}

// ask calls a provider, callMax at most: by its context, and by the clock a second later for one who does
// not heed it. Who does not answer in time is unknown; who panics is an error.
func (s *Service) ask(ctx context.Context, call func(context.Context) Result) (Result, error) {
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
