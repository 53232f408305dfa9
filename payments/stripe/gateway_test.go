package stripe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/payments/stripe"
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
	server *server
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
	w.server = newServer(t, w.clock)
	w.server.deliver = w.deliver
	c := stripe.Config{
		Credentials: stripe.Credentials{Key: prepaid.NewSecret(testKey), WebhookSecrets: []prepaid.Secret{prepaid.NewSecret("whsec_older"), prepaid.NewSecret(hookSecret)}},
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

// deliver sends an event as Stripe does, and expects it to be taken.
func (w *world) deliver(kind string, about object) {
	w.t.Helper()
	if status := w.post(event(kind, about)); status != http.StatusOK {
		w.t.Errorf("%s was answered %d", kind, status)
	}
}

func event(kind string, about any) []byte {
	body, _ := json.Marshal(object{"id": "evt_1", "object": "event", "api_version": "2019-01-01", "livemode": false,
		"type": kind, "data": object{"object": about}})
	return body
}

// post sends a body signed.
func (w *world) post(body []byte) int {
	p := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: hookSecret, Timestamp: w.clock.Now()})
	return w.postAs(http.MethodPost, body, p.Header)
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
		Answer: func(a paymentstest.Answer) {
			w.server.mu.Lock()
			defer w.server.mu.Unlock()
			w.server.next = a
		},
		Complete: w.server.complete, Abandon: w.server.abandon, Authenticate: w.server.authenticate,
		Settle: w.server.settle, Return: w.server.takeBack,
		Charged:  func(reference string) int { n, _ := w.server.moved(reference); return n },
		Refunded: func(reference string) int { _, n := w.server.moved(reference); return n },
		Told:     w.events, Sent: w.sent, Now: w.clock.Now,
	}
}

func TestGatewayKeepsTheContract(t *testing.T) {
	paymentstest.Run(t, func(t *testing.T) paymentstest.Provider { return newWorld(t, nil).provider() })
}
