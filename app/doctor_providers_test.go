package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"

	simgateway "pulsa/sim/gateway"
)

// examined is the demo with Twilio, Telegram and Stripe played by a server, and its program.
func examined(t *testing.T, key string, serve http.HandlerFunc) *Program {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	known := config.Supported()
	env := map[string]string{"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_AUTH_TOKEN": "0123456789abcdef", "TWILIO_FROM": "+3197010200000",
		"TELEGRAM_BOT_TOKEN": "123456:abcdefghijklmnopqrstuvwxyzABCDEFGHI"}
	text := strings.NewReplacer("account_sid: ${TWILIO_ACCOUNT_SID}", "base_url: "+server.URL+"\n        account_sid: ${TWILIO_ACCOUNT_SID}",
		"bot_token: ${TELEGRAM_BOT_TOKEN}", "base_url: "+server.URL+"\n        bot_token: ${TELEGRAM_BOT_TOKEN}").Replace(string(config.Demo))
	c, err := config.Parse("demo.yaml", []byte(text), func(name string) string { return env[name] }, known)
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Brands[0].Gateway = t.TempDir(), config.GatewayStripe
	c.Stripe = config.Stripe{Key: prepaid.NewSecret(key), WebhookSecrets: []prepaid.Secret{prepaid.NewSecret(stripeHook)}, BaseURL: server.URL}
	p, err := Wire(t.Context(), c, Wiring{Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

const (
	stripeTestKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
	stripeHook    = "whsec_of_the_endpoint"
)

// serving answers as the providers do that a server plays: all well, unless changed.
func serving(stripe, twilio, telegram string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := stripe
		switch {
		case strings.Contains(r.URL.Path, "/Accounts/"):
			answer = twilio
		case strings.Contains(r.URL.Path, "/bot"):
			answer = telegram
		}
		var status int
		var body string
		if _, err := fmt.Sscanf(answer, "%d", &status); err != nil {
			panic(http.ErrAbortHandler) // hung up
		}
		_, body, _ = strings.Cut(answer, " ")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

const (
	goodStripe   = `200 {"object":"balance","livemode":false,"available":[{"amount":1200,"currency":"eur"}]}`
	goodTwilio   = `200 {"sid":"AC0123","status":"active","friendly_name":"Demo"}`
	goodTelegram = `200 {"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Demo","username":"demo_bot"}}`
)

func TestTheDoctorTriesTheCredentialsOfProviders(t *testing.T) {
	for _, c := range []struct {
		name, key, stripe, twilio, telegram, what string
		level                                     operators.Level
		found, do                                 string
	}{
		{"Stripe well", "", goodStripe, goodTwilio, goodTelegram, "gateway stripe", operators.LevelOK, "test key, balance EUR 12.00", ""},
		{"Stripe: bad key", "", `401 {"error":{"type":"invalid_request_error","message":"Invalid API Key provided: sk_test_4eC3"}}`, goodTwilio, goodTelegram,
			"gateway stripe", operators.LevelError, "does not know the key", "copy the key anew"},
		{"Stripe: restricted key", "", `403 {"error":{"type":"invalid_request_error","message":"no"}}`, goodTwilio, goodTelegram, "gateway stripe", operators.LevelWarn, "read the balance", "right to read Balance"},
		{"Stripe: the other mode", "", strings.Replace(goodStripe, "false", "true", 1), goodTwilio, goodTelegram, "gateway stripe", operators.LevelError, "other mode", "base_url"},
		{"Stripe: unreachable", "", "hangs up", goodTwilio, goodTelegram, "gateway stripe", operators.LevelError, "does not answer", "port 443"},
		{"Stripe: broken", "", `500 {"error":{"type":"api_error"}}`, goodTwilio, goodTelegram, "gateway stripe", operators.LevelError, "status 500", "dashboard"},
		{"Stripe: live key, test brand", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", strings.Replace(goodStripe, "false", "true", 1), goodTwilio, goodTelegram,
			"gateway stripe", operators.LevelError, "every payment of brand demo is refused", "sk_test_"},
		{"Twilio well", "", goodStripe, goodTwilio, goodTelegram, "credentials of demo/twilio", operators.LevelOK, "account Demo", ""},
		{"Twilio: bad token", "", goodStripe, `401 {"code":20003,"message":"Authenticate","status":401}`, goodTelegram, "credentials of demo/twilio", operators.LevelError, "20003", "correct the credentials of demo/twilio"},
		{"Twilio: suspended", "", goodStripe, `200 {"sid":"AC0123","status":"suspended"}`, goodTelegram, "credentials of demo/twilio", operators.LevelError, "suspended", "correct the credentials"},
		{"Twilio: unreachable", "", goodStripe, "hangs up", goodTelegram, "credentials of demo/twilio", operators.LevelError, "no answer", "outage"},
		{"Telegram well", "", goodStripe, goodTwilio, goodTelegram, "credentials of demo/telegram", operators.LevelOK, "bot @demo_bot", ""},
		{"Telegram: bad token", "", goodStripe, goodTwilio, `401 {"ok":false,"error_code":401,"description":"Unauthorized"}`, "credentials of demo/telegram", operators.LevelError, "says no", "correct the credentials of demo/telegram"},
		{"Telegram: too often", "", goodStripe, goodTwilio, `429 {"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":3}}`,
			"credentials of demo/telegram", operators.LevelWarn, "says no", "try again"},
		{"Telegram: unreachable", "", goodStripe, goodTwilio, "hangs up", "credentials of demo/telegram", operators.LevelError, "no answer", "outage"},
	} {
		key := c.key
		if key == "" {
			key = stripeTestKey
		}
		p := examined(t, key, serving(c.stripe, c.twilio, c.telegram))
		var findings []operators.Finding
		met := false
		for tries := 5; !met && tries > 0; tries-- { // on a slow machine, who answers may seem not to
			findings = append(p.examineGateway(t.Context()), operators.CheckCredentials(t.Context(), p.Registry)...)
			for _, f := range findings {
				if strings.Contains(f.Found+f.Do, key) || strings.Contains(f.Found+f.Do, "0123456789abcdef") || strings.Contains(f.Found+f.Do, "123456:abc") {
					t.Errorf("%s: shows a secret: %+v", c.name, f)
				}
				if f.What == c.what && f.Level == c.level && strings.Contains(f.Found, c.found) && strings.Contains(f.Do, c.do) && (f.Do == "") == (c.do == "") {
					met = true
				}
			}
		}
		if !met {
			t.Errorf("%s: found %+v", c.name, findings)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheDoctorTriesTheSecretOfASimulatorInAnotherProcess(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	gateway, err := simgateway.New(simgateway.Config{Clock: prepaid.SystemClock{}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	mux, none := http.NewServeMux(), httptest.NewServer(http.NotFoundHandler())
	(&simgateway.Face{Gateway: gateway, Secret: prepaid.NewSecret("right")}).Routes(mux)
	server, gone := httptest.NewServer(mux), httptest.NewServer(nil)
	t.Cleanup(server.Close)
	t.Cleanup(none.Close)
	gone.Close()
	for _, test := range []struct {
		url, secret string
		level       operators.Level
		do          string
	}{
		{server.URL, "right", operators.LevelWarn, "nothing for brands marked test"},
		{server.URL, "other", operators.LevelError, "set simulator.secret"},
		{none.URL, "right", operators.LevelError, "--gateway-webhook"},
		{gone.URL, "right", operators.LevelError, "start pulsa sim, or"},
	} {
		p := &Program{Program: &core.Program{Config: config.Config{PublicURL: "http://127.0.0.1:8080"}}}
		p.remote = sim.NewRemote(test.url, prepaid.NewSecret(test.secret), quiet)
		found := p.examineRemote(t.Context())
		if len(found) != 1 || found[0].Level != test.level || !strings.Contains(found[0].Do, test.do) {
			t.Errorf("%s %s: %+v", test.url, test.secret, found)
		}
	}
}
