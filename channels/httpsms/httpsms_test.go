package httpsms_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/httpsms"
	"pulsa/prepaid"
)

const (
	token    = "vwxzqrstnpmlkjhgfdcb"
	oldToken = "bcdfghjklmnpqrstvwxz"
	password = "sgkwjdfhtzqp"
	signing  = "zxwvtsrqpnmlkjhgfdcb"
	webhook  = "https://topup.example/webhooks/demo/line"
	number   = "+31612345678"
	other    = "+31687654321"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// lineWith is a channel with settings: pairs of key and value over those of a map.
func lineWith(base map[string]string, pairs ...string) channels.Channel {
	settings := map[string]string{}
	for key, value := range base {
		settings[key] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	return channels.Channel{
		Brand: &prepaid.Brand{Name: "demo", Country: "NL"}, Name: "line", Type: httpsms.Type, WebhookURL: webhook, Settings: settings,
		Secrets: map[string]prepaid.Secret{
			"token": prepaid.NewSecret(token), "token_old": prepaid.NewSecret(oldToken), "password": prepaid.NewSecret(password),
			"signature_secret": prepaid.NewSecret(signing),
		},
	}
}

func kannel(pairs ...string) channels.Channel {
	return lineWith(map[string]string{"preset": "kannel", "gateway_url": "http://kannel.internal:13013", "user": "pulsa", "from": "1234"}, pairs...)
}

// generic is a gateway that answers in JSON; where the fields of its requests stand is left to the tests.
var generic = map[string]string{
	"gateway_url": "http://gateway.internal", "from": "1234", "send_url": "{gateway}/sms", "send_method": "POST", "send_type": "application/json",
	"send_body":    `{"to":"{to}","text":"{text}","key":"{password}","callback":"{dlr_url}"}`,
	"result_sent":  `^20[01] \{"id":"([^"]+)"`,
	"dlr_url":      "{webhook}?outbound={id}",
	"dlr_outbound": "query.outbound", "dlr_delivered": "delivered", "dlr_sent": "sent", "dlr_failed": "failed",
}

// refusals are patterns for classes that a preset knows no answer of.
var refusals = []string{"result_throttled", "^429 ", "result_opted_out", "^451 ", "result_misconfigured", "^40[13] ", "result_refused", "^400 "}

func newAdapter(clock prepaid.Clock) channels.Adapter { return httpsms.New(clock) }

// request makes a request of a gateway.
func request(method, address string, header map[string]string, body string) *http.Request {
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

var formHeader = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// harness is the suite's for one way to speak: from makes a request of a number.
func harness(line channels.Channel, from func(number, id, text string) *http.Request) channeltest.Harness {
	answer := func(status int, body string) channeltest.Answer {
		return channeltest.Answer{Status: status, Body: body + " to " + number + " with " + password, Header: http.Header{"Retry-After": {"7"}}}
	}
	return channeltest.Harness{
		New: newAdapter,
		Channel: func(providerURL string) channels.Channel {
			c := line
			if providerURL != "" {
				c = lineWith(line.Settings, "gateway_url", providerURL)
			}
			return c
		},
		Request:      func(_ channels.Channel, id, text string) *http.Request { return from(number, id, text) },
		OtherRequest: func(_ channels.Channel, id, text string) *http.Request { return from(other, id, text) },
		Forge:        func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, token, strings.ToUpper(token), 1) },
		Customer:     "tel:" + number,
		Other:        "tel:" + other,
		Hidden:       []string{token, password, number[1:], other[1:]},
		Provider: &channeltest.Provider{
			Accepts: channeltest.Answer{Status: 200, Body: `{"id":"g-77","state":"queued"}`}, Reference: "g-77",
			Throttles: answer(429, "slow down"), Blocked: answer(451, "Opted out"), Unauthorised: answer(401, "no"), Refuses: answer(400, "bad number"),
		},
	}
}

func TestKannel(t *testing.T) {
	from := func(number, id, text string) *http.Request {
		return request("POST", webhook+"/"+token+"?"+query("from", number, "id", id, "charset", "UTF-8"), map[string]string{"Content-Type": `text/plain; charset="UTF-8"`}, text)
	}
	h := harness(kannel(append(refusals, "result_misconfigured", "^401 ")...), from)
	h.Bodiless = true
	h.Repeated = func(channels.Channel) *http.Request {
		r := from(number, "7001", "a")
		r.URL.RawQuery += "&id=7002"
		return r
	}
	h.Report = func(_ channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
		code := map[channels.Delivery]string{channels.DeliveredTo: "1", channels.Sent: "8", channels.Failed: "16"}[status]
		return request("GET", webhook+"/"+token+"?"+query("outbound", string(id), "dlr", code, "dlr_answer", "NACK/0x00000045/Invalid"), nil, "")
	}
	h.Provider.Accepts, h.Provider.Reference = channeltest.Answer{Status: 202, Body: "0: Accepted for delivery"}, ""
	channeltest.Run(t, h)
}

func TestKannelByGet(t *testing.T) {
	from := func(number, id, text string) *http.Request {
		return request("GET", webhook+"/"+token+"?"+query("from", number, "text", text, "id", id, "charset", "UTF-8"), nil, "")
	}
	h := harness(byGet(append(refusals, "result_misconfigured", "^401 ")...), from)
	h.Bodiless = true
	h.Repeated = func(channels.Channel) *http.Request {
		r := from(number, "7001", "a")
		r.URL.RawQuery += "&text=b"
		return r
	}
	h.Report = func(_ channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
		code := map[channels.Delivery]string{channels.DeliveredTo: "1", channels.Sent: "8", channels.Failed: "16"}[status]
		return request("GET", webhook+"/"+token+"?"+query("outbound", string(id), "dlr", code, "dlr_answer", "NACK/0x00000045/Invalid"), nil, "")
	}
	h.Provider.Accepts, h.Provider.Reference = channeltest.Answer{Status: 202, Body: "0: Accepted for delivery"}, ""
	channeltest.Run(t, h)
}

func TestJasmin(t *testing.T) {
	line := lineWith(map[string]string{"preset": "jasmin", "gateway_url": "http://jasmin.internal:1401", "user": "pulsa", "from": "1234"},
		append(refusals, "in_codings", "")...)
	h := harness(line, func(number, id, text string) *http.Request {
		return request("POST", webhook+"/"+token, formHeader, query("from", number[1:], "to", "1234", "id", id, "content", text, "priority", "1"))
	})
	h.Report = func(_ channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
		word := map[channels.Delivery]string{channels.DeliveredTo: "DELIVRD", channels.Sent: "ESME_ROK", channels.Failed: "UNDELIV"}[status]
		return request("POST", webhook+"/"+token+"?outbound="+string(id), formHeader, query("id", "uuid-1", "message_status", word, "level", "2"))
	}
	h.Provider.Accepts, h.Provider.Reference = channeltest.Answer{Status: 200, Body: `Success "07033084"`}, "07033084"
	channeltest.Run(t, h)
}

func TestAFormThatIsSigned(t *testing.T) {
	sign := func(r *http.Request) *http.Request {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		mac := hmac.New(sha256.New, []byte(signing))
		mac.Write([]byte("1764500000." + string(body)))
		r.Header.Set("X-Stamp", "1764500000")
		r.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		return r
	}
	from := func(number, id, text string) *http.Request {
		return sign(request("POST", webhook+"/"+token, formHeader, query("msisdn", number, "message", text, "ref", id)))
	}
	line := lineWith(generic, append(refusals, "in_from", "form.msisdn", "in_text", "form.message", "in_id", "form.ref", "in_time", "header.X-Stamp",
		"in_signature", "header.X-Signature", "in_signature_of", "{time}.{body}", "dlr_status", "form.status", "dlr_code", "form.code")...)
	h := harness(line, from)
	h.Hidden = append(h.Hidden, signing)
	h.Forge = func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), "31612345678", "31687654321", 1)))
	}
	h.Repeated = func(channels.Channel) *http.Request {
		return sign(request("POST", webhook+"/"+token, formHeader, query("msisdn", number, "message", "a", "message", "b", "ref", "7001")))
	}
	h.Report = func(_ channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
		return sign(request("POST", webhook+"/"+token+"?outbound="+string(id), formHeader, query("status", string(status), "code", "33")))
	}
	channeltest.Run(t, h)
}

