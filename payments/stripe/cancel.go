package stripe

import (
	"context"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/topup"
)

// requestOver is how long after a charge was first wanted Stripe is surely no longer working on the request.
const requestOver = 10 * time.Minute

// Cancel implements payments.Gateway. A debit on its way is too late to cancel. Of a charge that Stripe does
// not know the Idempotency-Key is spent, so that a request still on its way is refused.
func (g *Gateway) Cancel(ctx context.Context, reference string) topup.Result {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	f, err := g.find(ctx, reference)
	switch {
	case err != nil:
		return g.unclear(ctx, reference, err)
	case f.intent != nil:
		return g.end(ctx, f.intent)
	}
	i, ours := instrumentOf(f.books.Token)
	amount, currency, payable := amountOf(f.books.Amount)
	if !ours || !payable {
		return topup.Result{Outcome: topup.Unknown, Code: codeUnsure}
	}
	return g.spendKey(ctx, reference, &api.PaymentIntentCreateParams{
		Amount: &amount, Currency: &currency, Customer: &i.customer, PaymentMethodTypes: api.StringSlice([]string{"card"}),
		Metadata: map[string]string{metaCharge: reference, metaCancelled: "true"},
	})
}

// spendKey takes the reference for something that never charges, and ends that too.
func (g *Gateway) spendKey(ctx context.Context, reference string, params *api.PaymentIntentCreateParams) topup.Result {
	params.SetIdempotencyKey(reference)
	intent, err := g.now.Load().api.V1PaymentIntents.Create(ctx, params)
	if err == nil {
		return g.end(ctx, intent)
	}
	p := problemOf(ctx, err)
	if p.kind != "idempotency_error" || p.status != 400 { // 409: it is being carried out at this moment
		return g.answerCancel(ctx, reference, p)
	}
	// The charge has arrived after all. If it is not listed now, Stripe is still at it, or it came to nothing.
	f, err := g.find(ctx, reference)
	switch {
	case err != nil:
		return g.unclear(ctx, reference, err)
	case f.intent != nil:
		return g.end(ctx, f.intent)
	case g.c.Clock.Now().Sub(f.books.Since) < requestOver:
		return topup.Result{Outcome: topup.Unknown, Code: p.name()}
	}
	return topup.Result{Outcome: topup.Done}
}

// end cancels a PaymentIntent that has not charged.
func (g *Gateway) end(ctx context.Context, i *api.PaymentIntent) topup.Result {
	switch i.Status {
	case api.PaymentIntentStatusCanceled:
		return topup.Result{Outcome: topup.Done, ProviderRef: i.ID}
	case api.PaymentIntentStatusSucceeded, api.PaymentIntentStatusProcessing:
		return topup.Result{Outcome: topup.Refused, Code: codeCharged, ProviderRef: i.ID}
	}
	ended, err := g.now.Load().api.V1PaymentIntents.Cancel(ctx, i.ID, &api.PaymentIntentCancelParams{CancellationReason: api.String("abandoned")})
	if err != nil {
		return g.answerCancel(ctx, i.Metadata[metaCharge], problemOf(ctx, err))
	}
	if ended.Status != api.PaymentIntentStatusCanceled {
		return topup.Result{Outcome: topup.Unknown, Code: string(ended.Status), ProviderRef: i.ID}
	}
	return topup.Result{Outcome: topup.Done, ProviderRef: i.ID}
}

// answerCancel never takes a refusal to cancel for a charge: the next look-up tells what it is.
func (g *Gateway) answerCancel(ctx context.Context, reference string, p *problem) topup.Result {
	r := g.answer(ctx, reference, p)
	r.Outcome = topup.Unknown
	return r
}
