package operators

import (
	"context"
	"errors"
	"fmt"

	"pulsa/prepaid"
)

// onPerson is somebody as the object of an operation.
func onPerson(id PersonID) Object { return Object{Kind: prepaid.OnPerson, ID: string(id)} }

// worksHere finds somebody whom an operation is about. Errors: ErrNoPerson, ErrPersonLeft.
func worksHere(ctx context.Context, d *Desk, id PersonID) (Person, error) {
	p, err := d.People.Store.Person(ctx, id)
	if err == nil && p.State != PersonActive {
		err = ErrPersonLeft
	}
	return p, err
}

// AddPerson adds somebody, or takes back who has left. The link by which they set how they sign in is made afterwards.
type AddPerson struct {
	Person   PersonID // drawn by whoever asks, so that it is added once
	Email    string
	Name     string
	Language string
	TimeZone string
	Roles    map[string][]Role
}

// Kind implements Operation.
func (AddPerson) Kind() string { return "add person" }

// Act implements Operation.
func (AddPerson) Act(Actor) Act { return ActPeople }

// On implements Operation.
func (o AddPerson) On() Object { return onPerson(o.Person) }

func (o AddPerson) person() NewPerson {
	return NewPerson{Email: o.Email, Name: o.Name, Language: o.Language, TimeZone: o.TimeZone, Roles: o.Roles}
}

// Plan implements Operation. Errors: *FieldError.
func (o AddPerson) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := d.People.check(o.person())
	if err != nil {
		return Plan{}, err
	}
	before, err := d.People.Store.PersonByEmail(ctx, p.Email)
	switch {
	case err == nil && before.State == PersonActive:
		return Plan{}, &FieldError{Field: "email", Err: ErrEmailTaken}
	case err == nil:
		return Plan{Does: fmt.Sprintf("Takes %s back, who had left, as %s.", p.Email, p.RoleText()), State: "left"}, nil
	case !errors.Is(err, ErrNoPerson):
		return Plan{}, err
	}
	return Plan{Does: fmt.Sprintf("Adds %s (%s) as %s.", p.Name, p.Email, p.RoleText()), State: "new"}, nil
}

// Carry implements Operation.
func (o AddPerson) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	p, err := d.People.check(o.person())
	if err != nil {
		return Result{}, err
	}
	if before, err := d.People.Store.PersonByEmail(ctx, p.Email); err == nil && before.ID == o.Person {
		return Result{}, prepaid.ErrDone
	}
	p.ID = o.Person
	if p, err = d.People.add(ctx, p, by); err != nil {
		return Result{}, err
	}
	return Result{Text: p.Name + " is added. Make the link by which they set how they sign in, and send it to them."}, nil
}

// SetRoles gives somebody other roles.
type SetRoles struct {
	Person PersonID
	Roles  map[string][]Role
}

// Kind implements Operation.
func (SetRoles) Kind() string { return "change roles" }

// Act implements Operation.
func (SetRoles) Act(Actor) Act { return ActPeople }

// On implements Operation.
func (o SetRoles) On() Object { return onPerson(o.Person) }

// Plan implements Operation.
func (o SetRoles) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := worksHere(ctx, d, o.Person)
	if err == nil {
		err = d.People.checkRoles(o.Roles)
	}
	if err == nil {
		err = d.People.keepsAdmin(ctx, o.Person, o.Roles)
	}
	if err != nil {
		return Plan{}, err
	}
	if needsFactor(o.Roles) && !p.Password.Empty() && len(p.Factor) == 0 {
		return Plan{}, ErrNeedsFactor
	}
	return Plan{Does: fmt.Sprintf("%s is %s, and will be %s.", p.Name, orNothing(p.RoleText()), orNothing(roleText(o.Roles))), State: p.RoleText()}, nil
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// Carry implements Operation.
func (o SetRoles) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.People.SetRoles(ctx, o.Person, o.Roles, by); err != nil {
		return Result{}, err
	}
	return Result{Text: "The roles are " + orNothing(roleText(o.Roles)) + " now."}, nil
}

