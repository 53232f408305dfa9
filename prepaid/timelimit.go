package prepaid

import (
	"context"
	"errors"
	"time"
)

// ErrBusy says that the database could not do its work within a time limit: others hold what it needs. Nothing was
// changed; the same may be asked again.
var ErrBusy = errors.New("the database is busy")

// leastTime is what work gets whose time is up already: enough for a database that is not busy.
const leastTime = time.Second

type timeLimit struct{}

// WithTimeLimit bounds what is asked of the database under a context: whoever waits for the answer has given up by then.
// Unlike the context's end, which cuts a connection off, it makes the database itself give up, with ErrBusy. It ends
// neither the context nor calls to providers.
func WithTimeLimit(ctx context.Context, clock Clock, until time.Time) context.Context {
	return context.WithValue(ctx, timeLimit{}, func() time.Duration { return until.Sub(clock.Now()) })
}

// WithoutTimeLimit takes the limit away: what a provider has answered is written down however long that takes.
func WithoutTimeLimit(ctx context.Context) context.Context {
	return context.WithValue(ctx, timeLimit{}, nil)
}

// TimeLeft tells how long the database may take from now on; limited is false where it may take any time.
func TimeLeft(ctx context.Context) (left time.Duration, limited bool) {
	f, limited := ctx.Value(timeLimit{}).(func() time.Duration)
	if !limited {
		return 0, false
	}
	return max(f(), leastTime), true
}

// WhileTimeLeft returns a context for waiting that ends with the time limit too; ctx's own end where there is none.
func WhileTimeLeft(ctx context.Context) (context.Context, context.CancelFunc) {
	if left, limited := TimeLeft(ctx); limited {
		return context.WithTimeout(ctx, left)
	}
	return ctx, func() {}
}
