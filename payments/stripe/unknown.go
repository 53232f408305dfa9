package stripe

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/prepaid"
)

// unknownFor is how long after an event what it is about may still turn up at Stripe.
const unknownFor = 10 * time.Minute

// Dispute is one of a payment that Stripe does not show to our key: another account's, or another system's.
type Dispute struct {
	ID     string // Stripe's: "dp_1…"
	Status string // Stripe's word: "needs_response", "won", "lost"
	Amount prepaid.Money
	At     time.Time // of the event
}

// unknown reports whether Stripe has answered that there is no such object.
func unknown(err error) bool {
	var p *problem
	return errors.As(err, &p) && p.status == http.StatusNotFound
}

// stray says how to answer an event about something that Stripe does not know. Repeated for three days it would make
// Stripe switch the endpoint off. A dispute is money all the same, and is handed on.
func (g *Gateway) stray(ctx context.Context, e event, about object) int {
	at := time.Unix(e.Created, 0).UTC()
	age := g.c.Clock.Now().Sub(at)
	g.c.Log.WarnContext(ctx, "stripe event is about something that is not at stripe, or not for our key", "event", word(e.ID), "type", e.Type,
		"object", word(about.ID), "age", age.Round(time.Second))
	if age < unknownFor {
		return http.StatusServiceUnavailable
	}
	if !strings.HasPrefix(e.Type, "charge.dispute.") || g.c.Stray == nil {
		return http.StatusOK
	}
	err := g.c.Stray(ctx, Dispute{
		ID: cmp.Or(word(about.ID), word(e.ID)), Status: word(about.Status), Amount: moneyOf(about.Amount, api.Currency(word(about.Currency))), At: at,
	})
	if err != nil {
		g.c.Log.WarnContext(ctx, "stray dispute not written down", "event", word(e.ID), "error", err)
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}
