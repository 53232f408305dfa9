package stripe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/payments/stripe"
	"pulsa/payments/stripe/stripetest"
	"pulsa/prepaid"
	"pulsa/topup"
)

func TestOnlyStripeIsBelieved(t *testing.T) {
	w := newWorld(t, nil)
	body := w.event("payment_intent.succeeded", object{"metadata": map[string]string{"charge": "ref"}})
	sign := func(secret string, age time.Duration, body []byte) string {
		return stripetest.Signature(body, w.clock.Now().Add(-age), secret)
	}
	good := sign(hookSecret, 0, body)
	at, signature, _ := strings.Cut(good, ",")
	for _, test := range []struct {
		name, method string
		body         []byte
		signature    string
		want         int
	}{
		{"signed", "POST", body, good, 200},
		{"signed with the older secret", "POST", body, sign("whsec_older", 0, body), 200},
		{"signed with both, as while they change", "POST", body, good + ",v1=00ff," + "v0=abc", 200},
		{"almost too old", "POST", body, sign(hookSecret, 299*time.Second, body), 200},
		{"too old", "POST", body, sign(hookSecret, 302*time.Second, body), 403},
		{"from the future", "POST", body, sign(hookSecret, -302*time.Second, body), 403},
		{"another's secret", "POST", body, sign("whsec_forged", 0, body), 403},
		{"an empty secret", "POST", body, sign("", 0, body), 403},
		{"unsigned", "POST", body, "", 403},
		{"no time", "POST", body, signature, 403},
		{"no signature", "POST", body, at, 403},
		{"a time that was not signed", "POST", body, good + fmt.Sprintf(",t=%d", w.clock.Now().Unix()+1), 403},
		{"a time that is none", "POST", body, "t=now," + signature, 403},
		{"the old scheme", "POST", body, strings.Replace(good, "v1=", "v0=", 1), 403},
		{"another body", "POST", append([]byte(" "), body...), good, 403},
		{"GET", "GET", body, good, 405},
		{"too long", "POST", bytes.Repeat([]byte(" "), 600<<10), good, 413},
		{"not JSON", "POST", []byte("{"), sign(hookSecret, 0, []byte("{")), 400},
		{"no event", "POST", []byte("{}"), sign(hookSecret, 0, []byte("{}")), 400},
	} {
		w.told = nil
		if got := w.postAs(test.method, test.body, test.signature); got != test.want {
			t.Errorf("%s: answered %d, want %d", test.name, got, test.want)
		}
		if taken := len(w.events()) == 1; taken != (test.want == 200) {
			t.Errorf("%s: told %+v", test.name, w.events())
		}
	}
	none := newWorld(t, func(c *stripe.Config) { c.WebhookSecrets = []prepaid.Secret{{}} })
	if got := none.postAs("POST", body, sign("", 0, body)); got != 403 {
		t.Errorf("without a secret: answered %d", got)
	}
}

func TestWhatEventsTell(t *testing.T) {
	w := newWorld(t, nil)
	r, intent := w.charged("ref")
	customer, method, _ := strings.Cut(r.Token.Reveal(), "/")
	foreign := w.server.Put("pi", object{"object": "payment_intent", "status": "succeeded", "metadata": map[string]string{"shop": "1"}})
	charge, none := payments.Event{Charge: "ref"}, payments.Event{}
	ours := object{"id": intent, "metadata": map[string]string{"charge": "ref"}}
	for _, test := range []struct {
		kind  string
		about object
		want  payments.Event
	}{
		{"payment_intent.succeeded", ours, charge},
		{"payment_intent.payment_failed", ours, charge},
		{"payment_intent.requires_action", ours, charge},
		{"payment_intent.processing", ours, charge},
		{"payment_intent.canceled", ours, charge},
		{"payment_intent.created", ours, none},
		{"payment_intent.succeeded", object{"id": foreign.ID(), "metadata": object{}}, none},
		{"charge.refunded", object{"id": "ch_1", "payment_intent": intent, "metadata": map[string]string{"charge": "ref"}}, charge},
		{"charge.refunded", object{"id": "ch_1", "payment_intent": nil}, none},
		{"charge.dispute.created", object{"id": "dp_1", "payment_intent": intent}, charge},
		{"charge.dispute.created", object{"id": "dp_1", "payment_intent": object{"id": intent}}, charge},
		{"charge.dispute.created", object{"id": "dp_1", "payment_intent": foreign.ID()}, none},
		{"charge.dispute.closed", object{"id": "dp_1", "payment_intent": intent}, charge},
		{"refund.failed", object{"id": "re_1", "payment_intent": intent}, charge},
		{"mandate.updated", object{"id": "mandate_1", "status": "inactive", "payment_method": method}, payments.Event{Revoked: r.Token}},
		{"mandate.updated", object{"id": "mandate_1", "status": "active", "payment_method": method}, none},
		{"checkout.session.expired", object{"mode": "payment", "metadata": map[string]string{"setup": "s"}}, none},
		{"checkout.session.completed", object{"mode": "setup", "metadata": object{}}, none},
		{"customer.created", object{"id": customer}, none},
	} {
		w.told = nil
		if got := w.post(w.event(test.kind, test.about)); got != 200 {
			t.Errorf("%s: answered %d", test.kind, got)
		}
		var got payments.Event
		for _, e := range w.events() {
			got = e
		}
		if got != test.want {
			t.Errorf("%s %v: told %+v, want %+v", test.kind, test.about, got, test.want)
		}
	}
	if !strings.Contains(w.log.String(), "refund failed at stripe") {
		t.Error("a failed refund is not logged")
	}
}

