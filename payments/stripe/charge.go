package stripe

import (
	"context"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/topup"
)

// Codes of results that Stripe did not give.
const (
	codeWrongMode = "wrong_mode"      // a test brand with a live key, or the other way round
	codeNoToken   = "no_token"        // the instrument is not one of Stripe's
	codeNoMethod  = "no_method"       // the method is not one of Stripe's
	codeAmount    = "invalid_amount"  // Stripe can't be asked for it
	codeTooLate   = "too_late"        // asked for so long after it was wanted that it might be charged twice
	codeNoBooks   = "books_unread"    // our own books could not be read
	codeUnsure    = "not_found"       // and it can't be sure that there is none
	codeDiffers   = "amount_differs"  // the charge under our reference is not what our books say
	codeNoPage    = "no_page"         // the customer must do something, Stripe does not say where
	codeCharged   = "already_charged" // can't be cancelled
	codeUncharged = "nothing_charged" // can't be refunded
)

// Charge implements payments.Gateway. Repeated within a day it answers what the first came to; after that it
// is looked up instead, as Stripe may know the reference no longer.
func (g *Gateway) Charge(ctx context.Context, r payments.ChargeRequest) topup.Result {
	method, known := typeOf(r.Method)
	i, ours := instrumentOf(r.Token)
	amount, currency, payable := amountOf(r.Amount)
	switch {
	case !g.serves(r.Brand):
		return topup.Result{Outcome: topup.Refused, Code: codeWrongMode}
	case !known:
		return topup.Result{Outcome: topup.Refused, Code: codeNoMethod}
	case !ours:
		return topup.Result{Outcome: topup.Refused, Code: codeNoToken}
	case !payable:
		return topup.Result{Outcome: topup.Refused, Code: codeAmount}
	case !r.Since.IsZero() && g.c.Clock.Now().Sub(r.Since) > keyKept:
		return g.chargeAgain(ctx, r.Reference)
	}
	ctx, cancel := context.WithTimeout(ctx, chargeWithin)
	defer cancel()
	params := &api.PaymentIntentCreateParams{
		Amount: &amount, Currency: &currency, Customer: &i.customer, PaymentMethod: &i.method,
		PaymentMethodTypes: api.StringSlice([]string{method}), OffSession: api.Bool(true), Confirm: api.Bool(true),
		Description: &r.Brand.Title, Metadata: about(r.Reference, r.Brand.Name),
	}
	params.SetIdempotencyKey(r.Reference)
	params.AddExpand("latest_charge")
	intent, err := g.now.Load().api.V1PaymentIntents.Create(ctx, params)
	if err == nil {
		return g.standing(ctx, intent)
	}
	p := problemOf(ctx, err)
	if p.outcome() == topup.Action && p.intent != nil && isID(p.intent.ID) {
		return g.authenticate(ctx, r, p.intent.ID, i.method)
	}
	return g.answer(ctx, r.Reference, p)
}

func about(reference, brand string) map[string]string {
	return map[string]string{metaCharge: reference, metaBrand: brand}
}

// chargeAgain looks a charge up that is asked for again after its key was forgotten.
func (g *Gateway) chargeAgain(ctx context.Context, reference string) topup.Result {
	r := g.LookUp(ctx, payments.OpCharge, reference)
	if r.Outcome == topup.Absent {
		return topup.Result{Outcome: topup.Refused, Code: codeTooLate}
	}
	return r
}

// authenticate asks for the page on which the customer's bank authenticates a charge that it would not take
// without. The bank may be content now: then it is charged.
func (g *Gateway) authenticate(ctx context.Context, r payments.ChargeRequest, intent, method string) topup.Result {
	params := &api.PaymentIntentConfirmParams{
		PaymentMethod: &method, ReturnURL: api.String(g.returnURL(r.Language)),
	}
	params.SetIdempotencyKey(r.Reference + ":authenticate")
	params.AddExpand("latest_charge")
	confirmed, err := g.now.Load().api.V1PaymentIntents.Confirm(ctx, intent, params)
	if err != nil {
		return g.answer(ctx, r.Reference, problemOf(ctx, err))
	}
	return g.standing(ctx, confirmed)
}

// answer is a problem as a result, and in the log where somebody should know of it.
func (g *Gateway) answer(ctx context.Context, reference string, p *problem) topup.Result {
	r := p.result()
	if r.Outcome == topup.Unknown || p.status != 402 {
		g.c.Log.WarnContext(ctx, "stripe did not do what it was asked for", "reference", reference, "outcome", r.Outcome,
			"error", p)
	}
	return r
}
