package operators

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Assignment says who sees to something that waits, and what was last noted of it.
type Assignment struct {
	Person PersonID // "" for nobody
	Name   string   // theirs
	Note   string   // no number and no name of a customer
	At     time.Time
}

// AssignmentStore keeps assignments.
type AssignmentStore interface {
	// Assign puts an assignment in the place of the one before, and writes a deed.
	Assign(ctx context.Context, o Object, a Assignment, by prepaid.By) error
	// AssignmentOf returns the assignment of an object; the zero value where there is none.
	AssignmentOf(ctx context.Context, o Object) (Assignment, error)
}

// Assign has somebody see to something that waits, or notes something of it.
type Assign struct {
	To     Object
	Person PersonID // "" for nobody
	Name   string   // theirs
	Note   string
}

// maxNote is how long a note may be, in bytes.
const maxNote = 500

// Kind implements Operation.
func (Assign) Kind() string { return "assign" }

// Act implements Operation. Whoever helps customers or sees to their money does it.
func (o Assign) Act(a Actor) Act {
	if a.Right(ActHelp, o.To.Brand) == May {
		return ActHelp
	}
	return ActIdentity
}

// On implements Operation.
func (o Assign) On() Object { return o.To }

// Plan implements Operation.
func (o Assign) Plan(context.Context, *Desk) (Plan, error) {
	if len(o.Note) > maxNote {
		return Plan{}, &FieldError{Field: "note", Err: fmt.Errorf("write at most %d characters", maxNote)}
	}
	return Plan{Does: "Says who sees to it, and what is to be known of it."}, nil
}

// Carry implements Operation.
func (o Assign) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	before, err := d.Assignments.AssignmentOf(ctx, o.To)
	if err != nil {
		return Result{}, err
	}
	if err := d.Assignments.Assign(ctx, o.To, Assignment{o.Person, o.Name, o.Note, d.Clock.Now()}, by); err != nil {
		return Result{}, err
	}
	text := "It is left to anybody."
	if o.Person != "" {
		text = "It is left to " + o.Name + "."
	}
	return Result{Text: text, Undo: Assign{o.To, before.Person, before.Name, before.Note}}, nil
}

// presenceFor is after what silence a page counts as closed. An open one says each 30 s that it is open.
const presenceFor = 90 * time.Second

// Present is somebody who has the page of an object open.
type Present struct {
	Person PersonID
	Name   string
	Since  time.Time
}

// PresenceStore keeps who has which page open.
type PresenceStore interface {
	// Seen says that a person has the page of an object open, and returns who else has been seen there since a time. What is older is forgotten.
	Seen(ctx context.Context, o Object, p Present, now, since time.Time) ([]Present, error)
}

// SayOpen says that a person has the page of an object open, and returns who else has.
func (d *Desk) SayOpen(ctx context.Context, a Actor, o Object) ([]Present, error) {
	now := d.Clock.Now()
	return d.Presence.Seen(ctx, o, Present{a.Person, a.Name, now}, now, now.Add(-presenceFor))
}
