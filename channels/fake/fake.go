// Package fake is a channel that speaks JSON and takes on the capabilities of any kind: for trying the
// program out, for conversation scripts and for the phone in the browser. It can impersonate anyone, so
// it answers for test brands only.
package fake

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// How long a client may be kept waiting: as long as Twilio waits, and a gateway of USSD.
const (
	patience     = 15 * time.Second
	patienceUSSD = 5 * time.Second
)

// Adapter is the fake channel.
type Adapter struct {
	outbox channels.Outbox
	clock  prepaid.Clock

	mu     sync.Mutex
	faults map[string]Fault // by channel ID
}

// New returns the fake channel; what is pushed is read from the outbox.
func New(outbox channels.Outbox, clock prepaid.Clock) *Adapter {
	return &Adapter{outbox: outbox, clock: clock, faults: map[string]Fault{}}
}

// Type implements channels.Adapter.
func (a *Adapter) Type() string { return "fake" }

// BodyLimit implements channels.BodyLimiter: JSON may spell each byte of the text in six.
func (a *Adapter) BodyLimit() int64 { return 6*maxText + 4<<10 }

// Simulates implements channels.Simulator.
func (a *Adapter) Simulates() {}

// Check implements channels.Checker.
func (a *Adapter) Check(c channels.Channel) error {
	if !c.Brand.Test {
		return errors.New("the fake channel is for brands marked test only")
	}
	return nil
}

// Reaches implements channels.Reacher: whoever is played, as they are addressed.
func (a *Adapter) Reaches(to prepaid.Address) (channels.Capabilities, bool) {
	kind, _, _ := strings.Cut(string(to), ":")
	if kind == "tel" {
		kind = string(channels.SMS)
	}
	return channels.Of(channels.Kind(kind))
}

// Receive implements channels.Adapter.
func (a *Adapter) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	if !c.Brand.Test {
		return channels.Received{}, channels.ErrNotAuthentic
	}
	switch {
	case channels.Foreign(r):
		return channels.Received{}, channels.ErrNotAuthentic
	case !channels.IsJSON(r):
		return channels.Received{}, channels.BadRequest("%s", notJSON)
	}
	body, err := channels.ReadBody(r)
	if err != nil {
		return channels.Received{}, err
	}
	in, err := readMessage(body, c.Brand.Country)
	if err != nil {
		return channels.Received{}, err
	}
	in.ReceivedAt = a.clock.Now()
	in.Deadline = in.ReceivedAt.Add(patience)
	if in.Can.Kind == channels.USSD {
		in.Deadline = in.ReceivedAt.Add(patienceUSSD)
	}
	in.Redelivers = in.Can.Kind != channels.USSD && in.Can.Kind != channels.Web // a gateway and a browser ask once
	return channels.Received{Messages: []channels.Inbound{in}}, nil
}

// notJSON is what is told of a body that says it is something else.
const notJSON = "the Content-Type must be application/json"

// Respond implements channels.Responder.
func (a *Adapter) Respond(w http.ResponseWriter, _ channels.Channel, _ channels.Inbound, parts []channels.Outbound) error {
	replies := []Reply{}
	for _, p := range parts {
		replies = append(replies, replyOf(p))
	}
	return writeJSON(w, http.StatusOK, map[string][]Reply{"replies": replies})
}

// Send implements channels.Adapter. There is no provider: a message that was sent is listed by the outbox, unless
// a fault was asked for.
func (a *Adapter) Send(ctx context.Context, c channels.Channel, m channels.Outbound) (string, error) {
	if err := a.fail(ctx, c); err != nil {
		return "", err
	}
	return "fake-" + string(m.ID), nil
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(body)
}

// address reads a sender: "+31612345678" has the same digits on every kind.
func address(from string, kind channels.Kind) (prepaid.Address, bool) {
	if kind == channels.Telegram || kind == channels.Web {
		digits := strings.TrimPrefix(from, "+")
		if digits == "" || len(digits) > 20 || strings.Trim(digits, "0123456789") != "" {
			return "", false
		}
		return prepaid.Address(string(kind) + ":" + digits), true
	}
	m, err := prepaid.ParseE164(from)
	return m.Tel(), err == nil
}
