package app

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
)

// employee is somebody whom the issuer knows.
type employee struct {
	subject, email string
	groups         []string
	signedIn       func() time.Time // zero: the issuer does not say
}

// ID implements mockoidc.User.
func (e employee) ID() string { return e.subject }

// Userinfo implements mockoidc.User.
func (e employee) Userinfo([]string) ([]byte, error) {
	return json.Marshal(map[string]string{"sub": e.subject})
}

// Claims implements mockoidc.User.
func (e employee) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	c := struct {
		*mockoidc.IDTokenClaims
		Email    string   `json:"email"`
		Verified bool     `json:"email_verified"`
		Name     string   `json:"name"`
		Groups   []string `json:"groups"`
		AuthTime int64    `json:"auth_time,omitempty"`
	}{IDTokenClaims: base, Email: e.email, Verified: true, Name: "Name of " + e.subject, Groups: e.groups}
	if e.signedIn != nil {
		c.AuthTime = e.signedIn().Unix()
	}
	return c, nil
}

// issuerOffice is an office whose people sign in at an issuer.
func issuerOffice(t *testing.T) (*office, *mockoidc.MockOIDC) {
	t.Helper()
	issuer, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = issuer.Shutdown() })
	o := newOffice(t, func(c *config.Config) {
		c.DeskOIDC = config.DeskOIDC{
			Issuer: issuer.Issuer(), ClientID: issuer.ClientID, ClientSecret: prepaid.NewSecret(issuer.ClientSecret), GroupsClaim: "groups",
			Scopes: []string{"profile", "email", "groups"},
			Groups: map[string]map[string][]operators.Role{
				"bosses": {operators.AllBrands: {operators.Admin}}, "desk": {"demo": {operators.Support, operators.Viewer}}, "night": {"demo": {operators.Fraud, operators.Support}},
			},
		}
	})
	o.secrets = append(o.secrets, issuer.ClientSecret)
	return o, issuer
}

// goes sends a form to the issuer's button and follows the way there and back. It returns what the callback answers.
func (b *browser) goes(form url.Values) (int, string) {
	b.Helper()
	status, page := b.post("/-/sign-in/issuer", form)
	if status != http.StatusOK {
		b.Fatal(status, page)
	}
	_, to, _ := strings.Cut(page, `class="button primary" href="`)
	to, _, _ = strings.Cut(to, `"`)
	response, err := b.client.Get(html.UnescapeString(to))
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	back, err := response.Location()
	if err != nil {
		b.Fatal(err)
	}
	b.office.secrets = append(b.office.secrets, back.Query().Get("code"))
	return b.get(back.RequestURI())
}

func TestPeopleSignInAtAnIssuerWithTheRolesOfTheirGroups(t *testing.T) {
	o, issuer := issuerOffice(t)
	b := o.browser()
	b.shows("/demo/orders", http.StatusUnauthorized, "Sign in at 127.0.0.1")
	issuer.QueueUser(employee{subject: "eve", email: "eve@acme.example", groups: []string{"guests"}})
	if status, body := b.goes(url.Values{"to": {"/demo/orders"}}); status != http.StatusForbidden || !strings.Contains(body, "No group of yours") {
		t.Error(status, body)
	}
	if _, err := o.people().Find(t.Context(), "eve@acme.example"); err == nil {
		t.Error("somebody without a role was added")
	}
	issuer.QueueUser(employee{subject: "anna", email: "Anna@acme.example", groups: []string{"guests", "desk", "night"}})
	if status, body := b.goes(url.Values{"to": {"/demo/orders?status=live"}}); status != http.StatusSeeOther || !strings.HasSuffix(body, "/demo/orders?status=live") {
		t.Fatal(status, body)
	}
	b.shows("/demo/orders", http.StatusOK)
	roles := func() string {
		t.Helper()
		p, err := o.people().Find(t.Context(), "anna@acme.example")
		if err != nil {
			t.Fatal(err)
		}
		return p.RoleText()
	}
	if got := roles(); got != "viewer, support, fraud in demo" {
		t.Error(got)
	}
	issuer.QueueUser(employee{subject: "anna", email: "anna@acme.example", groups: []string{"night"}})
	o.browser().goes(url.Values{"to": {"/"}})
	if got := roles(); got != "support, fraud in demo" {
		t.Error(got)
	}
	issuer.QueueUser(employee{subject: "anna", email: "anna@acme.example"})
	if status, _ := o.browser().goes(nil); status != http.StatusForbidden {
		t.Error(status)
	}
	b.shows("/demo/orders", http.StatusUnauthorized) // everywhere
	issuer.QueueUser(employee{subject: "other", email: "anna@acme.example", groups: []string{"bosses"}})
	if status, _ := o.browser().goes(nil); status != http.StatusForbidden {
		t.Error("somebody has taken another's e-mail address:", status)
	}
}

