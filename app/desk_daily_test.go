package app

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// key is of the form on a page.
func (d *atDesk) key(page string) string {
	d.Helper()
	found := regexp.MustCompile(`name="key" value="([a-z]+)"`).FindStringSubmatch(page)
	if found == nil {
		d.Fatalf("no form on the page:\n%s", page)
	}
	return found[1]
}

// does runs an operation by its form, with what is typed, and returns the page that it leads to.
func (d *atDesk) does(path string, typed url.Values) string {
	d.Helper()
	status, page := d.get(path + "?" + typed.Encode())
	if status != http.StatusOK {
		d.Fatalf("%s: %d\n%s", path, status, page)
	}
	form := url.Values{"key": {d.key(page)}, "reason": {"a test asks"}}
	for _, name := range []string{"seen", "saw"} {
		if found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page); found != nil {
			form.Set(name, found[1])
		}
	}
	for name, values := range typed {
		form[name] = values
	}
	status, answer := d.post(path, form)
	if status == http.StatusOK {
		return answer // what is shown once
	}
	if status != http.StatusSeeOther {
		d.Fatalf("%s: %d\n%s", path, status, answer)
	}
	if again, _ := d.post(path, form); again != http.StatusSeeOther {
		d.Errorf("%s sent again: %d", path, again)
	}
	return answer
}

func TestTodayTellsHowTheDayGoesAndFollowsIt(t *testing.T) {
	r := runDemo(t, nil, nil)
	d := r.deskOf(operators.Support)
	d.shows("/demo/today", http.StatusOK, "No order yet", "Nothing waits for people", `hx-get="/demo/today/figures"`, "demo/fake", "works")
	r.customer("+31612345678")
	r.wants("+31612345678", "KOOP 10 4821", "10")
	r.Settle(t.Context())
	d = r.deskOf(operators.Support) // without the figures of a moment ago
	d.shows("/demo/today", http.StatusOK, "100% of the 1 orders of the last 24 hours were delivered", `href="/demo/orders?since=24h"`)
	status, part := d.get("/demo/today/figures")
	if status != http.StatusOK || strings.Contains(part, "<html") || !strings.Contains(part, "as of") {
		t.Errorf("the part: %d\n%s", status, part)
	}
	d.shows("/-/today", http.StatusOK, "100%")
	d.shows("/other/today", http.StatusNotFound)
}

func TestWhatWaitsIsTakenUpLeftToOthersAndEnded(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	r.wants("+31612345678", "KOOP 10 4821", "10")
	r.Settle(t.Context())
	order := r.latestOrders()[0]
	now := r.Clock.Now()
	item := operators.OpenItem{Provider: "psp:sim", Reference: string(order.Charge.ID), Kind: "charge", Order: order.ID, Currency: "EUR", Ours: 1000, Theirs: 900, HappenedAt: now}
	if err := r.DB.Reconciliation.SaveDifferences(t.Context(), []operators.OpenItem{item}, now.Add(-time.Hour), now.Add(time.Hour), now); err != nil {
		t.Fatal(err)
	}
	d := r.deskOf(operators.Finance)
	one := "/demo/waiting/difference/" + string(order.ID)
	d.shows("/demo/waiting", http.StatusOK, one, "Difference", "−€1.00")
	d.shows("/demo/waiting?kind=debt", http.StatusOK, "Nothing of that kind waits")
	page := d.shows(one, http.StatusOK, order.ID.Grouped(), "€10.00", "€9.00", "I see to it", `hx-post="/demo/open/difference/`)
	if status, _ := d.post(one+"/take", url.Values{"key": {d.key(page)}}); status != http.StatusSeeOther {
		t.Errorf("take: %d", status)
	}
	d.shows("/demo/waiting?person=me", http.StatusOK, "Ann")
	d.does(one+"/assign", url.Values{"person": {"nobody"}, "note": {"asked the gateway"}})
	d.shows("/demo/waiting?person=nobody", http.StatusOK, "asked the gateway")
	d.shows("/other/waiting", http.StatusNotFound)
	d.shows("/-/waiting", http.StatusOK, one)
	d.does(one+"/close", nil)
	d.shows(one, http.StatusNotFound, "Nothing waits here any more")

	viewer := r.deskOf(operators.Viewer)
	viewer.shows(one+"/close", http.StatusForbidden)
	if status, part := viewer.post("/demo/open/order/"+string(order.ID), nil); status != http.StatusOK || strings.Contains(part, "<html") {
		t.Errorf("open: %d %s", status, part)
	}
}

func TestAPaidDebtIsBookedAndItsMandateIsOneFile(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer("+31612345678")
	r.wants("+31612345678", "KOOP 10 4821", "10")
	r.Settle(t.Context())
	order := r.latestOrders()[0]
	if order.Status != topup.Delivered {
		t.Fatalf("the order is %s", order.Status)
	}
	if err := r.Sims.Gateway.ReturnDebit(t.Context(), "31612345678"); err != nil {
		t.Fatal(err)
	}
	r.Settle(t.Context())
	d := r.deskOf(operators.Finance)
	one := "/demo/waiting/customer/" + string(order.Customer)
	d.shows("/demo/waiting", http.StatusOK, one, "Debt", "€10.00")
	d.shows(one, http.StatusOK, "The bank took the money back", "316****5678")
	if status, _ := d.post("/demo/mandates/NONE", url.Values{"reason": {"the bank asks"}}); status != http.StatusNotFound {
		t.Errorf("no mandate: %d", status)
	}
	reference := r.mandateOf(order.Customer)
	page := d.shows(one, http.StatusOK, reference, "Download the evidence")
	if strings.Contains(page, "J. Jansen") || strings.Contains(page, "31612345678") {
		t.Error("the page shows whose mandate it is")
	}
	if status, _ := d.post("/demo/mandates/"+reference, nil); status == http.StatusOK {
		t.Error("without a reason")
	}
	status, file := d.post("/demo/mandates/"+reference, url.Values{"reason": {"the bank asks"}})
	if status != http.StatusOK || !strings.Contains(file, "J. Jansen") || !strings.Contains(file, "tel:&#43;31612345678") || !strings.Contains(file, "None.") || strings.Contains(file, "/-/files/") {
		t.Errorf("the file: %d\n%s", status, file)
	}
	if status, _ := r.deskOf(operators.Viewer).post("/demo/mandates/"+reference, url.Values{"reason": {"the bank asks"}}); status != http.StatusForbidden {
		t.Errorf("a viewer: %d", status)
	}
	d.does(one+"/paid", nil)
	d.shows(one, http.StatusNotFound)
	d.shows("/demo/customers?status=active", http.StatusOK, "316****5678", "Direct debit")
	d.shows("/demo/customers?status=blocked", http.StatusOK, "Nobody is like that")
	d.shows("/demo/customers?from=2100-01-01", http.StatusOK, "Nobody is like that")
}

