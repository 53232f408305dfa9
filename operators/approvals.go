package operators

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pulsa/prepaid"
)

// ApprovalStatus is how a question to a second person stands.
type ApprovalStatus string

// The statuses. An approval that is Deciding was agreed to, and is being carried out: where that is cut off, a worker takes it up.
const (
	ApprovalAsked    ApprovalStatus = "asked"
	ApprovalDeciding ApprovalStatus = "deciding"
	ApprovalCarried  ApprovalStatus = "carried out"
	ApprovalRefused  ApprovalStatus = "refused"
	ApprovalLapsed   ApprovalStatus = "lapsed"
	ApprovalFailed   ApprovalStatus = "failed"
)

const (
	// approvalLasts is how long a second person may take.
	approvalLasts = 7 * 24 * time.Hour
	// approvalLease is how long whoever carries out an approval has for it alone: longer than any provider is waited for.
	approvalLease = 2 * time.Minute
)

// Approval is an operation that one person asked for and another must agree to, frozen as it was asked for.
type Approval struct {
	ID        ApprovalID
	Brand     string // "" for what belongs to no brand
	Kind      string // of the operation
	Operation string // JSON
	Act       Act    // the row of the table of rights that says who decides
	Object    Object // what it is done to
	Does      string // what it would do, as its asker read it
	Reads     string // what the customer would read
	State     string // what it depends on
	Asker     PersonID
	Asked     prepaid.By
	AskedAt   time.Time
	LapsesAt  time.Time
	Status    ApprovalStatus
	Decider   PersonID   // "" until it is decided, and where whoever runs the machine has decided
	Decided   prepaid.By // by whom, and why
	DecidedAt time.Time
	Outcome   string // one sentence: what was done, or why nothing was
	EndedAt   time.Time
	// LeaseUntil is until when somebody carries it out alone.
	LeaseUntil time.Time
}

// Open reports whether it waits for a decision, or is being carried out.
func (a Approval) Open() bool { return a.EndedAt.IsZero() }

// operation is the key of the operation that was asked for.
func (a Approval) operation() string { return "approval/" + string(a.ID) }

// by says that its asker does it, with the agreement of whoever decided.
func (a Approval) by() prepaid.By {
	by := a.Asked
	by.ApprovedBy, by.Operation = a.Decided.Who, a.operation()
	if a.Decided.Role == prepaid.Machine {
		by.ApprovedBy += ", on the machine"
	}
	return by
}

// Deed is a deed about the approval's object.
func (a Approval) Deed(what string, by prepaid.By, at time.Time) prepaid.Deed {
	return prepaid.Deed{Brand: a.Brand, What: what + ": " + a.Kind, Kind: a.Object.Kind, Object: a.Object.ID, New: a.Outcome, By: by, At: at}
}

// ApprovalFilter says which approvals are listed.
type ApprovalFilter struct {
	Brand string // "" for all
	Open  bool   // only those that wait, or are being carried out
	Limit int
}

// ApprovalStore keeps approvals. Each method is one transaction.
type ApprovalStore interface {
	// Ask stores an approval, what our staff is to be told of it, and the deed of who asked.
	Ask(ctx context.Context, a Approval, notices []DeskNotice, d prepaid.Deed) error
	// Approval reads one; ErrNoApproval.
	Approval(ctx context.Context, id ApprovalID) (Approval, error)
	// List lists approvals: open ones the oldest first, otherwise the newest first.
	List(ctx context.Context, f ApprovalFilter) ([]Approval, error)
	// Decide moves an approval from ApprovalAsked to a.Status, with who decided, and writes a deed. It reports false where it is no longer
	// asked, or has lapsed.
	Decide(ctx context.Context, a Approval, d prepaid.Deed) (bool, error)
	// TakeUp leases up to n approvals that are ApprovalDeciding and that nobody carries out now.
	TakeUp(ctx context.Context, now, until time.Time, n int) ([]Approval, error)
	// End moves an approval from ApprovalDeciding to a.Status, with its Outcome; a deed is written where there is one. It reports false where
	// somebody else has.
	End(ctx context.Context, a Approval, d *prepaid.Deed) (bool, error)
	// Lapse ends up to n approvals that nobody has decided in time, each with a deed.
	Lapse(ctx context.Context, now time.Time, by prepaid.By, n int) (int, error)
}

