package operators

import (
	"context"
	"errors"
	"maps"
	"slices"

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
		return Plan{Does: Say("Takes {email} back, who had left, as {roles}.", "email", p.Email, "roles", orNothing(rolesSaid(p.Roles))), State: Say("left")}, nil
	case !errors.Is(err, ErrNoPerson):
		return Plan{}, err
	}
	return Plan{Does: Say("Adds {name} ({email}) as {roles}.", "name", p.Name, "email", p.Email, "roles", orNothing(rolesSaid(p.Roles))), State: Say("new")}, nil
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
	return Result{Text: Say("{name} is added. Make the link by which they set how they sign in, and send it to them.", "name", p.Name)}, nil
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
	return Plan{Does: Say("{name} is {roles}, and will be {new}.", "name", p.Name, "roles", orNothing(rolesSaid(p.Roles)), "new", orNothing(rolesSaid(o.Roles))), State: rolesSaid(p.Roles)}, nil
}

// rolesSaid says which roles somebody has.
func rolesSaid(roles map[string][]Role) Sentence {
	var all []Sentence
	for _, brand := range slices.Sorted(maps.Keys(roles)) {
		var names []Sentence
		for _, role := range roles[brand] {
			names = append(names, Say("{role}", "role", Word{Kind: "role", Is: string(role)}))
		}
		in := joined("{first}, {then}", names)
		if brand != AllBrands {
			in = Say("{roles} in {brand}", "roles", in, "brand", brand)
		}
		all = append(all, in)
	}
	return joined("{first}; {then}", all)
}

func orNothing(s Sentence) Sentence {
	if s.Empty() {
		return Say("nothing")
	}
	return s
}

// limitSaid says how much one goodwill may be.
func limitSaid(limits map[prepaid.Currency]int64) Sentence {
	var all []Sentence
	for _, currency := range slices.Sorted(maps.Keys(limits)) {
		all = append(all, Say("{amount}", "amount", prepaid.Money{Minor: limits[currency], Currency: currency}))
	}
	return joined("{first}, {then}", all)
}

// Carry implements Operation.
func (o SetRoles) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.People.SetRoles(ctx, o.Person, o.Roles, by); err != nil {
		return Result{}, err
	}
	return Result{Text: Say("The roles are {roles} now.", "roles", orNothing(rolesSaid(o.Roles)))}, nil
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
	return Plan{Does: Say("One goodwill of {name} may be {new} at most; until now it may be {limit}.", "name", p.Name, "new", orNothing(limitSaid(o.Limits)), "limit", orNothing(limitSaid(p.Goodwill))),
		State: limitSaid(p.Goodwill)}, nil
}

// Carry implements Operation.
func (o SetGoodwill) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.People.SetGoodwill(ctx, o.Person, o.Limits, by); err != nil {
		return Result{}, err
	}
	return Result{Text: Say("The limit is {limit} now.", "limit", orNothing(limitSaid(o.Limits)))}, nil
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
	return Plan{Does: Say("{name} is signed out everywhere, and can sign in again by a new link alone.", "name", p.Name), State: Say("{state}", "state", Word{Kind: "person-state", Is: p.Row().State})}, nil
}

// Carry implements Operation.
func (o ResetSignIn) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.People.Reset(ctx, o.Person, by); err != nil {
		return Result{}, err
	}
	return Result{Text: Say("Password, one-time password and sessions are gone. Make a link, and give it to them.")}, nil
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
	return Plan{Does: Say("{name} ({roles}) is signed out everywhere, and has no role any more.", "name", p.Name, "roles", orNothing(rolesSaid(p.Roles))), State: rolesSaid(p.Roles)}, nil
}

// Carry implements Operation.
func (o EndPerson) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	switch err := d.People.Leave(ctx, o.Person, by); {
	case errors.Is(err, ErrPersonLeft): // by this, cut off before it was said, or by somebody else
		return Result{}, prepaid.ErrDone
	case err != nil:
		return Result{}, err
	}
	return Result{Text: Say("They have left. They can be added again.")}, nil
}

// LinkFor makes the link by which somebody sets how they sign in who can't sign in now, once for each form: what it hands out is kept nowhere,
// so that a form that is sent again gets ErrFormUsed. Other errors: *ForbiddenError, ErrNotFresh, ErrNoForm, ErrCanSignIn, ErrPersonLeft,
// ErrNoPerson.
func (d *Desk) LinkFor(ctx context.Context, a Actor, key string, id PersonID) (Invitation, error) {
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
	form, err := formOf(a.Person, key, d.Clock.Now(), "link", string(id))
	if err != nil {
		return Invitation{}, err
	}
	_, sent, err := d.Forms.Begin(ctx, form)
	if err == nil && sent {
		err = ErrFormUsed
	}
	if err != nil {
		return Invitation{}, err
	}
	by := a.By(ActPeople, "", "")
	by.Operation = form.operation()
	token, err := d.People.Link(ctx, id, by)
	if err != nil {
		return Invitation{}, errors.Join(err, d.failed(ctx, form, err))
	}
	return d.People.invitation(p, token), d.Forms.End(ctx, form, Result{Text: Say("The link was made, and shown once. Lost? Make another.")}, d.Clock.Now())
}