// mandateOf gives a customer a mandate that was given by text, a minute before now, and returns its reference.
func (r *running) mandateOf(c prepaid.CustomerID) string {
	r.t.Helper()
	from := topup.ReplyTo{Channel: "fake", Kind: "sms", Address: "tel:+31612345678", Language: "nl"}
	s := payments.Setup{
		ID: prepaid.NewID[prepaid.SetupID](), OperationKey: "mandate", Brand: "demo", Customer: c, Gateway: "sim", Method: payments.SEPA,
		Status: payments.SetupOpen, ReplyTo: from, CreatedAt: r.Clock.Now(), Holder: 1,
	}
	m := payments.Mandate{
		Setup: s.ID, Brand: "demo", Customer: c, Reference: strings.ToUpper(string(s.ID)), Language: "nl", Version: "1", Text: "Machtiging van {holder}, {iban}",
		Creditor: prepaid.Creditor{Name: "Demo B.V.", Identifier: "NL79ZZZ999999990000"}, Holder: "J. Jansen", IBAN: "NL** **** 4300", From: from, AgreedAt: r.Clock.Now().Add(-time.Hour),
	}
	if _, err := r.DB.Mandates.SaveMandate(r.t.Context(), s, m); err != nil {
		r.t.Fatal(err)
	}
	return m.Reference
}

func TestADevelopersSecretIsShownOnceAndKeptNowhere(t *testing.T) {
	r := runDemo(t, nil, nil)
	d := r.deskOf(operators.Engineer, operators.Finance)
	d.shows("/demo/developers", http.StatusOK, "No developers yet")
	page := d.does("/demo/new-developer", url.Values{"name": {"Shop GmbH"}})
	found := regexp.MustCompile(`<dd class="mono" data-copy>([a-z]+)</dd>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no secret:\n%s", page)
	}
	r.wantNowhere(found[1])
	keys, err := r.DB.Developers.Keys(t.Context(), "demo")
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	one := "/demo/developers/" + keys[0].ID
	d.shows("/demo/developers", http.StatusOK, one, "Shop GmbH")
	d.shows(one, http.StatusOK, "Nothing was sent yet", "Suspend")
	d.does(one+"/suspend", nil)
	d.shows(one, http.StatusOK, "suspended", "Resume")
	d.shows("/demo/developers/nokey", http.StatusNotFound)
	d.does(one+"/credit", url.Values{"amount": {"100"}, "reference": {"r1"}})
	if open, err := r.DB.Approvals.List(t.Context(), operators.ApprovalFilter{Open: true, Limit: 9}); err != nil || len(open) != 1 {
		t.Errorf("credit asks another person: %v, %v", open, err)
	}
	r.deskOf(operators.Support).shows(one+"/revoke", http.StatusForbidden)
}

func TestAChannelIsSwitchedOffAndOnAgain(t *testing.T) {
	r := runDemo(t, nil, nil)
	d := r.deskOf(operators.Engineer)
	d.shows("/demo/channels", http.StatusOK, "fake", "works", "/demo/channels/fake/off")
	to := d.does("/demo/channels/fake/off", nil)
	_, path, _ := strings.Cut(to, "/demo/channels")
	page := d.shows("/demo/channels"+path, http.StatusOK, "Undo", "/demo/channels/fake/on")
	what := regexp.MustCompile(`name="what" value="([a-z]+)"`).FindStringSubmatch(page)
	if status, _ := d.post("/demo/undo", url.Values{"key": {prepaid.NewToken()}, "what": {what[1]}}); status != http.StatusSeeOther {
		t.Errorf("undo: %d", status)
	}
	d.shows("/demo/channels", http.StatusOK, "/demo/channels/fake/off")
	r.deskOf(operators.Support).shows("/demo/channels/fake/off", http.StatusForbidden)
}

func TestHealthTellsOfChecksCopiesKeysAndTheAudit(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.deskOf(operators.Admin).shows("/-/health", http.StatusForbidden) // a role in one brand is not enough
	d := r.deskOfAll(operators.Engineer)
	d.shows("/-/health", http.StatusOK, "none yet", "pin-pepper", "SQL")
	d.does("/-/health/audit", nil)
	for range 100 {
		run, _, err := r.DB.Audit.LastAuditRun(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !run.EndedAt.IsZero() {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	d.shows("/-/health", http.StatusOK, "nothing is wrong", "ann@pulsa.example")
	if status, page := d.post("/-/health", nil); status != http.StatusOK || !strings.Contains(page, "Checks at providers") {
		t.Errorf("outside: %d\n%s", status, fmt.Sprint(page))
	}
}
