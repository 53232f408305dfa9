package operators

import (
	"context"
	"errors"
	"strings"

	"pulsa/prepaid"
)

// Operation is one thing that people do on the desk: a struct whose fields say to what, and how. It is stored as JSON while it waits
// for a second person, so its fields are exported and hold no secret. Each kind is named in operationKinds.
type Operation interface {
	// Kind is its name in storage: "settle order".
	Kind() string
	// Act is the row of the table of rights that it belongs to, for this person.
	Act(a Actor) Act
	// On is what it is done to.
	On() Object
	// Plan says what it would do now. It changes nothing. Errors: where it can't be done.
	Plan(ctx context.Context, d *Desk) (Plan, error)
	// Carry does it, once. It writes its own deed, in its transaction, with this by. Called again with the by of the same operation key, it
	// finishes what was cut off, or returns prepaid.ErrDone.
	Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error)
}

// Object is what an operation is done to.
type Object struct {
	Brand string // "" for what belongs to no brand
	Kind  string // prepaid.OnOrder and its like
	ID    string
}

// Plan is what an operation would do.
type Plan struct {
	Does  string // one sentence: "Gives €10.00 back to the card that ends in 4242."
	Reads string // what the customer will read, in their language; "" for nothing
	// State is what it depends on, in words: "the order is held". An approval lapses once it differs.
	State string
}

// Result is what an operation did.
type Result struct {
	Text  string     // one sentence for people
	Undo  Operation  // what undoes it; nil where nothing does
	Asked ApprovalID // it was not done: another person is asked
	Once  *HandedOut // what is shown once, and kept nowhere; nil for nothing
}

// ApprovalID is the id of a question to a second person.
type ApprovalID string

// DeedStore keeps the record.
type DeedStore interface {
	// Record writes a deed that belongs to no other transaction: that somebody looked at something, or was refused. An empty ID and At
	// are filled in.
	Record(ctx context.Context, d prepaid.Deed) error
	// Carried reports whether there is a deed of an operation with this key.
	Carried(ctx context.Context, operation string) (bool, error)
}

// Desk carries out what people do in the browser: it checks their right, has a second person asked where one must agree, and sees that
// a form that is sent twice does its work once. Safe for concurrent use.
type Desk struct {
	Orders      Orders
	Customers   Customers
	Search      Search
	Topups      Intervener
	Waits       WaitStore
	Assignments AssignmentStore
	Presence    PresenceStore
	Items       ItemStore
	Lists       CustomerLister
	Audits      AuditRuns
	Audit       func(context.Context) ([]Violation, error)
	APIKeys     APIKeys
	Channels    func(brand string) (Channels, error)
	Deeds       DeedStore
	Forms       FormStore
	Approvals   ApprovalStore
	Staff       Staff
	Says        Speaker
	Blocks      BlockStore
	Pauses      PauseStore
	BlockValue  func(k BlockKind, brand, what string) string // the pseudonym that something is blocked by
	People      People
	Tells       []NoticeWay // how our staff is told of what waits for them
	Brands      *prepaid.Brands
	Clock       prepaid.Clock
	Reached     func(point string) // is called at each crash point; it may be nil
}

// Check tells what an operation would do, and whether the person may: May, or Asks. Errors: *ForbiddenError, and those of its Plan.
func (d *Desk) Check(ctx context.Context, a Actor, op Operation) (Plan, Right, error) {
	right := a.Right(op.Act(a), op.On().Brand)
	if right == Not {
		return Plan{}, right, forbidden(op.Act(a), op.On().Brand)
	}
	p, err := op.Plan(ctx, d)
	return p, right, err
}

// Do carries out an operation for a person, or asks a second one. key is the form's: sent again, it returns the first result, or says that
// there is none yet. Errors: ErrNoReason, *ForbiddenError (a deed tells of it), ErrNotFresh, ErrNoForm, ErrFormUsed, and those of the
// operation: then the form may be sent again, unless it left a deed.
func (d *Desk) Do(ctx context.Context, a Actor, key string, op Operation, why string) (Result, error) {
	act, on := op.Act(a), op.On()
	why = strings.TrimSpace(why)
	by := a.By(act, on.Brand, why)
	right := a.Right(act, on.Brand)
	if right == Not {
		refused := prepaid.Deed{Brand: on.Brand, What: "refused: " + op.Kind(), Kind: on.Kind, Object: on.ID, By: by, At: d.Clock.Now()}
		return Result{}, errors.Join(forbidden(act, on.Brand), d.Deeds.Record(ctx, refused))
	}
	if why == "" {
		return Result{}, ErrNoReason
	}
	if rowOf(act).Fresh && !a.Fresh(d.Clock.Now()) {
		return Result{}, ErrNotFresh
	}
	form, err := newForm(a.Person, key, op, why, d.Clock.Now())
	if err != nil {
		return Result{}, err
	}
	was, sent, err := d.Forms.Begin(ctx, form)
	if err != nil {
		return Result{}, err
	}
	if sent {
		return d.again(ctx, form, was)
	}
	by.Operation = form.operation()
	d.reached("form begun")
	r, err := d.doOrAsk(ctx, a, op, by)
	d.reached("form carried")
	if err != nil {
		return r, errors.Join(err, d.failed(ctx, form, err))
	}
	return r, d.Forms.End(ctx, form, r, d.Clock.Now())
}

func (d *Desk) doOrAsk(ctx context.Context, a Actor, op Operation, by prepaid.By) (Result, error) {
	plan, err := op.Plan(ctx, d)
	switch {
	case err != nil:
		return Result{}, err
	case a.Right(op.Act(a), op.On().Brand) == Asks:
		return d.ask(ctx, a, op, plan, by)
	}
	return op.Carry(ctx, d, by)
}

// failed ends a form whose operation returned an error. What left no deed did nothing: the form may be sent again.
func (d *Desk) failed(ctx context.Context, f Form, why error) error {
	ctx = context.WithoutCancel(ctx)
	begun, err := d.Deeds.Carried(ctx, f.operation())
	switch {
	case err != nil:
		return err
	case begun:
		return d.Forms.End(ctx, f, Result{Text: "It was not done: " + why.Error()}, d.Clock.Now())
	}
	return d.Forms.Release(ctx, f)
}
