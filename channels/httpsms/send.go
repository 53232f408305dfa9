package httpsms

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// Send implements channels.Adapter. What the gateway answers is looked for in the line's patterns as status and body: "202 0: Accepted
// for delivery". An answer that none of them knows leaves it unknown whether the message was sent.
func (a *Adapter) Send(ctx context.Context, c channels.Channel, m channels.Outbound) (string, error) {
	l, err := a.line(c)
	if err != nil {
		return "", &channels.SendError{Class: channels.Misconfigured, Code: err.Error()}
	}
	number, ok := m.Address.Tel()
	if !ok {
		return "", &channels.SendError{Class: channels.RefusedFor, Code: "no phone number"}
	}
	r, err := l.request(ctx, c, m, number)
	if err != nil {
		return "", &channels.SendError{Class: channels.Misconfigured, Code: "send_url"} // the error quotes it
	}
	answer, header, err := a.ask(r)
	if err != nil {
		return "", err
	}
	for _, known := range l.results {
		if !known.pattern.MatchString(answer) {
			continue
		}
		word := short(captured(known.pattern, answer))
		if known.class == "" {
			return word, nil
		}
		return "", &channels.SendError{Class: known.class, Code: codeOf(answer, word), After: channels.RetryAfter(header)}
	}
	return "", &channels.SendError{Class: channels.UnknownIfSent, Code: codeOf(answer, "")}
}

// ask makes a call and returns its answer as patterns see it.
func (a *Adapter) ask(r *http.Request) (answer string, h http.Header, err error) {
	resp, err := channels.Exchange(a.client, r)
	if err != nil {
		return "", nil, err
	}
	body, err := io.ReadAll(resp.Body) // from memory
	return strconv.Itoa(resp.StatusCode) + " " + strings.TrimSpace(string(body)), resp.Header, err
}

// codeOf is what operators see of an answer: its status, and the words that a pattern takes out of it. The rest may quote a number.
func codeOf(answer, words string) string {
	status, _, _ := strings.Cut(answer, " ")
	return strings.TrimSpace("http " + status + " " + words)
}

// captured is what the first group of a pattern that took part has found, "" where none has.
func captured(p *regexp.Regexp, in string) string {
	found := p.FindStringSubmatch(in)
	for i := 1; i < len(found); i++ {
		if found[i] != "" {
			return found[i]
		}
	}
	return ""
}

// once is a body that can't be read again: net/http does not know its type.
type once struct{ io.Reader }

// request is how a message is sent.
func (l *line) request(ctx context.Context, c channels.Channel, m channels.Outbound, to prepaid.MSISDN) (*http.Request, error) {
	values := textValues(m.Text, l.unicodeCoding, l.sendCharset)
	l.addAccount(values, c)
	values["id"], values["to"], values["to_digits"] = string(m.ID), to.String(), string(to)
	values["dlr_url"] = l.reportURL(c, m)
	address := l.sendURL.Fill(values, wire.EscapeURL)
	// net/http makes a GET again by itself where a connection that was used before breaks, unless it has a body that can't be read
	// again; who had taken the message would send it twice.
	body := io.Reader(once{strings.NewReader("")})
	if l.sendMethod != http.MethodGet && !l.sendBody.None() {
		body = strings.NewReader(l.sendBody.Fill(values, wire.EscapeFor(l.sendType))) // no other method is repeated
	}
	r, err := http.NewRequestWithContext(ctx, l.sendMethod, address, body)
	if err != nil {
		return nil, err
	}
	if l.sendMethod != http.MethodGet {
		r.Header.Set("Content-Type", l.sendType)
	}
	l.setHeaders(r, values)
	return r, nil
}

// setHeaders fills the headers; one of which nothing is known is left out.
func (l *line) setHeaders(r *http.Request, values map[string]string) {
	for _, h := range l.sendHeaders {
		if value := h.Value.Fill(values, wire.EscapeHeader); value != "" {
			r.Header.Set(h.Name, value)
		}
	}
}

// addAccount tells what templates may ask of our account at the gateway.
func (l *line) addAccount(values map[string]string, c channels.Channel) {
	password := c.Secrets["password"].Reveal()
	values["gateway"], values["user"], values["password"], values["basic"] = l.gateway, l.user, password, basic(l.user, password)
	values["from"], values["from_digits"] = l.from, strings.TrimPrefix(l.from, "+")
}

// reportURL is where the gateway reports on a message.
func (l *line) reportURL(c channels.Channel, m channels.Outbound) string {
	webhook, token := c.WebhookURL, c.Secrets["token"].Reveal()
	if l.tokenInPath() {
		webhook += "/" + token
	}
	return l.dlrURL.Fill(map[string]string{"id": string(m.ID), "token": token, "webhook": webhook}, wire.EscapeURL)
}

// Probe implements channels.Prober: it makes the call that probe_url names, or only connects where none is named.
func (a *Adapter) Probe(ctx context.Context, c channels.Channel) (string, error) {
	l, err := a.line(c)
	if err != nil {
		return "", &channels.SendError{Class: channels.Misconfigured, Code: err.Error()}
	}
	values := map[string]string{}
	l.addAccount(values, c)
	t := l.probeURL
	if t.None() {
		t = l.sendURL
	}
	r, err := http.NewRequestWithContext(ctx, l.probeMethod, t.Fill(values, wire.EscapeURL), http.NoBody)
	if err != nil {
		return "", &channels.SendError{Class: channels.Misconfigured, Code: "probe_url"}
	}
	if l.probeURL.None() {
		return "the gateway at " + r.URL.Host + " can be reached; whether it knows us is not tried", reach(ctx, r)
	}
	l.setHeaders(r, values)
	if l.probeMethod == http.MethodPost {
		r.Header.Set("Content-Type", l.sendType)
	}
	answer, _, err := a.ask(r)
	switch {
	case err != nil:
		return "", err
	case !l.probeOK.MatchString(answer):
		return "", &channels.SendError{Class: channels.Misconfigured, Code: codeOf(answer, "")}
	}
	return strings.TrimSpace("user "+l.user) + " at the gateway " + r.URL.Host, nil
}

// reach connects to where a request would go, and sends nothing.
func reach(ctx context.Context, r *http.Request) error {
	port := r.URL.Port()
	if port == "" {
		port = r.URL.Scheme // both are names of ports
	}
	address := net.JoinHostPort(r.URL.Hostname(), port)
	dial := (&net.Dialer{}).DialContext
	if r.URL.Scheme == "https" {
		dial = (&tls.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return &channels.SendError{Class: channels.Retryable, Code: "no connection", Err: err}
	}
	if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return &channels.SendError{Class: channels.Retryable, Code: "no connection", Err: err}
	}
	return nil
}
