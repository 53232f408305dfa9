package twilio

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"pulsa/channels"
)

// Send implements channels.Adapter.
func (a *Adapter) Send(ctx context.Context, c channels.Channel, m channels.Outbound) (string, error) {
	params, err := messageParams(c, m)
	if err != nil {
		return "", err
	}
	service, one := a.service(ctx, c)
	sent, err := service.CreateMessage(params)
	if err != nil {
		return "", classify(err, one)
	}
	if sent.Sid == nil || *sent.Sid == "" {
		return "", &channels.SendError{Class: channels.UnknownIfSent, Code: "no sid"}
	}
	return *sent.Sid, nil
}

// service is Twilio's API for calls of one channel, and what the last of them met. The library's handler is made by
// hand, because its own lets environment variables choose the host.
func (a *Adapter) service(ctx context.Context, c channels.Channel) (*api.ApiService, *call) {
	one := &call{ctx: ctx, client: a.client, channel: c}
	return api.NewApiService(&client.RequestHandler{Client: one}), one
}

func messageParams(c channels.Channel, m channels.Outbound) (*api.CreateMessageParams, error) {
	var params api.CreateMessageParams
	from := c.Settings["from"]
	number, isNumber := m.Address.Tel()
	to := number.String()
	if m.Can.Kind == channels.WhatsApp {
		if from != "" {
			from = whatsAppPrefix + strings.TrimPrefix(from, whatsAppPrefix)
		}
		if to = whatsAppPrefix + to; !isNumber {
			to = string(m.Address) // the address of a user without a number is Twilio's own
		}
		to = cmp.Or(m.To, to) // WhatsApp knows some numbers by a form that their country has left
	}
	if !isNumber && !strings.HasPrefix(to, whatsAppPrefix) {
		return nil, &channels.SendError{Class: channels.RefusedFor, Code: "no phone number"}
	}
	params.SetTo(to)
	if m.Template.ID == "" {
		params.SetBody(m.Text)
	} else if err := setTemplate(&params, m.Template); err != nil {
		return nil, err
	}
	switch service := c.Settings["messaging_service_sid"]; {
	case service != "":
		params.SetMessagingServiceSid(service)
	case from != "":
		params.SetFrom(from)
	default:
		return nil, &channels.SendError{Class: channels.Misconfigured, Code: "no from"}
	}
	if callback := statusCallback(c, m); callback != "" {
		params.SetStatusCallback(callback)
	}
	return &params, nil
}

// setTemplate has a template sent: Twilio takes a Body beside it for a mistake. WhatsApp refuses values with line breaks.
func setTemplate(params *api.CreateMessageParams, t channels.Template) error {
	values := make(map[string]string, len(t.Values))
	for i, value := range t.Values {
		values[strconv.Itoa(i+1)] = strings.Join(strings.Fields(value), " ")
	}
	variables, err := json.Marshal(values)
	if err != nil {
		return &channels.SendError{Class: channels.RefusedFor, Code: "template"}
	}
	params.SetContentSid(t.ID)
	if len(values) > 0 {
		params.SetContentVariables(string(variables))
	}
	return nil
}

// statusCallback is where Twilio reports on the message; "" where it could not reach us, because it refuses
// a message with such an address.
func statusCallback(c channels.Channel, m channels.Outbound) string {
	u, err := url.Parse(c.WebhookURL)
	if err != nil || u.Hostname() == "" || u.Hostname() == "localhost" {
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified()) {
		return ""
	}
	u.Fragment = ""
	u.RawQuery = url.Values{outboundParam: {string(m.ID)}}.Encode()
	return u.String()
}

// call is one request to Twilio, as the library's BaseClient. The library knows no context, hides its host
// and leaves the bodies of errors open: this carries, names and closes them.
type call struct {
	ctx     context.Context
	client  *http.Client
	channel channels.Channel

	status     int // of the answer, 0 where there was none
	retryAfter time.Duration
}

// AccountSid implements client.BaseClient.
func (c *call) AccountSid() string { return c.channel.Settings["account_sid"] }

