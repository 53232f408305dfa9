// Package ussd speaks USSD as Africa's Talking does over HTTP: a form for each input, answered by one screen.
//
// The gateway signs nothing: it proves itself by a token in the query of the callback URL that is given to it,
// "https://topup.example/webhooks/demo/ussd?token=…".
//
// Settings: sources, the addresses or networks that requests may come from, parted by commas; service_code, what customers
// dial, for the test phone and chats. Secrets: token, 16 characters or more, and token_old while tokens are being changed.
package ussd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"pulsa/channels"
	"pulsa/prepaid"
)

const minToken = 16

// Adapter speaks USSD.
type Adapter struct{ clock prepaid.Clock }

// New returns the adapter.
func New(clock prepaid.Clock) *Adapter { return &Adapter{clock: clock} }

// Type implements channels.Adapter.
func (a *Adapter) Type() string { return "ussd" }

// ProviderURL implements channels.Addressed. The token itself is left for who configures it to fill in.
func (a *Adapter) ProviderURL(c channels.Channel) string { return c.WebhookURL + "?token=…" }

// Check implements channels.Checker.
func (a *Adapter) Check(c channels.Channel) error {
	switch token := c.Secrets["token"].Reveal(); {
	case token == "":
		return errors.New("token is not set (USSD_TOKEN)")
	case len(token) < minToken:
		return fmt.Errorf("token has fewer than %d characters", minToken)
	}
	_, err := channels.ParseSources(c.Settings["sources"])
	return err
}

// Send implements channels.Adapter. Nothing can be pushed: what is said after the session goes by SMS.
func (a *Adapter) Send(context.Context, channels.Channel, channels.Outbound) (string, error) {
	return "", &channels.SendError{Class: channels.RefusedFor, Code: "ussd can't push"}
}

// Respond implements channels.Responder: one screen, CON where more may be typed, else END.
func (a *Adapter) Respond(w http.ResponseWriter, c channels.Channel, in channels.Inbound, parts []channels.Outbound) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	if in.Dial == nil {
		return nil // the request held no message: it reported how a session has ended
	}
	turns, _ := in.Private.(pageTurns)
	_, err := io.WriteString(w, screen(c, turns, parts))
	return err
}
