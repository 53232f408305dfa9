package app

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"
	"pulsa/store/scratch"
	"pulsa/topup"
)

// reachable is the demo with every kind of webhook open, and nobody at work behind it.
func reachable(t *testing.T) *running {
	t.Helper()
	c := apptest.Demo(t, map[string]string{"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_AUTH_TOKEN": "0123456789abcdef",
		"TELEGRAM_BOT_TOKEN": "123456:abcdefghijklmnopqrstuvwxyzABCDEFGHI"})
	c.PublicURL = "https://topup.example"
	c.Brands[0].Network = config.NetworkReloadly
	c.Reloadly = config.Reloadly{ClientID: "id", ClientSecret: prepaid.NewSecret("client-secret"), WebhookSecret: prepaid.NewSecret("hook-secret"),
		BaseURL: "http://127.0.0.1:1", AuthURL: "http://127.0.0.1:1"}
	p, err := Wire(t.Context(), c, Wiring{Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return &running{Program: p, t: t}
}

func TestABadWebhookIsRefusedAndChangesNothing(t *testing.T) {
	r := reachable(t)
	before, err := scratch.TextsButMessages(t.Context(), r.DB)
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 1<<20)
	form, json := "application/x-www-form-urlencoded", "application/json"
	text := "MessageSid=SM1&AccountSid=AC0123&From=%2B31612345678&Body=KOOP"
	update := `{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":5,"type":"private"},"from":{"id":5},"text":"KOOP"}}`
	for _, c := range []struct{ name, path, kind, body, header, value string }{
		{"fake: no JSON", "demo/fake", json, "{", "", ""},
		{"fake: empty", "demo/fake", json, "", "", ""},
		{"fake: a list", "demo/fake", json, "[]", "", ""},
		{"fake: no sender", "demo/fake", json, `{"id":"1","text":"KOOP"}`, "", ""},
		{"fake: no id", "demo/fake", json, `{"from":"+31612345678","text":"KOOP"}`, "", ""},
		{"fake: no number", "demo/fake", json, `{"id":"1","from":"31","text":"KOOP"}`, "", ""},
		{"fake: too large", "demo/fake", json, `{"id":"1","from":"+31612345678","text":"` + large + `"}`, "", ""},
		{"Twilio: unsigned", "demo/twilio", form, text, "", ""},
		{"Twilio: signed wrongly", "demo/twilio", form, text, "X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		{"Twilio: garbage signature", "demo/twilio", form, text, "X-Twilio-Signature", "%%%"},
		{"Twilio: no form", "demo/twilio", form, "%zz=%", "X-Twilio-Signature", "AAAA"},
		{"Twilio: too large", "demo/twilio", form, "Body=" + large, "X-Twilio-Signature", "AAAA"},
		{"Telegram: unsigned", "demo/telegram", json, update, "", ""},
		{"Telegram: signed wrongly", "demo/telegram", json, update, "X-Telegram-Bot-Api-Secret-Token", "wrong"},
		{"Telegram: too large", "demo/telegram", json, large, "X-Telegram-Bot-Api-Secret-Token", "wrong"},
		{"another brand", "other/fake", json, `{"id":"1","from":"+31612345678","text":"KOOP"}`, "", ""},
		{"another channel", "demo/other", json, `{"id":"1","from":"+31612345678","text":"KOOP"}`, "", ""},
		{"Reloadly: unsigned", reloadlyHook, json, `{"data":{"customIdentifier":"BKTRMWQXZD"}}`, "", ""},
		{"Reloadly: signed wrongly", reloadlyHook, json, `{"data":{"customIdentifier":"BKTRMWQXZD"}}`, "X-Reloadly-Signature", "00"},
		{"Reloadly: too large", reloadlyHook, json, large, "X-Reloadly-Signature", "00"},
	} {
		path := c.path
		if !strings.HasPrefix(path, "/") {
			path = "/webhooks/" + path
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", c.kind)
		if c.header != "" {
			request.Header.Set(c.header, c.value)
		}
		answer := httptest.NewRecorder()
		r.Routes().ServeHTTP(answer, request)
		if answer.Code < 400 || answer.Code > 499 {
			t.Errorf("%s: answered %d %s", c.name, answer.Code, answer.Body.String())
		}
	}
	after, err := scratch.TextsButMessages(t.Context(), r.DB)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("stored meanwhile:\n%s", diff)
	}
}

func TestABadAmountIsRefused(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	c, err := r.Accounts.ByMSISDN(t.Context(), "demo", prepaid.MSISDN(strings.TrimPrefix(apptest.Number, "+")))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []prepaid.Money{
		{Minor: math.MaxInt64, Currency: "EUR"}, {Minor: math.MinInt64, Currency: "EUR"}, {Minor: -1000, Currency: "EUR"},
		{Minor: 0, Currency: "EUR"}, {Minor: 1000, Currency: "USD"}, {Minor: 1000}, {Minor: 1001, Currency: "EUR"}, {Minor: 5500, Currency: "EUR"},
	} {
		_, err := r.Topups.Place(t.Context(), topup.Request{Brand: "demo", Customer: c.ID, MSISDN: c.MSISDN, Amount: m,
			Funding:      topup.FundingRef{Kind: topup.ByCharge, Ref: string(c.Pays.ID), Provider: "sim", Method: "card"},
			OperationKey: m.String(), AuthorisedBy: "pin", Patience: time.Second})
		if !errors.Is(err, topup.ErrOutOfRange) && !errors.Is(err, topup.ErrWrongStep) {
			t.Errorf("%s: %v", m, err)
		}
	}
	for _, text := range []string{
		"9223372036854775807", "9223372036854775808", "92233720368547758.08", "-10", "+-10", "0", "10.001", "10,001", "1e1", "0x0a", "10 USD",
		"$10", "١٠٠٠٠", "11", "60",
	} {
		answer, status := r.text(apptest.Number, "KOOP "+text+" "+apptest.PIN)
		if status != http.StatusOK || strings.Contains(answer, "was added") {
			t.Errorf("KOOP %s: answered %d %s", text, status, answer)
		}
		if n := len(r.Sims.Gateway.Charged(simgateway.Filter{})); n != 0 {
			t.Fatalf("KOOP %s: charged; answered %s", text, answer)
		}
		r.text(apptest.Number, "EXIT")
	}
	if n := len(r.Sims.Gateway.Charged(simgateway.Filter{})); n != 0 {
		t.Errorf("charged %d times", n)
	}
	for _, text := range []string{"9223372036854775808", "-1", "1.001", "1e1", "", ".", "1.2.3"} {
		if m, err := prepaid.ParseMoney(text, "EUR"); err == nil {
			t.Errorf("%q is read as %s", text, m)
		}
	}
}
