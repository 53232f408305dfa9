package app

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pulsa/operators"
)

func TestPeopleChangeHowTheySignInAndSeeTheDesk(t *testing.T) {
	o := newOffice(t, nil)
	anna, b := o.hires("anna@acme.example", operators.Support)
	elsewhere := o.browser()
	if status, body := elsewhere.post("/demo/orders", anna.typed()); status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	b.shows("/-/me", http.StatusOK, "anna@acme.example", "here", "Sign out everywhere else", "You have one.")
	if status, body := b.post("/-/me", url.Values{"language": {"nl"}, "time-zone": {"Mars"}, "compact": {"on"}}); status != 422 || !strings.Contains(body, "Europe/Amsterdam") {
		t.Error(status, body)
	}
	if status, body := b.post("/-/me", url.Values{"language": {"nl"}, "time-zone": {"Europe/Amsterdam"}, "compact": {"on"}}); status != http.StatusSeeOther {
		t.Error(status, body)
	}
	b.shows("/-/me?saved=settings", http.StatusOK, `<html lang="nl">`, "Het is opgeslagen", `class="dense compact keys-off"`)
	const better = "eight blue bicycles"
	o.secrets = append(o.secrets, better)
	change := func(old, password string) (int, string) {
		return b.post("/-/me/password", url.Values{"old-password": {old}, "password": {password}})
	}
	if status, body := change("wrong", better); status != 422 || !strings.Contains(body, "Dat is niet uw wachtwoord") {
		t.Error(status, body)
	}
	if status, body := change(goodPassword, "short"); status != 422 || !strings.Contains(body, "12 tekens of meer") {
		t.Error(status, body)
	}
	elsewhere.shows("/demo/orders", http.StatusOK)
	if status, body := change(goodPassword, better); status != http.StatusSeeOther {
		t.Error(status, body)
	}
	elsewhere.shows("/demo/orders", http.StatusUnauthorized)
	b.shows("/demo/orders", http.StatusOK)

	o.clock.Skip(6 * time.Minute) // the second factor is not fresh
	page := b.shows("/-/me/factor", http.StatusOK, "old-code")
	form := hidden(page)
	secret := strings.ReplaceAll(shownSecret.FindStringSubmatch(page)[1], " ", "")
	o.secrets = append(o.secrets, secret)
	form.Set("code", totp(t, secret, o.clock.Now()))
	if status, _ := b.post("/-/me/factor", form); status != 422 {
		t.Error("another one-time password without the one until now:", status)
	}
	form.Set("old-code", anna.code())
	form.Set("code", totp(t, secret, o.clock.Now()))
	if status, body := b.post("/-/me/factor", form); status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	b.shows("/demo/orders", http.StatusOK)
	typed := anna.typed()
	typed.Set("sign-in-password", better)
	if status, _ := elsewhere.post("/demo/orders", typed); status != http.StatusUnauthorized {
		t.Error("the one-time password before still works:", status)
	}
	anna.secret = secret
	typed.Set("sign-in-code", anna.code())
	if status, body := elsewhere.post("/demo/orders", typed); status != http.StatusSeeOther {
		t.Error(status, body)
	}
	if status, _ := b.post("/-/me/sessions", nil); status != http.StatusSeeOther {
		t.Error(status)
	}
	elsewhere.shows("/demo/orders", http.StatusUnauthorized)
	b.shows("/demo/orders", http.StatusOK)
}

// shownLink finds the link that a page hands out.
var shownLink = regexp.MustCompile(`link-once" data-copy>http://[^/]+(/-/invite/([a-z]+))<`)

func TestAnAdminAddsSomebodyWithAnothersAgreement(t *testing.T) {
	o := newOffice(t, nil)
	anna, b := o.hires("anna@acme.example", operators.Admin)
	_, other := o.hires("boss@acme.example", operators.Admin)
	_, help := o.hires("help@acme.example", operators.Support, operators.Fraud)
	help.shows("/-/people", http.StatusForbidden, "people and their roles")
	b.shows("/-/people", http.StatusOK, "help@acme.example", "settle an unknown, refund what is held or failed", "support, fraud")

	o.clock.Skip(6 * time.Minute)
	fill := func(form url.Values) url.Values {
		form.Set("name", "Ben")
		form.Set("email", "ben@acme.example")
		form.Set("roles-demo", "support, cards")
		form.Set("reason", "joins")
		return form
	}
	query := fill(url.Values{}).Encode()
	form := fill(hidden(b.shows("/-/people/new?"+query, http.StatusOK, "Adds Ben (ben@acme.example) as support, cards in demo.", "Another person must agree")))
	status, page := b.post("/-/people/new", form)
	if status != 422 || !strings.Contains(page, "Code of your authenticator app") {
		t.Fatal(status, page)
	}
	form.Set("code", anna.code())
	status, body := b.post("/-/people/new", form)
	if status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	questions, err := o.DB.Approvals.List(t.Context(), operators.ApprovalFilter{Open: true, Limit: 10})
	if err != nil || len(questions) != 1 {
		t.Fatal(questions, err)
	}
	people, err := o.people().Actors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	desk := o.operatorsDesk()
	for _, person := range people {
		if person.Email == "boss@acme.example" {
			person.FreshAt, person.From = o.clock.Now(), "192.0.2.1"
			if _, err := desk.Decide(t.Context(), person, "key", questions[0].ID, operators.Agree, "I know him"); err != nil {
				t.Fatal(err)
			}
		}
	}
	ben, err := o.people().Find(t.Context(), "ben@acme.example")
	if err != nil || ben.RoleText() != "support, cards in demo" {
		t.Fatal(ben, err)
	}
	at := "/-/people/" + string(ben.ID)
	other.shows(at, http.StatusOK, "invited", "Make a link")
	b.shows(at+"/link", http.StatusOK, "ben@acme.example")
	status, page = b.post(at+"/link", nil)
	found := shownLink.FindStringSubmatch(page)
	if status != http.StatusOK || found == nil {
		t.Fatal(status, page)
	}
	o.secrets = append(o.secrets, found[2])
	o.browser().shows(found[1], http.StatusOK, "ben@acme.example")
	if page := b.shows(at, http.StatusOK); strings.Contains(page, found[2]) {
		t.Error("the link is shown again")
	}
	if status, _ := help.post(at+"/link", nil); status != http.StatusForbidden {
		t.Error(status)
	}
	o.clock.Skip(24 * time.Hour)
	o.browser().shows(found[1], http.StatusGone)
}
