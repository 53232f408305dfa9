package operators

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// PersonState says whether somebody still works here.
type PersonState string

// The states.
const (
	PersonActive PersonState = "active"
	PersonLeft   PersonState = "left"
)

// Person is one of our own staff. Roles and goodwill count from the next request on, without signing in again.
type Person struct {
	ID       PersonID
	Name     string
	Email    string // in lower case; nobody else has it
	Language string // of the desk's texts
	TimeZone string // in which times are shown: "Europe/Amsterdam"
	Compact  bool   // rows of tables are
	KeysOff  bool   // the desk's single keys do nothing
	Roles    map[string][]Role
	Goodwill map[prepaid.Currency]int64
	State    PersonState
	Credentials
	CreatedAt time.Time
	ChangedAt time.Time
}

// Credentials are how a person signs in: by a password and, where their roles need it, a one-time password; or by OpenID Connect.
type Credentials struct {
	Password        prepaid.Secret // its Argon2id hash, as PHC strings are written; empty where there is none
	Factor          []byte         // the secret of their one-time passwords, sealed for their id; empty where there is none
	FactorStep      int64          // of the last code that was used: each works once
	Issuer, Subject string         // of OpenID Connect; empty for who signs in with a password
}

// CanSignIn reports whether the person has a way to sign in.
func (p Person) CanSignIn() bool {
	return p.State == PersonActive && (!p.Password.Empty() || p.Subject != "")
}

// NeedsFactor reports whether a password alone is too little: a role has a right to what moves money, codes or people.
func (p Person) NeedsFactor() bool { return needsFactor(p.Roles) }

func needsFactor(roles map[string][]Role) bool {
	for _, row := range rights {
		for _, in := range roles {
			for _, role := range in {
				if row.Fresh && row.Rights[role] != Not {
					return true
				}
			}
		}
	}
	return false
}

// Actor is the person as they act from an address.
func (p Person) Actor(from string) Actor {
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil { // it was checked; this machine's list of zones may be another
		zone = time.UTC
	}
	return Actor{
		Person: p.ID, Name: p.Name, Email: p.Email, Language: p.Language, TimeZone: zone, Roles: p.Roles, Goodwill: p.Goodwill, From: from,
		Compact: p.Compact, KeysOff: p.KeysOff,
	}
}

// RoleText is a person's roles in one line: "admin; support, cards in acme".
func (p Person) RoleText() string { return roleText(p.Roles) }

