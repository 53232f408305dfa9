package stripe

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"pulsa/payments"
)

// WebhookPath is where Stripe is told to send its events.
const WebhookPath = "/webhooks/stripe"

const (
	// maxEvent is more than Stripe sends.
	maxEvent = 512 << 10
	// newsWithin is how long an event may take: Stripe gives up soon after, and repeats it.
	newsWithin = 15 * time.Second
	// tolerance is how old or young a signature may be.
	tolerance = 300 * time.Second
)

// thinEvent is the kind of object that an event of the API's second version is: it holds none that could be read, and comes
// where an endpoint is set to "thin" events.
const thinEvent = "v2.core.event"

// event is the envelope of Stripe's news. It is read tolerantly: its form follows the endpoint's API version.
type event struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Created  int64  `json:"created"` // in seconds since 1970
	Livemode bool   `json:"livemode"`
	Data     struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// Webhook receives Stripe's events and gives what concerns us to take. An unsigned or stale request is
// answered 403, one that is too long 413, one that can't be read 400, and none of them has any effect; what
// take or Stripe's API can't do now is 503, so that Stripe repeats it. Events that are not ours are 200, thin events too, and so are,
// some minutes later, those about what Stripe does not know.
func (g *Gateway) Webhook(take func(context.Context, payments.Event) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		if !g.signed(body, r.Header.Get("Stripe-Signature")) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), newsWithin)
		defer cancel()
		w.WriteHeader(g.receive(ctx, body, take))
	})
}

// receive takes an authentic event, and says how to answer it.
func (g *Gateway) receive(ctx context.Context, body []byte, take func(context.Context, payments.Event) error) int {
	var envelope struct{ Object, Type string }
	if json.Unmarshal(body, &envelope) != nil || envelope.Type == "" {
		return http.StatusBadRequest
	}
	if envelope.Object == thinEvent {
		g.ignoreThin(ctx, envelope.Type)
		return http.StatusOK
	}
	var e event
	if json.Unmarshal(body, &e) != nil {
		return http.StatusBadRequest
	}
	if e.Livemode != g.live {
		g.c.Log.WarnContext(ctx, "stripe event is not of the key's mode", "event", word(e.ID), "live", e.Livemode)
		return http.StatusOK
	}
	var about object
	if !heeded(e.Type) {
		return http.StatusOK
	}
	if json.Unmarshal(e.Data.Object, &about) != nil {
		return http.StatusBadRequest
	}
	news, err := g.news(ctx, e.Type, about)
	if unknown(err) {
		return g.stray(ctx, e, about)
	}
	if err == nil && news != (payments.Event{}) {
		err = take(ctx, news)
	}
	if err != nil {
		g.c.Log.WarnContext(ctx, "stripe event not taken", "event", word(e.ID), "type", e.Type, "error", err)
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// ignoreThin says once for each type that thin events change nothing.
func (g *Gateway) ignoreThin(ctx context.Context, kind string) {
	if _, said := g.thin.LoadOrStore(kind, true); !said {
		g.c.Log.InfoContext(ctx, "stripe sends thin events, which are not read: have it send snapshot events to this endpoint instead", "type", kind)
	}
}

// signed checks a Stripe-Signature header: "t=1700000000,v1=<hex>,v1=<hex>". Without a secret nothing is signed.
func (g *Gateway) signed(body []byte, header string) bool {
	var at time.Time
	var given [][]byte
	for _, pair := range strings.Split(header, ",") {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return false
			}
			at = time.Unix(seconds, 0)
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil {
				given = append(given, signature)
			}
		}
	}
	if age := g.c.Clock.Now().Sub(at); age > tolerance || age < -tolerance {
		return false
	}
	valid := false
	for _, secret := range g.now.Load().webhookSecrets {
		expected := webhook.ComputeSignature(at, body, secret.Reveal())
		for _, signature := range given {
			valid = valid || (!secret.Empty() && hmac.Equal(expected, signature))
		}
	}
	return valid
}
