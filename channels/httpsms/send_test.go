package httpsms_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"pulsa/channels"
	"pulsa/channels/httpsms"
	"pulsa/prepaid"
)

// asked is what a gateway was asked.
type asked struct {
	method, uri, body string
	header            http.Header
}

// gateway takes one request after the other and answers alike.
func gateway(t testing.TB, status int, answer string) (address string, last *asked) {
	last = &asked{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*last = asked{r.Method, r.RequestURI, string(body), r.Header}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL, last
}

func TestKannelIsAskedAsItWantsIt(t *testing.T) {
	address, last := gateway(t, 202, "3: Queued for later delivery")
	send := func(text string) string {
		t.Helper()
		c := kannel("gateway_url", address+"/", "from", "+31970123456")
		c.Secrets["password"] = prepaid.NewSecret("s&=+ %é")
		ref, err := httpsms.New(prepaid.SystemClock{}).Send(t.Context(), c, channels.Outbound{ID: "bcd", Address: "tel:" + number, Text: text})
		if err != nil || ref != "" {
			t.Fatalf("%q, %v", ref, err)
		}
		return last.uri
	}
	for text, coding := range map[string]string{"Ready & done +€ {to}\n ": "0", "Привет {to}\n😀 ": "2"} {
		if uri := send(text); uri != "/cgi-bin/sendsms" || last.body != text || last.method != "POST" {
			t.Errorf("%s %s with %q, want %q", last.method, uri, last.body, text)
		}
		for name, want := range map[string]string{
			"Username": "pulsa", "Password": "s&=+ %é", "From": "+31970123456", "To": number, "Coding": coding, "DLR-Mask": "31",
			"DLR-Url": webhook + "/" + token + "?outbound=bcd&dlr=%d&dlr_answer=%A",
		} {
			if got := last.header.Get("X-Kannel-" + name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if kind := last.header.Get("Content-Type"); kind != "text/plain; charset=UTF-8" {
			t.Errorf("a body of %s", kind)
		}
	}
}

func TestATextInAURLIsEscaped(t *testing.T) {
	address, last := gateway(t, 200, `{"id":"g1"}`)
	c := lineWith(generic, "gateway_url", address, "in_from", "query.f", "in_text", "query.t", "dlr_status", "query.s", "send_method", "GET",
		"send_url", "{gateway}/sendsms?password={password}&text={text}&coding={coding}&dlr-url={dlr_url}")
	c.Secrets["password"] = prepaid.NewSecret("s&=+ %é")
	const report = "&dlr-url=https%3A%2F%2Ftopup.example%2Fwebhooks%2Fdemo%2Fline%2F" + token + "%3Foutbound%3Dbcd"
	for text, want := range map[string]string{
		"Ready & done +€": "&text=Ready%20%26%20done%20%2B%E2%82%AC&coding=0",
		"Привет {to}\n😀 ": "&text=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82%20%7Bto%7D%0A%F0%9F%98%80%20&coding=2",
	} {
		want = "/sendsms?password=s%26%3D%2B%20%25%C3%A9" + want + report
		if _, err := httpsms.New(prepaid.SystemClock{}).Send(t.Context(), c, channels.Outbound{ID: "bcd", Address: "tel:" + number, Text: text}); err != nil || last.uri != want || last.body != "" {
			t.Errorf("%v: asked for\n%s, want\n%s", err, last.uri, want)
		}
	}
}

func TestValuesAreEscapedForTheirPlace(t *testing.T) {
	address, last := gateway(t, 200, `{"id":"g1"}`)
	nasty := "a\"b\\c\n<&>%+ë"
	for _, test := range []struct {
		kind, body, want string
	}{
		{"application/json", `{"t":"{text}","to":"{to_digits}","x":{coding}}`, `{"t":"a\"b\\c\n\u003c\u0026\u003e%+ë","to":"31612345678","x":2}`},
		{"application/vnd.sms+json", `["{text}"]`, `["a\"b\\c\n\u003c\u0026\u003e%+ë"]`},
		{"text/xml; charset=utf-8", `<t a="{text}"/>`, `<t a="a&#34;b\c&#xA;&lt;&amp;&gt;%+ë"/>`},
		{"application/x-www-form-urlencoded", `t={text}&h={text_hex}`, `t=a%22b%5Cc%0A%3C%26%3E%25%2B%C3%AB&h=006100220062005c0063000a003c0026003e0025002b00eb`},
		{"text/plain", `{text}`, nasty},
	} {
		c := lineWith(generic, "gateway_url", address, "in_from", "query.f", "in_text", "query.t", "dlr_status", "query.s", "send_type", test.kind, "send_body", test.body,
			"send_headers", "Authorization: Basic {basic}\nX-Text: {text}")
		c.Settings["user"] = "pulsa"
		if _, err := httpsms.New(prepaid.SystemClock{}).Send(t.Context(), c, channels.Outbound{ID: "bcd", Address: "tel:" + number, Text: nasty}); err != nil {
			t.Fatal(err)
		}
		if last.body != test.want || last.header.Get("Content-Type") != test.kind || last.method != "POST" {
			t.Errorf("%s: %q, want %q (%v)", test.kind, last.body, test.want, last.header)
		}
		if last.header.Get("Authorization") != "Basic cHVsc2E6c2drd2pkZmh0enFw" || strings.Contains(last.header.Get("X-Text"), "\n") {
			t.Errorf("headers %v", last.header)
		}
	}
	c := lineWith(generic, "gateway_url", address, "in_from", "query.f", "in_text", "query.t", "dlr_status", "query.s", "send_charset", "iso-8859-1", "send_method", "GET",
		"send_url", "{gateway}/s/{to_digits}?t={text}&cs={charset}")
	if _, err := httpsms.New(prepaid.SystemClock{}).Send(t.Context(), c, channels.Outbound{ID: "bcd", Address: "tel:" + number, Text: "é€"}); err != nil || last.uri != "/s/31612345678?t=%E9%3F&cs=iso-8859-1" {
		t.Errorf("%v: %s", err, last.uri)
	}
}

func TestKannelSAnswersAreJudged(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		class  channels.Failure
		code   string
	}{
		{202, "0: Accepted for delivery", "", ""},
		{202, "3: Queued for later delivery", "", ""},
		{403, "Authorization failed for sendsms", channels.Misconfigured, "http 403 Authorization failed"},
		{404, "Unknown request.", channels.Misconfigured, "http 404"},
		{400, "Sender missing and no global set, rejected", channels.Misconfigured, "http 400 Sender missing"},
		{403, "Not routable. Do not try again.", channels.RefusedFor, "http 403 Not routable"},
		{400, "Number(s) has/have been denied by white- and/or black-lists.", channels.RefusedFor, "http 400 Number(s) has/have been denied by white- and/or black-lists"},
		{503, "Temporal failure, try again later.", channels.Retryable, "http 503 Temporal failure"},
		{503, "<html>a proxy", channels.UnknownIfSent, "http 503"},
		{202, "1: what is that", channels.UnknownIfSent, "http 202"},
		{200, "0: Accepted for delivery", channels.UnknownIfSent, "http 200"},
	} {
		address, _ := gateway(t, test.status, test.body)
		_, err := httpsms.New(prepaid.SystemClock{}).Send(t.Context(), kannel("gateway_url", address), channels.Outbound{ID: "bcd", Address: "tel:" + number, Text: "a"})
		var failure *channels.SendError
		if errors.As(err, &failure) != (test.class != "") || failure != nil && (failure.Class != test.class || failure.Code != test.code) {
			t.Errorf("%d %s: %+v", test.status, test.body, failure)
		}
	}
}

func TestAGatewayThatHangsUpIsNotAskedAgain(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 { // its connection is used again
			w.WriteHeader(202)
			_, _ = io.WriteString(w, "0: Accepted for delivery")
			return
		}
		if r.ContentLength > 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("a GET with a body: %v", r)
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	}))
	defer server.Close()
	a, c := httpsms.New(prepaid.SystemClock{}), kannel("gateway_url", server.URL, "send_method", "GET", "send_url", "{gateway}/sendsms?text={text}")
	var failure *channels.SendError
	for range 2 {
		_, err := a.Send(t.Context(), c, channels.Outbound{ID: "bcd", Address: "tel:" + number, Text: "a"})
		errors.As(err, &failure)
	}
	if requests.Load() != 2 || failure == nil || failure.Class != channels.UnknownIfSent {
		t.Errorf("%d requests for two messages: %v", requests.Load(), failure)
	}
}