func TestASetupIsToldOnceItIsUsable(t *testing.T) {
	w := newWorld(t, nil)
	displays := map[payments.Method]string{payments.SEPA: "NL** **** 4300", payments.Card: "Visa **** 4242", payments.PayPal: "PayPal j***@example.com"}
	for _, m := range payments.Methods() {
		if _, err := w.StartSetup(t.Context(), payments.SetupRequest{Reference: string(m), Brand: demo(), Customer: "kunde", Method: m, Language: "ht"}); err != nil {
			t.Fatal(err)
		}
		session := w.server.Latest("checkout.session")
		w.server.Set(session.Text("setup_intent"), object{"status": "processing"})
		w.told = nil
		w.deliver("checkout.session.completed", session)
		if told := w.events(); len(told) != 0 {
			t.Errorf("%s: told %+v while it is being set up", m, told)
		}
		if err := w.server.Complete(string(m)); err != nil { // setup_intent.succeeded and checkout.session.completed
			t.Fatal(err)
		}
		intent := w.server.Latest("setup_intent")
		want := payments.Event{Setup: prepaid.SetupID(m), Ended: payments.SetupCompleted, Display: displays[m],
			Token: prepaid.NewSecret(intent.Text("customer") + "/" + intent.Text("payment_method"))}
		told := w.events()
		if len(told) != 2 || told[0] != want || told[1] != want {
			t.Errorf("%s: told %+v, want %+v twice", m, told, want)
		}
		forged := object{"mode": "setup", "metadata": map[string]string{"setup": "another"}, "setup_intent": intent.ID()}
		w.deliver("checkout.session.completed", forged)
		if n := len(w.events()); n != 2 {
			t.Errorf("%s: a session that is not its intent's was told", m)
		}
	}
}

func TestASetupsRequestsNameItAndNotTheNumber(t *testing.T) {
	w := newWorld(t, nil)
	page, err := w.StartSetup(t.Context(), payments.SetupRequest{Reference: "ref", Brand: demo(), Customer: "kunde",
		MSISDN: "31612345678", Method: payments.SEPA, Language: "nl"})
	if err != nil || !strings.HasPrefix(page.URL, w.server.URL+"/c/pay/") || !strings.HasPrefix(page.GatewayRef, "cs_") {
		t.Fatalf("got %+v, %v", page, err)
	}
	customer, session := w.server.Requests()[0], w.server.Requests()[1]
	if customer.IdempotencyKey != "customer:kunde" || session.IdempotencyKey != "setup:ref" {
		t.Errorf("keys %q and %q", customer.IdempotencyKey, session.IdempotencyKey)
	}
	for field, want := range map[string]string{"mode": "setup", "currency": "eur", "locale": "nl", "payment_method_types[0]": "sepa_debit",
		"metadata[setup]": "ref", "setup_intent_data[metadata][setup]": "ref", "success_url": "https://pay.test" + stripe.ReturnPath + "?language=nl"} {
		if got := session.Form.Get(field); got != want {
			t.Errorf("%s: got %q, want %q", field, got, want)
		}
	}
	if sent := customer.Form.Encode() + session.Form.Encode(); strings.Contains(sent, "31612345678") {
		t.Error("Stripe was told the customer's number")
	}
}

