package operators

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Ways of signing in.
const (
	ByPassword = "password"
	ByOIDC     = "oidc"
	ByDemo     = "demo"
)

// Session is a person who is signed in with a browser. The store has the digest of its token alone.
type Session struct {
	Hash      string
	Person    PersonID
	From      string // the IP address that signed in
	Agent     string // the browser, as it calls itself
	Way       string // ByPassword, ByOIDC, ByDemo
	StartedAt time.Time
	FreshAt   time.Time // when the second factor was given last; zero: never
	SeenAt    time.Time
	ExpiresAt time.Time
}

// SessionStore keeps sessions.
type SessionStore interface {
	// Session finds one that has not expired, by the digest of its token.
	Session(ctx context.Context, hash string, now time.Time) (Session, bool, error)
	// StartSession stores a new one.
	StartSession(ctx context.Context, s Session) error
	// TouchSession stores when it was seen, was fresh and expires. A session that was ended meanwhile stays ended.
	TouchSession(ctx context.Context, s Session) error
	// EndSession ends one, if there is one.
	EndSession(ctx context.Context, hash string) error
	// SessionsOf lists those of a person, the one seen last first.
	SessionsOf(ctx context.Context, person PersonID, now time.Time) ([]Session, error)
}

// TryLimit is how often something may be tried.
type TryLimit struct {
	Tries        int
	Within, Lock time.Duration
}

// The limits of tries to sign in: of one e-mail address, and of one IP address, from which a whole office may come.
var (
	triesPerPerson  = TryLimit{Tries: 5, Within: 15 * time.Minute, Lock: 15 * time.Minute}
	triesPerAddress = TryLimit{Tries: 30, Within: 15 * time.Minute, Lock: 15 * time.Minute}
)

// Tries is how often something was tried, with the try that was just counted.
type Tries struct {
	Count       int
	LockedUntil time.Time // zero: it is not locked
}

// TryStore counts tries to sign in, before they are checked.
type TryStore interface {
	// CountTry counts one more. The last one that the limit allows locks already: a right one takes that back.
	CountTry(ctx context.Context, who string, l TryLimit, now time.Time) (Tries, error)
	// ForgiveTry takes one back.
	ForgiveTry(ctx context.Context, who string) error
	// ForgetTries takes all back.
	ForgetTries(ctx context.Context, who string) error
}

// Errors of signing in.
var (
	// ErrWrongSignIn is the same whatever was wrong.
	ErrWrongSignIn = errors.New("the e-mail address, the password or the code is wrong")
	ErrWrongCode   = errors.New("the code is wrong, or it was used already: wait for the next one")
)

// LockedError says that somebody has tried too often. What they typed was not looked at.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string {
	return "too many tries: try again at " + e.Until.UTC().Format("15:04") + " UTC"
}

// SignInConfig is what SignIn is made of.
type SignInConfig struct {
	People PeopleStore
	Tries  TryStore
	Deeds  DeedStore
	Vault  *prepaid.Vault // seals the secrets of one-time passwords
	Clock  prepaid.Clock
}

// SignIn checks who people are. Safe for concurrent use.
type SignIn struct {
	SignInConfig
	hasher *hasher
}

// NewSignIn returns a SignIn.
func NewSignIn(c SignInConfig) *SignIn { return &SignIn{c, newHasher()} }

// Typed is what somebody has typed to sign in.
type Typed struct {
	Email    string
	Password prepaid.Secret
	Code     prepaid.Secret // of their authenticator app; empty where they have none
	From     string         // their IP address
}