func roleText(roles map[string][]Role) string {
	var texts []string
	for _, brand := range slices.Sorted(maps.Keys(roles)) {
		var names []string
		for _, role := range roles[brand] {
			names = append(names, string(role))
		}
		text := strings.Join(names, ", ")
		if brand != AllBrands {
			text += " in " + brand
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// Errors of what is done with people.
var (
	ErrNoPerson    = errors.New("there is no such person")
	ErrEmailTaken  = errors.New("somebody has this e-mail address already")
	ErrPersonLeft  = errors.New("the person has left")
	ErrLinkDead    = errors.New("this link was used, or it is too old")
	ErrNeedsFactor = errors.New("these roles need a one-time password, and the person has none: reset their sign-in with it")
	ErrLastAdmin   = errors.New("nobody else is an admin of all brands")
)

// LinkPurpose is what a link lets its reader do.
type LinkPurpose string

// The purposes.
const (
	LinkSetUp LinkPurpose = "set up" // set a password and a one-time password
	LinkDemo  LinkPurpose = "demo"   // sign in once, where there are test brands alone
)

// How long links work.
const (
	linkFor     = 24 * time.Hour
	demoLinkFor = time.Hour
)

// PersonLink is a link that works once. The store has the digest of its token alone.
type PersonLink struct {
	Hash      string
	Person    PersonID
	Purpose   LinkPurpose
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

// dead returns ErrLinkDead where the link does not work at a time.
func (l PersonLink) dead(now time.Time) error {
	if !l.UsedAt.IsZero() || !now.Before(l.ExpiresAt) {
		return ErrLinkDead
	}
	return nil
}

// newLink draws a token and returns it with what is stored of it.
func newLink(person PersonID, purpose LinkPurpose, now time.Time) (prepaid.Secret, *PersonLink) {
	token, lasts := prepaid.NewSecret(prepaid.NewToken()), linkFor
	if purpose == LinkDemo {
		lasts = demoLinkFor
	}
	return token, &PersonLink{Hash: TokenHash(token), Person: person, Purpose: purpose, CreatedAt: now, ExpiresAt: now.Add(lasts)}
}

// TokenHash is what is stored of a token that was drawn at random.
func TokenHash(token prepaid.Secret) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return hex.EncodeToString(sum[:])
}

// PersonChange is what is done to a person, in one transaction.
type PersonChange struct {
	Deed prepaid.Deed
	// SignOut ends all their sessions.
	SignOut bool
	// Link is a new link. Those before end.
	Link *PersonLink
	// UseLink is the hash of a link that is used up; ErrLinkDead where it was meanwhile.
	UseLink string
}

// PeopleStore keeps people. The roles and credentials of a person who is read are whole.
type PeopleStore interface {
	// Person finds one by id. Errors: ErrNoPerson.
	Person(ctx context.Context, id PersonID) (Person, error)
	// PersonByEmail finds one by their e-mail address, in any case. Errors: ErrNoPerson.
	PersonByEmail(ctx context.Context, email string) (Person, error)
	// PersonBySubject finds one by their id at an issuer of OpenID Connect. Errors: ErrNoPerson.
	PersonBySubject(ctx context.Context, issuer, subject string) (Person, error)
	// People lists all, those who have left too, by name.
	People(ctx context.Context) ([]Person, error)
	// AddPerson stores a new one. Errors: ErrEmailTaken.
	AddPerson(ctx context.Context, p Person, c PersonChange) error
	// ChangePerson locks a person, lets change alter them, and stores both what it altered and what it returns. Where change fails,
	// nothing is stored. Errors: ErrNoPerson, ErrEmailTaken, and those of change.
	ChangePerson(ctx context.Context, id PersonID, change func(*Person) (PersonChange, error)) error
	// PersonLink finds a link by the digest of its token. Errors: ErrLinkDead where there is none.
	PersonLink(ctx context.Context, hash string) (PersonLink, error)
}

// People holds the operations on our own staff, for commands and for the desk. Safe for concurrent use.
type People struct {
	Store PeopleStore
	Clock prepaid.Clock
	// Brands are those that a role may be given in.
	Brands *prepaid.Brands
	// DeskURL is where people reach the desk, no slash at the end.
	DeskURL string
}

// NewPerson describes somebody to add.
type NewPerson struct {
	Email    string
	Name     string
	Language string // "" is English
	TimeZone string // "" is UTC
	Roles    map[string][]Role
	Goodwill map[prepaid.Currency]int64
}

// The longest that texts about people may be, in bytes.
const (
	maxPersonName = 100
	maxEmail      = 254
)

// ReadEmail reads an e-mail address as people type it, into lower case.
func ReadEmail(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || !oneLine(text, maxEmail) {
		return "", &FieldError{Field: "email", Err: errors.New("write an address such as anna@acme.example")}
	}
	return text, nil
}

// DeskLanguages are the languages that the desk speaks.
func DeskLanguages() []string { return []string{"en", "nl"} }

// check returns the person as they are stored, or a *FieldError.
func (p People) check(n NewPerson) (Person, error) {
	email, err := ReadEmail(n.Email)
	if err != nil {
		return Person{}, err
	}
	person := Person{
		Name: strings.TrimSpace(n.Name), Email: email, Language: n.Language, TimeZone: n.TimeZone, Roles: n.Roles, Goodwill: n.Goodwill,
		State: PersonActive,
	}
	if person.Language == "" {
		person.Language = DeskLanguages()[0]
	}
	if person.TimeZone == "" {
		person.TimeZone = "UTC"
	}
	if person.Name == "" || !oneLine(person.Name, maxPersonName) {
		return Person{}, &FieldError{Field: "name", Err: fmt.Errorf("write up to %d characters on one line", maxPersonName)}
	}
	if err := checkTastes(person.Language, person.TimeZone); err != nil {
		return Person{}, err
	}
	for currency, limit := range n.Goodwill {
		if limit < 0 || len(currency) != 3 {
			return Person{}, &FieldError{Field: "goodwill", Err: errors.New("write an amount and a currency")}
		}
	}
	return person, p.checkRoles(n.Roles)
}

func checkTastes(language, zone string) error {
	if !slices.Contains(DeskLanguages(), language) {
		return &FieldError{Field: "language", Value: language, Err: fmt.Errorf("known are %s", strings.Join(DeskLanguages(), ", ")), Known: DeskLanguages()}
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return &FieldError{Field: "time-zone", Value: zone, Err: errors.New("write a zone such as Europe/Amsterdam")}
	}
	return nil
}

func (p People) checkRoles(roles map[string][]Role) error {
	for brand, in := range roles {
		if brand != AllBrands && p.Brands.Known(brand) == nil {
			return &FieldError{Field: "brand", Value: brand, Err: errors.New("there is no such brand")}
		}
		if len(in) == 0 {
			return &FieldError{Field: "role", Err: errors.New("say which")}
		}
		for _, role := range in {
			if !slices.Contains(Roles(), role) {
				known := make([]string, len(Roles()))
				for i, r := range Roles() {
					known[i] = string(r)
				}
				return &FieldError{Field: "role", Value: string(role), Err: fmt.Errorf("known are %s", strings.Join(known, ", ")), Known: known}
			}
		}
	}
	return nil
}

// Actors implements Staff: all who work here, from no address.
func (p People) Actors(ctx context.Context) ([]Actor, error) {
	all, err := p.Store.People(ctx)
	if err != nil {
		return nil, err
	}
	var actors []Actor
	for _, person := range all {
		if person.State == PersonActive {
			actors = append(actors, person.Actor(""))
		}
	}
	return actors, nil
}

// List lists everybody, those who have left too, by name.
func (p People) List(ctx context.Context) ([]Person, error) { return p.Store.People(ctx) }

// Find finds somebody by their e-mail address. Errors: ErrNoPerson.
func (p People) Find(ctx context.Context, email string) (Person, error) {
	return p.Store.PersonByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
}

// Add adds somebody, or takes back who has left, and returns the token of a link that sets how they sign in. Errors: *FieldError,
// ErrEmailTaken.
func (p People) Add(ctx context.Context, n NewPerson, by prepaid.By) (Person, prepaid.Secret, error) {
	person, err := p.check(n)
	if err != nil {
		return Person{}, prepaid.Secret{}, err
	}
	person, err = p.add(ctx, person, by)
	if err != nil {
		return Person{}, prepaid.Secret{}, err
	}
	token, err := p.Link(ctx, person.ID, by)
	return person, token, err
}

// add stores a person who has been checked.
func (p People) add(ctx context.Context, person Person, by prepaid.By) (Person, error) {
	now := p.Clock.Now()
	before, err := p.Store.PersonByEmail(ctx, person.Email)
	switch {
	case errors.Is(err, ErrNoPerson):
		person.ID, person.CreatedAt, person.ChangedAt = prepaid.NewID[PersonID](), now, now
		d := personDeed("add person", person.ID, by, now)
		d.New = person.Email + ": " + person.RoleText()
		return person, p.Store.AddPerson(ctx, person, PersonChange{Deed: d})
	case err != nil:
		return Person{}, err
	}
	err = p.Store.ChangePerson(ctx, before.ID, func(was *Person) (PersonChange, error) {
		if was.State != PersonLeft {
			return PersonChange{}, &FieldError{Field: "email", Value: person.Email, Err: ErrEmailTaken}
		}
		person.ID, person.CreatedAt, person.ChangedAt = was.ID, was.CreatedAt, now
		*was = person
		d := personDeed("take person back", was.ID, by, now)
		d.Old, d.New = string(PersonLeft), person.Email+": "+person.RoleText()
		return PersonChange{Deed: d, SignOut: true}, nil
	})
	return person, err
}

// personDeed is a deed about a person.
func personDeed(what string, id PersonID, by prepaid.By, at time.Time) prepaid.Deed {
	return prepaid.Deed{What: what, Kind: prepaid.OnPerson, Object: string(id), By: by, At: at}
}

// change is a change of somebody who works here.
func (p People) change(ctx context.Context, id PersonID, change func(*Person) (PersonChange, error)) error {
	return p.Store.ChangePerson(ctx, id, func(person *Person) (PersonChange, error) {
		if person.State != PersonActive {
			return PersonChange{}, ErrPersonLeft
		}
		person.ChangedAt = p.Clock.Now()
		return change(person)
	})
}

// SetRoles gives somebody other roles. Errors: *FieldError, ErrNeedsFactor, ErrLastAdmin, ErrPersonLeft, ErrNoPerson.
func (p People) SetRoles(ctx context.Context, id PersonID, roles map[string][]Role, by prepaid.By) error {
	if err := needsReason(by); err != nil {
		return err
	}
	if err := p.checkRoles(roles); err != nil {
		return err
	}
	if err := p.keepsAdmin(ctx, id, roles); err != nil {
		return err
	}
	return p.change(ctx, id, func(person *Person) (PersonChange, error) {
		if needsFactor(roles) && !person.Password.Empty() && len(person.Factor) == 0 {
			return PersonChange{}, ErrNeedsFactor
		}
		d := personDeed("change roles", id, by, person.ChangedAt)
		d.Old, d.New = person.RoleText(), roleText(roles)
		person.Roles = roles
		return PersonChange{Deed: d}, nil
	})
}

// keepsAdmin returns ErrLastAdmin where nobody would be admin of all brands any more once this person has these roles.
func (p People) keepsAdmin(ctx context.Context, id PersonID, roles map[string][]Role) error {
	if slices.Contains(roles[AllBrands], Admin) {
		return nil
	}
	all, err := p.Store.People(ctx)
	if err != nil {
		return err
	}
	others := false
	for _, person := range all {
		admin := person.State == PersonActive && person.Email != demoEmail && slices.Contains(person.Roles[AllBrands], Admin)
		others = others || admin && person.ID != id
		if person.ID == id && !admin { // they are none now
			return nil
		}
	}
	if !others {
		return ErrLastAdmin
	}
	return nil
}

// SetGoodwill sets how much one goodwill of somebody's may be. Errors as SetRoles.
func (p People) SetGoodwill(ctx context.Context, id PersonID, limits map[prepaid.Currency]int64, by prepaid.By) error {
	if err := needsReason(by); err != nil {
		return err
	}
	return p.change(ctx, id, func(person *Person) (PersonChange, error) {
		d := personDeed("change goodwill limit", id, by, person.ChangedAt)
		d.Old, d.New = GoodwillText(person.Goodwill), GoodwillText(limits)
		person.Goodwill = limits
		return PersonChange{Deed: d}, nil
	})
}

// GoodwillText is limits in one line: "EUR 25.00".
func GoodwillText(limits map[prepaid.Currency]int64) string {
	var texts []string
	for _, currency := range slices.Sorted(maps.Keys(limits)) {
		texts = append(texts, string(currency)+" "+prepaid.Money{Minor: limits[currency], Currency: currency}.Number())
	}
	return strings.Join(texts, ", ")
}

// Leave ends somebody's roles, sessions and credentials. They can be added again. Errors: ErrNoReason, ErrLastAdmin, ErrPersonLeft,
// ErrNoPerson.
func (p People) Leave(ctx context.Context, id PersonID, by prepaid.By) error {
	if err := needsReason(by); err != nil {
		return err
	}
	if err := p.keepsAdmin(ctx, id, nil); err != nil {
		return err
	}
	return p.change(ctx, id, func(person *Person) (PersonChange, error) {
		d := personDeed("person leaves", id, by, person.ChangedAt)
		d.Old = person.RoleText()
		// Their id at an issuer stays, so that it does not add them anew under another e-mail address.
		person.State, person.Roles, person.Goodwill = PersonLeft, nil, nil
		person.Credentials = Credentials{Issuer: person.Issuer, Subject: person.Subject}
		return PersonChange{Deed: d, SignOut: true}, nil
	})
}

// Reset takes somebody's password, one-time password and sessions away. A link sets new ones: see Link. Errors as Leave.
func (p People) Reset(ctx context.Context, id PersonID, by prepaid.By) error {
	if err := needsReason(by); err != nil {
		return err
	}
	return p.change(ctx, id, func(person *Person) (PersonChange, error) {
		person.Credentials = Credentials{}
		return PersonChange{Deed: personDeed("reset sign-in", id, by, person.ChangedAt), SignOut: true}, nil
	})
}

// ErrCanSignIn says that a link is for who can't sign in.
var ErrCanSignIn = errors.New("the person can sign in: reset that first")

// Link makes the link by which somebody who has no credentials sets them, and returns its token. Links before it end. Errors:
// ErrCanSignIn, ErrPersonLeft, ErrNoPerson.
func (p People) Link(ctx context.Context, id PersonID, by prepaid.By) (token prepaid.Secret, err error) {
	err = p.change(ctx, id, func(person *Person) (PersonChange, error) {
		if person.CanSignIn() || person.Email == demoEmail { // the demo's person gets no password that outlives the demo
			return PersonChange{}, ErrCanSignIn
		}
		var link *PersonLink
		token, link = newLink(id, LinkSetUp, person.ChangedAt)
		return PersonChange{Deed: personDeed("link to set sign-in", id, by, link.CreatedAt), Link: link}, nil
	})
	return token, err
}
