package prepaid

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// PanicError is a panic that was recovered from. It tells where it happened and the type of its value, never the value:
// that may quote what a customer wrote.
type PanicError struct {
	Type  string // of the value: "string", "runtime.boundsError"
	Stack string // it shows addresses, no texts
}

// Error implements error.
func (e *PanicError) Error() string { return "panic with a " + e.Type + "\n" + e.Stack }

// Recovered makes an error of what recover has returned, within the deferred function that called it.
func Recovered(value any) *PanicError {
	return &PanicError{Type: fmt.Sprintf("%T", value), Stack: string(debug.Stack())}
}

// Guard runs work and returns its error, or a *PanicError where it panics.
func Guard(work func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = Recovered(value)
		}
	}()
	return work()
}

// afterPanic is the pause before work that has panicked begins again.
const afterPanic = 2 * time.Second

// KeepGoing does work until it returns or ctx ends. Work that panics is logged under the worker's name and begins again
// after a pause.
func KeepGoing(ctx context.Context, clock Clock, log *slog.Logger, worker string, work func()) {
	for ctx.Err() == nil {
		err := Guard(func() error {
			work()
			return nil
		})
		if err == nil {
			return
		}
		log.Error("worker panicked", "worker", worker, "error", err)
		_ = clock.Sleep(ctx, afterPanic)
	}
}
