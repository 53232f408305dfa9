package desk

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/guard"
)

// OIDC is an issuer of OpenID Connect.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret prepaid.Secret
	GroupsClaim  string
	Scopes       []string // beside openid
	// Groups are the roles that groups give: by the group, and by brand or operators.AllBrands.
	Groups map[string]map[string][]operators.Role
}

// Host is the issuer as people know it: "login.acme.example".
func (o OIDC) host() string {
	u, err := url.Parse(o.Issuer)
	if err != nil {
		return o.Issuer
	}
	return u.Host
}

// provider asks an issuer about itself, the first time that somebody signs in.
type provider struct {
	config OIDC
	mu     sync.Mutex
	known  *oidc.Provider
}

// issuerPatience is how long an issuer is waited for.
const issuerPatience = 10 * time.Second

var issuerClient = &http.Client{Timeout: issuerPatience}

func (p *provider) get(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		// The provider keeps the context, with which it reads new keys later.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), issuerClient), p.config.Issuer)
		if err != nil {
			return nil, fmt.Errorf("ask issuer: %w", err)
		}
		p.known = found
	}
	return p.known, nil
}

func (d *Door) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: d.OIDC.ClientID, ClientSecret: d.OIDC.ClientSecret.Reveal(), Endpoint: p.Endpoint(), RedirectURL: d.URL + callbackPath,
		Scopes: append([]string{oidc.ScopeOpenID}, d.OIDC.Scopes...),
	}
}

// trip is what a browser carries to the issuer and back, sealed, in a cookie.
type trip struct {
	State, Nonce, Verifier string
	To                     string             // where the person wanted to go
	Fields                 url.Values         // of the form that they had sent there; nil: they had sent none
	Confirms               operators.PersonID // who gives their second factor again; "" for who signs in
	Began                  time.Time
}

const (
	tripLasts = 10 * time.Minute
	maxTrip   = 2500 // bytes, so that the cookie has less than 4096
)

// depart begins a trip: it returns the issuer's address. Where the form does not fit into the cookie, what was typed is lost.
func (d *Door) depart(w http.ResponseWriter, r *http.Request, to string, fields url.Values, confirms operators.PersonID) (string, error) {
	p, err := d.provider.get(r.Context())
	if err != nil {
		return "", err
	}
	t := trip{State: prepaid.NewToken(), Nonce: prepaid.NewToken(), Verifier: oauth2.GenerateVerifier(), To: to, Fields: fields, Confirms: confirms, Began: d.Clock.Now()}
	text, err := json.Marshal(t)
	if err == nil && len(text) > maxTrip {
		t.Fields = nil
		text, err = json.Marshal(t)
	}
	if err != nil || len(text) > maxTrip {
		return "", errors.Join(err, errors.New("the address is too long"))
	}
	d.setTrip(w, base64.RawURLEncoding.EncodeToString(d.Vault.Seal(text, tripOwner)), int(tripLasts/time.Second))
	options := []oauth2.AuthCodeOption{oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)}
	if confirms != "" {
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"), oauth2.SetAuthURLParam("prompt", "login"))
	}
	return d.oauth(p).AuthCodeURL(t.State, options...), nil
}

const tripOwner = "trip"

