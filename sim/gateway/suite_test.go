package gateway_test

import (
	"testing"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	sim "pulsa/sim/gateway"
)

func TestGatewayKeepsTheContract(t *testing.T) {
	paymentstest.Run(t, func(t *testing.T) paymentstest.Provider {
		return provider(t, newGateway(t, nil))
	})
}

// provider is a gateway with its levers.
func provider(t *testing.T, g *gateway) paymentstest.Provider {
	kinds := map[paymentstest.Answer]sim.Kind{
		paymentstest.Approves: sim.Approves, paymentstest.Declines: sim.Declines, paymentstest.LosesRequest: sim.TimesOut,
		paymentstest.LosesAnswer: sim.TimesOutAfterCharging, paymentstest.Authentication: sim.NeedsAuthentication,
		paymentstest.Pends: sim.Pends,
	}
	return paymentstest.Provider{
		Gateway: g.Gateway, Brand: demo(), Now: g.clock.Now,
		Answer: func(a paymentstest.Answer) {
			if err := g.Set(t.Context(), sim.Behaviour{Kind: kinds[a]}); err != nil {
				t.Fatal(err)
			}
		},
		Complete:     func(string) error { return g.CompleteSetup(t.Context(), "") },
		Abandon:      func(string) error { return g.AbandonSetup(t.Context(), "") },
		Authenticate: func(string) error { return g.Authenticate(t.Context(), "") },
		Settle:       func(string) error { return g.SettleDebits(t.Context()) },
		Return:       func(string) error { return g.ReturnDebit(t.Context(), "") },
		Charged:      func(reference string) int { return len(g.Charged(sim.Filter{Reference: reference})) },
		Refunded:     func(reference string) int { return len(g.Refunded(sim.Filter{Reference: reference})) },
		Told: func() []payments.Event {
			g.mu.Lock()
			defer g.mu.Unlock()
			return append([]payments.Event(nil), g.told...)
		},
		Wait: func(work func()) {
			if err := g.clock.Run(work); err != nil {
				t.Error(err)
			}
		},
	}
}
