package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk/harness"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
)

func TestABrandMayChargeByStripe(t *testing.T) {
	r := runDemo(t, nil, func(c *config.Config) {
		c.Brands[0].Gateway = config.GatewayStripe
		c.Stripe = config.Stripe{Key: prepaid.NewSecret("sk_test_bcdf"), WebhookSecrets: []prepaid.Secret{prepaid.NewSecret("whsec_bcdf")}}
	})
	for path, want := range map[string]int{"POST " + stripe.WebhookPath: http.StatusForbidden, "GET " + stripe.ReturnPath: http.StatusOK} {
		method, path, _ := strings.Cut(path, " ")
		answer := httptest.NewRecorder()
		r.Routes().ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader("{}")))
		if answer.Code != want {
			t.Errorf("%s %s answers %d, want %d", method, path, answer.Code, want)
		}
	}
}

func TestARealDeploymentMeetsNoSimulator(t *testing.T) {
	k := config.Supported()
	text := `public_url: https://topup.example
brands:
  shop:
    title: Shop
    country: NL
    currency: EUR
    languages: [en]
    keywords: {topup: [BUY]}
    amounts: {min: 10, max: 50, step: 5}
    gateway: stripe
    network: reloadly
    channels:
      twilio: {account_sid: AC1, auth_token: "${TOKEN}", from: "${FROM}"}
stripe: {key: "${KEY}", webhook_secret: "${HOOK}"}
reloadly: {client_id: x, client_secret: "${HOOK}"}
`
	vars := map[string]string{"PULSA_PIN_PEPPER": apptest.Key, "PULSA_CARD_KEY": apptest.Key, "TOKEN": "t", "FROM": "+31600000000",
		"KEY": "sk_live_bcdf", "HOOK": "whsec_bcdf"}
	c, err := config.Parse("pulsa.yaml", []byte(text), func(name string) string { return vars[name] }, k)
	if err != nil {
		t.Fatal(err)
	}
	c.Data = t.TempDir()
	log := &harness.LogBuffer{}
	p, err := Wire(t.Context(), c, Wiring{Clock: prepaid.SystemClock{}, Log: slog.New(slog.NewTextHandler(log, nil)), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if books, _ := filepath.Glob(filepath.Join(c.Data, "*.book")); len(books) > 0 || strings.Contains(log.String(), "SIMULATED") {
		t.Errorf("books %v, log %s", books, log.String())
	}
}