func TestNewsThatIsNotTakenIsAskedForAgain(t *testing.T) {
	w := newWorld(t, nil)
	_, intent := w.charged("ref")
	w.told = nil
	dispute := w.event("charge.dispute.created", object{"payment_intent": intent})
	w.deaf = errors.New("the store is down")
	if got := w.post(dispute); got != http.StatusServiceUnavailable {
		t.Errorf("store down: answered %d", got)
	}
	w.deaf = nil
	w.server.FailNext(stripetest.Refusal(500, "api_error", "", nil))
	if got := w.post(dispute); got != http.StatusServiceUnavailable {
		t.Errorf("Stripe down: answered %d", got)
	}
	if got := w.post(dispute); got != http.StatusOK {
		t.Errorf("repeated: answered %d", got)
	}
	if diff := cmp.Diff([]payments.Event{{Charge: "ref"}}, w.events(), cmp.Comparer(func(a, b payments.Event) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAboutWhatStripeDoesNotKnowAreNotAskedForForEver(t *testing.T) {
	var strays []stripe.Dispute
	var full error
	w := newWorld(t, func(c *stripe.Config) {
		c.Stray = func(_ context.Context, d stripe.Dispute) error {
			if full == nil {
				strays = append(strays, d)
			}
			return full
		}
	})
	made := w.clock.Now().Truncate(time.Second)
	said := func(kind string, about object) []byte {
		return w.event(kind, about)
	}
	dispute := said("charge.dispute.created", object{"id": "dp_1", "payment_intent": "pi_gone", "amount": 1000, "currency": "eur", "status": "needs_response"})
	events := [][]byte{
		dispute, said("mandate.updated", object{"id": "mandate_1", "status": "inactive", "payment_method": "pm_gone"}),
		said("charge.refunded", object{"id": "ch_1", "payment_intent": "pi_gone"}),
		said("setup_intent.succeeded", object{"id": "seti_gone", "metadata": map[string]string{"setup": "s"}}),
	}
	all := func(want int) {
		t.Helper()
		for _, e := range events {
			if got := w.post(e); got != want {
				t.Errorf("after %s: answered %d to %s", w.clock.Now().Sub(made), got, e)
			}
		}
	}
	all(http.StatusServiceUnavailable)
	w.clock.AdvanceTo(made.Add(9 * time.Minute))
	all(http.StatusServiceUnavailable)
	if len(strays) > 0 {
		t.Errorf("told %+v", strays)
	}
	w.clock.AdvanceTo(made.Add(11 * time.Minute))
	full = errors.New("the store is down")
	if got := w.post(dispute); got != http.StatusServiceUnavailable {
		t.Errorf("not written down: answered %d", got)
	}
	full = nil
	w.server.FailNext(stripetest.Refusal(500, "api_error", "", nil))
	if got := w.post(dispute); got != http.StatusServiceUnavailable {
		t.Errorf("Stripe down: answered %d", got)
	}
	all(http.StatusOK)
	want := []stripe.Dispute{{ID: "dp_1", Status: "needs_response", Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, At: made}}
	if diff := cmp.Diff(want, strays); diff != "" || len(w.events()) > 0 {
		t.Error(diff, w.events())
	}
}

func TestThinEventsAreAcceptedAndChangeNothing(t *testing.T) {
	w := newWorld(t, nil)
	_, intent := w.charged("ref")
	w.told = nil
	before := len(w.server.Requests())
	for range 3 {
		for _, kind := range []string{"v1.billing.meter.error_report_triggered", "v2.core.event_destination.ping", "payment_intent.succeeded"} {
			if got := w.server.Send(w.server.NewThinEvent(kind, intent)); got != http.StatusOK {
				t.Errorf("%s: answered %d", kind, got)
			}
		}
	}
	if told := w.events(); len(told) > 0 || len(w.server.Requests()) > before {
		t.Errorf("told %+v, asked %v", told, w.asked(before))
	}
	if log := w.log.String(); strings.Count(log, "thin events") != 3 || strings.Count(log, "level=INFO") != 3 {
		t.Errorf("logged %s", log)
	}
	body := w.server.NewThinEvent("v2.core.event_destination.ping", "ed_1").Body
	if got := w.postAs(http.MethodPost, body, stripetest.Signature(body, w.clock.Now(), "whsec_forged")); got != http.StatusForbidden {
		t.Errorf("signed by another: answered %d", got)
	}
}

func TestAFailedRefundIsAnErrorOnlyWhereItIsOurs(t *testing.T) {
	w := newWorld(t, nil)
	pays := func(metadata map[string]string) string {
		return w.server.Put("pi", object{"object": "payment_intent", "status": "succeeded", "metadata": metadata}).ID()
	}
	shop, other := pays(map[string]string{"shop": "1"}), pays(map[string]string{"charge": "another system's"})
	for _, intent := range []any{nil, "", shop, other} {
		for _, kind := range []string{"refund.failed", "refund.updated", "charge.refund.updated"} {
			w.deliver(kind, object{"id": "re_1", "object": "refund", "status": "failed", "payment_intent": intent})
		}
	}
	if log := w.log.String(); log != "" {
		t.Errorf("of others' refunds is logged %s", log)
	}
	_, intent := w.charged("ref")
	w.deliver("refund.failed", object{"id": "re_2", "object": "refund", "status": "failed", "payment_intent": intent})
	if log := w.log.String(); strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "charge=ref") {
		t.Errorf("logged %s", log)
	}
}

func TestNewsOfTheOtherModeIsIgnored(t *testing.T) {
	w := newWorld(t, nil)
	body := bytes.Replace(w.event("payment_intent.succeeded", object{"metadata": map[string]string{"charge": "ref"}}),
		[]byte(`"livemode":false`), []byte(`"livemode":true`), 1)
	if got := w.post(body); got != 200 || len(w.events()) != 0 {
		t.Errorf("answered %d, told %+v", got, w.events())
	}
	if got := w.post(w.event("payment_intent.succeeded", []int{1})); got != http.StatusBadRequest {
		t.Errorf("an object that is none: answered %d", got)
	}
}

func TestTheReturnPageSpeaksTheCustomersLanguage(t *testing.T) {
	page := stripe.ReturnPage(func(language string) (spoken, title, text string) {
		if language == "nl" {
			return "nl", "Dank je wel", "Tot <ziens>"
		}
		return "en", "Thank you", "Goodbye"
	})
	for query, want := range map[string]string{
		"": `lang="en"`, "?language=en": "<h1>Thank you</h1>", "?language=nl": "<p>Tot &lt;ziens&gt;", "?language=<script>": `lang="en"`,
	} {
		answer := httptest.NewRecorder()
		page.ServeHTTP(answer, httptest.NewRequest("GET", stripe.ReturnPath+query, nil))
		if text := answer.Body.String(); !strings.Contains(text, want) || strings.Contains(text, "<script>") {
			t.Errorf("%q: got %s", query, text)
		}
	}
}

// agreement is a customer's to a mandate, now.
func agreement(t *testing.T, w *world) payments.Agreement {
	t.Helper()
	iban, _, err := payments.ParseIBAN("NL91ABNA0417164300")
	if err != nil {
		t.Fatal(err)
	}
	brand := demo()
	brand.Creditor.Email = "sepa@demo.example"
	return payments.Agreement{Reference: "ref", Mandate: "BKTRMWQXZDBKTRMWQXZD", Brand: brand, Customer: "kunde", IBAN: iban, Holder: "J. Jansen",
		AgreedAt: w.clock.Now()}
}

func TestAnIBANIsSentOnceAndLoggedNever(t *testing.T) {
	w := newWorld(t, nil)
	a := agreement(t, w)
	w.server.Answer(paymentstest.Declines)
	if s := w.Sign(t.Context(), a); s.Outcome != topup.Refused || s.Code != "invalid_bank_account_iban" {
		t.Errorf("declined: %+v", s)
	}
	w.server.FailNext(stripetest.Refusal(429, "invalid_request_error", "rate_limit", nil))
	if s := w.Sign(t.Context(), a); s.Outcome != topup.Unknown { // asked too often: no fault of the account
		t.Errorf("too often: %+v", s)
	}
	if text := w.log.String(); text == "" || strings.Contains(text, "0417164300") || strings.Contains(text, "Jansen") {
		t.Errorf("logged %s", text)
	}
	sent := w.server.Requests()[1]
	if sent.Path != "/v1/setup_intents" || sent.IdempotencyKey != "sign:ref" {
		t.Errorf("asked %s under %s", sent.Path, sent.IdempotencyKey)
	}
	for field, want := range map[string]string{
		"payment_method_data[sepa_debit][iban]": "NL91ABNA0417164300", "payment_method_data[billing_details][name]": "J. Jansen",
		"payment_method_data[billing_details][email]": "sepa@demo.example", "usage": "off_session", "metadata[setup]": "ref",
		"payment_method_options[sepa_debit][mandate_options][reference_prefix]": "BKTRMWQXZDBK",
		"mandate_data[customer_acceptance][type]":                               "offline",
		"mandate_data[customer_acceptance][accepted_at]":                        strconv.FormatInt(w.clock.Now().Unix(), 10),
	} {
		if got := sent.Form.Get(field); got != want {
			t.Errorf("%s: got %q, want %q", field, got, want)
		}
	}
}
