package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"pulsa/payments"
	"pulsa/prepaid"
)

// Connect says who takes the news from now on: the program that was started last.
func (g *Gateway) Connect(events func(context.Context, payments.Event) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events = events
}

// Redeliver tells again what nobody has taken yet, oldest first: news that met an error, or was in the
// book when the program died. Call it after a start and now and then. It goes on after an error, and
// returns them all.
func (g *Gateway) Redeliver(ctx context.Context) error {
	g.mu.Lock()
	g.ripen()
	setups := g.setups.all(func(s setup) bool { return s.Untold })
	charges := g.charges.all(func(c charge) bool { return c.Untold && g.reported(c) })
	g.mu.Unlock()
	var failed []error
	for _, s := range setups {
		failed = append(failed, g.tellSetup(ctx, s))
	}
	for _, c := range charges {
		failed = append(failed, g.tellCharge(ctx, c))
	}
	return errors.Join(failed...)
}

// tellSetup gives the news of an ended setup, and books that it was taken.
func (g *Gateway) tellSetup(ctx context.Context, s setup) error {
	e := payments.Event{Setup: prepaid.SetupID(s.Reference)}
	switch s.Status {
	case abandoned:
		e.Ended = payments.SetupAbandoned
	case completed:
		e.Ended, e.Token, e.Display = payments.SetupCompleted, prepaid.NewSecret(s.Token), display(s)
	case revoked:
		e = payments.Event{Revoked: prepaid.NewSecret(s.Token)}
	}
	if err := g.tell(ctx, e); err != nil {
		return fmt.Errorf("tell news of setup %s: %w", s.Reference, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now, _ := g.setups.get(s.Reference); now.Status != s.Status {
		return nil // revoked meanwhile: that is news of its own
	}
	s.Untold = false
	return g.write(line{Setup: &s})
}

// tellCharge says that there is news of a charge, and books that it was taken. What is not reported yet is told by
// Redeliver.
func (g *Gateway) tellCharge(ctx context.Context, told charge) error {
	g.mu.Lock()
	reported := g.reported(told)
	g.mu.Unlock()
	if !reported {
		return nil
	}
	if err := g.tell(ctx, payments.Event{Charge: prepaid.ChargeID(told.Reference)}); err != nil {
		return fmt.Errorf("tell news of charge %s: %w", told.Reference, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// Whoever took the news may have refunded the charge; only what has changed meanwhile by itself
	// (settled, and then returned) is news again.
	c, _ := g.charges.get(told.Reference)
	if c.Status != told.Status && c.Status != refunded {
		return nil
	}
	c.Untold = false
	return g.write(line{Charge: &c})
}

func (g *Gateway) tell(ctx context.Context, e payments.Event) error {
	g.mu.Lock()
	events := g.events
	g.mu.Unlock()
	if events == nil {
		return errors.New("nobody takes the simulated gateway's news")
	}
	return events(ctx, e)
}

// display is how a completed setup's instrument is shown to its owner.
func display(s setup) string {
	if s.Display != "" {
		return s.Display
	}
	switch s.Method {
	case payments.Card:
		return "Visa **** 4242"
	case payments.PayPal:
		return "PayPal j***@example.com"
	}
	return cmp.Or(s.Country, "NL") + "** **** 4300"
}
