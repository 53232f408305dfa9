package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStripesAccountIsReadAndGuarded(t *testing.T) {
	k := known()
	k.Gateways = []string{GatewayStripe}
	real := strings.Replace(real, "gateway: psp", "gateway: stripe", 1)
	test := strings.Replace(minimal, "gateway: sim", "gateway: stripe", 1)
	account := "stripe:\n  key: ${KEY}\n  webhook_secret: ${HOOK}\n"
	vars := env("PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32, "TOKEN", "t", "FROM", "+31600000000", "KEY", "hush", "HOOK", "w", "OLD", "o")
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"no account": {test, []string{"1: brand shop has gateway stripe: write stripe: with key and webhook_secret, as the example does"}},
		"no hook":    {test + "stripe: {key: \"${KEY}\"}\n", []string{"14: stripe has no webhook_secret: write webhook_secret: ${NAME}"}},
		"key in the file": {test + "stripe: {key: sk_live_oops, webhook_secret: \"${HOOK}\"}\n",
			[]string{"14: key is a secret: put it into the environment and write key: ${NAME}"}},
		"elsewhere with real customers": {real + account + "  base_url: http://127.0.0.1:12111\n",
			[]string{"17: base_url is only for brands marked test, and brand shop is not: remove it"}},
		"well":           {test + account + "  webhook_secret_old: ${OLD}\n", nil},
		"well, for real": {real + account, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse("pulsa.yaml", []byte(tc.text), vars, k)
			if tc.want != nil {
				if diff := cmp.Diff(tc.want, faults(t, err)); diff != "" {
					t.Error(diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Stripe.Key.Reveal() != "hush" || c.Stripe.WebhookSecrets[0].Reveal() != "w" || (name == "well") != (len(c.Stripe.WebhookSecrets) == 2) {
				t.Errorf("read %+v", c.Stripe)
			}
		})
	}
}