// Refusals of decisions.
var (
	ErrNoApproval = errors.New("there is no such question")
	ErrOwnRequest = errors.New("nobody decides on what they asked for themselves")
	ErrOthersMay  = errors.New("others may decide this on the desk")
	errLapsed     = errors.New("nobody has decided within 7 days")
	errAskerMayNo = errors.New("who asked for it may not do it any more")
)

// DecidedError says that an approval was decided before.
type DecidedError struct{ Approval Approval }

func (e *DecidedError) Error() string {
	a := e.Approval
	switch {
	case a.Decided.Who != "":
		return fmt.Sprintf("%s has decided already: it is %s", a.Decided.Who, a.Status)
	case a.Status == ApprovalAsked:
		return errLapsed.Error()
	}
	return fmt.Sprintf("it is %s already: %s", a.Status, a.Outcome)
}

// ask has a second person asked.
func (d *Desk) ask(ctx context.Context, a Actor, op Operation, p Plan, by prepaid.By) (Result, error) {
	stored, err := json.Marshal(op)
	if err != nil {
		return Result{}, err
	}
	now := d.Clock.Now()
	question := Approval{
		ID: prepaid.NewID[ApprovalID](), Brand: op.On().Brand, Kind: op.Kind(), Operation: string(stored), Act: op.Act(a), Object: op.On(), Does: p.Does,
		Reads: p.Reads, State: p.State, Asker: a.Person, Asked: by, AskedAt: now, LapsesAt: now.Add(approvalLasts), Status: ApprovalAsked,
	}
	if err := d.Approvals.Ask(ctx, question, d.notices(question), question.Deed("ask", by, now)); err != nil {
		return Result{}, err
	}
	return Result{Text: "Asked: another person must agree.", Asked: question.ID}, nil
}

// Verdict is what a person decides on a question.
type Verdict string

// The verdicts.
const (
	Agree  Verdict = "agree"
	Refuse Verdict = "refuse"
)

// ForMe lists the questions that a person may decide, the oldest first.
func (d *Desk) ForMe(ctx context.Context, a Actor) ([]Approval, error) {
	open, err := d.Approvals.List(ctx, ApprovalFilter{Open: true, Limit: mostApprovals})
	if err != nil {
		return nil, err
	}
	mine := open[:0]
	for _, q := range open {
		if q.Status == ApprovalAsked && q.mayBeDecidedBy(a) == nil {
			mine = append(mine, q)
		}
	}
	return mine, nil
}

// mostApprovals are listed at once.
const mostApprovals = 500

// ApprovalsFor lists the newest approvals of the brands that a person sees.
func (d *Desk) ApprovalsFor(ctx context.Context, a Actor, f ApprovalFilter) ([]Approval, error) {
	f.Limit = mostApprovals
	all, err := d.Approvals.List(ctx, f)
	if err != nil {
		return nil, err
	}
	seen := all[:0]
	for _, q := range all {
		if a.Sees(q.Brand) {
			seen = append(seen, q)
		}
	}
	return seen, nil
}

// Seen reads an approval for a person; ErrNoApproval also where they see nothing of its brand.
func (d *Desk) Seen(ctx context.Context, a Actor, id ApprovalID) (Approval, error) {
	q, err := d.Approvals.Approval(ctx, id)
	if err == nil && !a.Sees(q.Brand) {
		err = ErrNoApproval
	}
	if err != nil {
		return Approval{}, err
	}
	return q, nil
}

// Now says what an approval would do now. Where it can't be done any more, or something that it depends on has changed, the error says how;
// it is then a *ChangedError where the state differs.
func (d *Desk) Now(ctx context.Context, q Approval) (Plan, error) {
	_, p, err := d.replan(ctx, q)
	return p, err
}

// ChangedError says that what an operation depends on was changed after it was asked for.
type ChangedError struct{ Was, Is string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("something changed meanwhile: when it was asked, %s; now %s", e.Was, e.Is)
}

func (d *Desk) replan(ctx context.Context, q Approval) (Operation, Plan, error) {
	op, err := readOperation(q.Kind, []byte(q.Operation))
	if err != nil {
		return nil, Plan{}, err
	}
	if err := d.askerMay(ctx, q, op); err != nil {
		return op, Plan{}, err
	}
	p, err := op.Plan(ctx, d)
	if err == nil && p.State != q.State {
		err = &ChangedError{Was: q.State, Is: p.State}
	}
	return op, p, err
}