func TestTheWayBackFromTheIssuerMustFit(t *testing.T) {
	o, issuer := issuerOffice(t)
	b := o.browser()
	boss := employee{subject: "boss", email: "boss@acme.example", groups: []string{"bosses"}}
	b.shows("/-/sign-in/callback?code=x&state=y", http.StatusBadRequest)
	status, page := b.post("/-/sign-in/issuer", url.Values{"to": {"//evil.example/"}})
	if status != http.StatusOK || !strings.Contains(page, "code_challenge_method=S256") || !strings.Contains(page, "nonce=") || !strings.Contains(page, "code_challenge=") {
		t.Error(status, page)
	}
	_ = b.shows("/-/sign-in/callback?code=x&state=wrong", http.StatusBadRequest)
	issuer.QueueUser(boss)
	if status, body := b.goes(url.Values{"to": {"//evil.example/"}}); status != http.StatusSeeOther || !strings.HasSuffix(body, "/") || strings.Contains(body, "evil") {
		t.Error(status, body)
	}
	issuer.QueueError(&mockoidc.ServerError{Code: http.StatusInternalServerError, Error: mockoidc.InternalServerError, Description: "down"})
	if other := o.browser(); true {
		status, page = other.post("/-/sign-in/issuer", nil)
		if status != http.StatusOK {
			t.Error(status, page)
		}
		cookies := other.jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(o.address, "http://")})
		if i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == "pulsa-trip" }); i < 0 || strings.Contains(cookies[i].Value, "Verifier") {
			t.Error(cookies)
		}
		o.clock.Skip(11 * time.Minute)
		other.shows("/-/sign-in/callback?code=x&state=y", http.StatusBadRequest, "Begin again")
	}
}

func TestWhoSignsInAtAnIssuerDoesSoAnewForWhatMovesPeople(t *testing.T) {
	o, issuer := issuerOffice(t)
	b := o.browser()
	boss := employee{subject: "boss", email: "boss@acme.example", groups: []string{"bosses"}}
	issuer.QueueUser(boss)
	if status, body := b.goes(url.Values{"to": {"/"}}); status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	form := hidden(b.shows("/-/people/new?name=Ben&email=ben%40acme.example&roles-*=support", http.StatusOK, "Adds Ben"))
	form.Set("name", "Ben")
	form.Set("email", "ben@acme.example")
	form.Set("roles-*", "support")
	form.Set("reason", "joins")
	status, page := b.post("/-/people/new", form)
	if status != http.StatusUnauthorized || !strings.Contains(page, "asks you who you are") {
		t.Fatal(status, page)
	}
	again := hidden(page)
	issuer.QueueUser(boss) // who does not say when they signed in
	if status, body := b.goes(again); status != http.StatusBadRequest {
		t.Error(status, body)
	}
	boss.signedIn = func() time.Time { return o.clock.Now() }
	issuer.QueueUser(boss)
	status, page = b.goes(again)
	if status != http.StatusOK || !strings.Contains(page, "What you had typed is sent now") {
		t.Fatal(status, page)
	}
	status, body := b.post("/-/people/new", hidden(page))
	if status != http.StatusSeeOther || !strings.Contains(body, "/-/people?done=") {
		t.Fatal(status, body)
	}
	_, at, _ := strings.Cut(body, "/-/people?")
	b.shows("/-/people?"+at, http.StatusOK, "sent to another person")
}

func TestTheLinkOfWhoSignsInAtAnIssuerIsDead(t *testing.T) {
	o, issuer := issuerOffice(t)
	by := prepaid.By{Who: "root", Why: "a test", From: prepaid.Machine}
	roles := map[string][]operators.Role{"demo": {operators.Support}}
	anna, token, err := o.people().Add(t.Context(), operators.NewPerson{Email: "anna@acme.example", Name: "Anna", Roles: roles}, by)
	if err != nil {
		t.Fatal(err)
	}
	o.secrets = append(o.secrets, token.Reveal())
	path, thief := "/-/invite/"+token.Reveal(), o.browser()
	page := thief.shows(path, http.StatusOK, "<svg")
	issuer.QueueUser(employee{subject: "anna", email: "anna@acme.example", groups: []string{"desk"}})
	b := o.browser()
	if status, body := b.goes(url.Values{"to": {"/demo/orders"}}); status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	form := hidden(page)
	form.Set("password", goodPassword)
	form.Set("code", totp(t, strings.ReplaceAll(shownSecret.FindStringSubmatch(page)[1], " ", ""), o.clock.Now()))
	if status, body := thief.post(path, form); status != http.StatusGone {
		t.Error("a link from before takes the account over:", status, body)
	}
	b.shows("/demo/orders", http.StatusOK)

	// Who has left does not come back by another e-mail address at the issuer.
	if err := o.people().Leave(t.Context(), anna.ID, by); err != nil {
		t.Fatal(err)
	}
	issuer.QueueUser(employee{subject: "anna", email: "a.b@acme.example", groups: []string{"bosses"}})
	if status, _ := o.browser().goes(nil); status != http.StatusUnauthorized {
		t.Error(status)
	}
	if _, err := o.people().Find(t.Context(), "a.b@acme.example"); err == nil {
		t.Error("somebody who has left was added anew")
	}
}

func TestWhoSignsInAtAnIssuerDoesSoAnewToDecide(t *testing.T) {
	o, issuer := issuerOffice(t)
	anna, _ := o.hires("anna@acme.example", operators.Admin)
	p, err := o.people().Find(t.Context(), anna.email)
	if err != nil {
		t.Fatal(err)
	}
	actor := p.Actor("192.0.2.1")
	actor.FreshAt = o.clock.Now()
	r, err := o.operatorsDesk().Do(t.Context(), actor, "k", operators.AddPerson{Person: "ben", Email: "ben@acme.example", Name: "Ben",
		Roles: map[string][]operators.Role{"demo": {operators.Support}}}, "joins")
	if err != nil {
		t.Fatal(err)
	}
	b := o.browser()
	issuer.QueueUser(employee{subject: "boss", email: "boss@acme.example", groups: []string{"bosses"}})
	if status, body := b.goes(nil); status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	at := "/-/approvals/" + string(r.Asked) + "/agree"
	form := hidden(b.shows(at, http.StatusOK))
	form.Set("reason", "seen")
	if status, page := b.post(at, form); status != http.StatusUnauthorized || !strings.Contains(page, "asks you who you are") {
		t.Error("asked for a code that they do not have:", status, page)
	}
}
