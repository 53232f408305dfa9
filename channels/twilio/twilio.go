// Package twilio speaks to Twilio: SMS, and WhatsApp on channels of their own.
//
// Settings: account_sid; from (a number of ours) or messaging_service_sid, without which it answers but
// can't push; rate; redelivers, false where the URL at Twilio has no #rc; base_url in tests. Secrets: auth_token and shared_key, by which
// Twilio signs; auth_token_old and shared_key_old while they are being changed.
// Several channels may share an account: each has its own number and its own webhook.
package twilio

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
)

// whatsAppType is the type of channels that are WhatsApp.
const whatsAppType = "whatsapp"

// Adapter speaks Twilio's protocol.
type Adapter struct {
	name   string
	clock  prepaid.Clock
	client *http.Client
}

// New returns the adapter of the type "twilio", for SMS.
func New(clock prepaid.Clock) *Adapter {
	return &Adapter{name: "twilio", clock: clock, client: channels.NewHTTPClient()}
}

// NewWhatsApp returns the adapter of the type "whatsapp".
func NewWhatsApp(clock prepaid.Clock) *Adapter {
	return &Adapter{name: whatsAppType, clock: clock, client: channels.NewHTTPClient()}
}

// Type implements channels.Adapter. A message tells itself whether it is SMS or WhatsApp; the type is for
// operators, and for who wants to know what carries SMS.
func (a *Adapter) Type() string { return a.name }

// Rate implements channels.RateLimited.
func (a *Adapter) Rate() float64 { return 10 }

// ProviderURL implements channels.Addressed: Twilio repeats a failed delivery only where the URL asks for it.
func (a *Adapter) ProviderURL(c channels.Channel) string {
	if !redelivers(c) {
		return c.WebhookURL
	}
	return c.WebhookURL + "#rc=5&rp=all"
}

// redelivers reports whether the URL at Twilio asks for repeats, as ours does unless the channel says otherwise.
func redelivers(c channels.Channel) bool { return c.Settings["redelivers"] != "false" }

// Check implements channels.Checker.
func (a *Adapter) Check(c channels.Channel) error {
	switch {
	case c.Settings["account_sid"] == "":
		return errors.New("account_sid is not set (TWILIO_ACCOUNT_SID)")
	case c.Secrets["auth_token"].Empty():
		return errors.New("auth_token is not set (TWILIO_AUTH_TOKEN)")
	}
	return nil
}

// RepliesOnly implements channels.Answering.
func (a *Adapter) RepliesOnly(c channels.Channel) bool {
	return c.Settings["from"] == "" && c.Settings["messaging_service_sid"] == ""
}

// Reaches implements channels.Reacher. WhatsApp takes no free text by a number of ours alone: who wrote there may be
// known by number too, and is reached by SMS.
func (a *Adapter) Reaches(to prepaid.Address) (channels.Capabilities, bool) {
	if a.name == whatsAppType {
		can, _ := channels.Of(channels.WhatsApp)
		return can, strings.HasPrefix(string(to), whatsAppPrefix)
	}
	can, _ := channels.Of(channels.SMS)
	_, ok := to.Tel()
	return can, ok
}

// Respond implements channels.Responder: TwiML, one message a part. It costs no call of Twilio's API.
func (a *Adapter) Respond(w http.ResponseWriter, _ channels.Channel, _ channels.Inbound, parts []channels.Outbound) error {
	type response struct {
		XMLName  xml.Name `xml:"Response"`
		Messages []string `xml:"Message"`
	}
	var r response
	for _, p := range parts {
		r.Messages = append(r.Messages, p.Text)
	}
	body, err := xml.Marshal(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(append([]byte(xml.Header), body...))
	return err
}
