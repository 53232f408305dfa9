package app

import (
	"context"
	"time"

	"pulsa/web/links"
)

const (
	// archiveEvery and forgetEvery are how often what is old is looked for.
	archiveEvery = time.Minute
	forgetEvery  = time.Hour
	// chunk is how many rows of a table are moved or deleted at once: nobody waits for more.
	chunk = 500
	// tidyLease is for how long one copy of the program tidies alone.
	tidyLease = 5 * time.Minute
)

// tidies reports whether this copy is the one that does a tidying job now.
func (p *Program) tidies(ctx context.Context, job string) (bool, error) {
	now := p.Clock.Now()
	return p.DB.Leases.HoldLease(ctx, job, p.instance, now, now.Add(tidyLease))
}

// archive moves what has ended a week ago to the archives.
func (p *Program) archive(ctx context.Context) (int, error) {
	if mine, err := p.tidies(ctx, "archive"); !mine {
		return 0, err
	}
	return p.DB.Archives.Move(ctx, p.Clock.Now(), chunk)
}

// forgetMisses forgets the addresses that have asked for links that do not exist.
func (p *Program) forgetMisses(ctx context.Context) (int, error) {
	_, err := p.DB.Links.ForgetMisses(ctx, p.Clock.Now().Add(-links.CountedFor))
	return 0, err
}

// forgetSessions forgets sessions of the desk that have ended, and tries to sign in and links that count no more.
func (p *Program) forgetSessions(ctx context.Context) (int, error) {
	_, err := p.DB.People.ForgetSessions(ctx, p.Clock.Now())
	return 0, err
}

// formsKept is for how long a form that is sent again is known.
const formsKept = 2 * 24 * time.Hour

// forgetForms forgets forms that were sent on the desk, and what our staff was told.
func (p *Program) forgetForms(ctx context.Context) (int, error) {
	before := p.Clock.Now().Add(-formsKept)
	notices, err := p.DB.Approvals.ForgetNotices(ctx, before, chunk)
	if err != nil {
		return notices, err
	}
	forms, err := p.DB.Forms.Forget(ctx, before, chunk)
	return forms + notices, err
}

// forget deletes what is older than brands keep it.
func (p *Program) forget(ctx context.Context) (int, error) {
	if mine, err := p.tidies(ctx, "retention"); !mine {
		return 0, err
	}
	if err := p.DB.Retention.SetRetention(ctx, p.Brands.AllKnown()); err != nil {
		return 0, err
	}
	return p.DB.Retention.Forget(ctx, p.Clock.Now(), chunk)
}
