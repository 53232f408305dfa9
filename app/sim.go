package app

import (
	"context"

	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
	"pulsa/sim"
)

// tellSimulators makes those simulators behave that a brand uses.
func (p *Program) tellSimulators(ctx context.Context, brand string, who talk.Customer, e talk.Event) error {
	network := e.Kind == talk.NetworkBehaves
	if p.Remote == nil || network && p.Config.Networks[brand] == "sim" {
		return harness.Simulate(ctx, p.Sims, who, e)
	}
	switch e.Kind {
	case talk.SetupCompleted, talk.SetupAbandoned, talk.CustomerAuthenticates, talk.PaymentBehaves, talk.NetworkBehaves:
		return p.Remote.Tell(ctx, e.String(), who.Number)
	}
	return talk.ErrNotOffered
}

// CompleteSetup lets a customer complete the page that was opened for them.
func (p *Program) CompleteSetup(ctx context.Context, m prepaid.MSISDN) error {
	if p.Remote == nil {
		return p.Sims.Gateway.CompleteSetup(ctx, m)
	}
	return p.Remote.Tell(ctx, string(talk.SetupCompleted), m.String())
}

// books are those of all simulators that brands of the program may use.
func (p *Program) books(ctx context.Context) (sim.Books, error) {
	ours := p.Sims.Books()
	if p.Remote == nil {
		return ours, nil
	}
	theirs, err := p.Remote.Books(ctx)
	return ours.With(theirs), err
}
