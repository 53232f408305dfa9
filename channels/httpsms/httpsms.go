// Package httpsms speaks to any SMS gateway over HTTP, both ways, by configuration: where the fields of a request stand, how
// it is answered, how a message is sent, and what the gateway's answer to that means.
//
// Settings are those of [Keys]. A preset gives all of them for one kind of gateway, and a channel's own win. The gateway proves
// itself by a token, in the path of the URL that it is given or where in_token says; a signature and the addresses that
// it calls from may be asked for beside it.
package httpsms

import (
	"io"
	"net/http"
	"strings"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// Type is the adapter's name in the configuration.
const Type = "httpsms"

// Adapter speaks to SMS gateways.
type Adapter struct {
	clock  prepaid.Clock
	client *http.Client
	lines  wire.Lines[*line]
}

// New returns the adapter.
func New(clock prepaid.Clock) *Adapter {
	return &Adapter{clock: clock, client: channels.NewHTTPClient()}
}

// Type implements channels.Adapter.
func (a *Adapter) Type() string { return Type }

// Rate implements channels.RateLimited.
func (a *Adapter) Rate() float64 { return 10 }

// line returns a channel's settings as they are used.
func (a *Adapter) line(c channels.Channel) (*line, error) { return a.lines.Of(c, compile) }

// Check implements channels.Checker.
func (a *Adapter) Check(c channels.Channel) error {
	l, err := a.line(c)
	if err != nil {
		return err
	}
	return l.checkSecrets(c)
}

// Reaches implements channels.Reacher.
func (a *Adapter) Reaches(to prepaid.Address) (channels.Capabilities, bool) {
	_, ok := to.Tel()
	return sms(), ok
}

// sms is what a gateway's line can do where nothing else is said of it: a carrier that acts on STOP itself is said so by
// carrier_stop.
func sms() channels.Capabilities {
	can, _ := channels.Of(channels.SMS)
	can.OwnsOptOut = false
	return can
}

// ProviderURL implements channels.Addressed. The token is left for who configures the gateway to fill in.
func (a *Adapter) ProviderURL(c channels.Channel) string {
	l, err := a.line(c)
	if err != nil {
		return c.WebhookURL
	}
	if l.tokenInPath() {
		return c.WebhookURL + "/…" + l.inURL
	}
	return c.WebhookURL + l.inURL
}

// Takes implements channels.Callee.
func (a *Adapter) Takes(c channels.Channel, method, path string) bool {
	if method != http.MethodGet && method != http.MethodPost {
		return false
	}
	l, err := a.line(c)
	return err == nil && (path == "" || l.tokenInPath() && !strings.Contains(path[1:], "/"))
}

// Respond implements channels.Responder.
func (a *Adapter) Respond(w http.ResponseWriter, c channels.Channel, _ channels.Inbound, parts []channels.Outbound) error {
	l, err := a.line(c)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return l.acknowledge(w)
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Text
	}
	values := textValues(strings.Join(texts, "\n"), l.unicodeCoding, wire.UTF8)
	for _, h := range l.answerHeaders {
		w.Header().Set(h.Name, h.Value.Fill(values, wire.EscapeHeader))
	}
	w.Header().Set("Content-Type", l.answerType)
	w.WriteHeader(http.StatusOK)
	_, err = io.WriteString(w, l.answerBody.Fill(values, wire.EscapeFor(l.answerType)))
	return err
}

// Acknowledge implements channels.Acknowledger.
func (a *Adapter) Acknowledge(w http.ResponseWriter, c channels.Channel) error {
	l, err := a.line(c)
	if err != nil {
		return err
	}
	return l.acknowledge(w)
}

func (l *line) acknowledge(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", l.answerType)
	w.WriteHeader(http.StatusOK)
	_, err := io.WriteString(w, l.answerAck)
	return err
}
