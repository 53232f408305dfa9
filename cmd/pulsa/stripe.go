package main

import (
	"context"
	"fmt"
	"net/http"

	"pulsa/payments"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
)

// wireStripe makes the gateway where a brand's customers pay by Stripe.
func (p *program) wireStripe() error {
	for _, gateway := range p.config.Gateways {
		if gateway != gatewayStripe {
			continue
		}
		g, err := stripe.New(stripe.Config{
			Key: p.config.Stripe.Key, WebhookSecrets: p.config.Stripe.WebhookSecrets, BaseURL: p.config.Stripe.BaseURL,
			ReturnURL: p.config.PublicURL + stripe.ReturnPath, Clock: p.clock, Log: p.log,
			Recorded: func(ctx context.Context, id prepaid.ChargeID) (payments.Recorded, error) {
				return p.payments.Recorded(ctx, id)
			},
		})
		if err != nil {
			return fmt.Errorf("stripe: %w", err)
		}
		p.stripe = g
		return nil
	}
	return nil
}

// gateways are all that brands may name.
func (p *program) gateways(w wiring) map[string]payments.Gateway {
	simulated := payments.Gateway(p.sims.gateway)
	if p.remote != nil {
		simulated = p.remote.gateway
	}
	all := map[string]payments.Gateway{"sim": around(simulated, w.gateway)}
	if p.stripe != nil {
		all[gatewayStripe] = p.stripe
	}
	return all
}

// stripeRoutes receive Stripe's news, and the customers who come back from its pages.
func (p *program) stripeRoutes(mux *http.ServeMux) {
	if p.stripe == nil {
		return
	}
	mux.Handle("POST "+stripe.WebhookPath, p.stripe.Webhook(p.payments.Handle))
	mux.Handle("GET "+stripe.ReturnPath, stripe.ReturnPage())
}
