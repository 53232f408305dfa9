// Package ussd speaks to USSD gateways over HTTP, as configured: where the fields of a request stand, whether each holds all that was
// typed or the last input alone, what opens a session, and how a screen is answered that goes on or ends.
//
// Settings are those of [Keys]. A preset gives all of them for one gateway, and a channel's own win; without one it is Africa's
// Talking. Gateways sign nothing: a token proves them, in the query of the callback URL that is given to them,
// "https://topup.example/webhooks/demo/ussd?token=…", or where in_token says.
package ussd

import (
	"context"
	"io"
	"net/http"
	"strings"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// Type is the adapter's name in the configuration.
const Type = "ussd"

// Adapter speaks USSD.
type Adapter struct {
	clock prepaid.Clock
	lines wire.Lines[*line]
}

// New returns the adapter.
func New(clock prepaid.Clock) *Adapter { return &Adapter{clock: clock} }

// Type implements channels.Adapter.
func (a *Adapter) Type() string { return Type }

// line returns a channel's settings as they are used.
func (a *Adapter) line(c channels.Channel) (*line, error) { return a.lines.Of(c, compile) }

// ProviderURL implements channels.Addressed. The token itself is left for who configures it to fill in.
func (a *Adapter) ProviderURL(c channels.Channel) string {
	l, err := a.line(c)
	switch {
	case err != nil:
		return c.WebhookURL
	case l.tokenInPath():
		return c.WebhookURL + "/…"
	case l.token.In == "query":
		return c.WebhookURL + "?" + l.token.Name + "=…"
	}
	return c.WebhookURL
}

// Check implements channels.Checker.
func (a *Adapter) Check(c channels.Channel) error {
	l, err := a.line(c)
	if err != nil {
		return err
	}
	return l.checkSecrets(c)
}

// Takes implements channels.Callee.
func (a *Adapter) Takes(c channels.Channel, method, path string) bool {
	l, err := a.line(c)
	if err != nil || method != l.method && method != http.MethodPost {
		return false
	}
	return path == "" || l.tokenInPath() && !strings.Contains(path[1:], "/")
}

// Send implements channels.Adapter. Nothing can be pushed: what is said after the session goes by SMS.
func (a *Adapter) Send(context.Context, channels.Channel, channels.Outbound) (string, error) {
	return "", &channels.SendError{Class: channels.RefusedFor, Code: "ussd can't push"}
}

// Respond implements channels.Responder: one screen, and whether more may be typed.
func (a *Adapter) Respond(w http.ResponseWriter, c channels.Channel, in channels.Inbound, parts []channels.Outbound) error {
	l, err := a.line(c)
	if err != nil {
		return err
	}
	if in.Dial == nil { // the request held no message: it reported how a session has ended
		w.Header().Set("Content-Type", l.answerType)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	note, _ := in.Private.(private)
	shown := l.screen(c, note.Turns, parts)
	body, headers := l.more, l.moreHeaders
	if shown.ends {
		body, headers = l.end, l.endHeader
	}
	values := map[string]string{"text": shown.text, "input": in.Text}
	for _, h := range headers {
		w.Header().Set(h.Name, h.Value.Fill(values, wire.EscapeHeader))
	}
	w.Header().Set("Content-Type", l.answerType)
	w.WriteHeader(http.StatusOK)
	_, err = io.WriteString(w, body.Answer(values, note.Echoes, l.answerType))
	return err
}
