package twilio

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"

	"pulsa/channels"
	"pulsa/prepaid"
)

// patience is how long Twilio waits for our response.
const patience = 15 * time.Second

// outboundParam names our message in the URL of its delivery reports. They may overtake the answer that
// tells us Twilio's own name for it.
const outboundParam = "outbound"

// Receive implements channels.Adapter.
func (a *Adapter) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	body, err := channels.ReadBody(r)
	if err != nil {
		return channels.Received{}, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return channels.Received{}, channels.BadRequest("the body is not a form")
	}
	if !authentic(r, c, form) {
		return channels.Received{}, channels.ErrNotAuthentic
	}
	if form.Has("MessageStatus") {
		return report(r, form), nil
	}
	return a.message(c, form)
}

// authentic checks the signature over the public URL as configured, the query as received and the form.
// twilio-go takes part of a repeated parameter only the first value; Twilio signs each distinct one, sorted,
// with the name before it. Given as one value, they are signed alike.
func authentic(r *http.Request, c channels.Channel, form url.Values) bool {
	signed := make(map[string]string, len(form))
	for name, values := range form {
		values = slices.Clone(values)
		slices.Sort(values)
		signed[name] = strings.Join(slices.Compact(values), name)
	}
	address, _, _ := strings.Cut(c.WebhookURL, "#") // settings of the connection are not signed
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	signature := r.Header.Get("X-Twilio-Signature")
	ok := false
	for _, name := range []string{"auth_token", "auth_token_old"} {
		if token := c.Secrets[name]; !token.Empty() {
			validator := client.NewRequestValidator(token.Reveal())
			ok = validator.Validate(address, signed, signature) || ok
		}
	}
	account := c.Settings["account_sid"]
	return ok && (account == "" || form.Get("AccountSid") == account)
}

func (a *Adapter) message(c channels.Channel, form url.Values) (channels.Received, error) {
	id := form.Get("MessageSid")
	if id == "" || len(id) > 64 || channels.CleanText(id) != id {
		return channels.Received{}, channels.BadRequest("MessageSid is missing or odd")
	}
	address, can := sender(form.Get("From"))
	if address == "" {
		return channels.Received{}, nil // a short code or a name: no customer, and nobody to answer
	}
	now := a.clock.Now()
	in := channels.Inbound{
		ID: id, Address: address, Text: channels.CleanText(form.Get("Body")), Button: channels.CleanText(form.Get("ButtonPayload")),
		Signal: optSignal(form.Get("OptOutType")), Can: can, ReceivedAt: now, Deadline: now.Add(patience),
		Redelivers: redelivers(c),
	}
	media, _ := strconv.Atoi(form.Get("NumMedia"))
	in.Attachment = in.Text == "" && in.Button == "" && (media > 0 || form.Has("Latitude"))
	if can.Kind == channels.WhatsApp && isNote(form, in) {
		return channels.Received{}, nil
	}
	return channels.Received{Messages: []channels.Inbound{in}}, nil
}

// isNote reports whether WhatsApp tells of something that is nobody's words: a reaction to a message, one that was deleted, or a kind of
// message that WhatsApp does not pass on. Such forms have an empty Body, or name the type.
func isNote(form url.Values, in channels.Inbound) bool {
	switch form.Get("MessageType") {
	case "reaction", "deleted", "unsupported", "system":
		return true
	}
	return in.Text == "" && in.Button == "" && !in.Attachment
}

// sender reads From: "+31612345678", "whatsapp:+31612345678", or "whatsapp:US.1234" of a user without a
// number, for whom nobody vouches. "" for anything else.
func sender(from string) (prepaid.Address, channels.Capabilities) {
	number, whatsApp := strings.CutPrefix(from, whatsAppPrefix)
	kind := channels.SMS
	if whatsApp {
		kind = channels.WhatsApp
	}
	can, _ := channels.Of(kind)
	if m, err := prepaid.ParseE164(number); err == nil {
		return m.Tel(), can
	}
	if !whatsApp || number == "" || len(number) > 128 || strings.Trim(number, idLetters) != "" {
		return "", can
	}
	can.Vouches = false
	return prepaid.Address(from), can
}

const (
	whatsAppPrefix = "whatsapp:"
	idLetters      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
)

func optSignal(optOutType string) channels.OptSignal {
	switch optOutType {
	case "STOP":
		return channels.OptedOut
	case "START":
		return channels.OptedIn
	case "HELP":
		return channels.AskedHelp
	}
	return channels.NoSignal
}

// report reads a status callback; one of a status that says nothing new holds nothing.
func report(r *http.Request, form url.Values) channels.Received {
	d := channels.DeliveryReport{
		Outbound:    prepaid.OutboundID(channels.CleanText(r.URL.Query().Get(outboundParam))),
		ProviderRef: channels.CleanText(form.Get("MessageSid")),
		Status:      delivery(form.Get("MessageStatus")),
		Code:        channels.CleanText(form.Get("ErrorCode")),
	}
	if code, err := strconv.Atoi(d.Code); err == nil && classOfCode(code, 0) == channels.RecipientOut {
		d.Refused, _ = sender(form.Get("To"))
	}
	if d.Status == "" || d.Outbound == "" && d.ProviderRef == "" {
		return channels.Received{}
	}
	return channels.Received{Reports: []channels.DeliveryReport{d}}
}

func delivery(status string) channels.Delivery {
	switch status {
	case "accepted", "scheduled", "queued", "sending":
		return channels.Queued
	case "sent":
		return channels.Sent
	case "delivered":
		return channels.DeliveredTo
	case "read":
		return channels.Read
	case "undelivered", "failed", "canceled":
		return channels.Failed
	}
	return ""
}