// askerMay returns errAskerMayNo where whoever asked has left, or has lost the role in which they asked: it is done in their name.
func (d *Desk) askerMay(ctx context.Context, q Approval, op Operation) error {
	people, err := d.Staff.Actors(ctx)
	if err != nil {
		return err
	}
	for _, p := range people {
		if p.Person == q.Asker && p.Right(op.Act(p), q.Brand) != Not {
			return nil
		}
	}
	return errAskerMayNo
}

// MayDecide returns nil where a person may decide on an approval, and otherwise why not.
func (*Desk) MayDecide(a Actor, q Approval) error { return q.mayBeDecidedBy(a) }

// mayBeDecidedBy returns nil where a person may decide, and otherwise why not.
func (a Approval) mayBeDecidedBy(who Actor) error {
	switch {
	case mayDecide(a.Act, who.In(a.Brand)) == "":
		return decidersOf(a.Act, a.Brand)
	case who.Person == a.Asker:
		return ErrOwnRequest
	}
	return nil
}

// decidersOf names who decides on an act.
func decidersOf(act Act, brand string) *ForbiddenError {
	e := &ForbiddenError{Act: act, Brand: brand}
	for _, role := range Roles() {
		if mayDecide(act, []Role{role}) != "" {
			e.Can = append(e.Can, role)
		}
	}
	return e
}

// Decide decides on a question for a person, and carries out what they agree to. key is the form's. Errors: ErrNoApproval, ErrNoReason,
// ErrNotFresh, ErrOwnRequest, *ForbiddenError (a deed tells of it), *DecidedError.
func (d *Desk) Decide(ctx context.Context, a Actor, key string, id ApprovalID, v Verdict, why string) (Result, error) {
	q, err := d.Seen(ctx, a, id)
	if err != nil {
		return Result{}, err
	}
	why = strings.TrimSpace(why)
	now := d.Clock.Now()
	by := prepaid.By{Who: a.Email, Why: why, Role: string(mayDecide(q.Act, a.In(q.Brand))), From: a.From}
	if err := q.mayBeDecidedBy(a); err != nil {
		return Result{}, errors.Join(err, d.Deeds.Record(ctx, q.Deed("refused: "+string(v), by, now)))
	}
	if why == "" {
		return Result{}, ErrNoReason
	}
	if now.Sub(a.FreshAt) > freshFor {
		return Result{}, ErrNotFresh
	}
	form, err := formOf(a.Person, key, now, "decide", string(id), string(v), why)
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
	q.Decider, by.Operation = a.Person, form.operation()
	r, err := d.decide(ctx, q, v, by)
	if err != nil {
		return r, errors.Join(err, d.failed(ctx, form, err))
	}
	return r, d.Forms.End(ctx, form, r, d.Clock.Now())
}

// DecideOnMachine is Decide for whoever runs the machine, where nobody but the asker may decide. What was agreed to is carried out by
// RunApprovals: by a running server, which has all that it needs. Errors: ErrNoApproval, ErrNoReason,
// ErrOthersMay, *DecidedError.
func (d *Desk) DecideOnMachine(ctx context.Context, id ApprovalID, v Verdict, by prepaid.By) (Result, error) {
	if err := needsReason(by); err != nil {
		return Result{}, err
	}
	q, err := d.Approvals.Approval(ctx, id)
	if err != nil {
		return Result{}, err
	}
	others, err := d.Deciders(ctx, q)
	if err != nil {
		return Result{}, err
	}
	if len(others) > 0 {
		return Result{}, fmt.Errorf("%w: %s", ErrOthersMay, strings.Join(others, ", "))
	}
	by.Role, by.From = prepaid.Machine, prepaid.Machine
	if r, err := d.decideOnly(ctx, &q, v, by, d.Clock.Now()); err != nil || v == Refuse {
		return r, err
	}
	return Result{Text: "Agreed: a running server carries it out."}, nil
}

// Staff lists the people who may sign in.
type Staff interface {
	Actors(ctx context.Context) ([]Actor, error)
}

