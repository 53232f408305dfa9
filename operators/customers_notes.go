package operators

import (
	"context"
	"errors"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Note is what a person at the desk has written about a customer, for colleagues.
type Note struct {
	ID       string
	Brand    string
	Customer prepaid.CustomerID
	Who      string
	Text     string
	At       time.Time
}

// NoteStore keeps notes.
type NoteStore interface {
	// AddNote keeps a note and its deed, which does not hold the text. accounts.ErrNoCustomer.
	AddNote(ctx context.Context, n Note, by prepaid.By) error
	// RemoveNote takes one away. It may be repeated.
	RemoveNote(ctx context.Context, brand, id string, by prepaid.By, now time.Time) error
	// Notes lists those of a customer, newest first, 100 at most.
	Notes(ctx context.Context, brand string, c prepaid.CustomerID) ([]Note, error)
}

// ErrNoteText says that a note is empty, too long, or holds what may be a secret.
var ErrNoteText = errors.New("write a note of 2,000 letters at most, without PINs, codes and numbers of cards")

const longestNote = 2000

// AddNote is the operation that writes a note about a customer.
type AddNote struct {
	ID       string // drawn beforehand: it is what Undo takes away
	Brand    string
	Customer prepaid.CustomerID
	Text     string
}

// Kind implements Operation.
func (o AddNote) Kind() string { return "note" }

// Act implements Operation.
func (o AddNote) Act(Actor) Act { return ActHelp }

// On implements Operation.
func (o AddNote) On() Object { return Object{o.Brand, prepaid.OnCustomer, string(o.Customer)} }

// Plan implements Operation.
func (o AddNote) Plan(ctx context.Context, d *Desk) (Plan, error) {
	text := strings.TrimSpace(o.Text)
	if text == "" || len(text) > longestNote {
		return Plan{}, ErrNoteText
	}
	_, err := d.Customers.byID(ctx, o.Brand, o.Customer)
	return Plan{Does: "Keeps the note on the customer's page, for your colleagues."}, err
}

// Carry implements Operation.
func (o AddNote) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	// What could be a PIN or a code is not kept, whatever it was.
	n := Note{o.ID, o.Brand, o.Customer, by.Who, prepaid.MaskDigits(strings.TrimSpace(o.Text)), d.Clock.Now()}
	err := d.Customers.Notes.AddNote(ctx, n, by)
	return Result{Text: "The note is kept.", Undo: RemoveNote{o.Brand, o.Customer, o.ID}}, err
}

// RemoveNote takes a note away.
type RemoveNote struct {
	Brand    string
	Customer prepaid.CustomerID
	Note     string
}

// Kind implements Operation.
func (o RemoveNote) Kind() string { return "remove note" }

// Act implements Operation.
func (o RemoveNote) Act(Actor) Act { return ActHelp }

// On implements Operation.
func (o RemoveNote) On() Object { return Object{o.Brand, prepaid.OnCustomer, string(o.Customer)} }

// Plan implements Operation.
func (o RemoveNote) Plan(ctx context.Context, d *Desk) (Plan, error) {
	_, err := d.Customers.byID(ctx, o.Brand, o.Customer)
	return Plan{Does: "Takes the note away. The record keeps that it was there."}, err
}

// Carry implements Operation.
func (o RemoveNote) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	err := d.Customers.Notes.RemoveNote(ctx, o.Brand, o.Note, by, d.Clock.Now())
	return Result{Text: "The note is gone."}, err
}
