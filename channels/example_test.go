package channels_test

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// gateway is the Adapter of a provider that posts SMS as JSON and takes the answer as plain text in the response. It
// proves itself by the secret "token".
type gateway struct{ clock prepaid.Clock }

// Type implements channels.Adapter: channels of "type: gateway" are spoken by it.
func (gateway) Type() string { return "gateway" }

// Check implements channels.Checker: without its secret a channel is off.
func (gateway) Check(c channels.Channel) error {
	if c.Secrets["token"].Empty() {
		return errors.New("token is not set (GATEWAY_TOKEN)")
	}
	return nil
}

// Receive implements channels.Adapter. The id is the provider's: a message that is delivered again has the same.
func (g gateway) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	given, want := r.Header.Get("X-Token"), c.Secrets["token"].Reveal()
	if subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		return channels.Received{}, channels.ErrNotAuthentic
	}
	body, err := channels.ReadBody(r)
	if err != nil {
		return channels.Received{}, err
	}
	var message struct{ ID, From, Text string }
	if json.Unmarshal(body, &message) != nil || message.ID == "" {
		return channels.Received{}, channels.BadRequest("the body is no message")
	}
	from, err := prepaid.ParseE164(message.From)
	if err != nil {
		return channels.Received{}, channels.BadRequest("from is no number")
	}
	can, _ := channels.Of(channels.SMS)
	can.Push = false // this provider has no call for messages that answer nothing
	now := g.clock.Now()
	return channels.Received{Messages: []channels.Inbound{{
		ID: channels.CleanText(message.ID), Address: from.Tel(), Text: channels.CleanText(message.Text), Can: can,
		ReceivedAt: now, Deadline: now.Add(10 * time.Second),
	}}}, nil
}

// Respond implements channels.Responder.
func (gateway) Respond(w http.ResponseWriter, _ channels.Channel, _ channels.Inbound, parts []channels.Outbound) error {
	for _, p := range parts {
		if _, err := io.WriteString(w, p.Text+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// Send implements channels.Adapter.
func (gateway) Send(context.Context, channels.Channel, channels.Outbound) (string, error) {
	return "", &channels.SendError{Class: channels.RefusedFor, Code: "can't push"}
}

// An adapter is registered, receives a message by its webhook and answers in the response.
func ExampleAdapter() {
	clock := prepaid.NewVirtualClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	brand := &prepaid.Brand{Name: "demo", Channels: []prepaid.ChannelConfig{{
		Name: "line", Type: "gateway", Secrets: map[string]prepaid.Secret{"token": prepaid.NewSecret("s3cret")},
	}}}
	registry := channels.NewRegistry(prepaid.NewBrands(brand), "https://topup.example", nil, clock)
	if err := registry.Register(gateway{clock}); err != nil {
		fmt.Println(err)
		return
	}
	webhooks := channels.NewWebhooks(channels.WebhookConfig{
		Registry: registry, Clock: clock, Log: slog.New(slog.DiscardHandler),
		// In the program this is the conversation.
		Turn: func(_ context.Context, _ channels.Channel, in channels.Inbound) ([]channels.Outbound, error) {
			return []channels.Outbound{{Text: "You said " + in.Text, Can: in.Can}}, nil
		},
	})
	for _, token := range []string{"s3cret", "guessed"} {
		request := httptest.NewRequest("POST", "/webhooks/demo/line", strings.NewReader(`{"id":"7001","from":"+31612345678","text":"KOOP 10"}`))
		request.Header.Set("X-Token", token)
		response := httptest.NewRecorder()
		webhooks.ServeHTTP(response, request)
		fmt.Println(response.Code, strings.TrimSpace(response.Body.String()))
	}
	// Output:
	// 200 You said KOOP 10
	// 403
}
