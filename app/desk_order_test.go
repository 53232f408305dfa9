package app

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"

	simgateway "pulsa/sim/gateway"
)

var formField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// form opens a form, and returns it with its hidden fields.
func (d *atDesk) form(path string, fields ...string) url.Values {
	d.Helper()
	_, body := d.get(path)
	values := url.Values{}
	for _, m := range formField.FindAllStringSubmatch(body, -1) {
		values.Set(m[1], m[2])
	}
	if values.Get("key") == "" {
		d.Fatalf("%s has no form:\n%s", path, body)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return values
}

// order buys for a number, and returns the page of its newest order.
func (r *running) orderPage(number string) (topup.History, string) {
	r.t.Helper()
	r.text(number, "KOOP 10 "+apptest.PIN)
	orders, err := r.DB.Orders.List(r.t.Context(), operators.OrderFilter{Brand: "demo", Limit: 1})
	if err != nil || len(orders) == 0 {
		r.t.Fatal(orders, err)
	}
	h, err := r.DB.Orders.Order(r.t.Context(), orders[0].ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return h, "/demo/orders/" + string(h.ID)
}

func TestAHeldOrderIsRefundedOnceFromTheDesk(t *testing.T) {
	r := runDemo(t, nil, nil)
	const number = "+31612348005" // whose top-ups are held
	r.customer(number)
	h, page := r.orderPage(number)
	d := r.deskOf(operators.Finance)
	d.shows(page, http.StatusOK, "Paid, not delivered", h.ID.Grouped(), "Refund €10.00", "sim took €10.00", "is taking longer than usual", `hx-get="`+page+`/live"`)
	if _, body := d.get(page + "/live"); !strings.Contains(body, `id="live"`) || strings.Contains(body, "<html") {
		t.Error("no part:", body)
	}
	d.shows(page+"/refund", http.StatusOK, "Gives EUR 10.00 back", "Your €10 was paid back")
	if got := len(r.Sims.Gateway.Refunded(simgateway.Filter{})); got != 0 {
		t.Error("a GET refunded")
	}
	if status, body := d.post(page+"/refund", d.form(page+"/refund")); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Write why") {
		t.Errorf("without a reason: %d %s", status, body)
	}
	form := d.form(page+"/refund", "reason", "ticket 4711")
	changed := url.Values{"key": form["key"], "reason": form["reason"], "seen": {"other"}, "saw": {"It was otherwise."}}
	if status, body := d.post(page+"/refund", changed); status != http.StatusConflict || !strings.Contains(body, "It was otherwise.") {
		t.Errorf("after a change: %d %s", status, body)
	}
	for range 2 {
		status, to := d.post(page+"/refund", form)
		if status != http.StatusSeeOther || !strings.HasSuffix(to, page+"?done="+form.Get("key")) {
			t.Fatalf("%d %s", status, to)
		}
		d.shows(page+"?done="+form.Get("key"), http.StatusOK, "is refunded", "ticket 4711", "ann@pulsa.example")
	}
	if got := r.Sims.Gateway.Refunded(simgateway.Filter{}); len(got) != 1 {
		t.Errorf("refunded %+v", got)
	}
	if _, body := d.get(page); strings.Contains(body, "612348005") {
		t.Error("the number is not masked")
	}
	if status, body := d.get(page + "/refund"); status != http.StatusUnprocessableEntity || !strings.Contains(body, "the order is refunded, which does not allow it") {
		t.Errorf("again: %d %s", status, body)
	}
}

func TestGoodwillFromTheDeskMayBeAPartAndIsTold(t *testing.T) {
	r := runDemo(t, nil, nil)
	const number = apptest.Number
	r.customer(number)
	h, page := r.orderPage(number)
	support := r.deskOf(operators.Support)
	support.shows(page, http.StatusOK, "Give goodwill")
	support.shows(page+"/goodwill?amount=2,50", http.StatusOK, "Gives EUR 2.50 of the EUR 10.00 back", "given you €2.50 back", "Give €2.50 back")
	support.shows(page+"/goodwill?amount=11", http.StatusOK, "Write an amount up to €10.00")
	form := support.form(page+"/goodwill?amount=2.50", "reason", "a long wait", "amount", "2.50")
	if status, to := support.post(page+"/goodwill", form); status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, to)
	}
	support.shows(page+"?done="+form.Get("key"), http.StatusOK, "EUR 2.50 is given back", "€2.50 was given back as goodwill", "sim gave €2.50 back")
	got := r.Sims.Gateway.Refunded(simgateway.Filter{})
	if len(got) != 1 || got[0].Amount != (prepaid.Money{Minor: 250, Currency: "EUR"}) {
		t.Errorf("refunded %+v", got)
	}
	r.hears("given you €2.50 back")
	h, err := r.DB.Orders.Order(t.Context(), h.ID)
	if err != nil || h.Status != topup.Delivered || h.Charge.Status != topup.ChargePartly {
		t.Errorf("%s %s %v", h.Status, h.Charge.Status, err)
	}
}