// Password signs somebody in who has a password. freshAt is now where they have given a second factor, else zero. Errors: ErrWrongSignIn,
// *LockedError, prepaid.ErrBusy where too many do so at once.
func (s *SignIn) Password(ctx context.Context, t Typed) (p Person, freshAt time.Time, err error) {
	email := strings.ToLower(strings.TrimSpace(t.Email))
	tries, err := s.count(ctx, emailTries(email), t.From)
	if err != nil {
		return Person{}, time.Time{}, err
	}
	p, err = s.People.PersonByEmail(ctx, email)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNoPerson) {
		return Person{}, time.Time{}, err
	}
	right, err := s.rightPassword(ctx, p.Password, t.Password)
	if err != nil {
		return Person{}, time.Time{}, err
	}
	if right && known {
		err = s.People.ChangePerson(ctx, p.ID, func(now *Person) (PersonChange, error) {
			if now.State != PersonActive || now.Password.Reveal() != p.Password.Reveal() || now.NeedsFactor() && len(now.Factor) == 0 {
				return PersonChange{}, ErrWrongSignIn
			}
			if len(now.Factor) > 0 && s.useCode(now, t.Code) != nil {
				return PersonChange{}, ErrWrongSignIn
			}
			p = *now
			return PersonChange{Deed: s.signedIn(*now, t.From, ByPassword, tries-1)}, nil
		})
		if err == nil {
			if len(p.Factor) > 0 {
				freshAt = s.Clock.Now()
			}
			return p, freshAt, s.forgive(ctx, emailTries(email), t.From)
		}
		if !errors.Is(err, ErrWrongSignIn) {
			return Person{}, time.Time{}, err
		}
	}
	return Person{}, time.Time{}, errors.Join(ErrWrongSignIn, s.lockedOut(ctx, p, tries, t.From))
}

// maxHashWait is how long somebody waits for their turn to have a password checked.
const maxHashWait = 5 * time.Second

func (s *SignIn) rightPassword(ctx context.Context, stored, typed prepaid.Secret) (bool, error) {
	waiting, cancel := context.WithTimeout(ctx, maxHashWait)
	defer cancel()
	right, err := s.hasher.right(waiting, stored, typed)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		err = prepaid.ErrBusy
	}
	return right, err
}

// useCode uses up a one-time password. It seals the secret anew, so that it is sealed under the key in use. Errors: ErrWrongCode.
func (s *SignIn) useCode(p *Person, code prepaid.Secret) error {
	secret, err := s.Vault.Open(p.Factor, string(p.ID))
	if err != nil {
		return fmt.Errorf("open secret of one-time passwords: %w", err)
	}
	step, right := stepOf(string(secret), code, p.FactorStep, s.Clock.Now())
	if !right {
		return ErrWrongCode
	}
	p.FactorStep, p.Factor = step, s.Vault.Seal(secret, string(p.ID))
	return nil
}

func (s *SignIn) signedIn(p Person, from, way string, failed int) prepaid.Deed {
	d := personDeed("sign in", p.ID, prepaid.By{Who: p.Email, From: from}, s.Clock.Now())
	d.New = way
	if failed > 0 {
		d.Old = fmt.Sprintf("%d failed tries before", failed)
	}
	return d
}