func TestJSONWithATokenInAHeader(t *testing.T) {
	post := func(query string, body any) *http.Request {
		return request("POST", webhook+query, map[string]string{"Content-Type": "application/json", "X-Api-Key": token}, jsonOf(body))
	}
	line := lineWith(generic, append(refusals, "in_token", "header.X-Api-Key", "in_from", "json.data.0.sender", "in_text", "json.data.0.content.text",
		"in_id", "json.data.0.id", "dlr_status", "json.delivery.state")...)
	h := harness(line, func(number, id, text string) *http.Request {
		return post("", map[string]any{"data": []any{map[string]any{"sender": json.Number(number[1:]), "id": id, "content": map[string]any{"text": text}}}})
	})
	h.Forge = func(r *http.Request) { r.Header.Del("X-Api-Key") }
	h.Report = func(_ channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
		return post("?outbound="+string(id), map[string]any{"delivery": map[string]any{"state": status}})
	}
	channeltest.Run(t, h)
}

func TestAListOfMessages(t *testing.T) {
	line := lineWith(generic, append(refusals, "in_list", "json.messages", "in_from", "json.from", "in_text", "json.body", "in_id", "json.id",
		"answer", "push", "answer_ack", "OK", "dlr_outbound", "json.ours", "dlr_status", "json.status")...)
	post := func(items ...any) *http.Request {
		return request("POST", webhook+"/"+token, map[string]string{"Content-Type": "application/json"}, jsonOf(map[string]any{"messages": items}))
	}
	item := func(number, id, text string) any { return map[string]any{"from": number, "id": id, "body": text} }
	h := harness(line, func(number, id, text string) *http.Request { return post(item(number, id, text)) })
	h.Report = func(_ channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
		return post(map[string]any{"ours": id, "status": status})
	}
	channeltest.Run(t, h)

	got, err := newAdapter(prepaid.NewVirtualClock(noon)).Receive(post(item(number, "1", "a"), item("INFO", "2", "b"),
		map[string]any{"ours": "x", "status": "delivered"}, map[string]any{"from": number, "id": "4"}, item(other, "3", "c")), line)
	if err != nil || len(got.Unread) != 1 || len(got.Messages) != 2 || len(got.Reports) != 1 || got.Messages[1].Text != "c" || got.Messages[1].Can.InResponse {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEverythingInHeaders(t *testing.T) {
	line := lineWith(generic, append(refusals, "in_token", "header.X-Token", "in_from", "header.X-From", "in_text", "header.X-Text", "in_text_as", "percent",
		"in_id", "header.X-Id", "dlr_status", "header.X-Status")...)
	h := harness(line, func(number, id, text string) *http.Request {
		return request("POST", webhook, map[string]string{"X-Token": token, "X-From": number, "X-Id": id, "X-Text": url.QueryEscape(text)}, "")
	})
	h.Bodiless = true
	h.Forge = func(r *http.Request) { r.Header.Set("X-Token", "") }
	h.Report = func(_ channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
		return request("GET", webhook+"?outbound="+string(id), map[string]string{"X-Token": token, "X-Status": string(status)}, "")
	}
	channeltest.Run(t, h)
}
