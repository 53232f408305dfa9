package config

import (
	"strings"

	"pulsa/prepaid"
)

// Stripe is our account at Stripe, which all brands share whose gateway it is.
type Stripe struct {
	Named          bool // the file has the section, whatever credentials are there
	Key            prepaid.Secret
	WebhookSecrets []prepaid.Secret // two while one replaces the other
	BaseURL        string           // "" is Stripe's own
}

// HasStripe reports whether there is an account at Stripe.
func (c Config) HasStripe() bool { return c.Stripe.Named || !c.Stripe.Key.Empty() }

// GatewayStripe is how a brand names it.
const GatewayStripe = "stripe"

// readStripe reads the account, which all brands that name it share. It comes after the brands: whose customers pay
// with real money must not be sent elsewhere.
func (r *configReader) readStripe(c *Config, file section) {
	users, strict := c.usersOf(func(b *prepaid.Brand) bool { return b.Gateway == GatewayStripe })
	s, ok := file.holding(GatewaySecrets).sub("stripe")
	if !ok {
		if len(users) > 0 {
			r.fault(file.line, "brand %s has gateway stripe: write stripe: with key and webhook_secret, as the example does", strings.Join(users, " and "))
		}
		return
	}
	c.Stripe = Stripe{Named: true, Key: s.secret("key", true), BaseURL: s.elsewhere("base_url", strict)}
	for _, name := range []string{"webhook_secret", "webhook_secret_old"} {
		if secret := s.secret(name, name == "webhook_secret"); !secret.Empty() {
			c.Stripe.WebhookSecrets = append(c.Stripe.WebhookSecrets, secret)
		}
	}
}
