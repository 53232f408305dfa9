package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulsa/app"
	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
)

// linesFile is a configuration whose providers are at a server.
const linesFile = `
public_url: https://topup.example
brands:
  demo:
    title: Demo Mobile
    test: true
    country: NL
    currency: EUR
    languages: [en]
    amounts: {min: 10, max: 50, step: 5}
    gateway: sim
    network: sim
    sms_channel: fake
    channels:
      fake: {}
      twilio: {account_sid: "${TWILIO_ACCOUNT_SID}", auth_token: "${TWILIO_AUTH_TOKEN}", from: "${TWILIO_FROM}", base_url: SERVER}
      whatsapp: {account_sid: "${TWILIO_ACCOUNT_SID}", auth_token: "${TWILIO_AUTH_TOKEN}", from: "${TWILIO_WHATSAPP_FROM}", base_url: SERVER}
      telegram: {bot_token: "${TELEGRAM_BOT_TOKEN}", base_url: SERVER}
      ussd: {token: "${NOT_SET}"}
`

// desk runs `pulsa channels` beside a server on one store.
type desk struct {
	*running
	v    *apptest.Provider
	file string
}

func newDesk(t *testing.T) *desk { return newDeskAt(t, apptest.NewSkipClock()) }

func newDeskAt(t *testing.T, clock prepaid.Clock) *desk {
	v := apptest.NewProvider(t)
	d := &desk{v: v, file: filepath.Join(t.TempDir(), "pulsa.yaml")}
	if err := os.WriteFile(d.file, []byte(strings.ReplaceAll(linesFile, "SERVER", v.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	d.running = runWired(t, apptest.ProviderEnv(), func(c *config.Config) {
		known := config.Supported()
		own, err := config.Load(d.file, d.env, known)
		if err != nil {
			t.Fatal(err)
		}
		own.Data = c.Data
		*c = own
	}, clock)
	return d
}

func (d *desk) env(name string) string {
	return apptest.ProviderEnv()[name]
}

// channels runs a subcommand and returns what it prints.
func (d *desk) channels(args ...string) (string, error) {
	var out bytes.Buffer
	args = append([]string{"channels", args[0], "--config", d.file, "--data", d.Config.Data, "--brand", "demo"}, args[1:]...)
	err := run(d.t.Context(), args, d.env, strings.NewReader(""), &out, &out)
	return out.String(), err
}

// prints runs a subcommand that must succeed, and checks for words.
func (d *desk) prints(args []string, words ...string) string {
	d.t.Helper()
	out, err := d.channels(args...)
	if err != nil {
		d.t.Errorf("channels %v: %v", args, err)
	}
	for _, word := range words {
		if !strings.Contains(out, word) {
			d.t.Errorf("channels %v prints no %q:\n%s", args, word, out)
		}
	}
	return out
}

func TestASwitchIsInForceOnARunningCopyWithinFiveSeconds(t *testing.T) {
	clock := apptest.NewStillClock()
	d := newDeskAt(t, clock)
	inTime := 0
	answers := func(want int) {
		t.Helper()
		for fives := 1; fives <= 6; fives++ { // a store that is slow to answer is asked again later
			clock.Skip(5 * time.Second) // and not a moment more passes
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				if _, status := d.text(testNumber, "HELP"); status == want {
					if fives == 1 {
						inTime++
					}
					return
				}
			}
		}
		t.Fatalf("it never answers %d", want)
	}
	if _, status := d.text(testNumber, "HELP"); status != http.StatusOK {
		t.Fatalf("it answers %d", status)
	}
	d.prints([]string{"disable", "fake"}, "demo/fake is off", "5 seconds")
	answers(http.StatusNotFound)
	apptest.Push(t, d.Program.Program, "demo", "fake", "tel:"+testNumber, "news that waits")
	d.prints([]string{"status", "fake"}, "down", "switched off by "+app.OSUser())
	d.prints([]string{"enable", "fake"}, "demo/fake is on")
	answers(http.StatusOK)
	if inTime == 0 {
		t.Error("neither switch was in force after 5 seconds")
	}
	clock.Skip(time.Minute) // it is tried again
	apptest.Hear(t, d.Program.Program, "tel:"+testNumber, "news that waits")
	history, err := d.DB.Deeds.Of(t.Context(), operators.Object{Brand: "demo", Kind: prepaid.OnChannel, ID: "fake"})
	if err != nil || len(history) != 2 || history[0].Who != app.OSUser() || history[0].New != "off" || history[1].Role != prepaid.Machine || history[1].New != "on" {
		t.Errorf("%+v, %v", history, err)
	}
}

func TestTheProviderIsToldWhereItCanBe(t *testing.T) {
	d := newDesk(t)
	d.prints([]string{"enable", "telegram"}, "delivers to https://topup.example/webhooks/demo/telegram")
	if got := d.v.Hook("setWebhook"); got != "https://topup.example/webhooks/demo/telegram" {
		t.Errorf("Telegram delivers to %q", got)
	}
	d.prints([]string{"disable", "telegram"}, "delivers no more")
	if d.v.Calls("deleteWebhook", 0) == 0 {
		t.Error("Telegram still delivers")
	}
	const twilio = "https://topup.example/webhooks/demo/twilio#rc=5&rp=all"
	d.prints([]string{"enable", "twilio"}, "delivers to "+twilio)
	if got := d.v.Hook("PN1.json"); got != twilio {
		t.Errorf("Twilio delivers to %q", got)
	}
	d.prints([]string{"disable", "twilio"}, "delivers no more")
	if got := d.v.Hook("PN1.json"); got != "" {
		t.Errorf("Twilio delivers to %q", got)
	}
	const whatsapp = "https://topup.example/webhooks/demo/whatsapp#rc=5&rp=all"
	d.prints([]string{"enable", "whatsapp"}, "delivers to "+whatsapp)
	if got := d.v.Hook("XE1"); got != whatsapp {
		t.Errorf("Twilio delivers WhatsApp to %q", got)
	}
	d.prints([]string{"disable", "whatsapp"}, "delivers no more")
	if got := d.v.Hook("XE1"); got != "" {
		t.Errorf("Twilio delivers WhatsApp to %q", got)
	}

	d.v.RefuseWith("setWebhook", apptest.Refused{Body: `{"ok":false,"error_code":401,"description":"no ` + apptest.TelegramBot + `"}`})
	if out, err := d.channels("enable", "telegram"); err == nil || !strings.Contains(err.Error(), "misconfigured (401)") || strings.Contains(out+err.Error(), apptest.TelegramBot) {
		t.Errorf("%s%v", out, err)
	}
	if out, err := d.channels("enable", "ussd"); err == nil || !strings.Contains(err.Error(), "token is not set") {
		t.Errorf("%s%v", out, err)
	}
	d.prints([]string{"disable", "ussd"}, "demo/ussd is off")
	if _, err := d.channels("enable", "telegraph"); err == nil || !strings.Contains(err.Error(), "did you mean telegram") {
		t.Error(err)
	}
}

func TestChannelsAreListedAndTried(t *testing.T) {
	d := newDesk(t)
	d.prints([]string{"list"}, "demo/twilio", "#rc=5&rp=all", "demo/whatsapp", "off: token is not set", "?token=…")
	d.prints([]string{"disable", "telegram"})
	var telegram operators.ListedChannel
	for _, object := range strings.Split(strings.TrimSpace(d.prints([]string{"list", "--json"})), "\n") {
		var row operators.ListedChannel
		if err := json.Unmarshal([]byte(object), &row); err != nil {
			t.Fatal(err)
		}
		if row.Type == "telegram" {
			telegram = row
		}
	}
	if telegram.On || telegram.SwitchedBy != app.OSUser() || telegram.URL != "https://topup.example/webhooks/demo/telegram" {
		t.Errorf("%+v", telegram)
	}
	d.prints([]string{"test", "telegram"}, "ok, bot @demo_bot", "https://topup.example/webhooks/demo/telegram")
	d.prints([]string{"test", "twilio"}, "ok, account Demo", "#rc=5&rp=all")
	d.v.RefuseWith("getMe", apptest.Refused{Body: `{"ok":false,"error_code":401,"description":"Unauthorized"}`})
	if out, err := d.channels("test"); !errors.Is(err, exitCode(1)) || !strings.Contains(out, "the provider says no: misconfigured (401)") || !strings.Contains(out, "demo/ussd: token is not set") {
		t.Errorf("%v %s", err, out)
	}
}

func TestStatusSaysWhyAChannelIsDown(t *testing.T) {
	d := newDesk(t)
	d.v.RefuseWith("sendMessage", apptest.Refused{Body: `{"ok":false,"error_code":401,"description":"Unauthorized"}`})
	apptest.Push(t, d.Program.Program, "demo", "telegram", "telegram:1", "news")
	for deadline := time.Now().Add(apptest.Patience); ; time.Sleep(10 * time.Millisecond) {
		out, err := d.channels("status", "telegram")
		if errors.Is(err, term.ErrFailing) && strings.Contains(out, "the provider said 401 (1)") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v %s", err, out)
		}
	}
	apptest.Push(t, d.Program.Program, "demo", "twilio", "tel:"+testNumber, "news")
	d.v.Await(testNumber, 1)
	var h operators.ChannelHealth
	for deadline := time.Now().Add(apptest.Patience); h.Sent == 0 && time.Now().Before(deadline); {
		if err := json.Unmarshal([]byte(d.prints([]string{"status", "twilio", "--json"})), &h); err != nil {
			t.Fatal(err)
		}
	}
	if h.State != "ok" || h.Sent != 1 || h.Channel != "demo/twilio" {
		t.Errorf("%+v", h)
	}
}

func TestABotThatNobodyPollsIsDown(t *testing.T) {
	folder := t.TempDir()
	d := &desk{running: &running{Program: &app.Program{Program: &core.Program{Config: config.Config{Data: filepath.Join(folder, "data")}}}, t: t}, file: filepath.Join(folder, "pulsa.yaml")}
	local := strings.NewReplacer("SERVER", "http://127.0.0.1:1", "https://topup.example", "http://localhost:8080").Replace(linesFile)
	if err := os.WriteFile(d.file, []byte(local), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := d.channels("status", "telegram"); !errors.Is(err, term.ErrFailing) || !strings.Contains(out, "nobody polls the bot") {
		t.Errorf("%v %s", err, out)
	}
}
