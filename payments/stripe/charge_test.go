package stripe_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// token sets a method up and returns its instrument's token.
func (w *world) token(m payments.Method) prepaid.Secret {
	w.t.Helper()
	if token, ok := w.tokens[m]; ok {
		return token
	}
	reference := "setup" + string(m)
	if _, err := w.StartSetup(w.t.Context(), payments.SetupRequest{Reference: reference, Brand: demo(), Customer: "kunde", Method: m, Language: "nl"}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.server.Complete(reference); err != nil {
		w.t.Fatal(err)
	}
	told := w.events()
	w.tokens[m] = told[len(told)-1].Token
	return w.tokens[m]
}

func (w *world) request(reference string, m payments.Method) payments.ChargeRequest {
	w.t.Helper()
	r := payments.ChargeRequest{Reference: reference, Brand: demo(), Customer: "kunde", Token: w.token(m), Method: m,
		Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, Language: "nl", Since: w.clock.Now()}
	w.sent(r)
	return r
}

// asked lists what was asked of Stripe since a number of requests ago.
func (w *world) asked(since int) []string {
	var lines []string
	for _, q := range w.server.Requests()[since:] {
		lines = append(lines, q.Method+" "+q.Path)
	}
	return lines
}

// last is what was asked of Stripe last.
func (w *world) last() stripetest.Request {
	all := w.server.Requests()
	return all[len(all)-1]
}

func (w *world) lookUp(reference string) topup.Result {
	return w.LookUp(w.t.Context(), payments.OpCharge, reference)
}

func TestAChargeIsAskedForWithOurIDsAndAPinnedVersion(t *testing.T) {
	w := newWorld(t, nil)
	r := w.request("ref", payments.SEPA)
	if got := w.Charge(t.Context(), r); got.Outcome != topup.Pending || !strings.HasPrefix(got.ProviderRef, "pi_") {
		t.Fatalf("got %+v", got)
	}
	q := w.last()
	customer, method, _ := strings.Cut(r.Token.Reveal(), "/")
	want := map[string]string{
		"amount": "1000", "currency": "eur", "customer": customer, "payment_method": method, "confirm": "true",
		"off_session": "true", "payment_method_types[0]": "sepa_debit", "description": "Demo Mobile",
		"metadata[charge]": "ref", "metadata[brand]": "demo", "expand[0]": "latest_charge",
	}
	got := map[string]string{}
	for k, v := range q.Form {
		got[k] = v[0]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if q.IdempotencyKey != "ref" || q.Version != "2026-03-25.dahlia" {
		t.Errorf("key %q, version %q", q.IdempotencyKey, q.Version)
	}
}

func TestWhatAnErrorMeansForACharge(t *testing.T) {
	for _, test := range []struct {
		status              int
		kind, code, decline string
		want                topup.Outcome
		word                string
	}{
		{402, "card_error", "card_declined", "insufficient_funds", topup.Refused, "insufficient_funds"},
		{402, "card_error", "card_declined", "stolen_card", topup.Refused, "stolen_card"},
		{402, "card_error", "card_declined", "try_again_later", topup.Refused, "try_again_later"},
		{402, "card_error", "expired_card", "", topup.Refused, "expired_card"},
		{402, "card_error", "processing_error", "", topup.Refused, "processing_error"},
		{402, "card_error", "authentication_required", "authentication_required", topup.Refused, "authentication_required"}, // names no PaymentIntent
		{402, "card_error", "a_code_of_next_year", "", topup.Refused, "a_code_of_next_year"},
		{400, "invalid_request_error", "payment_intent_mandate_invalid", "", topup.Refused, "payment_intent_mandate_invalid"},
		{400, "invalid_request_error", "amount_too_small", "", topup.Refused, "amount_too_small"},
		{400, "invalid_request_error", "payment_intent_unexpected_state", "", topup.Unknown, "payment_intent_unexpected_state"},
		{404, "invalid_request_error", "resource_missing", "", topup.Refused, "resource_missing"},
		{400, "idempotency_error", "", "", topup.Unknown, "idempotency_error"},
		{409, "idempotency_error", "idempotency_key_in_use", "", topup.Unknown, "idempotency_key_in_use"},
		{409, "", "", "", topup.Unknown, ""},
		{401, "invalid_request_error", "api_key_expired", "", topup.Refused, "api_key_expired"},
		{403, "", "", "", topup.Refused, ""},
		{429, "invalid_request_error", "rate_limit", "", topup.Refused, "rate_limit"},
		{429, "invalid_request_error", "lock_timeout", "", topup.Unknown, "lock_timeout"},
		{500, "api_error", "", "", topup.Unknown, "api_error"},
		{500, "card_error", "card_declined", "insufficient_funds", topup.Unknown, "insufficient_funds"},
		{503, "", "", "", topup.Unknown, ""},
		{418, "a_type_of_next_year", "", "", topup.Unknown, "a_type_of_next_year"},
	} {
		w := newWorld(t, nil)
		r := w.request("ref", payments.Card)
		w.server.FailNext(stripetest.Refusal(test.status, test.kind, test.code, object{"decline_code": test.decline}))
		got := w.Charge(t.Context(), r)
		if got.Outcome != test.want || got.Code != test.word {
			t.Errorf("%d %s %s %s: got %s %q, want %s %q", test.status, test.kind, test.code, test.decline,
				got.Outcome, got.Code, test.want, test.word)
		}
	}
}

func TestAnswersThatCannotBeReadAreUnknown(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
	}{
		{502, "<html>Bad Gateway " + stripetest.Key + "</html>"}, {200, "<html>"}, {200, ""}, {500, ""}, {400, "null"}, {400, `{"error": 7}`},
		{200, "{}"}, {200, `{"id":"pi_1","status":"a_status_of_next_year"}`}, {302, ""},
	} {
		a := &stripetest.Answer{Status: test.status, Body: test.body}
		w := newWorld(t, nil)
		r := w.request("ref", payments.Card)
		w.server.FailNext(a)
		if got := w.Charge(t.Context(), r); got.Outcome != topup.Unknown {
			t.Errorf("%d %v: got %+v", a.Status, a.Body, got)
		}
		w.server.FailNext(a)
		if got := w.lookUp("ref"); got.Outcome == topup.Done || got.Outcome == topup.Refused {
			t.Errorf("look-up, %d %v: got %+v", a.Status, a.Body, got)
		}
		if strings.Contains(w.log.String(), stripetest.Key) {
			t.Errorf("%d %v: the key is in the log", a.Status, a.Body)
		}
	}
}

func TestA500ThatChargedIsFoundThoughItIsReplayed(t *testing.T) {
	w := newWorld(t, nil)
	r := w.request("ref", payments.Card)
	w.server.BreakNext()
	for range 2 {
		if got := w.Charge(t.Context(), r); got.Outcome != topup.Unknown {
			t.Errorf("got %+v", got)
		}
	}
	if got := w.lookUp("ref"); got.Outcome != topup.Done {
		t.Errorf("look-up: got %+v", got)
	}
	if n := w.server.Count("charge", "ref"); n != 1 {
		t.Errorf("charged %d times", n)
	}
}

func TestAReferenceIsChargedOnceAlsoAfterItsKeyWasForgotten(t *testing.T) {
	w := newWorld(t, nil)
	r, other := w.request("ref", payments.Card), w.request("other", payments.Card)
	if got := w.Charge(t.Context(), r); got.Outcome != topup.Done {
		t.Fatalf("got %+v", got)
	}
	w.clock.AdvanceTo(w.clock.Now().Add(25 * time.Hour))
	if got := w.Charge(t.Context(), r); got.Outcome != topup.Done {
		t.Errorf("repeated: got %+v", got)
	}
	if got := w.Charge(t.Context(), other); got.Outcome != topup.Refused || got.Code != "too_late" {
		t.Errorf("asked for a day late: got %+v", got)
	}
	for reference, want := range map[string]int{"ref": 1, "other": 0} {
		if n := w.server.Count("charge", reference); n != want {
			t.Errorf("%s was charged %d times", reference, n)
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	silent := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	defer slow.Close()
	defer close(silent)
	w := newWorld(t, nil)
	r := w.request("ref", payments.Card)
	g, err := stripe.New(stripe.Config{Credentials: stripe.Credentials{Key: prepaid.NewSecret(stripetest.Key)}, ReturnURL: "https://pay.test", Recorded: w.recorded,
		BaseURL: slow.URL, Clock: w.clock, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(context.Context) topup.Result{
		"charge":  func(ctx context.Context) topup.Result { return g.Charge(ctx, r) },
		"look-up": func(ctx context.Context) topup.Result { return g.LookUp(ctx, payments.OpCharge, "ref") },
		"cancel":  func(ctx context.Context) topup.Result { return g.Cancel(ctx, "ref") },
		"refund":  func(ctx context.Context) topup.Result { return g.Refund(ctx, "ref", prepaid.Money{}) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		began := time.Now()
		if got := call(ctx); got.Outcome != topup.Unknown || got.Code != "timeout" || time.Since(began) > time.Minute {
			t.Errorf("%s: got %+v after %s", name, got, time.Since(began))
		}
		cancel()
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	w := newWorld(t, nil)
	r := w.request("ref", payments.Card)
	elsewhere := httptest.NewServer(http.RedirectHandler(w.server.URL+"/v1/payment_intents", http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	g, err := stripe.New(stripe.Config{Credentials: stripe.Credentials{Key: prepaid.NewSecret(stripetest.Key)}, ReturnURL: "https://pay.test", Recorded: w.recorded,
		BaseURL: elsewhere.URL, Clock: w.clock, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Charge(t.Context(), r); got.Outcome != topup.Unknown {
		t.Errorf("got %+v", got)
	}
	if n := w.server.Count("charge", "ref"); n != 0 {
		t.Error("the request was repeated elsewhere, with its key")
	}
}

func TestTestMoneyAndRealMoneyDoNotMix(t *testing.T) {
	real := demo()
	real.Test = false
	w := newWorld(t, nil)
	r := w.request("ref", payments.Card)
	r.Brand = real
	if got := w.Charge(t.Context(), r); got.Outcome != topup.Refused || got.Code != "wrong_mode" {
		t.Errorf("real brand, test key: got %+v", got)
	}
	live := newWorld(t, func(c *stripe.Config) { c.Key = prepaid.NewSecret("rk_live_abc") })
	if _, err := live.StartSetup(t.Context(), payments.SetupRequest{Reference: "s", Brand: demo(), Method: payments.Card}); err == nil {
		t.Error("a test brand got a page where real money is set up")
	}
	if len(live.server.Requests()) > 0 {
		t.Error("Stripe was asked")
	}
}

func TestWhatCannotBeAskedForIsRefusedWithoutAsking(t *testing.T) {
	w := newWorld(t, nil)
	good := w.request("ref", payments.Card)
	before := len(w.server.Requests())
	for name, change := range map[string]func(*payments.ChargeRequest){
		"nothing":         func(r *payments.ChargeRequest) { r.Amount.Minor = 0 },
		"negative":        func(r *payments.ChargeRequest) { r.Amount.Minor = -1 },
		"too much":        func(r *payments.ChargeRequest) { r.Amount.Minor = 1 << 62 },
		"no currency":     func(r *payments.ChargeRequest) { r.Amount.Currency = "" },
		"no token":        func(r *payments.ChargeRequest) { r.Token = prepaid.Secret{} },
		"another's token": func(r *payments.ChargeRequest) { r.Token = prepaid.NewSecret("sim_1") },
		"token with path": func(r *payments.ChargeRequest) { r.Token = prepaid.NewSecret("cus_1/../refunds") },
		"unknown method":  func(r *payments.ChargeRequest) { r.Method = "cash" },
		"no brand":        func(r *payments.ChargeRequest) { r.Brand = nil },
	} {
		r := good
		change(&r)
		if got := w.Charge(t.Context(), r); got.Outcome != topup.Refused || got.Code == "" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if asked := w.asked(before); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestAKeyIsWellFormedAndNeverShown(t *testing.T) {
	for _, key := range []string{"", "sk_test_", "sk_test_a b", "sk_test_a\n", "pk_test_abc", "whsec_abc", "sk_other_abc", "abc"} {
		_, err := stripe.New(stripe.Config{Credentials: stripe.Credentials{Key: prepaid.NewSecret(key)}, ReturnURL: "https://x", Clock: prepaid.SystemClock{}})
		if err == nil || (len(key) > 8 && strings.Contains(err.Error(), key)) {
			t.Errorf("%q: got %v", key, err)
		}
	}
	w := newWorld(t, nil)
	w.server.FailNext(stripetest.Refusal(401, "invalid_request_error", "", object{"message": "Invalid API Key provided: " + stripetest.Key}))
	_, err := w.StartSetup(t.Context(), payments.SetupRequest{Reference: "s", Brand: demo(), Customer: "k", Method: payments.Card})
	r := w.request("ref", payments.Card)
	w.server.FailNext(stripetest.Refusal(401, "invalid_request_error", "", object{"message": "Invalid API Key provided: " + stripetest.Key}))
	got := w.Charge(t.Context(), r)
	shown := fmt.Sprintf("%v %+v %s", err, got, w.log)
	if err == nil || strings.Contains(shown, stripetest.Key) || strings.Contains(shown, r.Token.Reveal()) || !strings.Contains(shown, "req_test1") {
		t.Errorf("got %s", shown)
	}
}

func TestACustomerWhoFailsToAuthenticateIsDeclined(t *testing.T) {
	w := newWorld(t, nil)
	r := w.request("ref", payments.Card)
	w.server.Answer(paymentstest.Authentication)
	got := w.Charge(t.Context(), r)
	if got.Outcome != topup.Action || !strings.HasPrefix(got.ActionURL, w.server.URL+"/3ds/") {
		t.Fatalf("got %+v", got)
	}
	q := w.last()
	if back := q.Form.Get("return_url"); back != "https://pay.test"+stripe.ReturnPath+"?language=nl" || q.IdempotencyKey != "ref:authenticate" {
		t.Errorf("confirmed with %q under %q", back, q.IdempotencyKey)
	}
	if err := w.server.FailAuthentication("ref"); err != nil {
		t.Fatal(err)
	}
	if got := w.lookUp("ref"); got.Outcome != topup.Refused || got.Code != "payment_intent_authentication_failure" {
		t.Errorf("got %+v", got)
	}
}
