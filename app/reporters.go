package app

import (
	"context"
	"log/slog"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/topup"
)

// newReporters returns the providers of the configuration. The simulators' books may be another process's.
func newReporters(c config.Config, log *slog.Logger) (operators.Reporters, error) {
	sims, err := sim.ReadBooks(c.Data, slog.New(slog.DiscardHandler))
	if err != nil {
		return operators.Reporters{}, err
	}
	all := operators.Reporters{
		Gateways: map[string]operators.MoneyReporter{"sim": sims.Gateway}, Networks: map[string]operators.DeliveryReporter{"sim": sims.Network},
		Wallets: map[string]operators.WalletReader{},
	}
	if c.Simulator.URL != "" {
		all.Gateways["sim"] = &sim.Remote{URL: c.Simulator.URL}
	}
	clock := prepaid.SystemClock{}
	if r := newReloadly(c, clock, log); r != nil {
		all.Networks[config.NetworkReloadly], all.Wallets[config.NetworkReloadly] = r, r
	}
	// A report is read from Stripe alone.
	books := func(context.Context, prepaid.ChargeID) (payments.Recorded, error) {
		return payments.Recorded{}, topup.ErrNoOrder
	}
	s, err := newStripe(c, clock, log, books, nil)
	if err != nil {
		return all, err
	}
	if s != nil {
		all.Gateways[config.GatewayStripe] = s
	}
	return all, nil
}
