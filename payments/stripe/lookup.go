package stripe

import (
	"context"
	"errors"
	"slices"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/topup"
)

// LookUp implements payments.Gateway. It changes nothing at Stripe. A charge that was refunded is Done. A
// debit that failed after it was pending is Returned, like a charge that is disputed.
func (g *Gateway) LookUp(ctx context.Context, what payments.Operation, reference string) topup.Result {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	f, err := g.find(ctx, reference)
	switch {
	case err != nil:
		return g.unclear(ctx, reference, err)
	case f.intent == nil:
		return topup.Result{Outcome: topup.Absent}
	case differs(f):
		g.c.Log.ErrorContext(ctx, "charge at stripe is not what the books say", "reference", reference, "intent", f.intent.ID)
		return topup.Result{Outcome: topup.Unknown, Code: codeDiffers, ProviderRef: f.intent.ID}
	case what == payments.OpRefund:
		return g.refunded(ctx, f.intent)
	}
	return g.standing(ctx, f.intent)
}

// unclear is why find could not tell, as a result.
func (g *Gateway) unclear(ctx context.Context, reference string, err error) topup.Result {
	r := topup.Result{Outcome: topup.Unknown, Code: err.Error()}
	if p := (*problem)(nil); errors.As(err, &p) {
		g.c.Log.WarnContext(ctx, "stripe could not be read", "reference", reference, "error", p)
		r.Code = p.name()
	}
	return r
}

// differs reports whether Stripe has another amount under our reference than our books.
func differs(f found) bool {
	if f.books.Amount.Zero() {
		return false
	}
	amount, currency, ok := amountOf(f.books.Amount)
	return !ok || f.intent.Amount != amount || string(f.intent.Currency) != currency
}

// standing says what a charge has come to.
func (g *Gateway) standing(ctx context.Context, i *api.PaymentIntent) topup.Result {
	r := topup.Result{Outcome: topup.Unknown, Code: string(i.Status), ProviderRef: i.ID}
	switch i.Status {
	case api.PaymentIntentStatusSucceeded:
		r.Outcome, r.Code = topup.Done, ""
		if i.LatestCharge != nil && i.LatestCharge.Disputed {
			return g.disputed(ctx, i.ID)
		}
	case api.PaymentIntentStatusProcessing:
		r.Outcome = topup.Pending
	case api.PaymentIntentStatusRequiresAction:
		if n := i.NextAction; n != nil && n.RedirectToURL != nil && n.RedirectToURL.URL != "" {
			r.Outcome, r.ActionURL = topup.Action, n.RedirectToURL.URL
		} else {
			r.Code = codeNoPage
		}
	case api.PaymentIntentStatusRequiresPaymentMethod:
		return failed(i)
	case api.PaymentIntentStatusCanceled:
		r.Outcome = topup.Refused
	}
	return r
}

// failed is a charge that was tried and came to nothing. Without a failure it was never tried: it is one that
// Cancel has left behind.
func failed(i *api.PaymentIntent) topup.Result {
	r := topup.Result{Outcome: topup.Unknown, Code: "not_confirmed", ProviderRef: i.ID}
	if e := i.LastPaymentError; e != nil {
		r.Outcome, r.Code = topup.Refused, word(string(e.Code))
		if e.DeclineCode != "" {
			r.Code = word(string(e.DeclineCode))
		}
	}
	// A debit makes a charge at once that is pending for days: one that has failed was on its way.
	if c := i.LatestCharge; c != nil && c.Status == api.ChargeStatusFailed && slices.Contains(i.PaymentMethodTypes, "sepa_debit") {
		r.Outcome = topup.Returned
		if c.FailureCode != "" {
			r.Code = word(c.FailureCode)
		}
	}
	return r
}

// gone reports whether a dispute has taken the money.
func gone(d *api.Dispute) bool {
	switch d.Status {
	case api.DisputeStatusNeedsResponse, api.DisputeStatusUnderReview, api.DisputeStatusLost:
		return true
	}
	return false
}

// disputed tells of a disputed charge whether the money is gone. It is while a dispute is open or lost; an
// inquiry takes nothing, and a dispute that was won has given it back.
func (g *Gateway) disputed(ctx context.Context, intent string) topup.Result {
	params := &api.DisputeListParams{PaymentIntent: &intent}
	params.Limit = api.Int64(100)
	for d, err := range g.now.Load().api.V1Disputes.List(ctx, params).All(ctx) {
		if err != nil {
			p := problemOf(ctx, err)
			return topup.Result{Outcome: topup.Unknown, Code: p.name(), ProviderRef: intent}
		}
		if gone(d) {
			return topup.Result{Outcome: topup.Returned, Code: "dispute_" + word(string(d.Reason)), ProviderRef: intent}
		}
	}
	return topup.Result{Outcome: topup.Done, ProviderRef: intent}
}
