package operators

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// AuditRun is one run of the audit.
type AuditRun struct {
	ID        string
	StartedAt time.Time
	EndedAt   time.Time // zero: it goes on, or was cut off
	prepaid.By
	Violations int
	Found      []Violation // the first of them
	Failed     string      // why it came to no end; "" for none
}

const (
	// auditShows is how many violations are kept of a run.
	auditShows = 100
	// auditTakes is for how long a run that has not ended may still go on.
	auditTakes = time.Hour
)

// State says for people how the run stands.
func (r AuditRun) State(now time.Time) string {
	switch {
	case r.Failed != "":
		return "failed: " + r.Failed
	case r.EndedAt.IsZero() && now.Sub(r.StartedAt) < auditTakes:
		return "running"
	case r.EndedAt.IsZero():
		return "cut off"
	case r.Violations > 0:
		return fmt.Sprintf("%d violations", r.Violations)
	}
	return "nothing is wrong"
}

// Goes reports whether the run goes on.
func (r AuditRun) Goes(now time.Time) bool {
	return r.EndedAt.IsZero() && r.Failed == "" && now.Sub(r.StartedAt) < auditTakes
}

// AuditRuns keeps the runs of the audit.
type AuditRuns interface {
	// SaveAuditRun stores a run, or how it ended. Its beginning is a deed.
	SaveAuditRun(ctx context.Context, r AuditRun) error
	// LastAuditRun returns the run that began last; false where there was none.
	LastAuditRun(ctx context.Context) (AuditRun, bool, error)
}

// Keep runs an audit and keeps what it finds. An error says that it came to no end, or was not kept.
func (r AuditRun) Keep(ctx context.Context, runs AuditRuns, clock prepaid.Clock, check func(context.Context) ([]Violation, error)) ([]Violation, error) {
	r.ID, r.StartedAt, r.Found = prepaid.NewID[string](), clock.Now(), []Violation{}
	if err := runs.SaveAuditRun(ctx, r); err != nil {
		return nil, err
	}
	found, err := check(ctx)
	r.EndedAt, r.Violations, r.Found = clock.Now(), len(found), found[:min(len(found), auditShows)]
	if err != nil {
		r.Failed = err.Error()
	}
	if kept := runs.SaveAuditRun(context.WithoutCancel(ctx), r); kept != nil && err == nil {
		err = kept
	}
	return found, err
}
