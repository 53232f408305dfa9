package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/payments"
	"pulsa/payments/stripe"
	"pulsa/payments/stripe/stripetest"
	"pulsa/prepaid"
)

func TestARevokedMandateAtStripeEndsTheWayToPayAndIsTold(t *testing.T) {
	r := runAtStripe(t).registered(payments.PayPal)
	r.must(r.stripe.Revoke(r.stripe.Latest("payment_method").ID()))
	if status := r.stripe.Send(r.stripe.NewEvent("mandate.updated", r.stripe.Latest("mandate"))); status != http.StatusOK {
		t.Errorf("repeated, it is answered %d", status)
	}
	if text := r.hears("no longer works"); r.told("no longer works") != 1 || !strings.Contains(text, "PAY") {
		t.Errorf("told %d times %q", r.told("no longer works"), text)
	}
	c, err := r.Accounts.ByMSISDN(t.Context(), "demo", prepaid.MSISDN(apptest.Number[1:]))
	if err != nil || c.Pays.ID != "" || c.Status != accounts.Active {
		t.Errorf("%+v, %v", c, err)
	}
	r.wants(apptest.Number, buys, "way to pay")
	r.ends()
}

func TestADisputeAtStripeOfNoPaymentOfOursWaitsForPeople(t *testing.T) {
	r := runAtStripe(t)
	about := func(status string) stripetest.Object {
		return stripetest.Object{"id": "dp_1", "object": "dispute", "payment_intent": "pi_1", "amount": 2500, "currency": "eur", "status": status}
	}
	created, closed := r.stripe.NewEvent("charge.dispute.created", about("needs_response")), r.stripe.NewEvent("charge.dispute.closed", about("lost"))
	r.skip(11 * time.Minute) // until then it might turn up
	for _, e := range []stripetest.Event{created, created, closed} {
		if status := r.stripe.Send(e); status != http.StatusOK {
			t.Errorf("%s is answered %d", e.Type, status)
		}
	}
	r.must(r.DB.Reconciliation.SaveDifferences(t.Context(), nil, time.Unix(0, 0), r.clock.Now(), r.clock.Now()))
	items, err := r.DB.Reconciliation.OpenItems(t.Context(), false)
	if err != nil || len(items) != 1 || items[0].Kind != "dispute" || items[0].Reference != "dp_1" || items[0].Theirs != 2500 || items[0].Note != "lost" {
		t.Errorf("%+v, %v", items, err)
	}
}

func TestABadEventOfStripesIsRefusedAndChangesNothing(t *testing.T) {
	r := runAtStripe(t).registered(payments.PayPal)
	r.awaitSent()
	asked := len(r.stripe.Requests())
	before := r.stored()
	says := func(body, signature string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.server.URL+stripe.WebhookPath, strings.NewReader(body))
		r.must(err)
		if signature != "" {
			request.Header.Set("Stripe-Signature", signature)
		}
		response, err := http.DefaultClient.Do(request)
		r.must(err)
		_ = response.Body.Close()
		return response.StatusCode
	}
	signed := func(secret, body string, at time.Time) string { return stripetest.Signature([]byte(body), at, secret) }
	event := func(kind, about string) string {
		return `{"id":"evt_1","object":"event","livemode":false,"type":"` + kind + `","data":{"object":` + about + `}}`
	}
	now, n := r.clock.Now(), 0
	for _, kind := range []string{
		"checkout.session.completed", "checkout.session.expired", "setup_intent.succeeded", "payment_intent.succeeded",
		"payment_intent.payment_failed", "payment_intent.requires_action", "payment_intent.processing", "payment_intent.canceled",
		"charge.refunded", "charge.dispute.created", "charge.dispute.closed", "refund.failed", "mandate.updated",
	} {
		good := event(kind, `{"id":"pi_1","mode":"setup","status":"inactive","metadata":{"charge":"c","setup":"s"},"payment_intent":"pi_1","payment_method":"pm_1","setup_intent":"seti_1"}`)
		signature := signed(stripeHook, good, now)
		signs := func(body string) string { return signed(stripeHook, body, now) }
		broken, listed, textual, absent := good[:len(good)-3], event(kind, "[1]"), event(kind, `"pi_1"`), `{"id":"evt_1","type":"`+kind+`","data":{}}`
		wrongly, nested := event(kind, `{"id":1,"metadata":{"charge":"c"}}`), event(kind, `{"metadata":{"charge":{"a":1}}}`)
		large := event(kind, `{"id":"`+strings.Repeat("x", 1<<20)+`"}`)
		for _, c := range []struct{ name, body, signature string }{
			{"unsigned", good, ""},
			{"signed by another", good, signed("whsec_forged", good, now)},
			{"signed with nothing", good, signed("", good, now)},
			{"another's signature", good, signs(good + " ")},
			{"signature that is none", good, "t=1,v1=zz"},
			{"no time", good, signature[strings.Index(signature, "v1="):]},
			{"replayed after its time", good, signed(stripeHook, good, now.Add(-301*time.Second))},
			{"replayed under a new time", good, fmt.Sprintf("t=%d,%s", now.Unix()+1, signature[strings.Index(signature, "v1="):])},
			{"from the future", good, signed(stripeHook, good, now.Add(10*time.Minute))},
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
			if status := says(c.body, c.signature); status < 400 || status > 499 {
				t.Errorf("%s, %s: answered %d", kind, c.name, status)
			}
			n++
		}
	}
	after := r.stored()
	if diff := cmp.Diff(before, after); diff != "" || n < 250 || len(r.stripe.Requests()) > asked {
		t.Errorf("after %d requests, stored meanwhile:\n%s", n, diff)
	}
}