// count counts a try, and returns how many there were of this person. Errors: *LockedError.
func (s *SignIn) count(ctx context.Context, who, from string) (int, error) {
	now := s.Clock.Now()
	n := 0
	var until time.Time
	for _, each := range []struct {
		who   string
		limit TryLimit
	}{{addressTries(from), triesPerAddress}, {who, triesPerPerson}} {
		tries, err := s.Tries.CountTry(ctx, each.who, each.limit, now)
		if err != nil {
			return 0, err
		}
		if tries.Count > each.limit.Tries {
			until = later(until, tries.LockedUntil)
		}
		if tries.Count == each.limit.Tries && each.who != who {
			d := prepaid.Deed{What: "lock out", Kind: prepaid.OnHouse, Object: from, New: fmt.Sprintf("%d tries to sign in", tries.Count),
				By: prepaid.By{Who: "pulsa", From: from}, At: now}
			if err := s.Deeds.Record(ctx, d); err != nil {
				return 0, err
			}
		}
		n = tries.Count
		if !until.IsZero() { // who is locked out by their IP address locks out nobody else
			break
		}
	}
	if !until.IsZero() {
		return n, &LockedError{until}
	}
	return n, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// forgive takes back the tries of who has signed in.
func (s *SignIn) forgive(ctx context.Context, who, from string) error {
	return errors.Join(s.Tries.ForgetTries(ctx, who), s.Tries.ForgiveTry(ctx, addressTries(from)))
}

// lockedOut writes a deed where a failed try has locked somebody out.
func (s *SignIn) lockedOut(ctx context.Context, p Person, tries int, from string) error {
	if p.ID == "" || tries != triesPerPerson.Tries {
		return nil
	}
	d := personDeed("lock out", p.ID, prepaid.By{Who: "pulsa", From: from}, s.Clock.Now())
	d.New = fmt.Sprintf("%d failed tries to sign in", tries)
	return s.Deeds.Record(ctx, d)
}

// emailTries is under what tries of an e-mail address are counted: what was typed there may be a password.
func emailTries(email string) string {
	sum := sha256.Sum256([]byte(email))
	return "email " + hex.EncodeToString(sum[:])
}

// addressTries is under what tries of an IP address are counted: of IPv6, its network.
func addressTries(from string) string {
	address, err := netip.ParseAddr(from)
	if err == nil && address.Is6() {
		if network, err := address.WithZone("").Prefix(64); err == nil {
			return "from " + network.String()
		}
	}
	return "from " + from
}

// Confirm takes the code of somebody who is signed in: their second factor is fresh again. Errors: ErrWrongCode, *LockedError.
func (s *SignIn) Confirm(ctx context.Context, a Actor, code prepaid.Secret) error {
	who := emailTries(a.Email)
	tries, err := s.count(ctx, who, a.From)
	if err != nil {
		return err
	}
	var p Person
	err = s.People.ChangePerson(ctx, a.Person, func(now *Person) (PersonChange, error) {
		p = *now
		if len(now.Factor) == 0 || now.State != PersonActive {
			return PersonChange{}, ErrWrongCode
		}
		if err := s.useCode(now, code); err != nil {
			return PersonChange{}, err
		}
		return PersonChange{Deed: personDeed("confirm with code", now.ID, prepaid.By{Who: now.Email, From: a.From}, s.Clock.Now())}, nil
	})
	if err != nil {
		return errors.Join(err, s.lockedOut(ctx, p, tries, a.From))
	}
	return s.forgive(ctx, who, a.From)
}

// SignedOut writes down that somebody has signed out.
func (s *SignIn) SignedOut(ctx context.Context, a Actor) error {
	return s.Deeds.Record(ctx, personDeed("sign out", a.Person, prepaid.By{Who: a.Email, From: a.From}, s.Clock.Now()))
}

// EndSessions ends the sessions of somebody but the one that they have here, by its hash.
func (s *SignIn) EndSessions(ctx context.Context, a Actor, sessions SessionStore, here string) error {
	all, err := sessions.SessionsOf(ctx, a.Person, s.Clock.Now())
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.Hash == here {
			continue
		}
		if err := sessions.EndSession(ctx, other.Hash); err != nil {
			return err
		}
	}
	return s.Deeds.Record(ctx, personDeed("end own sessions", a.Person, prepaid.By{Who: a.Email, From: a.From}, s.Clock.Now()))
}

// Person returns somebody who is signed in, or ErrNoPerson where they may not be any more.
func (s *SignIn) Person(ctx context.Context, id PersonID) (Person, error) {
	p, err := s.People.Person(ctx, id)
	if err == nil && p.State != PersonActive {
		err = ErrNoPerson
	}
	return p, err
}

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
		return p, time.Time{}, &FieldError{Field: "code", Err: errors.New("your roles need a one-time password: type the code that your app shows")}
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

