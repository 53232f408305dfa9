package operators

import (
	"context"
	"errors"
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
	if err := r.begin(ctx, runs, clock); err != nil {
		return nil, err
	}
	return r.end(ctx, runs, clock, check)
}

func (r *AuditRun) begin(ctx context.Context, runs AuditRuns, clock prepaid.Clock) error {
	r.ID, r.StartedAt, r.Found = prepaid.NewID[string](), clock.Now(), []Violation{}
	return runs.SaveAuditRun(ctx, *r)
}

func (r *AuditRun) end(ctx context.Context, runs AuditRuns, clock prepaid.Clock, check func(context.Context) ([]Violation, error)) ([]Violation, error) {
	found, err := check(ctx)
	r.EndedAt, r.Violations, r.Found = clock.Now(), len(found), found[:min(len(found), auditShows)]
	if err != nil {
		r.Failed = err.Error()
	}
	if kept := runs.SaveAuditRun(context.WithoutCancel(ctx), *r); err == nil {
		err = kept
	}
	return found, err
}

// errAuditGoes says that an audit goes on.
var errAuditGoes = errors.New("an audit goes on: wait until it has ended")

// RunAudit begins an audit over SQL. It goes on while the page is away.
type RunAudit struct{}

// Kind implements Operation.
func (RunAudit) Kind() string { return "run audit" }

// Act implements Operation.
func (RunAudit) Act(Actor) Act { return ActSwitch }

// On implements Operation.
func (RunAudit) On() Object { return Object{"", prepaid.OnHouse, "audit"} }

// Plan implements Operation.
func (RunAudit) Plan(ctx context.Context, d *Desk) (Plan, error) {
	last, _, err := d.Audits.LastAuditRun(ctx)
	if err == nil && last.Goes(d.Clock.Now()) {
		err = errAuditGoes
	}
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: "Holds everything that is stored against the rules of the books. It changes nothing, and may take minutes."}, nil
}

// Carry implements Operation.
func (RunAudit) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	r := AuditRun{By: by}
	if err := r.begin(ctx, d.Audits, d.Clock); err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTakes)
	go func() {
		defer cancel()
		_, _ = r.end(ctx, d.Audits, d.Clock, d.Audit) // the run says what came of it
	}()
	return Result{Text: "The audit has begun."}, nil
}