// SetTimeout implements client.BaseClient; the context has the deadline.
func (*call) SetTimeout(time.Duration) {}

// SetOauth implements client.BaseClient; we sign in with the account's token.
func (*call) SetOauth(client.OAuth) {}

// OAuth implements client.BaseClient.
func (*call) OAuth() client.OAuth { return nil }

// SendRequest implements client.BaseClient.
func (c *call) SendRequest(method, rawURL string, data url.Values, headers map[string]any, body ...byte) (*http.Response, error) {
	address, err := c.rebase(rawURL)
	if err != nil {
		return nil, &channels.SendError{Class: channels.Misconfigured, Code: "base_url"}
	}
	switch {
	case len(data) == 0: // the address of a further page has its query
	case method == http.MethodGet:
		address += "?" + data.Encode()
	default:
		body = []byte(data.Encode())
	}
	r, err := http.NewRequestWithContext(c.ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, &channels.SendError{Class: channels.Misconfigured, Code: "account_sid"}
	}
	for name, value := range headers {
		r.Header.Set(name, fmt.Sprint(value))
	}
	r.SetBasicAuth(c.AccountSid(), c.channel.Secrets["auth_token"].Reveal())
	resp, err := channels.Exchange(c.client, r)
	if err != nil {
		return nil, err
	}
	c.status, c.retryAfter = resp.StatusCode, channels.RetryAfter(resp.Header)
	if resp.StatusCode < 300 {
		return resp, nil
	}
	said, err := io.ReadAll(resp.Body)
	refusal := &client.TwilioRestError{}
	if err != nil || json.NewDecoder(bytes.NewReader(said)).Decode(refusal) != nil {
		return nil, errors.New("the answer is not Twilio's JSON")
	}
	return nil, refusal
}

// rebase moves a URL of the library to the configured host.
func (c *call) rebase(rawURL string) (string, error) {
	base := c.channel.Settings["base_url"]
	if base == "" {
		return rawURL, nil
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", err
	}
	b, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	u.Scheme, u.Host = b.Scheme, b.Host
	return u.String(), nil
}

// classify says what a failed call means. Twilio's own words quote numbers, so only its code is kept.
func classify(err error, c *call) error {
	var before *channels.SendError
	if errors.As(err, &before) {
		return before
	}
	var refusal *client.TwilioRestError
	if !errors.As(err, &refusal) || refusal.Code == 0 {
		return &channels.SendError{Class: classOfStatus(c.status), Code: "http " + strconv.Itoa(c.status), After: c.retryAfter}
	}
	return &channels.SendError{Class: classOfCode(refusal.Code, c.status), Code: strconv.Itoa(refusal.Code), After: c.retryAfter}
}

// codeShut is the error of our own words to somebody who has not written for 24 hours.
const codeShut = 63016

func classOfCode(code, status int) channels.Failure {
	switch code {
	case 20429, 14107, 30022, 63018: // too many requests, by account, number or WhatsApp
		return channels.Throttled
	case 21610: // has said STOP
		return channels.RecipientOut
	case codeShut:
		return channels.WindowShut
	case 20003, 20005, 20006, 20008, 20404, // credentials, suspended account, access, test credentials, no such account
		21212, 21603, 21606, 21659, 21660, 21701, 21703, 21705, // our number or messaging service
		21609,        // our status callback
		30002, 63007: // suspended; no such WhatsApp sender
		return channels.Misconfigured
	case 21211, 21214, 21217, 21408, 21612, 21614, 21617, // the recipient's number, its country, too long a text
		30003, 30004, 30005, 30006, 30007, 30008: // unreachable, blocked, unknown, landline, filtered, unknown
		return channels.RefusedFor
	}
	return classOfStatus(status)
}

// classOfStatus judges an answer without a code that we know.
func classOfStatus(status int) channels.Failure {
	switch {
	case status == http.StatusTooManyRequests:
		return channels.Throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound,
		status == http.StatusPaymentRequired, status >= 300 && status < 400:
		return channels.Misconfigured
	case status >= 400 && status < 500:
		return channels.RefusedFor
	}
	return channels.UnknownIfSent // also a 2xx that can't be read
}
