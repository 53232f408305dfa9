package app

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/operators"
	"pulsa/prepaid"
)

// keyOf finds the key of the form with an action on a page.
func (d *atDesk) keyOf(body, action string) string {
	d.Helper()
	found := regexp.MustCompile(`<form action="` + regexp.QuoteMeta(action) + `"[^>]*>\s*<input type="hidden" name="key" value="([^"]+)"`).FindStringSubmatch(body)
	if found == nil {
		d.Fatalf("no form posts to %s in:\n%s", action, body)
	}
	return found[1]
}

// confirms opens the panel of an action and carries it out; it returns the page that follows.
func (d *atDesk) confirms(path string, form url.Values) (int, string) {
	d.Helper()
	status, body := d.get(path)
	if form.Has("number") {
		status, body = d.post(path, form)
	}
	if status != http.StatusOK {
		d.Errorf("%s: %d\n%s", path, status, body)
	}
	for _, name := range []string{"key", "seen"} {
		found := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(body)
		if found == nil {
			d.Fatalf("%s: no %s in:\n%s", path, name, body)
		}
		form.Set(name, found[1])
	}
	form.Set("reason", "ticket 7")
	return d.post(path, form)
}

// awaits waits until a page says something: transcripts are kept a moment after their turns.
func (d *atDesk) awaits(path, word string) {
	d.Helper()
	apptest.Await(d.T, word, func() bool {
		_, body := d.get(path)
		return strings.Contains(html.UnescapeString(body), word)
	}, nil)
}

func (r *running) idOf(number prepaid.MSISDN) prepaid.CustomerID {
	r.t.Helper()
	c, err := r.Accounts.ByMSISDN(r.t.Context(), "demo", number)
	if err != nil {
		r.t.Fatal(err)
	}
	return c.ID
}