func TestWhoMayNotIsToldWhoMayAndADeedIsWritten(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	h, page := r.orderPage(apptest.Number)
	viewer := r.deskOf(operators.Viewer)
	if _, body := viewer.get(page); strings.Contains(body, "Give goodwill") {
		t.Error("a viewer is offered goodwill")
	}
	viewer.shows(page+"/goodwill", http.StatusForbidden, "support, finance")
	if status, _ := viewer.post(page+"/goodwill", url.Values{"key": {"k"}, "reason": {"why"}, "amount": {"1"}}); status != http.StatusForbidden {
		t.Error(status)
	}
	deeds, err := r.DB.Deeds.Of(t.Context(), operators.Object{Brand: "demo", Kind: prepaid.OnOrder, ID: string(h.ID)})
	if err != nil || len(deeds) != 2 || !strings.HasPrefix(deeds[0].What, "refused: GET") {
		t.Errorf("%+v %v", deeds, err)
	}
}

func TestOrdersAreNarrowedByTheAddressAndANumberIsPosted(t *testing.T) {
	r := runDemo(t, nil, nil)
	const held = "+31612348005"
	r.customer(apptest.Number)
	r.customer(held)
	h1, page1 := r.orderPage(apptest.Number)
	h2, _ := r.orderPage(held)
	d := r.deskOf(operators.Viewer)
	only := func(body string, wanted, unwanted topup.History) {
		t.Helper()
		if !strings.Contains(body, wanted.ID.Grouped()) || strings.Contains(body, unwanted.ID.Grouped()) {
			t.Errorf("%s is missing, or %s is there:\n%s", wanted.ID, unwanted.ID, body)
		}
	}
	for query, wanted := range map[string][2]topup.History{
		"status=held": {h2, h1}, "status=delivered": {h1, h2}, "status=delivered&since=24h": {h1, h2},
		"status=held&reason=INSUFFICIENT_BALANCE&since=24h": {h2, h1}, "reason=INSUFFICIENT_BALANCE": {h2, h1}, "open=yes&amount=10": {h2, h1},
		"customer=" + string(h1.Customer): {h1, h2}, "status=held&channel=fake&network=sim&funding=charge": {h2, h1},
	} {
		only(d.shows("/demo/orders?"+query, http.StatusOK, `class="chip"`), wanted[0], wanted[1])
	}
	d.shows("/demo/orders?amount=11", http.StatusOK, "No order fits", "All orders")
	d.shows("/demo/orders?since=24h", http.StatusOK, "The last 24 h", `type="text" value="24h"`)
	d.shows("/demo/orders?since=0h", http.StatusBadRequest, "Write a day")
	d.shows("/demo/orders?until=24h", http.StatusBadRequest, "Write a day")
	d.shows("/demo/orders?since=yesterday", http.StatusBadRequest, "Write a day")
	d.shows("/demo/orders?after=x", http.StatusBadRequest, h1.ID.Grouped())
	status, body := d.post("/demo/orders", url.Values{"number": {"06 12 34 80 05"}})
	if status != http.StatusOK {
		t.Error(status)
	}
	only(body, h2, h1)
	if status, body = d.post("/demo/orders", url.Values{"number": {"none"}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "no phone number") {
		t.Error(status, body)
	}
	file := d.shows("/demo/orders.csv?status=held", http.StatusOK, "id,created_at", string(h2.ID)+",", ",'+316****8005,10.00,EUR,held,")
	if strings.Contains(file, string(h1.ID)) || strings.Contains(file, "612348005") {
		t.Error(file)
	}
	d.shows(page1, http.StatusOK, "Say this", "got €10.00")
	support := r.deskOf(operators.Support)
	if status, to := support.post(page1+"/resend", support.form(page1+"/resend", "reason", "asked for it")); status != http.StatusSeeOther {
		t.Error(status, to)
	}
}
