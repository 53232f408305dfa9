package operators

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"pulsa/prepaid"
)

// Pause is that a brand sells nothing for a while. What customers have ordered is finished.
type Pause struct {
	Brand string
	Until time.Time         // it ends by itself then; zero: until somebody resumes
	Texts map[string]string // what customers read instead, by language; a language that is missing has the prompt
	prepaid.By
	At time.Time
}

// Active reports whether the brand is paused at a time.
func (p Pause) Active(now time.Time) bool {
	return !p.At.IsZero() && (p.Until.IsZero() || now.Before(p.Until))
}

// PauseStore keeps the pauses of brands. Each method is one transaction.
type PauseStore interface {
	// Pause returns a brand's pause, also one that has ended by itself; the zero value where it has none.
	Pause(ctx context.Context, brand string) (Pause, error)
	// SetPause stores a pause, in place of the one before, and a deed.
	SetPause(ctx context.Context, p Pause, d prepaid.Deed) error
	// EndPause removes a pause, and writes a deed where there was one; it reports whether there was.
	EndPause(ctx context.Context, brand string, d prepaid.Deed) (bool, error)
}

// Refusals of pauses.
var (
	errNotPaused = errors.New("the brand is not paused")
	errPauseText = fmt.Errorf("write up to %d characters on one line", maxPauseText)
)

// maxPauseText is how long a text for customers may be: two SMS.
const maxPauseText = 300

// PauseBrand pauses a brand, or changes its pause.
type PauseBrand struct {
	Brand string
	Until time.Time
	Texts map[string]string
}

// Kind implements Operation.
func (PauseBrand) Kind() string { return "pause brand" }

// Act implements Operation.
func (PauseBrand) Act(Actor) Act { return ActSwitch }

// On implements Operation.
func (o PauseBrand) On() Object { return Object{Brand: o.Brand, Kind: prepaid.OnBrand, ID: o.Brand} }

// Plan implements Operation. Errors: *FieldError.
func (o PauseBrand) Plan(ctx context.Context, d *Desk) (Plan, error) {
	now := d.Clock.Now()
	if !o.Until.IsZero() && !now.Before(o.Until) {
		return Plan{}, &FieldError{Field: "until", Err: ErrUntilPast}
	}
	plan := Plan{Does: "Nothing is sold until somebody resumes. What was ordered is finished.", State: "the brand sells"}
	if !o.Until.IsZero() {
		plan.Does = "Nothing is sold until " + stamp(o.Until) + ". What was ordered is finished."
	}
	for _, language := range slices.Sorted(maps.Keys(o.Texts)) {
		if o.Texts[language] == "" || !oneLine(o.Texts[language], maxPauseText) {
			return Plan{}, &FieldError{Field: "text-" + language, Err: errPauseText}
		}
		if plan.Reads != "" {
			plan.Reads += " / "
		}
		plan.Reads += o.Texts[language]
	}
	p, err := d.Pauses.Pause(ctx, o.Brand)
	if p.Active(now) {
		plan.State = "the brand was paused"
	}
	return plan, err
}

// Carry implements Operation.
func (o PauseBrand) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	now := d.Clock.Now()
	deed := prepaid.Deed{Brand: o.Brand, What: o.Kind(), Kind: prepaid.OnBrand, Object: o.Brand, New: "paused", By: by, At: now}
	if !o.Until.IsZero() {
		deed.New += " until " + stamp(o.Until)
	}
	if err := d.Pauses.SetPause(ctx, Pause{Brand: o.Brand, Until: o.Until, Texts: o.Texts, By: by, At: now}, deed); err != nil {
		return Result{}, err
	}
	return Result{Text: "The brand is paused: every copy of the server knows within 5 seconds.", Undo: ResumeBrand{o.Brand}}, nil
}

// ResumeBrand ends a brand's pause.
type ResumeBrand struct{ Brand string }

// Kind implements Operation.
func (ResumeBrand) Kind() string { return "resume brand" }

// Act implements Operation.
func (ResumeBrand) Act(Actor) Act { return ActSwitch }

// On implements Operation.
func (o ResumeBrand) On() Object { return Object{Brand: o.Brand, Kind: prepaid.OnBrand, ID: o.Brand} }

// Plan implements Operation. Errors: where the brand is not paused.
func (o ResumeBrand) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := d.Pauses.Pause(ctx, o.Brand)
	if err == nil && !p.Active(d.Clock.Now()) {
		err = errNotPaused
	}
	return Plan{Does: "The brand sells again.", State: "the brand was paused"}, err
}

// Carry implements Operation.
func (o ResumeBrand) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	ended, err := d.Pauses.EndPause(ctx, o.Brand, prepaid.Deed{
		Brand: o.Brand, What: o.Kind(), Kind: prepaid.OnBrand, Object: o.Brand, Old: "paused", By: by, At: d.Clock.Now(),
	})
	switch {
	case err != nil:
		return Result{}, err
	case !ended:
		return Result{}, errNotPaused
	}
	return Result{Text: "The brand sells again: every copy of the server knows within 5 seconds."}, nil
}
