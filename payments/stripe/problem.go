package stripe

import (
	"context"
	"errors"
	"fmt"
	"net"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/topup"
)

// problem is a request that Stripe did not carry out, or did not answer. It holds none of Stripe's own text,
// nor the HTTP client's: these may name keys, customers and parts of answers.
type problem struct {
	status  int    // 0: no answer that could be read
	kind    string // Stripe's type: "card_error"; ours where there is no answer: "timeout"
	code    string // "card_declined"
	decline string // "insufficient_funds"
	request string // Stripe's id of the request, for its support
	intent  *api.PaymentIntent
	cause   error // the context's, nil otherwise
}

// Kinds of our own, where Stripe's answer has none.
const (
	kindTimeout    = "timeout"
	kindNetwork    = "network"
	kindUnreadable = "unreadable"
)

// problemOf takes an error of the library for what it is.
func problemOf(ctx context.Context, err error) *problem {
	var answered *api.Error
	if errors.As(err, &answered) {
		return &problem{
			status: answered.HTTPStatusCode, kind: string(answered.Type), code: word(string(answered.Code)),
			decline: word(string(answered.DeclineCode)), request: word(answered.RequestID), intent: answered.PaymentIntent,
		}
	}
	var failed net.Error
	switch {
	case ctx.Err() != nil:
		return &problem{kind: kindTimeout, cause: ctx.Err()}
	case errors.As(err, &failed) && failed.Timeout():
		return &problem{kind: kindTimeout, cause: context.DeadlineExceeded}
	case errors.As(err, &failed):
		return &problem{kind: kindNetwork}
	}
	return &problem{kind: kindUnreadable}
}

// word lets nothing through that is not a plain identifier.
func word(s string) string {
	if len(s) > 100 || !isID(s) {
		return ""
	}
	return s
}

// name is the most particular word for the problem: the bank's, else Stripe's.
func (p *problem) name() string {
	switch {
	case p.decline != "":
		return p.decline
	case p.code != "":
		return p.code
	}
	return p.kind
}

// Error implements error.
func (p *problem) Error() string {
	if p.status == 0 {
		return "stripe: " + p.kind
	}
	return fmt.Sprintf("stripe: status %d, %s (request %s)", p.status, p.name(), p.request)
}

// Unwrap implements errors' interface.
func (p *problem) Unwrap() error { return p.cause }

// result is what the problem means for a charge or a refund. An action has no page here: it can't be taken.
func (p *problem) result() topup.Result {
	r := topup.Result{Outcome: p.outcome(), Code: p.name()}
	if r.Outcome == topup.Action {
		r.Outcome = topup.Refused
	}
	if p.intent != nil {
		r.ProviderRef = p.intent.ID
	}
	return r
}
