package app

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"
)

func TestTwilioTextsAreAnsweredInTwiML(t *testing.T) {
	const token = "0123456789abcdef"
	r := runDemo(t, map[string]string{"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_AUTH_TOKEN": token}, func(c *config.Config) {
		c.PublicURL = "https://topup.example"
	})
	form := url.Values{
		"MessageSid": {"SMbcdf"}, "AccountSid": {"AC0123"}, "From": {apptest.Number}, "To": {"+31600000000"},
		"Body": {"KOOP"}, "NumMedia": {"0"},
	}
	post := func(signature string) (int, string, string) {
		request, err := http.NewRequest(http.MethodPost, r.server.URL+"/webhooks/demo/twilio", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("X-Twilio-Signature", signature)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, response.Header.Get("Content-Type"), string(body)
	}
	signature := twilioSignature(token, "https://topup.example/webhooks/demo/twilio", form)
	status, kind, body := post(signature)
	if status != http.StatusOK || !strings.HasPrefix(kind, "text/xml") ||
		!strings.Contains(body, "<Response><Message>") || !strings.Contains(body, "Welcome to Demo Mobile") {
		t.Errorf("answered %d %s %s", status, kind, body)
	}
	if again, _, same := post(signature); again != http.StatusOK || same != body {
		t.Errorf("delivered again: %d %s", again, same)
	}
	form.Set("Body", "KOOP 50 1234")
	if status, _, body := post(signature); status != http.StatusForbidden || body != "" {
		t.Errorf("a wrong signature is answered %d %q", status, body)
	}
}

func TestChannelsWithoutCredentialsAreOff(t *testing.T) {
	r := runDemo(t, nil, nil)
	for _, path := range []string{"/webhooks/demo/twilio", "/webhooks/demo/whatsapp", "/webhooks/demo/telegram", "/webhooks/demo/ussd", "/webhooks/demo/none", "/webhooks/none/fake"} {
		response, err := http.Post(r.server.URL+path, "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, response.StatusCode)
		}
	}
	if len(r.Config.Notes) != 4 {
		t.Errorf("notes %q", r.Config.Notes)
	}
}

func TestWhileRedisIsDownOneTextStillBuys(t *testing.T) {
	m := miniredis.RunT(t)
	r := runDemo(t, nil, func(c *config.Config) { c.RedisURL = prepaid.NewSecret(apptest.PatientRedis("redis://" + m.Addr())) })
	r.customer(apptest.Number)
	r.wants(apptest.Number, "qwerty", "not understand")

	m.SetError("LOADING down")
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10 was added")
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "just bought that") // refused, for nothing can be asked
	r.wants(apptest.Number, "KOOP 20 0000", "Wrong PIN")
	r.wants(apptest.Number, "STATUS", "€10 was added")
	r.wants(apptest.Number, "HELP", "Top up: KOOP 10")
	r.wants(apptest.Number, "KOOP", "try again in a minute")
	r.wants(apptest.Number, "KOOP 20", "try again in a minute")
	r.wants(apptest.Number, "qwerty", "try again in a minute")
	r.text(apptest.Number, "STOP")
	r.hears("no more messages")
	r.wants(apptest.Number, "KOOP 20 "+apptest.PIN, "€20 was added")
	r.wants(apptest.Number, "START", "Welcome back")

	m.SetError("")
	r.wants(apptest.Number, "KOOP 15 "+apptest.PIN, "€15 was added")
	if n := len(r.Sims.Gateway.Charged(simgateway.Filter{})); n != 3 {
		t.Errorf("charged %d times", n)
	}
}

func TestWhileSQLIsDownTheProviderIsAskedToSendAgain(t *testing.T) {
	m := miniredis.RunT(t)
	r := runDemo(t, nil, func(c *config.Config) { c.RedisURL = prepaid.NewSecret(apptest.PatientRedis("redis://" + m.Addr())) })
	r.customer(apptest.Number)
	if err := r.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if answer, status := r.text(apptest.Number, "KOOP 10 "+apptest.PIN); status != http.StatusServiceUnavailable {
		t.Errorf("answered %d %q", status, answer)
	}
	if response, err := http.Get(r.server.URL + "/readyz"); err != nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz: %v %v", response, err)
	}
	if response, err := http.Get(r.server.URL + "/healthz"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("healthz: %v %v", response, err)
	}
}

func TestATurnTakesTwoRoundTripsToRedis(t *testing.T) {
	m := miniredis.RunT(t)
	r := runDemo(t, nil, func(c *config.Config) { c.RedisURL = prepaid.NewSecret(apptest.PatientRedis("redis://" + m.Addr())) })
	r.wants(apptest.Number, "HELP", "Top up: KOOP 10") // loads the scripts, opens the connection
	// Scripts alone are counted, where they arrive: transcripts are drained by other commands, in between.
	var scripts atomic.Int64
	m.Server().SetPreHook(func(_ *server.Peer, command string, _ ...string) bool {
		if strings.HasPrefix(command, "EVAL") {
			scripts.Add(1)
		}
		return false
	})
	r.wants(apptest.Number, "HELP", "Top up: KOOP 10")
	if n := scripts.Load(); n != 2 {
		t.Errorf("%d round trips", n)
	}
}

func TestTwoQuickTextsAreAnsweredInOrderAndOnce(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	const n = 16
	answers := make(chan string, n)
	for range n {
		go func() {
			body := fmt.Sprintf(`{"id":"same","from":"%s","text":"KOOP 10 %s"}`, apptest.Number, apptest.PIN)
			response, err := http.Post(r.server.URL+"/webhooks/demo/fake", "application/json", strings.NewReader(body))
			if err != nil {
				answers <- err.Error()
				return
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			answers <- string(text)
		}()
	}
	first := <-answers
	for range n - 1 {
		if other := <-answers; other != first {
			t.Errorf("answers differ: %q and %q", first, other)
		}
	}
	if n := len(r.Sims.Gateway.Charged(simgateway.Filter{})); n != 1 {
		t.Errorf("charged %d times", n)
	}
}

func TestEveryTextGetsAPoliteAnswerOrA4xx(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	texts := []string{
		"", " ", "\x00", "\xff\xfe\xfd", strings.Repeat("9", 60000), strings.Repeat("KOOP 10 1234 ", 4000), "😀😀😀", "\u202eKOOP",
		"{\"a\":1}", "<script>alert(1)</script>", "'; DROP TABLE orders; --", "KOOP " + strings.Repeat("1", 5000) + " 1234",
		"KOOP 9223372036854775808 1234", "KOOP 1e9 1234", "KOOP -10 1234", "REDEEM " + strings.Repeat("1", 60000), "REDEEM " + strings.Repeat("1 ", 30000), strings.Repeat("x", 70000),
	}
	for _, text := range texts {
		answer, status := r.text("+31687654321", text)
		if status >= 500 || status == http.StatusOK && answer == "" {
			t.Errorf("%.40q is answered %d %q", text, status, answer)
		}
		r.text("+31687654321", "EXIT")
	}
	if strings.Contains(r.log.String(), "panic") {
		t.Error("there was a panic")
	}
}

func TestLogsHoldNoSecret(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10")
	r.wants(apptest.Number, "KOOP 10 7777", "Wrong PIN")
	r.server.Close() // every turn has ended, and is logged
	for _, secret := range []string{apptest.PIN, "7777", "612345678"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log shows %s:\n%s", secret, r.log.String())
		}
	}
	if !strings.Contains(r.log.String(), "msg=turn") {
		t.Errorf("no line for the turn:\n%s", r.log.String())
	}
}
