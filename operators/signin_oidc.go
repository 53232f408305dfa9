package operators

import (
	"context"
	"errors"
	"strings"

	"pulsa/prepaid"
)

// OIDCClaims are what an issuer of OpenID Connect says of somebody.
type OIDCClaims struct {
	Issuer, Subject string
	Email, Name     string
	EmailVerified   bool
}

// ErrNoRoles says that no group of somebody's gives them a role here.
var ErrNoRoles = errors.New("no group of yours gives you a role here: ask whoever runs the desk")

// ErrAddressTaken says that somebody's e-mail address belongs to a person who signs in with a password.
var ErrAddressTaken = errors.New("your e-mail address belongs to somebody who signs in with a password: ask whoever runs the desk")

// OIDC signs somebody in whom an issuer vouches for. Their roles follow its groups at each sign-in; somebody new is added where a group
// gives a role. Errors: ErrNoRoles, ErrAddressTaken, ErrWrongSignIn for who has left.
func (s *SignIn) OIDC(ctx context.Context, c OIDCClaims, roles map[string][]Role, from string) (Person, error) {
	p, err := s.People.PersonBySubject(ctx, c.Issuer, c.Subject)
	switch {
	case errors.Is(err, ErrNoPerson):
		return s.newSubject(ctx, c, roles, from)
	case err != nil:
		return Person{}, err
	}
	err = s.follow(ctx, p.ID, c, roles, from)
	if err != nil {
		return Person{}, err
	}
	return s.enteredByOIDC(ctx, p.ID, from)
}

// follow gives somebody the roles of their groups. Without any they are signed out everywhere.
func (s *SignIn) follow(ctx context.Context, id PersonID, c OIDCClaims, roles map[string][]Role, from string) error {
	same := false
	err := s.People.ChangePerson(ctx, id, func(p *Person) (PersonChange, error) {
		if p.State != PersonActive || p.Subject != "" && (p.Issuer != c.Issuer || p.Subject != c.Subject) {
			return PersonChange{}, ErrWrongSignIn
		}
		if same = p.Subject != "" && roleText(p.Roles) == roleText(roles); same {
			return PersonChange{}, errSame
		}
		d := personDeed("change roles", p.ID, prepaid.By{Who: "pulsa", Why: "groups of " + c.Issuer, From: from}, s.Clock.Now())
		d.Old, d.New = p.RoleText(), roleText(roles)
		p.Roles, p.ChangedAt = roles, d.At
		p.Credentials = Credentials{Issuer: c.Issuer, Subject: c.Subject}
		return PersonChange{Deed: d, SignOut: len(roles) == 0}, nil
	})
	if err != nil && !same {
		return err
	}
	if len(roles) == 0 {
		return ErrNoRoles
	}
	return nil
}

var errSame = errors.New("nothing changes")

// newSubject adds somebody, or takes who was invited under their e-mail address and has no credentials yet.
func (s *SignIn) newSubject(ctx context.Context, c OIDCClaims, roles map[string][]Role, from string) (Person, error) {
	if len(roles) == 0 {
		return Person{}, ErrNoRoles
	}
	email, err := ReadEmail(c.Email)
	if err != nil {
		return Person{}, err
	}
	known, err := s.People.PersonByEmail(ctx, email)
	switch {
	case err == nil && known.State == PersonLeft:
		return Person{}, ErrWrongSignIn
	case err == nil && (known.CanSignIn() || !c.EmailVerified):
		return Person{}, ErrAddressTaken
	case err == nil:
		if err := s.follow(ctx, known.ID, c, roles, from); err != nil {
			return Person{}, err
		}
		return s.enteredByOIDC(ctx, known.ID, from)
	case !errors.Is(err, ErrNoPerson):
		return Person{}, err
	}
	now := s.Clock.Now()
	name := strings.TrimSpace(c.Name)
	if name == "" || !oneLine(name, maxPersonName) {
		name = email
	}
	p := Person{
		ID: prepaid.NewID[PersonID](), Name: name, Email: email, Language: DeskLanguages()[0], TimeZone: "UTC", Roles: roles, State: PersonActive,
		Credentials: Credentials{Issuer: c.Issuer, Subject: c.Subject}, CreatedAt: now, ChangedAt: now,
	}
	d := personDeed("add person", p.ID, prepaid.By{Who: "pulsa", Why: "groups of " + c.Issuer, From: from}, now)
	d.New = p.Email + ": " + p.RoleText()
	if err := s.People.AddPerson(ctx, p, PersonChange{Deed: d}); err != nil {
		return Person{}, err
	}
	return s.enteredByOIDC(ctx, p.ID, from)
}

func (s *SignIn) enteredByOIDC(ctx context.Context, id PersonID, from string) (Person, error) {
	p, err := s.Person(ctx, id)
	if err != nil {
		return Person{}, err
	}
	return p, s.Deeds.Record(ctx, s.signedIn(p, from, ByOIDC, 0))
}

// Confirmed writes down that somebody's issuer has asked them anew who they are.
func (s *SignIn) Confirmed(ctx context.Context, a Actor) error {
	d := personDeed("confirm", a.Person, prepaid.By{Who: a.Email, From: a.From}, s.Clock.Now())
	d.New = ByOIDC
	return s.Deeds.Record(ctx, d)
}
