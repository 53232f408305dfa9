package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments/stripe"
	"pulsa/prepaid"
)

func TestStripesAccountIsReadAndGuarded(t *testing.T) {
	k := known()
	k.Gateways = []string{gatewayStripe}
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
			c, err := parseConfig("pulsa.yaml", []byte(tc.text), vars, k)
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

func TestABrandMayChargeByStripe(t *testing.T) {
	r := runDemo(t, nil, func(c *Config) {
		c.Gateways["demo"] = gatewayStripe
		c.Stripe = StripeConfig{Key: prepaid.NewSecret("sk_test_bcdf"), WebhookSecrets: []prepaid.Secret{prepaid.NewSecret("whsec_bcdf")}}
	})
	for path, want := range map[string]int{"POST " + stripe.WebhookPath: http.StatusForbidden, "GET " + stripe.ReturnPath: http.StatusOK} {
		method, path, _ := strings.Cut(path, " ")
		answer := httptest.NewRecorder()
		r.routes().ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader("{}")))
		if answer.Code != want {
			t.Errorf("%s %s answers %d, want %d", method, path, answer.Code, want)
		}
	}
}

func TestARealDeploymentMeetsNoSimulator(t *testing.T) {
	k := known()
	k.Gateways, k.Networks = []string{gatewayStripe}, []string{networkReloadly}
	text := strings.NewReplacer("gateway: psp", "gateway: stripe", "network: net", "network: reloadly").Replace(real) +
		"stripe: {key: \"${KEY}\", webhook_secret: \"${HOOK}\"}\nreloadly: {client_id: x, client_secret: \"${HOOK}\"}\n"
	c, err := parseConfig("pulsa.yaml", []byte(text), env("PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32, "TOKEN", "t",
		"FROM", "+31600000000", "KEY", "sk_live_bcdf", "HOOK", "whsec_bcdf"), k)
	if err != nil {
		t.Fatal(err)
	}
	c.Data = t.TempDir()
	log := &logBuffer{}
	p, err := wire(t.Context(), c, wiring{clock: prepaid.SystemClock{}, log: slog.New(slog.NewTextHandler(log, nil)), volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if books, _ := filepath.Glob(filepath.Join(c.Data, "*.book")); len(books) > 0 || strings.Contains(log.String(), "SIMULATED") {
		t.Errorf("books %v, log %s", books, log.String())
	}
}