// SetGoodwill changes how much one goodwill of somebody's may be.
type SetGoodwill struct {
	Person PersonID
	Limits map[prepaid.Currency]int64
}

// Kind implements Operation.
func (SetGoodwill) Kind() string { return "change goodwill limit" }

// Act implements Operation.
func (SetGoodwill) Act(Actor) Act { return ActPeople }

// On implements Operation.
func (o SetGoodwill) On() Object { return onPerson(o.Person) }

// Plan implements Operation.
func (o SetGoodwill) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := worksHere(ctx, d, o.Person)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: fmt.Sprintf("One goodwill of %s may be %s at most; it is %s.", p.Name, orNothing(GoodwillText(o.Limits)), orNothing(GoodwillText(p.Goodwill))),
		State: GoodwillText(p.Goodwill)}, nil
}

// Carry implements Operation.
func (o SetGoodwill) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.People.SetGoodwill(ctx, o.Person, o.Limits, by); err != nil {
		return Result{}, err
	}
	return Result{Text: "The limit is " + orNothing(GoodwillText(o.Limits)) + " now."}, nil
}

// ResetSignIn takes somebody's password, one-time password and sessions away.
type ResetSignIn struct{ Person PersonID }

// Kind implements Operation.
func (ResetSignIn) Kind() string { return "reset sign-in" }

// Act implements Operation.
func (ResetSignIn) Act(Actor) Act { return ActPeople }

// On implements Operation.
func (o ResetSignIn) On() Object { return onPerson(o.Person) }

// Plan implements Operation.
func (o ResetSignIn) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := worksHere(ctx, d, o.Person)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: p.Name + " is signed out everywhere, and can sign in again by a new link alone.", State: p.Row().State}, nil
}

// Carry implements Operation.
func (o ResetSignIn) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.People.Reset(ctx, o.Person, by); err != nil {
		return Result{}, err
	}
	return Result{Text: "Password, one-time password and sessions are gone. Make a link, and give it to them."}, nil
}

// EndPerson ends somebody's roles, sessions and credentials.
type EndPerson struct{ Person PersonID }

// Kind implements Operation.
func (EndPerson) Kind() string { return "person leaves" }

// Act implements Operation.
func (EndPerson) Act(Actor) Act { return ActPeople }

// On implements Operation.
func (o EndPerson) On() Object { return onPerson(o.Person) }

// Plan implements Operation.
func (o EndPerson) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := worksHere(ctx, d, o.Person)
	if err == nil {
		err = d.People.keepsAdmin(ctx, o.Person, nil)
	}
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: fmt.Sprintf("%s (%s) is signed out everywhere, and has no role any more.", p.Name, orNothing(p.RoleText())), State: p.RoleText()}, nil
}

// Carry implements Operation.
func (o EndPerson) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	switch err := d.People.Leave(ctx, o.Person, by); {
	case errors.Is(err, ErrPersonLeft): // by this, cut off before it was said, or by somebody else
		return Result{}, prepaid.ErrDone
	case err != nil:
		return Result{}, err
	}
	return Result{Text: "They have left. They can be added again."}, nil
}

// LinkFor makes the link by which somebody sets how they sign in who can't sign in now. It does not go through Do, because what it hands out
// is kept nowhere. Errors: *ForbiddenError, ErrNotFresh, ErrCanSignIn, ErrPersonLeft, ErrNoPerson.
func (d *Desk) LinkFor(ctx context.Context, a Actor, id PersonID) (Invitation, error) {
	if a.Right(ActPeople, "") == Not {
		return Invitation{}, forbidden(ActPeople, "")
	}
	if !a.Fresh(d.Clock.Now()) {
		return Invitation{}, ErrNotFresh
	}
	p, err := worksHere(ctx, d, id)
	if err != nil {
		return Invitation{}, err
	}
	token, err := d.People.Link(ctx, id, a.By(ActPeople, "", ""))
	if err != nil {
		return Invitation{}, err
	}
	return d.People.invitation(p, token), nil
}
