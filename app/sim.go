package app

import (
	"context"

	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
	"pulsa/sim"
)

// tellSimulators makes the simulators that a brand uses behave as the event says.
func (p *Program) tellSimulators(ctx context.Context, brand string, who talk.Customer, e talk.Event) error {
	simulated := false
	if b := p.Brands.Named(brand); b != nil {
		simulated = b.Network == "sim"
	}
	if p.remote == nil || simulated && e.Kind == talk.NetworkBehaves {
		return harness.Simulate(ctx, p.Sims, who, e)
	}
	switch e.Kind {
	case talk.SetupCompleted, talk.SetupAbandoned, talk.CustomerAuthenticates, talk.PaymentBehaves, talk.NetworkBehaves:
		return p.remote.Tell(ctx, e.String(), who.Number)
	}
	return talk.ErrNotOffered
}

// completeSetup lets a customer complete the page that was opened for them.
func (p *Program) completeSetup(ctx context.Context, m prepaid.MSISDN) error {
	if p.remote == nil {
		return p.Sims.Gateway.CompleteSetup(ctx, m)
	}
	return p.remote.Tell(ctx, string(talk.SetupCompleted), m.String())
}

// books are those of all simulators that brands of the program may use.
func (p *Program) books(ctx context.Context) (sim.Books, error) {
	ours := p.Sims.Books()
	if p.remote == nil {
		return ours, nil
	}
	theirs, err := p.remote.Books(ctx)
	return ours.With(theirs), err
}
