package config

import (
	"strings"

	"pulsa/prepaid"
)

// Stripe is our account at Stripe. It is empty where no brand's gateway is Stripe.
type Stripe struct {
	Key            prepaid.Secret
	WebhookSecrets []prepaid.Secret // two while one replaces the other
	BaseURL        string           // "" is Stripe's own
}

// GatewayStripe is how a brand names it.
const GatewayStripe = "stripe"

// readStripe reads the account, which all brands that name it share. It comes after the brands: whose customers pay
// with real money must not be sent elsewhere.
func (r *configReader) readStripe(c *Config, file section) {
	users, strict := c.usersOf(c.Gateways, GatewayStripe)
	s, ok := file.holding(GatewaySecrets).sub("stripe")
	if !ok {
		if len(users) > 0 {
			r.fault(file.line, "brand %s has gateway stripe: write stripe: with key and webhook_secret, as the example does", strings.Join(users, " and "))
		}
		return
	}
	c.Stripe = Stripe{Key: s.secret("key", true), BaseURL: s.elsewhere("base_url", strict)}
	for _, name := range []string{"webhook_secret", "webhook_secret_old"} {
		if secret := s.secret(name, name == "webhook_secret"); !secret.Empty() {
			c.Stripe.WebhookSecrets = append(c.Stripe.WebhookSecrets, secret)
		}
	}
}
