package stripe_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/prepaid"
	"pulsa/topup"
)

// shape is a request without its ids.
func shape(method, path string) string {
	parts := strings.Split(path, "/") // "", "v1", "payment_intents", "pi_1", "cancel"
	if len(parts) > 3 && parts[3] != "search" && parts[2] != "checkout" {
		parts[3] = "{id}"
	}
	if len(parts) > 4 && parts[2] == "checkout" {
		parts[4] = "{id}"
	}
	return method + " " + strings.Join(parts, "/")
}

// Each request of the other tests is put to stripe-mock too; here all kinds of them are sure to be made.
func TestStripeMockAcceptsEveryKindOfRequest(t *testing.T) {
	if os.Getenv("PULSA_TEST_STRIPE_MOCK") == "" {
		t.Skip("PULSA_TEST_STRIPE_MOCK is not the URL of a stripe-mock")
	}
	w := newWorld(t, nil)
	ctx, began := t.Context(), w.clock.Now()
	if _, err := w.Probe(ctx); err != nil {
		t.Error(err)
	}
	page, err := w.StartSetup(ctx, payments.SetupRequest{Reference: "closed", Brand: demo(), Customer: "kunde", Method: payments.PayPal, Language: "nl"})
	if err == nil {
		err = w.CloseSetup(ctx, payments.Setup{ID: "closed", GatewayRef: page.GatewayRef})
	}
	if err != nil {
		t.Error(err)
	}
	a := agreement(t, w)
	if signed := w.Sign(ctx, a); signed.Outcome != topup.Done {
		t.Errorf("signed: %+v", signed)
	}
	w.LookUpSigned(ctx, a)
	for _, m := range payments.Methods() {
		w.charge("by "+string(m), m, paymentstest.Approves) // and reads the setup
	}
	w.charge("authenticates", payments.Card, paymentstest.Authentication)
	w.Cancel(ctx, "authenticates")
	w.charge("lost", payments.Card, paymentstest.LosesRequest)
	w.Cancel(ctx, "lost") // spends the key
	w.Refund(ctx, "by card", prepaid.Money{})
	w.LookUp(ctx, payments.OpRefund, "by card")
	w.LookUp(ctx, payments.OpCharge, "nobody")
	if err := w.server.Dispute("by paypal", "needs_response"); err != nil { // its event is read
		t.Error(err)
	}
	w.lookUp("by paypal")
	_, method, _ := strings.Cut(w.token(payments.SEPA).Reveal(), "/")
	if err := w.server.Revoke(method); err != nil {
		t.Error(err)
	}
	b := w.books["by card"]
	b.ProviderRef = w.lookUp("by card").ProviderRef
	w.books["by card"] = b
	w.lookUp("by card")
	if _, err := w.movements(began, began.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	asked := map[string]bool{}
	for _, q := range w.server.Requests() {
		asked[shape(q.Method, q.Path)] = true
	}
	for _, want := range []string{
		"GET /v1/balance", "POST /v1/customers", "POST /v1/checkout/sessions", "POST /v1/checkout/sessions/{id}/expire", "POST /v1/setup_intents",
		"GET /v1/setup_intents", "GET /v1/setup_intents/{id}", "GET /v1/payment_methods/{id}",
		"POST /v1/payment_intents", "GET /v1/payment_intents", "GET /v1/payment_intents/search", "GET /v1/payment_intents/{id}",
		"POST /v1/payment_intents/{id}/confirm", "POST /v1/payment_intents/{id}/cancel", "POST /v1/refunds", "GET /v1/refunds",
		"GET /v1/disputes",
	} {
		if !asked[want] {
			t.Errorf("never asked: %s", want)
		}
	}
}
