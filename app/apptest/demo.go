package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
	"pulsa/store/storetest"
)

// Number and PIN are the customer's of most tests.
const (
	Number = "+31612345678"
	PIN    = "4821"
)

// Key is long enough for every key of the configuration.
const Key = "0123456789abcdef0123456789abcdef"

// Demo is the demo's configuration under an environment, with a data folder of its own whose database is up to date.
func Demo(t testing.TB, env map[string]string) config.Config {
	t.Helper()
	c := DemoIn(t, env)
	c.Data = t.TempDir()
	if err := storetest.NewSQLite(filepath.Join(c.Data, "pulsa.db")); err != nil {
		t.Fatal(err)
	}
	return c
}

// DemoIn is the demo's configuration under an environment, which names the data folder.
func DemoIn(t testing.TB, env map[string]string) config.Config {
	t.Helper()
	known := config.Supported()
	c, err := config.Parse("demo.yaml", config.Demo, func(name string) string { return env[name] }, known)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Register makes a customer of the demo brand who pays by bank card. complete completes the simulated gateway's page.
func Register(t testing.TB, p *core.Program, complete func(context.Context, prepaid.MSISDN) error, number string) {
	t.Helper()
	err := harness.GivenCustomer(t.Context(), p, complete, talk.Setup{
		Brand: "demo", Language: "en", Customer: talk.Customer{Number: number, Kind: "sms"},
	}, talk.GivenCustomer{PIN: prepaid.NewSecret(PIN), Method: "card"})
	if err != nil {
		t.Fatal(err)
	}
}

// Post delivers a message to the demo brand's fake channel at a server. It returns the first reply, or the body where there
// is none, and the status.
func Post(t testing.TB, server string, message map[string]any) (string, int) {
	t.Helper()
	return PostTo(t, server+"/webhooks/demo/fake", message)
}

// PostTo is Post for another channel of the fake kind.
func PostTo(t testing.TB, webhook string, message map[string]any) (string, int) {
	t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(webhook, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Replies []fake.Reply }
	if response.StatusCode != http.StatusOK || json.Unmarshal(text, &answer) != nil || len(answer.Replies) == 0 {
		return string(text), response.StatusCode
	}
	return answer.Replies[0].Text, response.StatusCode
}

// Push puts a message into the outbox, as late news is put there.
func Push(t testing.TB, p *core.Program, brand, channel string, to prepaid.Address, text string) {
	t.Helper()
	kind := channels.SMS
	switch channel {
	case "telegram":
		kind = channels.Telegram
	case "whatsapp":
		kind = channels.WhatsApp
	}
	can, _ := channels.Of(kind)
	err := p.DB.Outbox.PutOutbound(t.Context(), []channels.Outbound{{
		ID: prepaid.NewID[prepaid.OutboundID](), Brand: brand, Channel: channel, Address: to, MessageID: prepaid.NewToken(), Text: text,
		Can: can, CreatedAt: p.Clock.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	p.Sender.Wake()
}

// Hear waits until the demo brand's fake channel has pushed a text that holds a word, and returns the text.
func Hear(t testing.TB, p *core.Program, address prepaid.Address, word string) string {
	t.Helper()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		sent, err := p.DB.Outbox.OutboundTo(t.Context(), "demo", "fake", address, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range sent {
			if strings.Contains(m.Text, word) {
				return m.Text
			}
		}
	}
	t.Fatalf("no SMS says %q", word)
	return ""
}