func (d *Door) setTrip(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: d.cookieName("pulsa-trip"), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: d.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// errTrip says that somebody comes back from the issuer whom we have not sent there, or too late.
var errTrip = errors.New("the way back from the issuer does not fit: begin again")

// errNotAnew says that an issuer did not ask somebody anew who they are.
var errNotAnew = errors.New("the issuer does not say that you have signed in anew")

// arrive ends a trip: whoever comes back is signed in, or fresh again. It returns what they carried.
func (d *Door) arrive(w http.ResponseWriter, r *http.Request) (trip, error) {
	t, err := d.readTrip(r)
	d.setTrip(w, "", -1)
	if err != nil {
		return trip{}, err
	}
	query := r.URL.Query()
	if refused := query.Get("error"); refused != "" {
		return t, fmt.Errorf("issuer refuses: %.100q", refused)
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(t.State)) != 1 {
		return trip{}, errTrip
	}
	claims, err := d.claims(r.Context(), t, query.Get("code"))
	if err != nil {
		return t, err
	}
	if t.Confirms != "" {
		return t, d.confirm(r, t, claims)
	}
	p, err := d.Check.OIDC(r.Context(), claims.OIDCClaims, d.OIDC.roles(claims.groups), guard.Client(r).String())
	if err != nil {
		return t, err
	}
	return t, d.enter(r, p, operators.ByOIDC, claims.authTime(d.Clock.Now()))
}

// confirm makes somebody fresh who has signed in anew at the issuer since they left for it.
func (d *Door) confirm(r *http.Request, t trip, c claims) error {
	g := guestOf(r)
	if g.actor.Person != t.Confirms || g.person.Issuer != c.Issuer || g.person.Subject != c.Subject {
		return errTrip
	}
	const skew = time.Minute // between the issuer's clock and ours
	at := c.authTime(d.Clock.Now())
	if at.Before(t.Began.Add(-skew)) {
		return errNotAnew
	}
	if err := d.Check.Confirmed(r.Context(), g.actor); err != nil {
		return err
	}
	g.actor.FreshAt = at
	d.sessions.Put(r.Context(), inFresh, timeText(at))
	return nil
}

func (d *Door) readTrip(r *http.Request) (trip, error) {
	cookie, err := r.Cookie(d.cookieName("pulsa-trip"))
	if err != nil {
		return trip{}, errTrip
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return trip{}, errTrip
	}
	text, err := d.Vault.Open(sealed, tripOwner)
	var t trip
	if err != nil || json.Unmarshal(text, &t) != nil || d.Clock.Now().Sub(t.Began) > tripLasts {
		return trip{}, errTrip
	}
	return t, nil
}

// claims are what an issuer says of somebody.
type claims struct {
	operators.OIDCClaims
	groups []string
	auth   int64
}

// authTime is when they signed in at the issuer; zero where it does not say.
func (c claims) authTime(now time.Time) time.Time {
	at := time.Unix(c.auth, 0).UTC()
	switch {
	case c.auth <= 0:
		return time.Time{}
	case at.After(now):
		return now
	}
	return at
}

func (d *Door) claims(ctx context.Context, t trip, code string) (claims, error) {
	p, err := d.provider.get(ctx)
	if err != nil {
		return claims{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, issuerClient), issuerPatience)
	defer cancel()
	tokens, err := d.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) { // its text quotes what the issuer answered
			return claims{}, fmt.Errorf("issuer gives no token: %.100q", answer.ErrorCode)
		}
		return claims{}, fmt.Errorf("issuer gives no token: %w", err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return claims{}, errors.New("issuer gives no id_token")
	}
	id, err := p.VerifierContext(ctx, &oidc.Config{ClientID: d.OIDC.ClientID, Now: d.Clock.Now}).Verify(ctx, raw)
	if err != nil {
		return claims{}, fmt.Errorf("verify id_token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.Nonce)) != 1 {
		return claims{}, errTrip
	}
	var said struct {
		Email    string `json:"email"`
		Verified any    `json:"email_verified"` // some issuers write it as a text
		Name     string `json:"name"`
		Username string `json:"preferred_username"`
		AuthTime int64  `json:"auth_time"`
	}
	var all map[string]json.RawMessage
	if err := errors.Join(id.Claims(&said), id.Claims(&all)); err != nil {
		return claims{}, fmt.Errorf("read id_token: %w", err)
	}
	c := claims{auth: said.AuthTime, OIDCClaims: operators.OIDCClaims{
		Issuer: id.Issuer, Subject: id.Subject, Email: said.Email, Name: said.Name, EmailVerified: fmt.Sprint(said.Verified) == "true",
	}}
	if c.Name == "" {
		c.Name = said.Username
	}
	if groups := all[d.OIDC.GroupsClaim]; len(groups) > 0 && json.Unmarshal(groups, &c.groups) != nil {
		var one string
		if err := json.Unmarshal(groups, &one); err != nil {
			return claims{}, fmt.Errorf("claim %s is no list of groups", d.OIDC.GroupsClaim)
		}
		c.groups = strings.Fields(one)
	}
	return c, nil
}

// roles are those that groups give.
func (o OIDC) roles(groups []string) map[string][]operators.Role {
	all := map[string][]operators.Role{}
	for _, group := range groups {
		for brand, given := range o.Groups[group] {
			for _, known := range operators.Roles() { // in the table's order, each once
				for _, role := range given {
					if role == known {
						all[brand] = appendNew(all[brand], role)
					}
				}
			}
		}
	}
	return all
}

func appendNew(roles []operators.Role, role operators.Role) []operators.Role {
	for _, r := range roles {
		if r == role {
			return roles
		}
	}
	return append(roles, role)
}