func TestTheDeskFindsACustomerByTheirNumber(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	r.wants("+31612345678", "KOOP 10 4821", "10")
	id := r.latestOrders()[0].ID
	at := "/demo/customers/" + string(r.idOf("31612345678"))
	d := r.deskOf(operators.Support)

	d.awaits(at, "What the customer wrote is hidden")
	body := d.shows(at, http.StatusOK, "+316****5678", "Who is calling?", "not verified", id.Grouped(), "First find out who is calling")
	for _, secret := range []string{"612345678", "4821"} {
		if strings.Contains(body, secret) {
			t.Errorf("the page shows %s", secret)
		}
	}
	if status, body := d.post("/demo/search", url.Values{"q": {"06-12 34 56 78"}}); status != http.StatusSeeOther || !strings.HasSuffix(body, at) {
		t.Errorf("%d %s", status, body)
	}
	d.shows(at, http.StatusOK, "+31612345678") // who typed it whole sees it whole
	if status, body := d.post("/demo/search", url.Values{"q": {strings.ToLower(id.Grouped())}}); status != http.StatusSeeOther || !strings.HasSuffix(body, "/demo/orders/"+string(id)) {
		t.Errorf("%d %s", status, body)
	}
	for _, q := range []string{"4821", "48 21", "12345678901234"} {
		status, body := d.post("/demo/search", url.Values{"q": {q}})
		if status != http.StatusUnprocessableEntity || strings.Contains(body, q) || !strings.Contains(body, "may be a PIN") {
			t.Errorf("%s: %d %s", q, status, body)
		}
	}
	if status, body := d.post("/demo/search", url.Values{"q": {"nothing of ours"}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "transaction as “tx 1234”") {
		t.Errorf("%d %s", status, body)
	}
	if log := r.log.String(); strings.Contains(log, "12345678901234") || strings.Contains(log, "612345678") {
		t.Error("the log holds what was typed")
	}
	d.shows("/demo/customers/nobody", http.StatusNotFound)
	d.shows("/other/customers/"+string(r.idOf("31612345678")), http.StatusNotFound)
}

func TestTheDeskShowsWholeNumbersAndConversationsForAReason(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	r.wants("+31612345678", "HELP", "")
	at := "/demo/customers/" + string(r.idOf("31612345678"))
	d := r.deskOf(operators.Support)
	_, body := d.get(at)
	see := url.Values{"what": {"number"}, "key": {d.keyOf(body, at+"/see")}, "reason-number": {" "}}
	if status, body := d.post(at+"/see", see); status != http.StatusSeeOther || !strings.HasSuffix(body, "said=reason") {
		t.Errorf("without a reason: %d %s", status, body)
	}
	see.Set("reason-number", "ticket 7")
	if status, body := d.post(at+"/see", see); status != http.StatusSeeOther || strings.Contains(body, "612345678") {
		t.Errorf("%d %s", status, body)
	}
	d.post(at+"/see", see)
	body = d.shows(at, http.StatusOK, "+31612345678", "see number", "ticket 7")
	d.post(at+"/see", url.Values{"what": {"conversation"}, "key": {see.Get("key") + "2"}, "reason-talk": {"ticket 7"}})
	d.awaits(at, "<blockquote>HELP</blockquote>")
	if strings.Count(body, "see number") != 1 {
		t.Error("a form sent twice leaves two deeds")
	}
	r.deskOf(operators.Viewer).shows(at, http.StatusOK, "For: support, finance, fraud")
	viewer := r.deskOf(operators.Viewer)
	if status, _ := viewer.post(at+"/see", see); status != http.StatusForbidden {
		t.Errorf("a viewer may see a number: %d", status)
	}
}

func TestTheDeskFindsOutWhoIsCallingAndThenMayDoMore(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	id := r.idOf("31612345678")
	at := "/demo/customers/" + string(id)
	d := r.deskOf(operators.Support, operators.Fraud)
	status, body := d.get(at + "/change-number")
	if status != http.StatusOK || strings.Contains(body, `method="get"`) {
		t.Errorf("the new number would stand in an address: %d %s", status, body)
	}
	if _, body = d.post(at+"/change-number", url.Values{"number": {"06 8765 4321"}}); !strings.Contains(body, "find out who is calling") {
		t.Error("not verified, and yet:", body)
	}
	_, body = d.get(at)
	key := strings.TrimSuffix(d.keyOf(body, at+"/caller/code"), "-code")
	if status, to := d.post(at+"/caller/code", url.Values{"key": {key}}); status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, to)
	}
	r.hearsAt(prepaid.MSISDN("31612345678").Tel(), "help desk")
	body = d.shows(at, http.StatusOK, "Code that the caller reads")
	if strings.Contains(body, "246810") {
		t.Error("the page shows the code")
	}
	for _, read := range [][2]string{{"000001", "wrong"}, {"246810", "right"}} { // in this order: the right one ends the code
		said, want := read[0], read[1]
		if status, to := d.post(at+"/caller", url.Values{"key": {key + said[:3]}, "fact": {"code"}, "code": {said}}); status != http.StatusSeeOther || !strings.HasSuffix(to, "said="+want) {
			t.Errorf("%s: %d %s", said, status, to)
		}
	}
	body = d.shows(at+"?said=right", http.StatusOK, "code read back", "That is right.")
	if strings.Contains(body, "246810") {
		t.Error("the page shows the code")
	}
	if status, to := d.confirms(at+"/remove-way", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("%d %s", status, to)
	}
	if status, to := d.confirms(at+"/change-number", url.Values{"number": {"06 8765 4321"}}); status != http.StatusSeeOther || strings.Contains(to, "8765") {
		t.Errorf("%d %s", status, to)
	}
	if r.idOf("31687654321") != id {
		t.Error("another customer has the number")
	}
	body = d.shows(at, http.StatusOK, "+316****4321", "Has no way to pay", "remove way to pay")
	if strings.Contains(body, "87654321") {
		t.Error("the page shows the new number")
	}
	if status, to := d.confirms(at+"/export", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("%d %s", status, to)
	}
	if status, file := d.post(at+"/data", nil); status != http.StatusOK || !strings.Contains(file, `"number": "+31687654321"`) || strings.Contains(file, "4821") {
		t.Errorf("%d %s", status, file)
	}
	if status, to := d.post(at+"/data", nil); status != http.StatusSeeOther || !strings.HasSuffix(to, "said=data") {
		t.Errorf("fetched twice: %d %s", status, to)
	}
	if status, to := d.confirms(at+"/close", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("%d %s", status, to)
	}
	d.shows(at, http.StatusNotFound)
	if _, err := r.Accounts.ByMSISDN(t.Context(), "demo", "31687654321"); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Error(err)
	}
}

func TestTheDeskUnlocksCardCodesAndKeepsNotes(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	id := r.idOf("31612345678")
	at := "/demo/customers/" + string(id)
	_, err := r.DB.CardTries.CountWrongCode(t.Context(), "demo", []string{"customer:" + string(id)}, "m", r.Clock.Now(), func(int) time.Time { return r.Clock.Now().Add(time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	d := r.deskOf(operators.Support)
	d.shows(at, http.StatusOK, "Card codes are locked until", at+"/unlock-cards")
	if status, to := d.confirms(at+"/unlock-cards", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("%d %s", status, to)
	}
	body := d.shows(at, http.StatusOK, "unlock card codes")
	if strings.Contains(body, "Card codes are locked") {
		t.Error("they are still locked")
	}
	key := d.keyOf(body, at+"/note")
	_, to := d.post(at+"/note", url.Values{"key": {key}, "text": {"has PIN 4821 & calls <often>"}})
	body = d.shows(to[strings.Index(to, "/demo"):], http.StatusOK, "has PIN **** &amp; calls &lt;often&gt;", "Undo")
	undo := regexp.MustCompile(`action="/demo/undo"[^>]*><input type="hidden" name="key" value="([^"]+)"><input type="hidden" name="what" value="([^"]+)"`).FindStringSubmatch(body)
	if undo == nil {
		t.Fatalf("no Undo in %s", body)
	}
	d.post("/demo/undo", url.Values{"key": {undo[1]}, "what": {undo[2]}})
	if body = d.shows(at, http.StatusOK, "remove note"); strings.Contains(body, "calls &lt;often&gt;") {
		t.Error("the note is still there")
	}
}
