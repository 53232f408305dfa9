package app

import (
	"context"
	"fmt"
	"time"

	"pulsa/store"
)

// How far our clock and the database's may be apart: leases and limits are judged by ours, and copies share them.
const (
	skewWarn  = 2 * time.Second
	skewWrong = 30 * time.Second
)

// clockSkew is how far the database's clock is ahead of ours, as far as that is sure: the time that its answer took may
// lie on either side.
func (p *Program) clockSkew(ctx context.Context) (skew, took time.Duration, err error) {
	sent := p.Clock.Now()
	now, err := p.DB.Now(ctx)
	if err != nil {
		return 0, 0, err
	}
	took = p.Clock.Now().Sub(sent)
	switch {
	case now.Before(sent):
		skew = now.Sub(sent)
	case now.After(sent.Add(took)):
		skew = now.Sub(sent.Add(took))
	}
	return skew, took, nil
}

// clockFault says that our clock is too far from the database's, "" where it is not. The embedded database has ours. A
// database that does not answer is another fault.
func (p *Program) clockFault(ctx context.Context) (fault, level string) {
	if p.DB.Dialect() == store.SQLite {
		return "", LevelOK
	}
	skew, _, err := p.clockSkew(ctx)
	if err != nil {
		return "", LevelOK
	}
	f := JudgeSkew(skew)
	if f.Level == LevelOK {
		return "", LevelOK
	}
	return fmt.Sprintf("the clock is %s apart from the database's", skew.Abs().Round(time.Millisecond)), f.Level
}

// WarnOfClock logs a clock that is too far from the database's.
func (p *Program) WarnOfClock(ctx context.Context) {
	if fault, _ := p.clockFault(ctx); fault != "" {
		p.Log.WarnContext(ctx, fault+": leases and limits go by both, so let NTP set them")
	}
}
