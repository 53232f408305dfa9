package desk

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/guard"
)

// DoorConfig is what a Door is made of. All fields are needed but OIDC and Demo.
type DoorConfig struct {
	Check    *operators.SignIn
	Sessions operators.SessionStore
	URL      string // where people reach the desk
	OIDC     OIDC   // the zero value: nobody signs in so
	// Demo reports whether there are test brands alone, so that links may let people in. nil: there never are.
	Demo  func() bool
	Vault *prepaid.Vault // seals what a browser carries to an issuer of OpenID Connect and back
	Clock prepaid.Clock
	Log   *slog.Logger
}

// Door lets people in: it is the SignIn of a Desk on sessions that the store keeps. It finds out for each request who is signed in, and with
// which roles now. Safe for concurrent use.
type Door struct {
	DoorConfig
	sessions *scs.SessionManager
	provider provider
}

// NewDoor returns a Door.
func NewDoor(c DoorConfig) *Door {
	if c.Demo == nil {
		c.Demo = func() bool { return false }
	}
	d := &Door{DoorConfig: c, sessions: scs.New()}
	d.sessions.Store = sessionStore{c.Sessions, c.Clock}
	d.sessions.Codec = sessionCodec{}
	d.sessions.Lifetime = sessionWhole
	d.sessions.Cookie = scs.SessionCookie{
		Name: d.cookieName("pulsa-desk"), Path: "/", HttpOnly: true, Secure: d.secure(), SameSite: http.SameSiteLaxMode,
	}
	d.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		c.Log.ErrorContext(r.Context(), "desk: session not kept", "error", err)
		http.Error(w, "The program can't reach its database. Try again in a minute.", http.StatusServiceUnavailable)
	}
	d.provider.config = c.OIDC
	return d
}

// secure reports whether the desk is reached by https, so that cookies are sent by https alone.
func (d *Door) secure() bool { return strings.HasPrefix(d.URL, "https://") }

// cookieName is a cookie's name. Browsers take one that begins with __Host- by https only, from this host alone.
func (d *Door) cookieName(name string) string {
	if d.secure() {
		return "__Host-" + name
	}
	return name
}

// guest is who makes a request.
type guest struct {
	actor  operators.Actor
	person operators.Person
	way    string
}

type guestKey struct{}

// Around implements SignIn.
func (d *Door) Around(next http.Handler) http.Handler {
	return d.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &guest{}
		r = r.WithContext(context.WithValue(r.Context(), guestKey{}, g))
		if err := d.recognise(r, g); err != nil {
			d.sessions.ErrorFunc(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// recognise finds out whose session the request has.
func (d *Door) recognise(r *http.Request, g *guest) error {
	ctx := r.Context()
	id := operators.PersonID(d.sessions.GetString(ctx, inPerson))
	if id == "" {
		return nil
	}
	p, err := d.Check.Person(ctx, id)
	way := d.sessions.GetString(ctx, inWay)
	if errors.Is(err, operators.ErrNoPerson) || err == nil && way == operators.ByDemo && !d.Demo() {
		return d.sessions.Destroy(ctx)
	}
	if err != nil {
		return err
	}
	now := d.Clock.Now()
	fresh := readTime(d.sessions.GetString(ctx, inFresh))
	if way == operators.ByDemo { // there is nothing to give again, and nothing real to move
		fresh = now
	}
	g.become(p, way, fresh, guard.Client(r).String())
	// What pages read by themselves keeps no session alive.
	if seen := readTime(d.sessions.GetString(ctx, inSeen)); r.Header.Get("HX-Request") == "" && now.Sub(seen) >= sessionTouch {
		d.sessions.Put(ctx, inSeen, timeText(now))
	}
	return nil
}

func (g *guest) become(p operators.Person, way string, fresh time.Time, from string) {
	g.person, g.way, g.actor = p, way, p.Actor(from)
	g.actor.FreshAt = fresh
}

// guestOf is who makes a request within Around.
func guestOf(r *http.Request) *guest {
	if g, ok := r.Context().Value(guestKey{}).(*guest); ok {
		return g
	}
	return &guest{}
}

// Actor implements SignIn.
func (d *Door) Actor(r *http.Request) (operators.Actor, bool) {
	g := guestOf(r)
	return g.actor, g.actor.Person != ""
}

// Again implements SignIn.
func (d *Door) Again(r *http.Request, code prepaid.Secret) (operators.Actor, error) {
	g := guestOf(r)
	err := d.Check.Confirm(r.Context(), g.actor, code)
	if err != nil {
		if errors.Is(err, operators.ErrWrongCode) {
			err = errors.Join(ErrWrongCode, err)
		}
		return operators.Actor{}, err
	}
	g.actor.FreshAt = d.Clock.Now()
	d.sessions.Put(r.Context(), inFresh, timeText(g.actor.FreshAt))
	return g.actor, nil
}

// maxAgent is how much is kept of what a browser calls itself.
const maxAgent = 200

// enter signs somebody in with this browser: a session of theirs begins.
func (d *Door) enter(r *http.Request, p operators.Person, way string, fresh time.Time) error {
	ctx := r.Context()
	if err := d.sessions.RenewToken(ctx); err != nil {
		return err
	}
	if err := d.sessions.Clear(ctx); err != nil {
		return err
	}
	now := timeText(d.Clock.Now())
	agent := strings.ToValidUTF8(r.UserAgent(), "")
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	from := guard.Client(r).String()
	for key, value := range map[string]string{
		inPerson: string(p.ID), inWay: way, inFrom: from, inAgent: agent, inStarted: now, inSeen: now, inFresh: timeText(fresh), inNew: "1",
	} {
		d.sessions.Put(ctx, key, value)
	}
	guestOf(r).become(p, way, fresh, from)
	return nil
}

// here is the digest of the token of the session that a request has.
func (d *Door) here(r *http.Request) string {
	return operators.TokenHash(prepaid.NewSecret(d.sessions.Token(r.Context())))
}

// stay begins another session of who has just been signed out everywhere, with this browser.
func (d *Door) stay(r *http.Request) error {
	g := guestOf(r)
	p, err := d.Check.Person(r.Context(), g.actor.Person)
	if err != nil {
		return err
	}
	return d.enter(r, p, g.way, g.actor.FreshAt)
}

// leave signs the person out with this browser.
func (d *Door) leave(r *http.Request) error {
	err := d.sessions.Destroy(r.Context())
	if a := guestOf(r).actor; err == nil && a.Person != "" {
		err = d.Check.SignedOut(r.Context(), a)
	}
	*guestOf(r) = guest{}
	return err
}
