package operators

import (
	"context"
	"errors"
	"time"

	"pulsa/prepaid"
)

// SetUp is what a link to set sign-in leads to.
type SetUp struct {
	Person Person
	Factor NewFactor // to be shown: its secret is nowhere else
}

// SetUp returns whose link it is, with a new one-time password. It changes nothing. sealed is what the form carried before; "" the first
// time. Errors: ErrLinkDead, ErrFactorLost.
func (s *SignIn) SetUp(ctx context.Context, token prepaid.Secret, sealed string) (SetUp, error) {
	p, err := s.linked(ctx, token, LinkSetUp)
	if err != nil {
		return SetUp{}, err
	}
	if sealed == "" {
		return SetUp{p, newFactor(s.Vault, p.Email, TokenHash(token))}, nil
	}
	factor, err := openFactor(s.Vault, sealed, p.Email, TokenHash(token))
	return SetUp{p, factor}, err
}

func (s *SignIn) linked(ctx context.Context, token prepaid.Secret, purpose LinkPurpose) (Person, error) {
	link, err := s.People.PersonLink(ctx, TokenHash(token))
	if err == nil && link.Purpose != purpose {
		err = ErrLinkDead
	}
	if err == nil {
		err = link.dead(s.Clock.Now())
	}
	if err != nil {
		return Person{}, err
	}
	p, err := s.Person(ctx, link.Person)
	// Who has signed in at an issuer meanwhile needs the link no more: it would take their way to sign in away.
	if errors.Is(err, ErrNoPerson) || err == nil && purpose == LinkSetUp && p.CanSignIn() {
		err = ErrLinkDead
	}
	return p, err
}

// Chosen is what somebody has chosen by their link.
type Chosen struct {
	Token    prepaid.Secret
	Password prepaid.Secret
	Sealed   string         // of NewFactor
	Code     prepaid.Secret // the first one; empty leaves a one-time password out, where the roles allow it
	From     string
}

// Choose sets how somebody signs in, and uses their link up. They are signed in then; freshAt as of Password. Errors: ErrLinkDead,
// ErrFactorLost, ErrWrongCode, *FieldError, *LockedError.
func (s *SignIn) Choose(ctx context.Context, c Chosen) (p Person, freshAt time.Time, err error) {
	set, err := s.SetUp(ctx, c.Token, c.Sealed)
	if err != nil {
		return Person{}, time.Time{}, err
	}
	p = set.Person
	if err := checkPassword(c.Password, p.Email); err != nil {
		return p, freshAt, err
	}
	step, right := stepOf(set.Factor.Secret.Reveal(), c.Code, 0, s.Clock.Now())
	switch {
	case c.Code.Empty() && p.NeedsFactor():
		return p, time.Time{}, &FieldError{Field: "code", Err: refusal("your roles need a one-time password: type the code that your app shows")}
	case !c.Code.Empty() && !right:
		return p, freshAt, ErrWrongCode
	}
	hash, err := s.hasher.hash(ctx, c.Password)
	if err != nil {
		return p, freshAt, err
	}
	err = s.People.ChangePerson(ctx, p.ID, func(now *Person) (PersonChange, error) {
		if now.State != PersonActive || now.CanSignIn() || !right && now.NeedsFactor() {
			return PersonChange{}, ErrLinkDead
		}
		now.Credentials, now.ChangedAt = Credentials{Password: hash}, s.Clock.Now()
		if right {
			now.Factor, now.FactorStep = s.Vault.Seal([]byte(set.Factor.Secret.Reveal()), string(now.ID)), step
		}
		p = *now
		d := personDeed("set sign-in", now.ID, prepaid.By{Who: now.Email, From: c.From}, now.ChangedAt)
		d.New = "password"
		if right {
			d.New = "password, one-time password"
		}
		return PersonChange{Deed: d, UseLink: TokenHash(c.Token), SignOut: true}, nil
	})
	if err != nil {
		return p, freshAt, err
	}
	if right {
		freshAt = s.Clock.Now()
	}
	return p, freshAt, s.Tries.ForgetTries(ctx, emailTries(p.Email))
}
