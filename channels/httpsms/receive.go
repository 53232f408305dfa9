package httpsms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
	"unicode"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// patience is how long we take a gateway to wait for our response.
const patience = 15 * time.Second

const (
	maxID     = 128
	maxList   = 500            // of one request
	maxHeader = 64<<10 + 4<<10 // as much as a body may hold
)

// request is one request of a gateway, or one message of its list.
type request struct{ *wire.Request }

func readRequest(r *http.Request, l *line) (*request, error) {
	if l.textAt.In == "header" && len(r.Header.Get(l.textAt.Name)) > maxHeader {
		return nil, channels.ErrTooLarge
	}
	got, err := wire.Read(r, l.reads)
	return &request{got}, err
}

// Receive implements channels.Adapter.
func (a *Adapter) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	l, err := a.line(c)
	if err != nil {
		return channels.Received{}, channels.ErrNotAuthentic // the channel is off: its Check says why
	}
	if !l.sources.Allow(r) || l.tokenInPath() && channels.SameSecret(wire.TokenIn(r, c), secretsOf(c, "token", "token_old")...).Empty() {
		return channels.Received{}, channels.ErrNotAuthentic
	}
	got, err := readRequest(r, l)
	if err != nil {
		return channels.Received{}, err
	}
	token := got.authenticate(c, l)
	if token.Empty() {
		return channels.Received{}, channels.ErrNotAuthentic
	}
	items, err := got.items(l)
	if err != nil {
		return channels.Received{}, err
	}
	var out channels.Received
	for _, item := range items {
		if status, ok := item.At(l.dlrStatus); ok && status != "" {
			out.Reports = append(out.Reports, item.report(l, status)...)
			continue
		}
		in, err := a.message(item, c, l, token)
		switch {
		case err != nil:
			out.Unread = append(out.Unread, err)
		case in.Address != "":
			out.Messages = append(out.Messages, in)
		}
	}
	if len(out.Unread) > 0 && len(out.Unread) == len(items) { // no list, or not one that is set up right
		return channels.Received{}, out.Unread[0]
	}
	return out, nil
}

// items takes a list apart; the fields of JSON are then those of one message.
func (r *request) items(l *line) ([]*request, error) {
	if l.list.In == "" {
		return []*request{r}, nil
	}
	found := r.JSON
	if l.list.Name != "" {
		found = wire.Descend(r.JSON, l.list.Name)
	}
	list, ok := found.([]any)
	if !ok {
		return nil, channels.BadRequest("there is no list of messages")
	}
	if len(list) > maxList {
		return nil, channels.ErrTooLarge
	}
	items := make([]*request, len(list))
	for i := range list {
		one := *r.Request
		one.JSON = list[i]
		items[i] = &request{&one}
	}
	return items, nil
}

// message reads one message; one that comes from no phone has no address.
func (a *Adapter) message(r *request, c channels.Channel, l *line, token prepaid.Secret) (channels.Inbound, error) {
	from, ok := r.At(l.fromAt)
	if !ok {
		return channels.Inbound{}, channels.BadRequest("%s is missing", l.fromAt)
	}
	raw, ok := r.At(l.textAt)
	if !ok {
		return channels.Inbound{}, channels.BadRequest("%s is missing", l.textAt)
	}
	number, ok := l.numbers.Read(from, c.Brand.Country)
	if !ok {
		return channels.Inbound{}, nil // a short code or a name: no customer, and nobody to answer
	}
	id, err := r.id(l, raw, token)
	if err != nil {
		return channels.Inbound{}, err
	}
	text, readable, err := r.text(l, raw)
	if err != nil {
		return channels.Inbound{}, err
	}
	now, can := a.clock.Now(), sms()
	can.OwnsOptOut, can.InResponse = l.carrierStop, !l.pushes
	return channels.Inbound{
		ID: id, Address: number.Tel(), Text: text, Attachment: !readable, Can: can,
		ReceivedAt: now, Deadline: now.Add(patience), Redelivers: l.redelivers,
	}, nil
}

// id is what a repeated delivery of the message has too: the gateway's id, else its time stamp with the text, else nothing that
// repeats. The text alone is none: registration asks for number and PIN twice. A text may be a PIN, so that what is made of it
// is keyed.
func (r *request) id(l *line, raw string, token prepaid.Secret) (string, error) {
	if id, _ := r.At(l.idAt); id != "" {
		if len(id) > maxID || channels.CleanText(id) != id || strings.ContainsFunc(id, unicode.IsControl) {
			return "", channels.BadRequest("%s is odd", l.idAt)
		}
		return id, nil
	}
	if stamp, _ := r.At(l.timeAt); stamp != "" {
		mac := hmac.New(sha256.New, []byte(token.Reveal()))
		mac.Write([]byte(stamp + "\x00" + raw))
		return "time/" + hex.EncodeToString(mac.Sum(nil)[:16]), nil
	}
	return "once/" + prepaid.NewToken(), nil
}

// text reads what was written; readable is false for what is no text.
func (r *request) text(l *line, raw string) (text string, readable bool, err error) {
	bytes, err := unwrap(raw, l.textAs)
	if err != nil {
		return "", false, channels.BadRequest("%s is not %s", l.textAt, l.textAs)
	}
	letters := l.charset
	if coding, _ := r.At(l.codingAt); coding != "" && len(l.codings) > 0 {
		known, ok := l.codings[coding]
		if !ok {
			return "", false, nil
		}
		letters = known
	}
	if name, _ := r.At(l.charsetAt); name != "" {
		if binary[strings.ToLower(name)] {
			return "", false, nil
		}
		known, ok := wire.CharsetNamed(name)
		if !ok {
			return "", false, channels.BadRequest("%s names no charset that is known", l.charsetAt)
		}
		letters = known
	}
	return channels.CleanText(letters.Decode(bytes)), true, nil
}

// report reads a delivery report; one of a status that says nothing new holds nothing.
func (r *request) report(l *line, status string) []channels.DeliveryReport {
	outbound, _ := r.At(l.dlrOutbound)
	ref, _ := r.At(l.dlrRef)
	d := channels.DeliveryReport{Outbound: prepaid.OutboundID(short(outbound)), ProviderRef: short(ref), Status: l.deliveries[status]}
	if d.Status == "" || d.Outbound == "" && d.ProviderRef == "" {
		return nil
	}
	if code, _ := r.At(l.dlrCode); code != "" {
		d.Code = short(code)
		if l.dlrCodeIn != nil {
			d.Code = short(captured(l.dlrCodeIn, code))
		}
	}
	if d.Status == channels.Failed && d.Code == "" {
		d.Code = short(status)
	}
	return []channels.DeliveryReport{d}
}

// short is a provider's word, fit for storing.
func short(text string) string {
	text = channels.CleanText(text)
	if len(text) > maxID {
		return ""
	}
	return text
}