func TestWhatHasNoNumberIsRefused(t *testing.T) {
	_, err := httpsms.New(prepaid.SystemClock{}).Send(t.Context(), kannel(), channels.Outbound{Address: "telegram:3527"})
	var failure *channels.SendError
	if !errors.As(err, &failure) || failure.Class != channels.RefusedFor {
		t.Errorf("%v", err)
	}
}

func TestAGatewayIsTriedWithoutSending(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   string
		class  channels.Failure
	}{
		{400, "Missing receiver(s) number(s), rejected", "user pulsa at the gateway ", ""},
		{403, "Authorization failed for sendsms", "", channels.Misconfigured},
	} {
		address, last := gateway(t, test.status, test.body)
		whose, err := httpsms.New(prepaid.SystemClock{}).Probe(t.Context(), kannel("gateway_url", address))
		var failure *channels.SendError
		if errors.As(err, &failure) != (test.class != "") || failure != nil && failure.Class != test.class || !strings.HasPrefix(whose, test.want) {
			t.Errorf("%q, %v", whose, err)
		}
		if last.method != "POST" || last.uri != "/cgi-bin/sendsms" || last.header.Get("X-Kannel-Password") != password || len(last.header["X-Kannel-To"]) > 0 {
			t.Errorf("asked for %+v", last)
		}
	}
	address, last := gateway(t, 500, "")
	c := kannel("gateway_url", address, "probe_url", "", "probe_ok", "")
	if whose, err := httpsms.New(prepaid.SystemClock{}).Probe(t.Context(), c); err != nil || !strings.Contains(whose, "can be reached") || last.uri != "" {
		t.Errorf("%q, %v, asked for %s", whose, err, last.uri)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	for _, probe := range []string{"", "{gateway}/status?password={password}"} {
		c := kannel("gateway_url", "http://"+listener.Addr().String(), "probe_url", probe, "probe_ok", "^200 ")
		_, err := httpsms.New(prepaid.SystemClock{}).Probe(t.Context(), c)
		var failure *channels.SendError
		if !errors.As(err, &failure) || failure.Class != channels.Retryable || strings.Contains(failure.Err.Error(), password) {
			t.Errorf("nobody listens: %v", err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	address, _ := gateway(b, 202, "0: Accepted for delivery")
	a, c := httpsms.New(prepaid.SystemClock{}), kannel("gateway_url", address)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Send(b.Context(), c, channels.Outbound{ID: "bcd", Address: "tel:" + number, Text: "Ready"}); err != nil {
			b.Fatal(err)
		}
	}
}