// Deciders names who may decide on an approval: everybody with the right but its asker.
func (d *Desk) Deciders(ctx context.Context, q Approval) ([]string, error) {
	people, err := d.Staff.Actors(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range people {
		if q.mayBeDecidedBy(p) == nil {
			names = append(names, p.Email)
		}
	}
	return names, nil
}

func (d *Desk) decide(ctx context.Context, q Approval, v Verdict, by prepaid.By) (Result, error) {
	r, err := d.decideOnly(ctx, &q, v, by, d.Clock.Now().Add(approvalLease))
	if err != nil || v == Refuse {
		return r, err
	}
	d.reached("agreed")
	return d.carryOut(ctx, q)
}

// decideOnly writes a decision. Until leaseUntil nobody else carries it out.
func (d *Desk) decideOnly(ctx context.Context, q *Approval, v Verdict, by prepaid.By, leaseUntil time.Time) (Result, error) {
	now := d.Clock.Now()
	q.Status, q.Decided, q.DecidedAt, q.LeaseUntil = ApprovalDeciding, by, now, leaseUntil
	if v == Refuse {
		q.Status, q.Outcome, q.EndedAt, q.LeaseUntil = ApprovalRefused, "It was not done: "+by.Why, now, time.Time{}
	}
	won, err := d.Approvals.Decide(ctx, *q, q.Deed(string(v), by, now))
	if err != nil {
		return Result{}, err
	}
	if !won {
		decided, err := d.Approvals.Approval(ctx, q.ID)
		return Result{}, errors.Join(err, &DecidedError{decided})
	}
	return Result{Text: "Refused: " + q.Asked.Who + " reads why."}, nil
}

// carryOut carries out an approval that was agreed to and that is leased to us. What is cut off is taken up again, and done once: Carry is
// called with the approval's own key. The caller may go away.
func (d *Desk) carryOut(ctx context.Context, q Approval) (Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), approvalLease)
	defer cancel()
	begun, err := d.Deeds.Carried(ctx, q.operation())
	if err != nil {
		return Result{}, err
	}
	var op Operation
	if begun {
		op, err = readOperation(q.Kind, []byte(q.Operation))
	} else {
		op, _, err = d.replan(ctx, q)
	}
	if err != nil {
		return d.endApproval(ctx, q, ApprovalLapsed, Result{Text: "It was not done: " + err.Error()})
	}
	r, err := op.Carry(ctx, d, q.by())
	d.reached("approval carried")
	switch {
	case errors.Is(err, prepaid.ErrDone):
		return d.endApproval(ctx, q, ApprovalCarried, Result{Text: "It was carried out."})
	case err != nil && begun:
		return d.endApproval(ctx, q, ApprovalFailed, Result{Text: "It was begun and cut off, look at the " + q.Object.Kind + ": " + err.Error()})
	case err != nil:
		return d.endApproval(ctx, q, ApprovalFailed, Result{Text: "It was not done: " + err.Error()})
	}
	return d.endApproval(ctx, q, ApprovalCarried, r)
}

// endApproval ends an approval. What was not done leaves a deed that says so: what was done has left its own.
func (d *Desk) endApproval(ctx context.Context, q Approval, as ApprovalStatus, r Result) (Result, error) {
	now := d.Clock.Now()
	q.Status, q.Outcome, q.EndedAt, q.LeaseUntil = as, r.Text, now, time.Time{}
	var deed *prepaid.Deed
	if as != ApprovalCarried {
		told := q.Deed(string(as), prepaid.By{Who: byPulsa, Why: r.Text}, now)
		deed = &told
	}
	if _, err := d.Approvals.End(ctx, q, deed); err != nil {
		return Result{}, err
	}
	return r, nil
}

// byPulsa does what no person does.
const byPulsa = "pulsa"

// approvalsAtOnce are taken up, or lapse, in one go.
const approvalsAtOnce = 20

// RunApprovals carries out what was agreed to and cut off, and ends what nobody has decided in time. It returns how much it did. Any number
// of copies may call it.
func (d *Desk) RunApprovals(ctx context.Context) (int, error) {
	now := d.Clock.Now()
	lapsed, err := d.Approvals.Lapse(ctx, now, prepaid.By{Who: byPulsa, Why: errLapsed.Error()}, approvalsAtOnce)
	if err != nil {
		return 0, err
	}
	cutOff, err := d.Approvals.TakeUp(ctx, now, now.Add(approvalLease), approvalsAtOnce)
	errs := []error{err}
	for _, q := range cutOff {
		_, err := d.carryOut(ctx, q)
		errs = append(errs, err)
	}
	return lapsed + len(cutOff), errors.Join(errs...)
}

func (d *Desk) reached(point string) {
	if d.Reached != nil {
		d.Reached(point)
	}
}
