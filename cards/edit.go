package cards

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Action moves cards from one state to another.
type Action string

// The actions. Void is for good.
const (
	Release  Action = "release" // generated → live
	Lock     Action = "lock"    // generated or live → locked
	Unlock   Action = "unlock"  // locked → what it was before
	Withdraw Action = "void"    // generated, live or locked → void
)

// from are the states that an action starts at; of no action, those of cards that may be edited.
func (a Action) from() []State {
	switch a {
	case Release:
		return []State{Generated}
	case Lock:
		return []State{Generated, Live}
	case Unlock:
		return []State{Locked}
	}
	return []State{Generated, Live, Locked}
}

// Deletable are the states of cards that may be deleted: never spent, and not being spent.
func Deletable() []State { return []State{Generated, Live, Locked, Void} }

// Change is what a mass edit sets; nil and "" preserve.
type Change struct {
	Expires  *time.Time `json:",omitempty"` // the zero time: never
	Reseller *string    `json:",omitempty"` // "": none
	Action   Action     `json:",omitempty"`
	// AllowGuessable lets expired cards be worth something again even if their codes are too short for it.
	AllowGuessable bool `json:",omitempty"`
}

// From are the states of the cards that the change touches; all others, spent ones above all, it leaves alone.
func (c Change) From() []State { return c.Action.from() }

func (c Change) check(now time.Time) error {
	switch {
	case c.Expires == nil && c.Reseller == nil && c.Action == "":
		return errors.New("say what to set: expiry, reseller or status")
	case c.Expires != nil && !c.Expires.IsZero() && !c.Expires.After(now):
		return fmt.Errorf("%w; to withdraw cards, lock or void them", errPast)
	}
	switch c.Action {
	case "", Release, Lock, Unlock, Withdraw:
		return nil
	}
	return fmt.Errorf("action %q: choose release, lock, unlock or void", c.Action)
}

// ErrOpen says that a filter means every card of a brand, and nobody has said that this is meant.
var ErrOpen = errors.New("say which cards are meant, or that all of the brand are")

// Preview is what an edit or deletion would do.
type Preview struct {
	Filter  Filter  // to start it with
	Touched []Count // by state
	Left    []Count // what fits, but is in no state to be touched
	// Abandons is a batch that is not complete, and will not be once it is deleted.
	Abandons JobID
}

// Cards is how many would be touched.
func (p Preview) Cards() int64 {
	var n int64
	for _, c := range p.Touched {
		n += c.Cards
	}
	return n
}

// PreviewEdit tells what an edit would touch, without doing anything. all must be set where the filter means every card.
func (s *Service) PreviewEdit(ctx context.Context, f Filter, c Change, all bool) (Preview, error) {
	if err := c.check(s.c.Clock.Now()); err != nil {
		return Preview{}, err
	}
	if f.open() && !all {
		return Preview{}, ErrOpen
	}
	if c.Reseller != nil {
		if err := s.checkReseller(ctx, f.Brand, *c.Reseller); err != nil {
			return Preview{}, err
		}
	}
	if f.Whole = c.Action == Release; f.Whole {
		if err := s.checkWhole(ctx, f.Batch); err != nil {
			return Preview{}, err
		}
	}
	p, err := s.preview(ctx, f, c.From(), f.Whole)
	if err != nil {
		return p, err
	}
	return p, s.checkRevived(ctx, p, c, s.c.Clock.Now())
}

// checkWhole refuses a batch that is not complete.
func (s *Service) checkWhole(ctx context.Context, id JobID) error {
	if id == "" {
		return nil
	}
	batch, err := s.Job(ctx, id)
	if err != nil || batch.State == JobDone {
		return err
	}
	return fmt.Errorf("batch %s is not complete (%d of %d cards): resume or delete it first", batch.ID, batch.Done, batch.Total)
}

// PreviewDelete tells what a deletion would touch. all must be set where the filter means every card.
func (s *Service) PreviewDelete(ctx context.Context, f Filter, all bool) (Preview, error) {
	if f.open() && !all {
		return Preview{}, ErrOpen
	}
	p, err := s.preview(ctx, f, Deletable(), false)
	if err != nil || f.Batch == "" {
		return p, err
	}
	batch, err := s.Job(ctx, f.Batch)
	if err == nil && batch.State == UnderWay {
		p.Abandons = batch.ID
	}
	return p, err
}

// preview counts. unexpired is set where expired cards are not touched.
func (s *Service) preview(ctx context.Context, f Filter, states []State, unexpired bool) (Preview, error) {
	f, err := s.filter(ctx, f)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Filter: f}
	counts, err := s.c.Shelf.CountCards(ctx, f, ByNothing)
	if err != nil {
		return p, fmt.Errorf("count cards: %w", err)
	}
	for _, c := range counts {
		if contains(states, c.State) && !(unexpired && c.Expired) {
			p.Touched = append(p.Touched, c)
		} else {
			p.Left = append(p.Left, c)
		}
	}
	return p, nil
}

func contains(states []State, s State) bool {
	for _, state := range states {
		if s == state {
			return true
		}
	}
	return false
}

// StartEdit starts the mass edit that was previewed.
func (s *Service) StartEdit(ctx context.Context, p Preview, c Change, by prepaid.By) (Job, error) {
	now := s.c.Clock.Now()
	if err := c.check(now); err != nil {
		return Job{}, err
	}
	if err := s.checkRevived(ctx, p, c, now); err != nil {
		return Job{}, err
	}
	return s.start(ctx, Job{
		Brand: p.Filter.Brand, Kind: KindEdit, Total: p.Cards(), Spec: Spec{Filter: &p.Filter, Change: &c},
	}, by)
}

// StartDelete starts the deletion that was previewed. A batch that is not complete and whose cards are deleted
// will never be: its job is abandoned first, so that nobody resumes it meanwhile.
func (s *Service) StartDelete(ctx context.Context, p Preview, by prepaid.By) (Job, error) {
	if p.Filter.Batch != "" {
		batch, err := s.Job(ctx, p.Filter.Batch)
		if err == nil && batch.State == UnderWay {
			err = s.c.Jobs.EndCardJob(ctx, batch, Abandoned, s.c.Clock.Now())
		}
		if err != nil {
			return Job{}, fmt.Errorf("abandon batch: %w", err)
		}
	}
	return s.start(ctx, Job{
		Brand: p.Filter.Brand, Kind: KindDelete, Total: p.Cards(), Spec: Spec{Filter: &p.Filter},
	}, by)
}

// ResumeEdit does what an edit or deletion still lacks, a chunk in each transaction.
func (s *Service) ResumeEdit(ctx context.Context, j Job, p Progress) (Job, error) {
	kind := KindEdit
	if j.Kind == KindDelete {
		kind = KindDelete
	}
	if err := j.underWay(kind); err != nil {
		return j, err
	}
	for j.State == UnderWay {
		step := Chunk{Job: j, Now: s.c.Clock.Now()}
		var err error
		if kind == KindDelete {
			j, err = s.c.Shelf.DeleteCards(ctx, step, *j.Spec.Filter, s.c.Chunk)
		} else {
			j, err = s.c.Shelf.EditCards(ctx, step, *j.Spec.Filter, *j.Spec.Change, s.c.Chunk)
		}
		if err != nil {
			return step.Job, fmt.Errorf("%s cards: %w", kind, err)
		}
		p.reportJob(j)
	}
	return j, nil
}
