package app

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/desk"
)

// fixedActor is a desk.SignIn for which one person is always signed in.
type fixedActor struct{ person operators.Actor }

// Around implements desk.SignIn.
func (fixedActor) Around(next http.Handler) http.Handler { return next }

// Actor implements desk.SignIn.
func (f fixedActor) Actor(*http.Request) (operators.Actor, bool) { return f.person, true }

// Again implements desk.SignIn: every code is right.
func (f fixedActor) Again(*http.Request, prepaid.Secret) (operators.Actor, error) {
	f.person.FreshAt = prepaid.SystemClock{}.Now()
	return f.person, nil
}

// atDesk is a person at the desk of a running program.
type atDesk struct {
	*testing.T
	address string
	client  http.Client
}

// deskOf serves the desk, at which one person is signed in with these roles in the brand demo.
func (r *running) deskOf(roles ...operators.Role) *atDesk { return r.deskIn("demo", roles...) }

// deskOfAll is deskOf for somebody with these roles in all brands.
func (r *running) deskOfAll(roles ...operators.Role) *atDesk {
	return r.deskIn(operators.AllBrands, roles...)
}

func (r *running) deskIn(brand string, roles ...operators.Role) *atDesk {
	r.t.Helper()
	c := r.deskConfig()
	c.SignIn = fixedActor{operators.Actor{
		Person: "P1", Name: "Ann", Email: "ann@pulsa.example", Language: "en", TimeZone: time.UTC, From: "192.0.2.1",
		Roles: map[string][]operators.Role{brand: roles}, Goodwill: map[prepaid.Currency]int64{"EUR": 1000}, FreshAt: r.Clock.Now(),
	}}
	handler, err := desk.New(c)
	if err != nil {
		r.t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	r.t.Cleanup(server.Close)
	return &atDesk{T: r.t, address: server.URL, client: http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (d *atDesk) read(response *http.Response, err error) (int, string) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		d.Fatal(err)
	}
	return response.StatusCode, string(body) + response.Header.Get("Location")
}

func (d *atDesk) get(path string) (int, string) {
	d.Helper()
	return d.read(d.client.Get(d.address + path))
}

func (d *atDesk) post(path string, form url.Values) (int, string) {
	d.Helper()
	return d.read(d.client.PostForm(d.address+path, form))
}

func (d *atDesk) shows(path string, status int, wanted ...string) string {
	d.Helper()
	got, body := d.get(path)
	if got != status {
		d.Errorf("%s: %d, not %d", path, got, status)
	}
	for _, w := range wanted {
		if !strings.Contains(body, w) && !strings.Contains(html.UnescapeString(body), w) {
			d.Errorf("%s: %q is missing in:\n%s", path, w, body)
		}
	}
	return body
}

func TestTheDeskListsOrdersOfBrandsInWhichThePersonHasARole(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	r.wants("+31612345678", "KOOP 10 4821", "10")
	id := r.latestOrders()[0].ID
	d := r.deskOf(operators.Viewer)
	d.shows("/", http.StatusSeeOther, "/demo")
	d.shows("/demo", http.StatusSeeOther, "/demo/today")
	body := d.shows("/demo/orders", http.StatusOK, id.Grouped(), "10.00", `<html lang="en">`, `aria-current="page"`)
	if strings.Contains(body, "612345678") {
		t.Error("the number is not masked")
	}
	d.shows("/other/orders", http.StatusNotFound, "There is nothing here")
	d.shows("/demo/nothing", http.StatusNotFound)
	if status, body := d.read(http.Get(d.address + "/-/files/desk.css")); status != http.StatusOK || !strings.Contains(body, ".rail") {
		t.Error(status, body)
	}
	request, _ := http.NewRequest(http.MethodPost, d.address+"/demo/undo", nil)
	request.Header.Set("Origin", "https://evil.example")
	if status, _ := d.read(http.DefaultClient.Do(request)); status != http.StatusForbidden {
		t.Error("a page of another site may post:", status)
	}
}
