package ussd_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/ussd"
	"pulsa/prepaid"
)

// phone is a customer's phone and the gateway behind it: it sends all that was typed each time.
type phone struct {
	t       *testing.T
	url     string
	session string
	typed   []string
	open    bool
}

// dial starts a session: "*123#" or "*123*10*4821#".
func (p *phone) dial(session, code string) string {
	p.t.Helper()
	_, rest, _ := strings.Cut(strings.Trim(code, "*#"), "*")
	p.session, p.typed, p.open = session, nil, true
	if rest != "" {
		p.typed = strings.Split(rest, "*")
	}
	return p.again()
}

func (p *phone) enter(text string) string {
	p.t.Helper()
	if !p.open {
		p.t.Fatalf("%q is typed into a closed session", text)
	}
	p.typed = append(p.typed, text)
	return p.again()
}

// again sends the last request, as a gateway does whose answer was lost.
func (p *phone) again() string {
	p.t.Helper()
	resp, err := http.PostForm(p.url, typed(p.session, strings.Join(p.typed, "*")))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		p.t.Fatalf("%d %s %v", resp.StatusCode, resp.Header, err)
	}
	screen, ok := strings.CutPrefix(string(body), "CON ")
	if p.open = ok; !ok {
		if screen, ok = strings.CutPrefix(string(body), "END "); !ok {
			p.t.Fatalf("neither CON nor END: %q", body)
		}
	}
	if n := channels.Segments(screen); n.Encoding != channels.GSM7 || n.Units > 182 {
		p.t.Errorf("%d %s units on one screen", n.Units, n.Encoding)
	}
	return screen
}

// brain answers as a conversation does: a message that it knows gets the same answer and no other effect.
type brain struct {
	answer func(in channels.Inbound) channels.Message
	known  map[string][]channels.Outbound
	took   []string
}

func (b *brain) turn(_ context.Context, _ channels.Channel, in channels.Inbound) ([]channels.Outbound, error) {
	if parts, ok := b.known[in.ID]; ok {
		return parts, nil
	}
	b.took = append(b.took, in.Text)
	m := b.answer(in)
	var parts []channels.Outbound
	for i, r := range channels.Render(m, in.Can) {
		parts = append(parts, channels.Outbound{Part: i, Text: r.Text, Can: in.Can, Ends: m.Ends, Labels: map[channels.Label]string{channels.LabelMore: "More", channels.LabelBack: "Back"}})
	}
	b.known[in.ID] = parts
	return parts, nil
}

func newPhone(t *testing.T, answer func(channels.Inbound) channels.Message) (*phone, *brain) {
	c := line("")
	brand := *c.Brand
	brand.Channels = []prepaid.ChannelConfig{{Name: c.Name, Type: c.Type, Settings: c.Settings, Secrets: c.Secrets}}
	clock := prepaid.NewVirtualClock(noon)
	registry := channels.NewRegistry(prepaid.NewBrands(&brand), "https://topup.example", nil, clock)
	if err := registry.Register(ussd.New(clock)); err != nil {
		t.Fatal(err)
	}
	b := &brain{answer: answer, known: map[string][]channels.Outbound{}}
	server := httptest.NewServer(channels.NewWebhooks(channels.WebhookConfig{
		Registry: registry, Outbox: &channeltest.Outbox{}, Turn: b.turn, Clock: clock, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	return &phone{t: t, url: server.URL + "/webhooks/demo/line?token=" + token}, b
}

var methods = channels.Message{
	Text: "How do you want to pay? " + strings.Repeat("Read this first. ", 22),
	Choices: []channels.Choice{
		{ID: "sepa", Label: "SEPA direct debit"}, {ID: "card", Label: "Credit or debit card"}, {ID: "paypal", Label: "PayPal"},
	},
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("screen %q lacks %q", got, want)
	}
}

func TestPagesAreTurnedWithoutATurnOfTheConversation(t *testing.T) {
	p, b := newPhone(t, func(in channels.Inbound) channels.Message {
		if in.Text == "3" {
			return channels.Message{Text: "PayPal it is.", Ends: true}
		}
		return methods
	})
	first := p.dial("s1", "*123#")
	expect(t, first, "How do you want to pay?")
	expect(t, first, "\n98. More")
	second := p.enter("98")
	expect(t, second, "\n98. More\n0. Back")
	if again := p.again(); again != second {
		t.Errorf("sent again: %q", again)
	}
	last := p.enter("98")
	expect(t, last, "3 PayPal\n0. Back")
	if beyond := p.enter("98"); beyond != last {
		t.Errorf("beyond the last page: %q", beyond)
	}
	if back := p.enter("0"); back != second {
		t.Errorf("back: %q", back)
	}
	if back := p.enter("0"); back != first {
		t.Errorf("back again: %q", back)
	}
	if len(b.took) != 1 {
		t.Errorf("turns for %q", b.took)
	}
	if got := p.enter("3"); got != "PayPal it is." || p.open || len(b.took) != 2 {
		t.Errorf("%q, open %v, turns for %q", got, p.open, b.took)
	}
}

func TestASessionEndsOnTheLastPageOfItsLastAnswer(t *testing.T) {
	p, _ := newPhone(t, func(channels.Inbound) channels.Message {
		return channels.Message{Text: strings.Repeat("All is said. ", 20), Ends: true}
	})
	expect(t, p.dial("s1", "*123*10*4821#"), "98. More")
	if last := p.enter("98"); p.open || strings.Contains(last, "0. Back") {
		t.Errorf("open %v: %q", p.open, last)
	}
}

func TestASilentTurnEndsTheSession(t *testing.T) {
	p, _ := newPhone(t, func(channels.Inbound) channels.Message { return channels.Message{} })
	if got := p.dial("s1", "*123#"); got != "" || p.open {
		t.Errorf("%q, open %v", got, p.open)
	}
}

func TestPagesAreTurnedInTheCustomersLanguage(t *testing.T) {
	w := httptest.NewRecorder()
	in := channels.Inbound{Dial: &channels.Dial{Session: "s"}, Private: ussd.Turned([]channels.Label{more})}
	parts := []channels.Outbound{{Text: strings.Repeat("word ", 90), Labels: map[channels.Label]string{channels.LabelMore: "Meer", channels.LabelBack: "Terug"}}}
	if err := ussd.New(prepaid.SystemClock{}).Respond(w, line(""), in, parts); err != nil || !strings.HasSuffix(w.Body.String(), "\n98. Meer\n0. Terug") {
		t.Errorf("%v %q", err, w.Body)
	}
}

func TestANoticeThatASessionHasEndedIsNoMessage(t *testing.T) {
	p, b := newPhone(t, func(channels.Inbound) channels.Message { return methods })
	form := typed("s1", "")
	form.Del("text")
	form.Set("status", "Incomplete")
	form.Set("input", "1*4821")
	resp, err := http.PostForm(p.url, form)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || len(b.took) != 0 {
		t.Errorf("%d, turns for %q", resp.StatusCode, b.took)
	}
}