// ChangePassword gives somebody who is signed in another password, and ends their other sessions. Errors: ErrWrongSignIn, *FieldError,
// *LockedError.
func (s *SignIn) ChangePassword(ctx context.Context, a Actor, old, password prepaid.Secret) error {
	if err := checkPassword(password, a.Email); err != nil {
		return err
	}
	tries, err := s.count(ctx, emailTries(a.Email), a.From)
	if err != nil {
		return err
	}
	p, err := s.Person(ctx, a.Person)
	if err != nil {
		return err
	}
	right, err := s.rightPassword(ctx, p.Password, old)
	if err != nil {
		return err
	}
	if !right {
		return errors.Join(ErrWrongSignIn, s.lockedOut(ctx, p, tries, a.From))
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.own(ctx, a, "change own password", func(now *Person) (PersonChange, error) {
		if now.Password.Reveal() != p.Password.Reveal() {
			return PersonChange{}, ErrWrongSignIn
		}
		now.Password = hash
		return PersonChange{SignOut: true}, nil
	})
	if err != nil {
		return err
	}
	return s.forgive(ctx, emailTries(a.Email), a.From)
}

// own changes a person by themselves.
func (s *SignIn) own(ctx context.Context, a Actor, what string, change func(*Person) (PersonChange, error)) error {
	return s.People.ChangePerson(ctx, a.Person, func(p *Person) (PersonChange, error) {
		if p.State != PersonActive {
			return PersonChange{}, ErrNoPerson
		}
		done, err := change(p)
		p.ChangedAt = s.Clock.Now()
		done.Deed = personDeed(what, p.ID, prepaid.By{Who: p.Email, From: a.From}, p.ChangedAt)
		return done, err
	})
}

// NewFactor returns a new one-time password for somebody who is signed in. It changes nothing. sealed is what the form carried before; ""
// the first time. Errors: ErrFactorLost.
func (s *SignIn) NewFactor(a Actor, sealed string) (NewFactor, error) {
	if sealed == "" {
		return newFactor(s.Vault, a.Email, "new "+string(a.Person)), nil
	}
	return openFactor(s.Vault, sealed, a.Email, "new "+string(a.Person))
}

// ChangeFactor gives somebody who is signed in another one-time password, and ends their sessions. Their second factor must be fresh, where
// they have one. Errors: ErrNotFresh, ErrFactorLost, ErrWrongCode.
func (s *SignIn) ChangeFactor(ctx context.Context, a Actor, sealed string, code prepaid.Secret) error {
	factor, err := s.NewFactor(a, sealed)
	if err != nil {
		return err
	}
	step, right := stepOf(factor.Secret.Reveal(), code, 0, s.Clock.Now())
	if !right {
		return ErrWrongCode
	}
	return s.own(ctx, a, "change own one-time password", func(p *Person) (PersonChange, error) {
		if len(p.Factor) > 0 && !a.Fresh(s.Clock.Now()) {
			return PersonChange{}, ErrNotFresh
		}
		if p.Password.Empty() {
			return PersonChange{}, ErrNoPerson
		}
		p.Factor, p.FactorStep = s.Vault.Seal([]byte(factor.Secret.Reveal()), string(p.ID)), step
		return PersonChange{SignOut: true}, nil
	})
}

// Tastes are how somebody likes the desk.
type Tastes struct {
	Language, TimeZone string
	Compact, KeysOff   bool
}

// ChangeTastes changes how the desk is shown to somebody. Errors: *FieldError.
func (s *SignIn) ChangeTastes(ctx context.Context, a Actor, t Tastes) error {
	if err := checkTastes(t.Language, t.TimeZone); err != nil {
		return err
	}
	return s.own(ctx, a, "change own settings", func(p *Person) (PersonChange, error) {
		p.Language, p.TimeZone, p.Compact, p.KeysOff = t.Language, t.TimeZone, t.Compact, t.KeysOff
		return PersonChange{}, nil
	})
}
