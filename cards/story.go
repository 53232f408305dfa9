package cards

import (
	"context"
	"fmt"
	"time"
)

// CardChange is a card before a job changed it.
type CardChange struct {
	At        time.Time
	Job       JobID
	State     State
	Reseller  string
	ExpiresAt time.Time
}

// StoryStep is one thing that happened to a card. What it did not change is equal in Old and New.
type StoryStep struct {
	At       time.Time
	Job      Job // what did it; its ID alone where it is gone
	Old, New CardChange
	Deleted  bool
}

// Story is everything that jobs did to a card.
type Story struct {
	Card  Card // as it is; its Serial and Brand alone once it is deleted
	Made  Job
	Steps []StoryStep // in order
	// Exported is the job that took its code to a print file; the zero Job where none did.
	Exported Job
}

// Story tells a card's whole story; ErrUnknown where there is no such card, nor was one that a job has changed. It costs the same however
// many cards and jobs there are.
func (s *Service) Story(ctx context.Context, brand, serial string) (Story, error) {
	story := Story{Card: Card{Brand: brand, Serial: serial}}
	changes, err := s.c.Jobs.CardChanges(ctx, brand, serial)
	if err != nil {
		return story, err
	}
	card, err := s.Card(ctx, brand, serial)
	here := err == nil
	switch {
	case here:
		story.Card = card
	case len(changes) == 0:
		return story, fmt.Errorf("card %s: %w", serial, err)
	}
	jobs := map[JobID]Job{}
	job := func(id JobID) Job {
		if _, read := jobs[id]; !read && id != "" {
			j, err := s.Job(ctx, id)
			if err != nil {
				j = Job{ID: id}
			}
			jobs[id] = j
		}
		return jobs[id]
	}
	if here {
		story.Made, story.Exported = job(card.Batch), job(card.Export)
	}
	for i, c := range changes {
		step := StoryStep{At: c.At, Job: job(c.Job), Old: c}
		switch {
		case i+1 < len(changes):
			step.New = changes[i+1]
		case here:
			step.New = CardChange{State: step.Job.after(c, card), Reseller: card.Reseller, ExpiresAt: card.ExpiresAt}
		}
		step.Deleted = step.Job.Kind == KindDelete
		story.Steps = append(story.Steps, step)
	}
	return story, nil
}

// after is the state that a job left a card in, which orders have since moved on.
func (j Job) after(was CardChange, is Card) State {
	change := j.Spec.Change
	switch {
	case change == nil || is.State != Reserved && is.State != Spent:
		return is.State
	case change.Action == "":
		return was.State
	}
	return Live // only such a card can be spent
}
