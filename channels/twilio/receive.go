package twilio

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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

// settingsHeader comes with what is signed by a shared key and says how: "key=SK…,algorithm=HMAC_SHA256".
const settingsHeader = "X-Twilio-Webhooks-Signature-Settings"

// authentic checks the signature over the public URL as configured, the query as received and the form. twilio-go knows neither
// SHA-256 nor repeated parameters: Twilio signs each distinct value of one, sorted, with the name before it.
func authentic(r *http.Request, c channels.Channel, form url.Values) bool {
	newHash, secrets := signedBy(r.Header.Get(settingsHeader))
	if newHash == nil {
		return false
	}
	var signed strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			signed.WriteString(name + value)
		}
	}
	given, ok := []byte(r.Header.Get("X-Twilio-Signature")), false
	for _, address := range signedAddresses(c.WebhookURL, r.URL.RawQuery) {
		for _, name := range secrets {
			secret := c.Secrets[name]
			mac := hmac.New(newHash, []byte(secret.Reveal()))
			mac.Write([]byte(address + signed.String()))
			ok = hmac.Equal([]byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), given) && !secret.Empty() || ok
		}
	}
	account := c.Settings["account_sid"]
	return ok && (account == "" || form.Get("AccountSid") == account)
}

// signedBy says by which hash a request is signed, and with which of the channel's secrets: the account's token, or a shared key where the
// header names one. The secret before the present one is taken as well. A hash that is not known is nil.
func signedBy(settings string) (newHash func() hash.Hash, secrets []string) {
	if settings == "" {
		return sha1.New, []string{"auth_token", "auth_token_old"}
	}
	secrets = []string{"shared_key", "shared_key_old"}
	for setting := range strings.SplitSeq(settings, ",") {
		switch strings.TrimSpace(setting) {
		case "algorithm=HMAC_SHA256":
			return sha256.New, secrets
		case "algorithm=HMAC_SHA1":
			return sha1.New, secrets
		}
	}
	return nil, nil
}

// signedAddresses are the forms in which Twilio may have signed an address: with the port and without, whatever is configured. What stands
// behind # are settings of the connection, and not signed.
func signedAddresses(configured, query string) []string {
	address, _, _ := strings.Cut(configured, "#")
	if query != "" {
		address += "?" + query
	}
	u, err := url.Parse(address)
	if err != nil {
		return []string{address}
	}
	with, without := *u, *u
	without.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	if u.Port() == "" {
		port := "80"
		if u.Scheme == "https" {
			port = "443"
		}
		with.Host += ":" + port
	}
	return []string{with.String(), without.String()}
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
		ID: id, Address: address, Text: channels.CleanText(cmp.Or(form.Get("Body"), form.Get("ButtonText"), form.Get("ListTitle"))), Button: tapped(form),
		Signal: optSignal(form.Get("OptOutType")), Can: can, ReceivedAt: now, Deadline: now.Add(patience),
		Redelivers: redelivers(c),
	}
	if can.Window > 0 {
		in.Sender = form.Get("From")
	}
	media, _ := strconv.Atoi(form.Get("NumMedia"))
	in.Attachment = in.Text == "" && in.Button == "" && (media > 0 || form.Has("Latitude"))
	if can.Kind == channels.WhatsApp && isNote(form, in) {
		return channels.Received{}, nil
	}
	return channels.Received{Messages: []channels.Inbound{in}}, nil
}

// tapped is what a tapped button or a row of a list brings back, where it is a choice's. What others bring back, such as those of a template, is
// for nobody here: the words on them count.
func tapped(form url.Values) string {
	button := channels.CleanText(cmp.Or(form.Get("ButtonPayload"), form.Get("ListId")))
	if _, _, ok := channels.ReadButton(button); !ok {
		return ""
	}
	return button
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
	if code, err := strconv.Atoi(d.Code); err == nil {
		d.Shut = code == codeShut
		if classOfCode(code, 0) == channels.RecipientOut {
			d.Refused, _ = sender(form.Get("To"))
		}
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
