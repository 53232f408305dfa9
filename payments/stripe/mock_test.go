package stripe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/payments"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
	"pulsa/topup"
)

// stripeMock returns the address of stripe-mock: Stripe's own check of what requests look like. It is
// started where PULSA_TEST_STRIPE_MOCK is its program, and used where that is a URL.
func stripeMock(t *testing.T) string {
	t.Helper()
	where := os.Getenv("PULSA_TEST_STRIPE_MOCK")
	switch {
	case where == "":
		t.Skip("PULSA_TEST_STRIPE_MOCK is neither a program nor a URL")
	case strings.Contains(where, "://"):
		return where
	}
	listen := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	address := listen()
	command := exec.CommandContext(t.Context(), where, "-http-addr", address, "-https-addr", listen())
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return "http://" + address
		}
	}
	t.Fatal("stripe-mock does not listen")
	return ""
}

// adapted passes requests on as they are, and lets answers say what the test needs: stripe-mock's are the
// same for everybody.
type adapted struct {
	mu      sync.Mutex
	answers map[string]any // fields put into every object of an answer
	wants   bool           // the next accepted charge wants authentication
	asked   []string
	refused []string
}

func (a *adapted) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, shape(r.Method, r.URL.Path))
	if response.StatusCode != http.StatusOK {
		a.refused = append(a.refused, fmt.Sprintf("%s %s: %d %s", r.Method, r.URL, response.StatusCode, body))
	}
	var o map[string]any
	if json.Unmarshal(body, &o) == nil {
		objects := []any{o}
		if list, ok := o["data"].([]any); ok {
			objects = list
		}
		for _, one := range objects {
			for k, v := range a.answers {
				one.(map[string]any)[k] = v
			}
		}
		body, _ = json.Marshal(o)
	}
	if a.wants && response.StatusCode == http.StatusOK {
		a.wants, response.StatusCode = false, http.StatusPaymentRequired
		body = []byte(`{"error":{"type":"card_error","code":"authentication_required","payment_intent":{"id":"pi_1"}}}`)
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

// shape is a request without its ids.
func shape(method, path string) string {
	parts := strings.Split(path, "/") // "", "v1", "payment_intents", "pi_1", "cancel"
	if len(parts) > 3 && parts[3] != "search" && parts[2] != "checkout" {
		parts[3] = "{id}"
	}
	return method + " " + strings.Join(parts, "/")
}

func TestStripeMockAcceptsEveryRequestAsItIs(t *testing.T) {
	url := stripeMock(t)
	transport := &adapted{answers: map[string]any{}}
	set := func(fields map[string]any) {
		transport.mu.Lock()
		defer transport.mu.Unlock()
		transport.answers = fields
	}
	books := payments.Recorded{}
	w := newWorld(t, func(c *stripe.Config) {
		c.BaseURL, c.HTTP = url, &http.Client{Transport: transport}
		c.Recorded = func(context.Context, prepaid.ChargeID) (payments.Recorded, error) { return books, nil }
	})
	ctx, token, amount := t.Context(), prepaid.NewSecret("cus_1/pm_1"), prepaid.Money{Minor: 1000, Currency: "EUR"}
	ours := map[string]string{"charge": "ref", "setup": "ref"}
	outcome := func(what string, got topup.Result, want topup.Outcome) {
		t.Helper()
		if got.Outcome != want {
			t.Errorf("%s: got %+v, want %s", what, got, want)
		}
	}

	for _, m := range payments.Methods() {
		set(map[string]any{"url": "https://checkout.stripe.com/c/pay/cs_1"})
		if _, err := w.StartSetup(ctx, payments.SetupRequest{Reference: "ref", Brand: demo(), Customer: "kunde", Method: m, Language: "nl"}); err != nil {
			t.Errorf("%s: %v", m, err)
		}
		if err := w.CloseSetup(ctx, payments.Setup{ID: "ref", GatewayRef: "cs_1"}); err != nil {
			t.Errorf("%s: close: %v", m, err)
		}
		set(map[string]any{"status": "succeeded"})
		outcome("charge", w.Charge(ctx, payments.ChargeRequest{Reference: "ref", Brand: demo(), Token: token, Method: m, Amount: amount, Language: "nl"}), topup.Done)
	}

	set(map[string]any{"metadata": ours, "status": "succeeded"})
	account, _, err := payments.ParseIBAN("NL91ABNA0417164300")
	if err != nil {
		t.Fatal(err)
	}
	creditor := demo()
	creditor.Creditor.Email = "sepa@demo.example"
	agreement := payments.Agreement{Reference: "ref", Mandate: "BKTRMWQXZDBKTRMWQXZD", Brand: creditor, Customer: "kunde", IBAN: account,
		Holder: "J. Jansen", AgreedAt: w.clock.Now()}
	if s := w.Sign(ctx, agreement); s.Outcome == topup.Refused {
		t.Errorf("signed: %+v", s)
	}
	if s := w.LookUpSigned(ctx, agreement); s.Outcome == topup.Refused {
		t.Errorf("looked up: %+v", s)
	}
	set(map[string]any{"metadata": ours, "status": "succeeded", "latest_charge": map[string]any{"id": "ch_1", "disputed": true}})
	books = payments.Recorded{ProviderRef: "pi_1"}
	w.LookUp(ctx, payments.OpCharge, "ref") // and its disputes
	outcome("cancel", w.Cancel(ctx, "ref"), topup.Refused)
	outcome("refund", w.Refund(ctx, "ref"), topup.Done)
	w.LookUp(ctx, payments.OpRefund, "ref")
	set(map[string]any{"metadata": ours, "status": "canceled", "amount": 1000, "currency": "eur"})
	books = payments.Recorded{Token: token, Amount: amount, Since: w.clock.Now()}
	outcome("listed", w.LookUp(ctx, payments.OpCharge, "ref"), topup.Refused)
	books = payments.Recorded{}
	outcome("searched", w.LookUp(ctx, payments.OpCharge, "ref"), topup.Refused)
	set(map[string]any{"metadata": map[string]string{}, "status": "requires_payment_method"})
	books = payments.Recorded{Token: token, Amount: amount, Since: w.clock.Now()}
	w.Cancel(ctx, "ref") // spends the key

	set(map[string]any{"metadata": ours, "status": "succeeded", "customer": "cus_1"})
	w.deliver("setup_intent.succeeded", object{"id": "seti_1", "metadata": ours})
	w.deliver("mandate.updated", object{"id": "mandate_1", "status": "inactive", "payment_method": "pm_1"})
	w.deliver("charge.dispute.created", object{"id": "dp_1", "payment_intent": "pi_1"})

	transport.wants = true
	set(map[string]any{"status": "requires_action", "next_action": map[string]any{"redirect_to_url": map[string]any{"url": "https://bank.test"}}})
	outcome("authenticate", w.Charge(ctx, payments.ChargeRequest{Reference: "ref", Brand: demo(), Token: token, Method: payments.Card, Amount: amount, Language: "nl"}), topup.Action)

	if len(transport.refused) > 0 {
		t.Errorf("refused:\n%s", strings.Join(transport.refused, "\n"))
	}
	for _, want := range []string{
		"POST /v1/customers", "POST /v1/checkout/sessions", "POST /v1/setup_intents", "GET /v1/setup_intents", "GET /v1/setup_intents/{id}", "GET /v1/payment_methods/{id}",
		"POST /v1/payment_intents", "GET /v1/payment_intents", "GET /v1/payment_intents/search", "GET /v1/payment_intents/{id}",
		"POST /v1/payment_intents/{id}/confirm", "POST /v1/payment_intents/{id}/cancel", "POST /v1/refunds", "GET /v1/refunds",
		"GET /v1/disputes",
	} {
		if !slices.Contains(transport.asked, want) {
			t.Errorf("never asked: %s", want)
		}
	}
	if len(w.events()) != 3 {
		t.Errorf("told %+v", w.events())
	}
}
