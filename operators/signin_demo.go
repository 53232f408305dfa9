package operators

import (
	"context"
	"errors"

	"pulsa/prepaid"
)

// demoEmail is the demo's person. No mail is ever sent there.
const demoEmail = "demo@pulsa.example"

// demoBy is who gives the demo its person.
var demoBy = prepaid.By{Who: "pulsa", Why: "there are test brands alone", From: prepaid.Machine}

// DemoLink makes a link that signs its reader in once as the demo's admin, who has all roles, and returns its token. Links before it end.
// Only for where there are test brands alone.
func (s *SignIn) DemoLink(ctx context.Context, zone string) (prepaid.Secret, error) {
	now := s.Clock.Now()
	p, err := s.People.PersonByEmail(ctx, demoEmail)
	if errors.Is(err, ErrNoPerson) {
		p = Person{ID: prepaid.NewID[PersonID](), Name: "Demo", Email: demoEmail, Language: DeskLanguages()[0], TimeZone: zone, State: PersonActive,
			Roles: map[string][]Role{AllBrands: Roles()}, Goodwill: map[prepaid.Currency]int64{"EUR": 2500}, CreatedAt: now, ChangedAt: now}
		err = s.People.AddPerson(ctx, p, PersonChange{Deed: personDeed("add person", p.ID, demoBy, now)})
		if errors.Is(err, ErrEmailTaken) { // another copy has added it meanwhile
			p, err = s.People.PersonByEmail(ctx, demoEmail)
		}
	}
	if err != nil {
		return prepaid.Secret{}, err
	}
	token, link := newLink(p.ID, LinkDemo, now)
	return token, s.People.ChangePerson(ctx, p.ID, func(p *Person) (PersonChange, error) {
		p.State, p.Roles = PersonActive, map[string][]Role{AllBrands: Roles()}
		return PersonChange{Deed: personDeed("link to the demo", p.ID, demoBy, now), Link: link}, nil
	})
}

// EndDemo ends what DemoLink has begun: a brand has real customers now.
func (s *SignIn) EndDemo(ctx context.Context) error {
	p, err := s.People.PersonByEmail(ctx, demoEmail)
	if errors.Is(err, ErrNoPerson) || err == nil && p.State == PersonLeft {
		return nil
	}
	if err != nil {
		return err
	}
	by := prepaid.By{Who: "pulsa", Why: "not all brands are marked test any more", From: prepaid.Machine}
	return s.People.ChangePerson(ctx, p.ID, func(p *Person) (PersonChange, error) {
		d := personDeed("person leaves", p.ID, by, s.Clock.Now())
		d.Old = p.RoleText()
		p.State, p.Roles, p.ChangedAt = PersonLeft, nil, d.At
		return PersonChange{Deed: d, SignOut: true}, nil
	})
}

// EnterDemo uses up a link to the demo. Errors: ErrLinkDead.
func (s *SignIn) EnterDemo(ctx context.Context, token prepaid.Secret, from string) (Person, error) {
	p, err := s.Demo(ctx, token)
	if err != nil {
		return Person{}, err
	}
	return p, s.People.ChangePerson(ctx, p.ID, func(now *Person) (PersonChange, error) {
		return PersonChange{Deed: s.signedIn(*now, from, ByDemo, 0), UseLink: TokenHash(token)}, nil
	})
}

// Demo returns whose link to the demo it is. It changes nothing. Errors: ErrLinkDead.
func (s *SignIn) Demo(ctx context.Context, token prepaid.Secret) (Person, error) {
	return s.linked(ctx, token, LinkDemo)
}
