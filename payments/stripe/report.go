package stripe

import (
	"context"
	"iter"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// debitFails is how long after a debit was asked for it may still fail: 14 business days.
const debitFails = 21 * 24 * time.Hour

// Movements reports what Stripe did to our charges from one time until before another: PaymentIntents, refunds and
// disputes that carry a charge's metadata; what else the account is used for is left out. It holds one page in
// memory, and ends with an error where the report can't be read to its end.
func (g *Gateway) Movements(ctx context.Context, from, to time.Time) iter.Seq2[payments.Movement, error] {
	return func(yield func(payments.Movement, error) bool) {
		more := true
		put := func(m payments.Movement) bool {
			if !m.At.Before(from) && m.At.Before(to) {
				more = yield(m, nil)
			}
			return more
		}
		for _, list := range []func(context.Context, time.Time, time.Time, func(payments.Movement) bool) error{
			g.charges, g.refunds, g.disputes,
		} {
			if err := list(ctx, from, to, put); err != nil && more {
				yield(payments.Movement{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

func created(from, to time.Time) *api.RangeQueryParams {
	return &api.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix() + 1}
}

// charges reports PaymentIntents whose money has come or is on its way, and debits that failed after they were.
func (g *Gateway) charges(ctx context.Context, from, to time.Time, put func(payments.Movement) bool) error {
	params := &api.PaymentIntentListParams{CreatedRange: created(from.Add(-debitFails), to)}
	params.Limit = api.Int64(100)
	params.AddExpand("data.latest_charge.failure_balance_transaction")
	for i, err := range g.now.Load().api.V1PaymentIntents.List(ctx, params).All(ctx) {
		if err != nil {
			return problemOf(ctx, err)
		}
		reference := i.Metadata[metaCharge]
		if reference == "" {
			continue
		}
		m := payments.Movement{Kind: payments.MovedCharge, Reference: reference, At: time.Unix(i.Created, 0).UTC()}
		returned := i.Status == api.PaymentIntentStatusRequiresPaymentMethod && failed(i).Outcome == topup.Returned
		if returned || i.Status == api.PaymentIntentStatusSucceeded || i.Status == api.PaymentIntentStatusProcessing {
			m.Amount = moneyOf(i.Amount, i.Currency)
		} else {
			m.Status = word(string(i.Status))
		}
		if !put(m) {
			return nil
		}
		if returned {
			m.Kind = payments.MovedReturn
			if b := i.LatestCharge.FailureBalanceTransaction; b != nil && b.Created > 0 {
				m.At = time.Unix(b.Created, 0).UTC()
			}
			if !put(m) {
				return nil
			}
		}
	}
	return nil
}

func (g *Gateway) refunds(ctx context.Context, from, to time.Time, put func(payments.Movement) bool) error {
	params := &api.RefundListParams{CreatedRange: created(from, to)}
	params.Limit = api.Int64(100)
	params.AddExpand("data.payment_intent") // whose metadata names the charge, also where staff refunded by hand
	for r, err := range g.now.Load().api.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			return problemOf(ctx, err)
		}
		m := payments.Movement{Kind: payments.MovedRefund, Reference: chargeOf(r.PaymentIntent), At: time.Unix(r.Created, 0).UTC()}
		if refundResult(r).Outcome == topup.Done {
			m.Amount = moneyOf(r.Amount, r.Currency)
		} else {
			m.Status = word(string(r.Status))
		}
		if m.Reference != "" && !put(m) {
			return nil
		}
	}
	return nil
}

// disputes reports money that a bank took back, as long as it is gone.
func (g *Gateway) disputes(ctx context.Context, from, to time.Time, put func(payments.Movement) bool) error {
	params := &api.DisputeListParams{CreatedRange: created(from, to)}
	params.Limit = api.Int64(100)
	params.AddExpand("data.payment_intent")
	for d, err := range g.now.Load().api.V1Disputes.List(ctx, params).All(ctx) {
		if err != nil {
			return problemOf(ctx, err)
		}
		m := payments.Movement{Kind: payments.MovedReturn, Reference: chargeOf(d.PaymentIntent), At: time.Unix(d.Created, 0).UTC()}
		if gone(d) {
			m.Amount = moneyOf(d.Amount, d.Currency)
		} else {
			m.Status = word(string(d.Status))
		}
		if m.Reference != "" && !put(m) {
			return nil
		}
	}
	return nil
}

func chargeOf(i *api.PaymentIntent) string {
	if i == nil {
		return ""
	}
	return i.Metadata[metaCharge]
}

// moneyOf is an amount of Stripe's as money. What is below the currency's unit is dropped: no charge of ours
// has it.
func moneyOf(amount int64, c api.Currency) prepaid.Money {
	m := prepaid.Money{Minor: amount, Currency: moneyCurrency(c)}
	decimals := decimalsOf(m.Currency)
	for d := m.Currency.Decimals(); d < decimals; d++ {
		m.Minor /= 10
	}
	for d := m.Currency.Decimals(); d > decimals; d-- {
		m.Minor *= 10
	}
	return m
}
