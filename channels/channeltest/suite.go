package channeltest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/prepaid"
)

// Harness is what the suite must know of an adapter.
type Harness struct {
	New func(clock prepaid.Clock) channels.Adapter
	// Channel is a channel of a brand "demo" named "line" that is complete; its provider is at providerURL.
	Channel func(providerURL string) channels.Channel
	// Request is what the provider sends when the customer writes a text, with all that proves it.
	Request func(c channels.Channel, id, text string) *http.Request
	// OtherRequest is the same of another customer, Other.
	OtherRequest func(c channels.Channel, id, text string) *http.Request
	// Bodiless says that a request without a body may be a message too.
	Bodiless bool
	// Forge takes the proof away; nil where the channel asks for none.
	Forge func(r *http.Request)
	// Repeated is an authentic request in which a parameter stands twice; nil where there are no parameters.
	Repeated func(c channels.Channel) *http.Request
	// Report is a delivery report on a message of ours; nil where the provider makes none to the webhook.
	Report func(c channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request
	// Customer is who writes in Request, and is written to.
	Customer prepaid.Address
	Other    prepaid.Address
	// Hidden is what no error may show: tokens and the customer's number or account.
	Hidden []string
	// Provider says what the provider answers; nil where Send calls nobody.
	Provider *Provider
}

// Provider holds a provider's answers to Send.
type Provider struct {
	Accepts      Answer // and the reference it gives
	Reference    string
	Throttles    Answer // with a time
	Blocked      Answer // the customer wants nothing from us
	Unauthorised Answer
	Refuses      Answer // this message
}

// Answer is one answer of a provider.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Run tries an adapter.
func Run(t *testing.T, h Harness) {
	t.Run("receive", func(t *testing.T) { runReceive(t, h) })
	t.Run("webhook", func(t *testing.T) { runWebhook(t, h) })
	if h.Provider != nil {
		t.Run("send", func(t *testing.T) { runSend(t, h) })
	}
}

func runReceive(t *testing.T, h Harness) {
	c := h.Channel("")
	clock := prepaid.NewVirtualClock(noon)
	a := h.New(clock)
	receive := func(t *testing.T, r *http.Request) channels.Inbound {
		t.Helper()
		got := CheckReceived(t, a, c, r)
		if len(got.Messages) != 1 || len(got.Reports) != 0 {
			t.Fatalf("received %+v", got)
		}
		return got.Messages[0]
	}
	for name, text := range map[string]string{
		"a text is read": "KOOP 10 1234", "unicode is read": "Größe 😀 €10\n“ja” & <b> + %2B ï", "spaces are kept": "  KOOP  10 ",
	} {
		t.Run(name, func(t *testing.T) {
			in := receive(t, h.Request(c, "7001", text))
			if in.Text != text || in.Address != h.Customer || !in.ReceivedAt.Equal(noon) {
				t.Errorf("got %+v", in)
			}
		})
	}
	t.Run("a replay has the same id, another message another", func(t *testing.T) {
		first, again, other := receive(t, h.Request(c, "7001", "a")), receive(t, h.Request(c, "7001", "a")), receive(t, h.Request(c, "7002", "a"))
		if diff := cmp.Diff(first, again); diff != "" || first.ID == other.ID {
			t.Errorf("%s; ids %q and %q", diff, first.ID, other.ID)
		}
	})
	t.Run("equal ids of two senders are told apart by the sender", func(t *testing.T) {
		one, two := receive(t, h.Request(c, "7001", "a")), receive(t, h.OtherRequest(c, "7001", "a"))
		if one.ID != two.ID || one.Address != h.Customer || two.Address != h.Other {
			t.Errorf("ids %q and %q of %q and %q", one.ID, two.ID, one.Address, two.Address)
		}
	})
	if !h.Bodiless {
		t.Run("a body that can't be read is refused", func(t *testing.T) {
			r := h.Request(c, "7001", "a")
			r.Body = http.NoBody
			if got, err := a.Receive(r, c); err == nil {
				t.Errorf("received %+v", got)
			}
		})
	}
	if h.Forge != nil {
		t.Run("what is not authentic is refused", func(t *testing.T) {
			r := h.Request(c, "7001", "a")
			h.Forge(r)
			if got, err := a.Receive(r, c); !errors.Is(err, channels.ErrNotAuthentic) {
				t.Errorf("received %+v, %v", got, err)
			}
		})
	}
	if h.Repeated != nil {
		t.Run("a repeated parameter is authentic", func(t *testing.T) { receive(t, h.Repeated(c)) })
	}
}

func runWebhook(t *testing.T, h Harness) {
	c := h.Channel("")
	brand := *c.Brand
	brand.Channels = []prepaid.ChannelConfig{{Name: c.Name, Type: c.Type, Settings: c.Settings, Secrets: c.Secrets}}
	clock := prepaid.NewVirtualClock(noon)
	registry := channels.NewRegistry(prepaid.NewBrands(&brand), "https://topup.example", nil, clock)
	if err := registry.Register(h.New(clock)); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	box := &Outbox{}
	turns := 0
	hooks := channels.NewWebhooks(channels.WebhookConfig{
		Registry: registry, Outbox: box, Clock: clock, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Turn: func(_ context.Context, c channels.Channel, in channels.Inbound) ([]channels.Outbound, error) {
			turns++
			return []channels.Outbound{{ID: prepaid.OutboundID(in.ID + "/" + string(in.Address)), Brand: c.Brand.Name, Channel: c.Name, Address: in.Address, MessageID: in.ID, Text: "answer"}}, nil
		},
	})
	serve := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, r)
		return w
	}
	t.Run("a message is answered once and in one place", func(t *testing.T) {
		w := serve(h.Request(c, "7001", "KOOP 10 4821"))
		inResponse, pushed := strings.Contains(w.Body.String(), "answer"), len(box.All()) == 1
		if w.Code != 200 || turns != 1 || inResponse == pushed {
			t.Errorf("%d %q, outbox %v", w.Code, w.Body, box.All())
		}
	})
	t.Run("a body that is too large is refused", func(t *testing.T) {
		if w := serve(h.Request(c, "7002", strings.Repeat("x", 2<<20))); w.Code != 413 || turns != 1 {
			t.Errorf("%d after %d turns", w.Code, turns)
		}
	})
	if h.Forge != nil {
		t.Run("what is not authentic learns nothing", func(t *testing.T) {
			r := h.Request(c, "7003", "a")
			h.Forge(r)
			if w := serve(r); w.Code != 403 || w.Body.Len() != 0 || turns != 1 {
				t.Errorf("%d %q after %d turns", w.Code, w.Body, turns)
			}
		})
	}
	t.Run("equal ids of two senders are answered each", func(t *testing.T) {
		before, pushed := turns, len(box.All())
		for i, r := range []*http.Request{h.Request(c, "7004", "a"), h.OtherRequest(c, "7004", "a")} {
			w := serve(r)
			inResponse, rows := strings.Contains(w.Body.String(), "answer"), len(box.All())-pushed
			if w.Code != 200 || turns != before+i+1 || inResponse == (rows == i+1) {
				t.Errorf("message %d: %d %q, %d pushed after %d turns", i, w.Code, w.Body, rows, turns-before)
			}
		}
		turns = before
	})
	if h.Report != nil {
		t.Run("reports are taken as they come, and answered with nothing", func(t *testing.T) {
			for _, status := range []channels.Delivery{channels.DeliveredTo, channels.Sent, channels.Failed} {
				if w := serve(h.Report(c, "bcdfghjklm", status)); w.Code != 200 || strings.Contains(w.Body.String(), "answer") || turns != 1 {
					t.Errorf("%s: %d %q after %d turns", status, w.Code, w.Body, turns)
				}
				reports := box.Reports()
				if last := reports[len(reports)-1]; last.Outbound != "bcdfghjklm" || last.Status != status {
					t.Errorf("%s came as %+v", status, last)
				}
			}
		})
	}
	for _, secret := range append(h.Hidden, "4821") {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %q: %s", secret, log.String())
		}
	}
}
