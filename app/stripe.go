package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
)

// newStripe returns the gateway if there is an account at Stripe, and its key is there, else nil. stray may be nil.
func newStripe(c config.Config, clock prepaid.Clock, log *slog.Logger, books func(context.Context, prepaid.ChargeID) (payments.Recorded, error),
	stray func(context.Context, stripe.Dispute) error,
) (*stripe.Gateway, error) {
	if c.Stripe.Key.Empty() {
		return nil, nil
	}
	g, err := stripe.New(stripe.Config{
		Credentials: stripe.Credentials{Key: c.Stripe.Key, WebhookSecrets: c.Stripe.WebhookSecrets}, BaseURL: c.Stripe.BaseURL,
		ReturnURL: c.PublicURL + stripe.ReturnPath, Clock: clock, Log: log, Recorded: books, Stray: stray,
	})
	if err != nil {
		return nil, fmt.Errorf("stripe: %w", err)
	}
	return g, nil
}

func (p *Program) wireStripe() (err error) {
	books := payments.Books{Orders: p.DB.Orders, Instruments: p.DB.Payments}
	p.stripe, err = newStripe(p.Config, p.Clock, p.Log, books.Recorded, p.strayDispute)
	return err
}

// strayDispute puts a dispute that belongs to no order on the operators' list, once even if its events are repeated.
func (p *Program) strayDispute(ctx context.Context, d stripe.Dispute) error {
	return p.DB.Reconciliation.SaveDispute(ctx, operators.OpenItem{Provider: "psp:" + config.GatewayStripe, Reference: d.ID, Currency: d.Amount.Currency, Theirs: d.Amount.Minor,
		Note: d.Status, HappenedAt: d.At}, p.Clock.Now())
}

// gateways returns all gateways that brands may name.
func (p *Program) gateways() map[string]payments.Gateway {
	simulated := payments.Gateway(p.Sims.Gateway)
	if p.remote != nil {
		simulated = p.remote.Gateway
	}
	all := map[string]payments.Gateway{"sim": simulated}
	if p.stripe != nil {
		all[config.GatewayStripe] = p.stripe
	}
	return all
}

// stripeRoutes serves Stripe's webhooks, and the customers who return from its pages.
func (p *Program) stripeRoutes(mux *http.ServeMux) {
	if p.stripe == nil {
		return
	}
	mux.Handle("POST "+stripe.WebhookPath, p.stripe.Webhook(p.GatewayNews.Handle))
	mux.Handle("GET "+stripe.ReturnPath, stripe.ReturnPage(func(language string) (spoken, title, text string) {
		return p.Settings.Languages().Page(language, "returned")
	}))
}
