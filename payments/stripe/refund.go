package stripe

import (
	"context"
	"fmt"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Refund implements payments.Gateway. It gives back whatever has not been given back yet: a charge can't be
// refunded beyond its amount, however late it is repeated. A part is found by its metadata before it is given back once more: Stripe
// forgets Idempotency-Keys after a day.
func (g *Gateway) Refund(ctx context.Context, reference string, part prepaid.Money) topup.Result {
	ctx, cancel := context.WithTimeout(ctx, chargeWithin)
	defer cancel()
	f, err := g.find(ctx, reference)
	switch {
	case err != nil:
		return g.unclear(ctx, reference, err)
	case f.intent == nil || (f.intent.Status != api.PaymentIntentStatusSucceeded && f.intent.Status != api.PaymentIntentStatusProcessing):
		return topup.Result{Outcome: topup.Refused, Code: codeUncharged}
	}
	params := &api.RefundCreateParams{PaymentIntent: &f.intent.ID, Metadata: map[string]string{metaCharge: reference}}
	params.SetIdempotencyKey("refund:" + reference)
	if !part.Zero() {
		before := g.partRefunded(ctx, f.intent)
		if before.Outcome == topup.Done || before.Outcome == topup.Unknown {
			return before
		}
		amount, currency, ok := amountOf(part)
		if !ok || currency != string(f.intent.Currency) {
			return topup.Result{Outcome: topup.Refused, Code: codeDiffers}
		}
		params.Amount, params.Metadata[metaPart] = &amount, "true"
		// Another amount is asked for once the one before was refused. Stripe would refuse the same key for it, and repeat a refusal.
		key := fmt.Sprintf("refund-part:%s:%d", reference, amount)
		if before.Outcome == topup.Refused {
			key += ":" + before.ProviderRef
		}
		params.SetIdempotencyKey(key)
	}
	r, err := g.now.Load().api.V1Refunds.Create(ctx, params)
	if err == nil {
		return refundResult(r)
	}
	p := problemOf(ctx, err)
	if p.code == "charge_already_refunded" {
		return g.refunded(ctx, f.intent)
	}
	return g.answer(ctx, reference, p)
}

// partRefunded tells what became of the refund of a part of a charge; Absent: there is none.
func (g *Gateway) partRefunded(ctx context.Context, i *api.PaymentIntent) topup.Result {
	params := &api.RefundListParams{PaymentIntent: &i.ID}
	params.Limit = api.Int64(100)
	found := topup.Result{Outcome: topup.Absent}
	for r, err := range g.now.Load().api.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			p := problemOf(ctx, err)
			return topup.Result{Outcome: topup.Unknown, Code: p.name()}
		}
		if r.Metadata[metaPart] == "" {
			continue
		}
		// The newest one comes first: of those that were refused it is the one that counts.
		if result := refundResult(r); found.Outcome == topup.Absent || found.Outcome == topup.Refused && result.Outcome != topup.Refused {
			found = result
		}
	}
	return found
}

// refunded tells what became of a charge's refund. Absent: it was not given back, or only in part.
func (g *Gateway) refunded(ctx context.Context, i *api.PaymentIntent) topup.Result {
	params := &api.RefundListParams{PaymentIntent: &i.ID}
	params.Limit = api.Int64(100)
	var back int64
	last := topup.Result{Outcome: topup.Absent}
	for r, err := range g.now.Load().api.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			p := problemOf(ctx, err)
			return topup.Result{Outcome: topup.Unknown, Code: p.name()}
		}
		result := refundResult(r)
		if result.Outcome == topup.Done {
			back += r.Amount
		}
		if last.Outcome == topup.Absent || result.Outcome != topup.Refused {
			last = result
		}
	}
	if last.Outcome == topup.Done && back < i.Amount {
		return topup.Result{Outcome: topup.Absent}
	}
	return last
}

// refundResult says where a refund stands. Stripe has the money of a pending one set aside, unless it waits
// for our balance; what fails later is told by a webhook.
func refundResult(r *api.Refund) topup.Result {
	result := topup.Result{Outcome: topup.Unknown, Code: string(r.Status), ProviderRef: r.ID}
	switch {
	case r.Status == api.RefundStatusSucceeded:
		result.Outcome, result.Code = topup.Done, ""
	case r.Status == api.RefundStatusPending && r.PendingReason == api.RefundPendingReasonInsufficientFunds:
		result.Code = string(r.PendingReason)
	case r.Status == api.RefundStatusPending:
		result.Outcome = topup.Done
	case r.Status == api.RefundStatusFailed, r.Status == api.RefundStatusCanceled:
		result.Outcome = topup.Refused
		if reason := word(string(r.FailureReason)); reason != "" {
			result.Code = reason
		}
	}
	return result
}
