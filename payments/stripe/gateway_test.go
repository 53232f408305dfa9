package stripe_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/payments/stripe"
	"pulsa/payments/stripe/stripetest"
	"pulsa/prepaid"
	"pulsa/topup"
)

const hookSecret = "whsec_9gWvSbVAFqkF0x"

func demo() *prepaid.Brand {
	return &prepaid.Brand{Name: "demo", Title: "Demo Mobile", Test: true, Country: "NL", Currency: "EUR", Languages: []string{"en", "nl"}}
}

// world is a gateway, the server behind it, and what our books hold.
type world struct {
	*stripe.Gateway
	t      *testing.T
	clock  *prepaid.VirtualClock
	server *stripetest.Server
	log    *strings.Builder
	tokens map[payments.Method]prepaid.Secret // that were set up

	mu    sync.Mutex
	books map[string]payments.Recorded
	told  []payments.Event
	deaf  error // what the taker of the news answers
}

func newWorld(t *testing.T, change func(*stripe.Config)) *world {
	t.Helper()
	// Signatures made by Stripe's library bear the real time.
	w := &world{t: t, clock: prepaid.NewVirtualClock(time.Now().UTC()), log: &strings.Builder{},
		tokens: map[payments.Method]prepaid.Secret{}, books: map[string]payments.Recorded{}}
	w.server = stripetest.New(t, w.clock)
	hooks := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { w.Webhook(w.take).ServeHTTP(out, r) }))
	t.Cleanup(hooks.Close)
	w.server.SendEvents(hooks.URL, stripetest.Never, hookSecret)
	c := stripe.Config{
		Credentials: stripe.Credentials{Key: prepaid.NewSecret(stripetest.Key), WebhookSecrets: []prepaid.Secret{prepaid.NewSecret("whsec_older"), prepaid.NewSecret(hookSecret)}},
		ReturnURL:   "https://pay.test" + stripe.ReturnPath, Recorded: w.recorded, BaseURL: w.server.URL, Clock: w.clock,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	var err error
	if w.Gateway, err = stripe.New(c); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) recorded(_ context.Context, id prepaid.ChargeID) (payments.Recorded, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, ok := w.books[string(id)]
	if !ok {
		return payments.Recorded{}, topup.ErrNoOrder
	}
	return r, nil
}

// sent writes a charge into the books, as an order does before it is charged.
func (w *world) sent(r payments.ChargeRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.books[r.Reference]; !ok {
		w.books[r.Reference] = payments.Recorded{Token: r.Token, Amount: r.Amount, Since: w.clock.Now()}
	}
}

func (w *world) take(_ context.Context, e payments.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf == nil {
		w.told = append(w.told, e)
	}
	return w.deaf
}

func (w *world) events() []payments.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]payments.Event(nil), w.told...)
}

// object is one of Stripe's.
type object = stripetest.Object

// deliver sends an event as Stripe does, and expects it to be taken.
func (w *world) deliver(kind string, about object) {
	w.t.Helper()
	if status := w.server.Send(w.server.NewEvent(kind, about)); status != http.StatusOK {
		w.t.Errorf("%s was answered %d", kind, status)
	}
}

// event is the body of an event about anything, now.
func (w *world) event(kind string, about any) []byte { return w.server.NewEvent(kind, about).Body }

// post sends a body signed.
func (w *world) post(body []byte) int {
	return w.postAs(http.MethodPost, body, stripetest.Signature(body, w.clock.Now(), hookSecret))
}

func (w *world) postAs(method string, body []byte, signature string) int {
	r := httptest.NewRequestWithContext(w.t.Context(), method, stripe.WebhookPath, bytes.NewReader(body))
	r.Header.Set("Stripe-Signature", signature)
	answer := httptest.NewRecorder()
	w.Webhook(w.take).ServeHTTP(answer, r)
	if answer.Body.Len() > 0 {
		w.t.Errorf("a webhook was answered with %q", answer.Body)
	}
	return answer.Code
}

func (w *world) provider() paymentstest.Provider {
	return paymentstest.Provider{
		Gateway: w.Gateway, Brand: demo(),
		Answer:   w.server.Answer,
		Complete: w.server.Complete, Abandon: w.server.Abandon, Authenticate: w.server.Authenticate,
		Settle:   w.server.Settle,
		Return:   func(charge string) error { return w.server.Return(charge, "debit_not_authorized") },
		Charged:  func(charge string) int { return w.server.Count("charge", charge) },
		Refunded: func(charge string) int { return w.server.Count("refund", charge) },
		Told:     w.events, Sent: w.sent, Now: w.clock.Now,
	}
}

func TestGatewayKeepsTheContract(t *testing.T) {
	paymentstest.Run(t, func(t *testing.T) paymentstest.Provider { return newWorld(t, nil).provider() })
}
