package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/payments"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
	"pulsa/store/scratch"
	"pulsa/topup"
)

// stripeSays puts an event's body through the program's own routes, as Stripe does, and returns the answer's status.
func stripeSays(t *testing.T, p *Program, body, signature string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, stripe.WebhookPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if signature != "" {
		r.Header.Set("Stripe-Signature", signature)
	}
	answer := httptest.NewRecorder()
	p.Routes().ServeHTTP(answer, r)
	return answer.Code
}

func signedByStripe(secret, body string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func stripeEvent(kind, about string) string {
	return `{"id":"evt_1","object":"event","livemode":false,"type":"` + kind + `","data":{"object":` + about + `}}`
}

// payer is a registered customer whose instrument at Stripe is cus_1/pm_1.
func payer(t *testing.T, p *Program) accounts.Customer {
	t.Helper()
	m := prepaid.MSISDN("31612345678")
	c, err := p.Accounts.Register(t.Context(), accounts.Registration{Brand: "demo", MSISDN: m, PIN: prepaid.NewSecret(apptest.PIN), Language: "en",
		Places: []accounts.Place{{Address: m.Tel(), Channel: "fake", Kind: "sms"}}, Recognised: true})
	if err != nil {
		t.Fatal(err)
	}
	now := p.Clock.Now()
	s, err := p.DB.Payments.SaveSetup(t.Context(), payments.Setup{ID: prepaid.NewID[prepaid.SetupID](), OperationKey: "key", Brand: "demo", Customer: c.ID,
		Gateway: config.GatewayStripe, Method: payments.PayPal, Status: payments.SetupOpen, CreatedAt: now,
		ReplyTo: topup.ReplyTo{Channel: "fake", Kind: "sms", Address: m.Tel(), Language: "en"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.DB.Payments.EndSetup(t.Context(), s.ID, &payments.Instrument{ID: prepaid.NewID[prepaid.InstrumentID](), Customer: c.ID, Brand: "demo",
		Gateway: config.GatewayStripe, Method: payments.PayPal, Token: prepaid.NewSecret("cus_1/pm_1"), Display: "PayPal", CreatedAt: now}, "told", now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARevokedMandateEndsTheWayToPayAndIsTold(t *testing.T) {
	p := examined(t, stripeTestKey, serving(`200 {"id":"pm_1","object":"payment_method","customer":{"id":"cus_1"}}`, goodTwilio, goodTelegram))
	c := payer(t, p)
	if err := p.Settle(t.Context()); err != nil { // "registered" is told
		t.Fatal(err)
	}
	body := stripeEvent("mandate.updated", `{"id":"mandate_1","object":"mandate","status":"inactive","payment_method":"pm_1"}`)
	for range 2 { // told once
		if status := stripeSays(t, p, body, signedByStripe(stripeHook, body, time.Now())); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
	}
	if err := p.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, err := p.DB.Customers.CustomerByID(t.Context(), c.ID)
	if err != nil || now.Pays.ID != "" || now.Status != accounts.Active {
		t.Errorf("%+v, %v", now, err)
	}
	sent, err := scratch.SentMessages(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range sent {
		if strings.Contains(m.Text, "way to pay") {
			told = append(told, m.Text)
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "PAY") {
		t.Errorf("told %q", told)
	}
	r := &running{Program: p, t: t}
	if answer := r.said("KOOP 10 " + apptest.PIN); !strings.Contains(answer, "way to pay") {
		t.Errorf("KOOP is answered %q", answer)
	}
}

func TestADisputeOfNoPaymentOfOursWaitsForPeople(t *testing.T) {
	p := examined(t, stripeTestKey, serving(`404 {"error":{"type":"invalid_request_error","code":"resource_missing"}}`, goodTwilio, goodTelegram))
	said := func(kind, status string) {
		t.Helper()
		body := stripeEvent(kind, `{"id":"dp_1","object":"dispute","payment_intent":"pi_1","amount":2500,"currency":"eur","status":"`+status+`"}`)
		if status := stripeSays(t, p, body, signedByStripe(stripeHook, body, time.Now())); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
	}
	said("charge.dispute.created", "needs_response")
	said("charge.dispute.created", "needs_response")
	said("charge.dispute.closed", "lost")
	if err := p.DB.Reconciliation.SaveDifferences(t.Context(), nil, time.Unix(0, 0), time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	items, err := p.DB.Reconciliation.OpenItems(t.Context(), false)
	if err != nil || len(items) != 1 || items[0].Kind != "dispute" || items[0].Reference != "dp_1" || items[0].Theirs != 2500 || items[0].Note != "lost" {
		t.Errorf("%+v, %v", items, err)
	}
}

// said is what the fake channel answers.
func (r *running) said(text string) string {
	r.t.Helper()
	body := `{"id":"` + prepaid.NewToken() + `","from":"+31612345678","text":"` + text + `"}`
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "/webhooks/demo/fake", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	r.Routes().ServeHTTP(answer, request)
	return answer.Body.String()
}

func TestABadEventOfStripesIsRefusedAndChangesNothing(t *testing.T) {
	p := examined(t, stripeTestKey, serving("404 {}", goodTwilio, goodTelegram))
	payer(t, p)
	before, err := scratch.Texts(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	now, n := time.Now(), 0
	for _, kind := range []string{
		"checkout.session.completed", "checkout.session.expired", "setup_intent.succeeded", "payment_intent.succeeded",
		"payment_intent.payment_failed", "payment_intent.requires_action", "payment_intent.processing", "payment_intent.canceled",
		"charge.refunded", "charge.dispute.created", "charge.dispute.closed", "refund.failed", "mandate.updated",
	} {
		good := stripeEvent(kind, `{"id":"pi_1","mode":"setup","status":"inactive","metadata":{"charge":"c","setup":"s"},"payment_intent":"pi_1","payment_method":"pm_1","setup_intent":"seti_1"}`)
		signature := signedByStripe(stripeHook, good, now)
		signs := func(body string) string { return signedByStripe(stripeHook, body, now) }
		broken, listed, textual, absent := good[:len(good)-3], stripeEvent(kind, "[1]"), stripeEvent(kind, `"pi_1"`), `{"id":"evt_1","type":"`+kind+`","data":{}}`
		wrongly, nested := stripeEvent(kind, `{"id":1,"metadata":{"charge":"c"}}`), stripeEvent(kind, `{"metadata":{"charge":{"a":1}}}`)
		large := stripeEvent(kind, `{"id":"`+strings.Repeat("x", 1<<20)+`"}`)
		for _, c := range []struct{ name, body, signature string }{
			{"unsigned", good, ""},
			{"signed by another", good, signedByStripe("whsec_forged", good, now)},
			{"signed with nothing", good, signedByStripe("", good, now)},
			{"another's signature", good, signs(good + " ")},
			{"signature that is none", good, "t=1,v1=zz"},
			{"no time", good, signature[strings.Index(signature, "v1="):]},
			{"replayed after its time", good, signedByStripe(stripeHook, good, now.Add(-301*time.Second))},
			{"replayed under a new time", good, fmt.Sprintf("t=%d,%s", now.Unix()+1, signature[strings.Index(signature, "v1="):])},
			{"from the future", good, signedByStripe(stripeHook, good, now.Add(10*time.Minute))},
			{"broken off", broken, signs(broken)},
			{"about a list", listed, signs(listed)},
			{"about a text", textual, signs(textual)},
			{"about nothing", absent, signs(absent)},
			{"with an id that is a number", wrongly, signs(wrongly)},
			{"with metadata that is none", nested, signs(nested)},
			{"too large", large, signs(large)},
			{"empty", "", signs("")},
			{"no event", "{}", signs("{}")},
			{"null", "null", signs("null")},
			{"two at once", good + good, signs(good + good)},
		} {
			if status := stripeSays(t, p, c.body, c.signature); status < 400 || status > 499 {
				t.Errorf("%s, %s: answered %d", kind, c.name, status)
			}
			n++
		}
	}
	after, err := scratch.Texts(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" || n < 250 {
		t.Errorf("after %d requests, stored meanwhile:\n%s", n, diff)
	}
}
