package payments_test

import (
	"context"
	"fmt"
	"sync"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// giroGateway is the least that a payments.Gateway does. A real one calls its provider where this one uses its map, and
// tells setups and charges that change later through payments.News. Run paymentstest against yours.
type giroGateway struct {
	mu       sync.Mutex // methods are called concurrently
	balance  int64
	charges  map[string]topup.Outcome // by reference; written before the answer, as a provider's own book is
	refunded map[string]bool
}

var _ payments.Gateway = (*giroGateway)(nil)

// StartSetup opens a page. The same reference gets the same page.
func (g *giroGateway) StartSetup(_ context.Context, s payments.SetupRequest) (payments.Page, error) {
	return payments.Page{URL: "https://giro.example/" + s.Reference, GatewayRef: s.Reference}, nil
}

// CloseSetup closes it.
func (g *giroGateway) CloseSetup(context.Context, payments.Setup) error { return nil }

// Charge is idempotent: a repeated reference gets the first answer. Refused is said only of what never happens.
func (g *giroGateway) Charge(_ context.Context, c payments.ChargeRequest) topup.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.charges[c.Reference]; !known {
		if g.balance < c.Amount.Minor {
			g.charges[c.Reference] = topup.Refused
		} else {
			g.balance -= c.Amount.Minor
			g.charges[c.Reference] = topup.Done
		}
	}
	return g.answer(g.charges[c.Reference], c.Reference)
}

// Cancel makes sure that a charge that is not done never will be: an unknown reference is taken, too.
func (g *giroGateway) Cancel(_ context.Context, reference string) topup.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.charges[reference] == topup.Done {
		return g.answer(topup.Refused, reference)
	}
	g.charges[reference] = topup.Refused
	return g.answer(topup.Done, reference)
}

// Refund gives a charge back once, however often it is called.
func (g *giroGateway) Refund(_ context.Context, reference string, _ prepaid.Money) topup.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.charges[reference] != topup.Done {
		return g.answer(topup.Refused, reference)
	}
	g.refunded[reference] = true
	return g.answer(topup.Done, reference)
}

// LookUp says Absent only where the provider surely knows no such reference. What it can't find out is topup.Unknown.
func (g *giroGateway) LookUp(_ context.Context, what payments.Operation, reference string) topup.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	outcome, known := g.charges[reference]
	if what == payments.OpRefund {
		outcome, known = topup.Done, g.refunded[reference]
	}
	if !known {
		return topup.Result{Outcome: topup.Absent}
	}
	return g.answer(outcome, reference)
}

func (g *giroGateway) answer(o topup.Outcome, reference string) topup.Result {
	r := topup.Result{Outcome: o, ProviderRef: "giro-" + reference}
	if o == topup.Refused {
		r.Code = "no_money" // for operators and logs, never a secret
	}
	return r
}

func ExampleGateway() {
	g := &giroGateway{balance: 1500, charges: map[string]topup.Outcome{}, refunded: map[string]bool{}}
	ctx := context.Background()
	ten := func(reference string) payments.ChargeRequest {
		return payments.ChargeRequest{Reference: reference, Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}}
	}
	fmt.Println("charge:", g.Charge(ctx, ten("one")).Outcome)
	fmt.Println("repeated:", g.Charge(ctx, ten("one")).Outcome)
	fmt.Println("more than there is:", g.Charge(ctx, ten("two")).Outcome)
	fmt.Println("never asked for:", g.LookUp(ctx, payments.OpCharge, "three").Outcome)
	fmt.Println("cancel what is charged:", g.Cancel(ctx, "one").Outcome)
	fmt.Println("refund:", g.Refund(ctx, "one", prepaid.Money{}).Outcome)
	fmt.Println("look up the refund:", g.LookUp(ctx, payments.OpRefund, "one").Outcome)
	// Output:
	// charge: done
	// repeated: done
	// more than there is: refused
	// never asked for: absent
	// cancel what is charged: refused
	// refund: done
	// look up the refund: done
}
