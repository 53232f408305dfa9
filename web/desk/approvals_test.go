package desk

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// byHeader is a SignIn: a header names who is signed in. The code 123456 is right.
type byHeader struct {
	people map[string]operators.Actor
	clock  prepaid.Clock
}

func (byHeader) Around(next http.Handler) http.Handler { return next }

func (b byHeader) Actor(r *http.Request) (operators.Actor, bool) {
	a, in := b.people[r.Header.Get("Who")]
	return a, in
}

func (b byHeader) Again(r *http.Request, code prepaid.Secret) (operators.Actor, error) {
	a, _ := b.Actor(r)
	if code.Reveal() != "123456" {
		return a, ErrWrongCode
	}
	a.FreshAt = b.clock.Now()
	return a, nil
}

// office is the desk with two people, on a real store.
type office struct {
	*testing.T
	server *httptest.Server
	desk   *operators.Desk
	db     *store.DB
	people byHeader
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db, clock := storetest.SQLite(t), prepaid.NewVirtualClock(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	in := func(name string, roles ...operators.Role) operators.Actor {
		return operators.Actor{Person: operators.PersonID(name), Email: name + "@acme.example", Roles: map[string][]operators.Role{"demo": roles}, From: "192.0.2.1"}
	}
	o := &office{T: t, db: db, people: byHeader{map[string]operators.Actor{
		"anna": in("anna", operators.Support), "ben": in("ben", operators.Fraud), "dirk": in("dirk", operators.Viewer),
		"eva": {Person: "eva", Email: "eva@acme.example", Roles: map[string][]operators.Role{"other": operators.Roles()}},
	}, clock}}
	brands := prepaid.NewBrands(&prepaid.Brand{Name: "demo", Title: "Demo", Test: true, Country: "NL", Languages: []string{"en", "nl"}}, &prepaid.Brand{Name: "other", Title: "Other", Test: true})
	o.desk = &operators.Desk{Deeds: db.Deeds, Forms: db.Forms, Approvals: db.Approvals, Blocks: db.Blocks, Pauses: db.Blocks, BlockValue: func(k operators.BlockKind, _, what string) string {
		return string(k) + "-" + fmt.Sprint(len(what)) + what[len(what)-1:]
	}, Staff: o, Brands: brands, Clock: clock}
	d, err := New(Config{Desk: o.desk, Forms: db.Forms, SignIn: o.people, Brands: brands, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	o.server = httptest.NewServer(d)
	t.Cleanup(o.server.Close)
	return o
}

// Actors implements operators.Staff.
func (o *office) Actors(context.Context) (all []operators.Actor, _ error) {
	for _, a := range o.people.people {
		all = append(all, a)
	}
	return all, nil
}

// send asks for a page as somebody; with a form it posts.
func (o *office) send(who, path string, form url.Values) (int, string) {
	o.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	r, err := http.NewRequestWithContext(o.Context(), method, o.server.URL+path, strings.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	r.Header.Set("Who", who)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := o.server.Client().Do(r)
	if err != nil {
		o.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		o.Fatal(err)
	}
	return response.StatusCode, html.UnescapeString(string(text))
}

// sees fails the test unless a page has a status and texts.
func (o *office) sees(who, path string, status int, texts ...string) string {
	o.Helper()
	got, page := o.send(who, path, nil)
	o.has(fmt.Sprint(who, " at ", path), got, page, status, texts...)
	return page
}

func (o *office) has(what string, got int, page string, status int, texts ...string) {
	o.Helper()
	if got != status {
		o.Errorf("%s: %d, want %d", what, got, status)
	}
	for _, text := range texts {
		if !strings.Contains(page, text) {
			o.Errorf("%s: no %q", what, text)
		}
	}
}

var keyField = regexp.MustCompile(`name="key" value="([^"]+)"`)

func (o *office) asks() operators.ApprovalID {
	o.Helper()
	r, err := o.desk.Do(o.Context(), o.people.people["anna"], "asks", operators.AddBlocks{
		Brand: "demo", Batch: "b", All: []operators.Blocked{{Kind: operators.BlockNumber, Value: "erased-1-ab", Shows: "+316****5678"}},
	}, "ticket 4711")
	if err != nil {
		o.Fatal(err)
	}
	return r.Asked
}

func TestApprovalIsDecidedOnItsPages(t *testing.T) {
	o := newOffice(t)
	o.sees("ben", "/demo/approvals", http.StatusOK, "Nobody was asked yet", "Nothing waits for you.")
	at := "/demo/approvals/" + string(o.asks())
	o.sees("ben", "/demo/approvals", http.StatusOK, "One question waits for you.", "Blocks the number +316****5678.", "ticket 4711")
	o.sees("ben", "/-/approvals", http.StatusOK, "One question waits for you.")
	o.sees("anna", at, http.StatusOK, "ben@acme.example may decide this.")
	o.sees("dirk", at, http.StatusOK, "ben@acme.example may decide this.")
	o.sees("eva", at, http.StatusNotFound)
	o.sees("eva", "/-/approvals", http.StatusOK, "Nothing waits for you.")
	o.sees("ben", "/-/approvals/"+at[len("/demo/approvals/"):], http.StatusNotFound)
	o.sees("ben", at, http.StatusOK, at+"/agree", at+"/refuse")
	page := o.sees("ben", at+"/agree", http.StatusOK, "Blocks the number")
	form := url.Values{"key": {keyField.FindStringSubmatch(page)[1]}, "reason": {""}}
	status, page := o.send("ben", at+"/agree", form)
	o.has("no reason", status, page, http.StatusUnprocessableEntity, "Write why")
	form.Set("reason", "I looked")
	status, page = o.send("ben", at+"/agree", form)
	o.has("not fresh", status, page, http.StatusUnprocessableEntity, "authenticator app", "I looked")
	form.Set("code", "000000")
	status, page = o.send("ben", at+"/agree", form)
	o.has("wrong code", status, page, http.StatusUnprocessableEntity, "not the code of now")
	form.Set("code", "123456")
	status, page = o.send("dirk", at+"/agree", form)
	o.has("a viewer", status, page, http.StatusForbidden)
	status, page = o.send("anna", at+"/agree", form)
	o.has("who asked", status, page, http.StatusForbidden)
	for range 2 { // sent twice
		status, page = o.send("ben", at+"/agree", form)
		o.has("agreed", status, page, http.StatusOK, "1 blocked", "carried out")
	}
	form.Set("key", "another")
	status, page = o.send("ben", at+"/refuse", form)
	o.has("decided before", status, page, http.StatusConflict, "has decided already")
	blocks, err := o.db.Blocks.Blocks(t.Context(), operators.BlockFilter{Brand: "demo", Limit: 9})
	if err != nil || len(blocks) != 1 {
		t.Errorf("%d blocks, %v", len(blocks), err)
	}
}

func TestApprovalThatNobodyMayDecideSaysHow(t *testing.T) {
	o := newOffice(t)
	delete(o.people.people, "ben")
	id := o.asks()
	o.sees("anna", "/demo/approvals/"+string(id), http.StatusOK, "Nobody but the asker may decide this.", "pulsa approvals decide "+string(id))
}

func TestBlocksAreReadFromAListAndEnded(t *testing.T) {
	o := newOffice(t)
	o.sees("ben", "/demo/blocks", http.StatusOK, "Nothing is blocked", "/demo/blocks/add")
	o.sees("dirk", "/demo/blocks", http.StatusForbidden)
	o.sees("ben", "/demo/blocks/add", http.StatusOK, "One on each line")
	form := url.Values{"kind": {"number"}, "list": {"0612345678\nnonsense\n"}}
	status, page := o.send("ben", "/demo/blocks/add", form)
	o.has("a line that is no number", status, page, http.StatusUnprocessableEntity, "line 2")
	form.Set("list", "0612345678\n\n+31 6 1234 5678\n0612345679")
	status, page = o.send("ben", "/demo/blocks/add", form)
	o.has("what it would do", status, page, http.StatusOK, "Blocks 2 numbers.")
	form.Set("key", keyField.FindStringSubmatch(page)[1])
	form.Set("seen", regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(page)[1])
	form.Set("reason", "ticket 1")
	for range 2 { // sent twice
		status, page = o.send("ben", "/demo/blocks/add", form)
		o.has("blocked", status, page, http.StatusOK, "2 blocked", "+316****5678")
	}
	blocks, err := o.db.Blocks.Blocks(t.Context(), operators.BlockFilter{Brand: "demo", Limit: 9})
	if err != nil || len(blocks) != 2 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	o.sees("ben", "/demo/blocks/"+blocks[0].ID+"/end", http.StatusOK, "Ends the block of the number +316****")
	o.sees("ben", "/demo/pause", http.StatusOK, "Pause the brand")
	p := operators.Pause{Brand: "demo", Until: o.desk.Clock.Now().Add(time.Hour), By: prepaid.By{Who: "ben@acme.example", Why: "the network is down"}, At: o.desk.Clock.Now()}
	if err := o.db.Blocks.SetPause(t.Context(), p, prepaid.Deed{Brand: "demo", What: "pause brand", Kind: prepaid.OnBrand, Object: "demo", By: p.By, At: p.At}); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"/demo/blocks", "/demo/approvals", "/demo/pause"} {
		o.sees("ben", page, http.StatusOK, "Paused until ", "by ben@acme.example: the network is down. Nothing is sold.")
	}
}
