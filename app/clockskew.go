package app

import (
	"context"
	"fmt"
	"time"

	"pulsa/operators"
	"pulsa/store"
)

// clockFault says that our clock is too far from the database's; "" where it is not. The embedded database shares our clock.
// A database that does not answer is not a fault of the clock.
func (p *Program) clockFault(ctx context.Context) (fault string, level operators.Level) {
	if p.DB.Dialect() == store.SQLite {
		return "", operators.LevelOK
	}
	skew, _, err := operators.ClockSkew(ctx, p.Clock, p.DB)
	if err != nil {
		return "", operators.LevelOK
	}
	f := operators.CheckClock(skew)
	if f.Level == operators.LevelOK {
		return "", operators.LevelOK
	}
	return fmt.Sprintf("the clock is %s apart from the database's", skew.Abs().Round(time.Millisecond)), f.Level
}

// warnOfClock logs a clock that is too far from the database's.
func (p *Program) warnOfClock(ctx context.Context) {
	if fault, _ := p.clockFault(ctx); fault != "" {
		p.Log.WarnContext(ctx, fault+": leases and limits go by both, so let NTP set them")
	}
}
