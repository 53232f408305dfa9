package httpsms

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// Keys lists the settings of a channel, sorted. docs/channels.md has a table of them.
func Keys() []string {
	return slices.Sorted(maps.Keys(settings))
}

// Presets lists the kinds of gateways that are known, sorted.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Faults lists what is wrong with a channel's settings.
func Faults(settings map[string]string) []wire.Fault {
	_, faults := compile(settings)
	return faults
}

// minToken is the length of the shortest token.
const minToken = 16

// line is a channel's settings as they are used. It is read only.
type line struct {
	gateway, user, from string
	sources             channels.Sources
	redelivers          bool
	carrierStop         bool

	inURL               string
	token               wire.Place // "": in the path
	signature           wire.Place // "": none is asked for
	signatureBy         string
	signatureOf         wire.Template
	list                wire.Place // "": one message in a request
	fromAt, textAt      wire.Place
	idAt, timeAt        wire.Place
	charsetAt, codingAt wire.Place
	charset             wire.Charset
	codings             map[string]wire.Charset
	textAs              string
	numbers             wire.Numbers
	reads               wire.Bodies

	pushes        bool // answers go by the outbox
	answerType    string
	answerBody    wire.Template
	answerHeaders []wire.Header
	answerAck     string

	sendMethod    string
	sendURL       wire.Template
	sendType      string
	sendBody      wire.Template
	sendHeaders   []wire.Header
	sendCharset   wire.Charset
	unicodeCoding string
	results       []result
	probeMethod   string
	probeURL      wire.Template
	probeOK       *regexp.Regexp

	dlrURL              wire.Template
	dlrOutbound, dlrRef wire.Place
	dlrStatus, dlrCode  wire.Place
	dlrCodeIn           *regexp.Regexp
	deliveries          map[string]channels.Delivery
}

// result is what an answer of the gateway means, if the pattern finds something in it.
type result struct {
	class   channels.Failure // "": the message was sent
	pattern *regexp.Regexp
}

func (l *line) tokenInPath() bool { return l.token.In == "" }

// settings tells for each key how its value becomes part of a line. A key that is not written, or empty, is not read.
var settings = map[string]func(*line, string) error{
	"preset":       func(*line, string) error { return nil }, // read first
	"rate":         func(*line, string) error { return nil }, // the sender's
	"gateway_url":  func(l *line, v string) error { l.gateway = strings.TrimRight(v, "/"); return isHTTP(v) },
	"user":         func(l *line, v string) error { l.user = v; return nil },
	"from":         func(l *line, v string) error { l.from = v; return nil },
	"sources":      func(l *line, v string) (err error) { l.sources, err = channels.ParseSources(v); return err },
	"redelivers":   func(l *line, v string) error { l.redelivers = v == "true"; return nil },
	"carrier_stop": func(l *line, v string) error { return truth(v, &l.carrierStop) },

	"in_url": func(l *line, v string) error { l.inURL = v; return nil },
	"in_token": func(l *line, v string) (err error) {
		if v == "path" {
			return nil
		}
		if l.token, err = wire.ParsePlace(v); err != nil {
			return errors.New("write path, query.NAME, form.NAME, header.NAME or json.PATH")
		}
		return nil
	},
	"in_signature":    at(func(l *line) *wire.Place { return &l.signature }),
	"in_signature_by": oneOf(func(l *line) *string { return &l.signatureBy }, "hmac-sha256", "hmac-sha1", "hmac-sha512"),
	"in_signature_of": filled(func(l *line) *wire.Template { return &l.signatureOf }, signedNames),
	"in_list": func(l *line, v string) (err error) {
		if v == "json" { // the body itself is the list
			l.list = wire.Place{In: "json"}
			return nil
		}
		if l.list, err = wire.ParsePlace(v); err != nil || l.list.In != "json" {
			return errors.New("write json, or json.PATH where the list stands, such as json.messages")
		}
		return nil
	},
	"in_from": at(func(l *line) *wire.Place { return &l.fromAt }),
	"in_text": at(func(l *line) *wire.Place { return &l.textAt }),
	"in_id":   at(func(l *line) *wire.Place { return &l.idAt }),
	"in_time": at(func(l *line) *wire.Place { return &l.timeAt }),
	"in_charset": func(l *line, v string) (err error) {
		if wire.IsPlace(v) {
			l.charsetAt, err = wire.ParsePlace(v)
			return err
		}
		return known(v, &l.charset)
	},
	"in_coding":  at(func(l *line) *wire.Place { return &l.codingAt }),
	"in_codings": func(l *line, v string) error { return l.readCodings(v) },
	"in_text_as": oneOf(func(l *line) *string { return &l.textAs }, "plain", "percent", "hex", "base64"),
	"in_numbers": func(l *line, v string) error {
		l.numbers = wire.Numbers(v)
		if v != "national" && v != "international" {
			return errors.New("write international, or national where numbers come without their country's code")
		}
		return nil
	},

	"answer": func(l *line, v string) error {
		l.pushes = v == "push"
		if v != "push" && v != "response" {
			return errors.New("write response, or push where the gateway does not send what it is answered")
		}
		return nil
	},
	"answer_type":    func(l *line, v string) error { l.answerType = v; return nil },
	"answer_body":    filled(func(l *line) *wire.Template { return &l.answerBody }, textNames),
	"answer_headers": headers(func(l *line) *[]wire.Header { return &l.answerHeaders }, textNames),
	"answer_ack":     func(l *line, v string) error { l.answerAck = v; return nil },

	"send_method": oneOf(func(l *line) *string { return &l.sendMethod }, "GET", "POST", "PUT"),
	"send_url": func(l *line, v string) (err error) {
		if l.sendURL, err = wire.ParseTemplate(v, sendNames); err != nil {
			return err
		}
		return isHTTP(strings.ReplaceAll(v, "{gateway}", "http://gateway"))
	},
	"send_type":           func(l *line, v string) error { l.sendType = v; return nil },
	"send_body":           filled(func(l *line) *wire.Template { return &l.sendBody }, sendNames),
	"send_headers":        headers(func(l *line) *[]wire.Header { return &l.sendHeaders }, sendNames),
	"send_charset":        func(l *line, v string) error { return known(v, &l.sendCharset) },
	"send_coding_unicode": func(l *line, v string) error { l.unicodeCoding = v; return nil },

	"result_sent":          means(""),
	"result_throttled":     means(channels.Throttled),
	"result_opted_out":     means(channels.RecipientOut),
	"result_misconfigured": means(channels.Misconfigured),
	"result_refused":       means(channels.RefusedFor),
	"result_retry":         means(channels.Retryable),

	"probe_method": oneOf(func(l *line) *string { return &l.probeMethod }, "GET", "POST"),
	"probe_url": func(l *line, v string) (err error) {
		if l.probeURL, err = wire.ParseTemplate(v, accountNames); err != nil {
			return err
		}
		return isHTTP(strings.ReplaceAll(v, "{gateway}", "http://gateway"))
	},
	"probe_ok": matching(func(l *line) **regexp.Regexp { return &l.probeOK }),

	"dlr_url":      filled(func(l *line) *wire.Template { return &l.dlrURL }, reportNames),
	"dlr_outbound": at(func(l *line) *wire.Place { return &l.dlrOutbound }),
	"dlr_ref":      at(func(l *line) *wire.Place { return &l.dlrRef }),
	"dlr_status":   at(func(l *line) *wire.Place { return &l.dlrStatus }),
	"dlr_code":     at(func(l *line) *wire.Place { return &l.dlrCode }),
	"dlr_code_in":  matching(func(l *line) **regexp.Regexp { return &l.dlrCodeIn }),

	"dlr_queued":    reported(channels.Queued),
	"dlr_sent":      reported(channels.Sent),
	"dlr_delivered": reported(channels.DeliveredTo),
	"dlr_failed":    reported(channels.Failed),
}

// The names that templates may use.
var (
	accountNames = []string{"basic", "from", "from_digits", "gateway", "password", "user"}
	sendNames    = slices.Concat(accountNames, textNames, []string{"dlr_url", "id", "to", "to_digits"})
	reportNames  = []string{"id", "token", "webhook"}
	signedNames  = []string{"body", "method", "path", "query", "time", "url"}
)

// defaults hold where neither the channel nor its preset says anything.
var defaults = map[string]string{
	"in_token": "path", "in_signature_by": "hmac-sha256", "in_signature_of": "{body}", "in_charset": "utf-8", "in_text_as": "plain",
	"answer": "response", "answer_type": "text/plain; charset=utf-8", "answer_body": "{text}",
	"send_method": "GET", "send_charset": "UTF-8", "send_coding_unicode": "2", "send_type": wire.FormType, "probe_method": "GET",
}

// resultOrder is the order in which the patterns are tried: a message that may have been sent is never called refused.
var resultOrder = []channels.Failure{"", channels.Throttled, channels.RecipientOut, channels.Misconfigured, channels.RefusedFor, channels.Retryable}

// compile makes a line of a channel's settings.
func compile(own map[string]string) (*line, []wire.Fault) {
	preset, known := presets[own["preset"]]
	if !known && own["preset"] != "" {
		return nil, []wire.Fault{{Key: "preset", Text: "write one of " + strings.Join(Presets(), ", ") + ", or leave it out and say everything else"}}
	}
	all := maps.Clone(defaults)
	maps.Copy(all, preset)
	maps.Copy(all, own)
	l := &line{charset: wire.UTF8, codings: map[string]wire.Charset{}, deliveries: map[string]channels.Delivery{}}
	faults := wire.Set(l, Keys(), settings, all)
	slices.SortStableFunc(l.results, func(a, b result) int {
		return slices.Index(resultOrder, a.class) - slices.Index(resultOrder, b.class)
	})
	l.reads = wire.BodiesOf(l.token, l.signature, l.list, l.fromAt, l.textAt, l.idAt, l.timeAt, l.charsetAt, l.codingAt, l.dlrOutbound, l.dlrRef, l.dlrStatus, l.dlrCode)
	return l, append(faults, l.lacks(all)...)
}

// lacks lists what the settings need and do not have.
func (l *line) lacks(all map[string]string) (faults []wire.Fault) {
	need := func(key, what string) {
		if all[key] == "" {
			faults = append(faults, wire.Fault{Key: key, Text: "not set: write " + what})
		}
	}
	need("in_from", "where the customer's number stands, such as query.from, or preset: with one of "+strings.Join(Presets(), ", "))
	need("in_text", "where the text stands, such as query.text")
	need("send_url", "how a message is sent, such as {gateway}/send?to={to}&text={text}")
	need("result_sent", "a pattern for the answers that mean it was sent, such as ^200 OK")
	if all["dlr_url"] != "" || all["dlr_status"] != "" {
		need("dlr_status", "where a delivery report's status stands, such as query.status")
		if all["dlr_outbound"] == "" && all["dlr_ref"] == "" {
			need("dlr_outbound", "where a delivery report says our own id, which {id} puts into dlr_url, such as query.outbound")
		}
	}
	if !l.probeURL.None() {
		need("probe_ok", "a pattern for the answer to probe_url that means all is well, such as ^200 ")
	}
	for _, t := range []wire.Template{l.sendURL, l.sendBody, l.probeURL} {
		if t.Uses("gateway") && l.gateway == "" {
			faults = append(faults, wire.Fault{Key: "gateway_url", Text: "not set: write where the gateway listens, such as http://kannel.internal:13013"})
			break
		}
	}
	if l.signature.In != "" && l.textAt.In == "header" {
		faults = append(faults, wire.Fault{Key: "in_signature", Text: "leave it out: the text stands in a header, which it does not sign"})
	}
	if l.list.In != "" && !l.pushes {
		faults = append(faults, wire.Fault{Key: "answer", Text: "write push: one response can't answer a list of messages"})
	}
	if signed, known := signedBy[l.textAt.In]; l.signature.In != "" && known && !slices.ContainsFunc(signed, l.signatureOf.Uses) {
		faults = append(faults, wire.Fault{Key: "in_signature_of", Text: "the text is not signed: write {" + strings.Join(signed, "} or {") + "} into it"})
	}
	kind, _, _ := mime.ParseMediaType(l.sendType)
	inJSON := l.sendMethod != "GET" && l.sendBody.Uses("text") && strings.HasSuffix(kind, "json")
	if inJSON && !l.sendCharset.IsUTF8() {
		faults = append(faults, wire.Fault{Key: "send_charset", Text: "leave it out: JSON is always UTF-8"})
	}
	if l.reads.Mixed() {
		faults = append(faults, wire.Fault{Key: "in_text", Text: "a body is a form, JSON or XML: write form., json. or xml. everywhere"})
	}
	return faults
}

// signedBy names what a signature may be of, so that it holds the text, by where that stands.
var signedBy = map[string][]string{"body": {"body"}, "form": {"body"}, "json": {"body"}, "query": {"query", "url"}, "xml": {"body"}}

var tokenLetters = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// checkSecrets says what secrets are missing, or can't serve.
func (l *line) checkSecrets(c channels.Channel) error {
	for _, name := range []string{"token", "token_old"} {
		switch token := c.Secrets[name].Reveal(); {
		case token == "" && name == "token":
			return errors.New("token is not set")
		case token == "":
		case len(token) < minToken:
			return fmt.Errorf("%s has fewer than %d characters", name, minToken)
		case l.tokenInPath() && !tokenLetters.MatchString(token):
			return fmt.Errorf("%s stands in a path: it may hold letters, digits and . _ ~ - only", name)
		}
	}
	if l.signature.In != "" && c.Secrets["signature_secret"].Empty() {
		return errors.New("signature_secret is not set, which in_signature needs")
	}
	templates := []wire.Template{l.sendURL, l.sendBody}
	for _, h := range l.sendHeaders {
		templates = append(templates, h.Value)
	}
	for _, t := range templates {
		if (t.Uses("password") || t.Uses("basic")) && c.Secrets["password"].Empty() {
			return errors.New("password is not set, which sending needs")
		}
	}
	return nil
}

func at(of func(*line) *wire.Place) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = wire.ParsePlace(v); return err }
}

func filled(of func(*line) *wire.Template, names []string) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = wire.ParseTemplate(v, names); return err }
}

func headers(of func(*line) *[]wire.Header, names []string) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = wire.ParseHeaders(v, names); return err }
}

func matching(of func(*line) **regexp.Regexp) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = pattern(v); return err }
}

func oneOf(of func(*line) *string, words ...string) func(*line, string) error {
	return func(l *line, v string) error {
		*of(l) = v
		if !slices.Contains(words, v) {
			return errors.New("write one of " + strings.Join(words, ", "))
		}
		return nil
	}
}

func means(class channels.Failure) func(*line, string) error {
	return func(l *line, v string) error {
		p, err := pattern(v)
		l.results = append(l.results, result{class, p})
		return err
	}
}

func reported(as channels.Delivery) func(*line, string) error {
	return func(l *line, v string) error {
		for _, word := range words(v) {
			if before, taken := l.deliveries[word]; taken && before != as {
				return errors.New("a status can't mean two things: it stands under another dlr_ key too")
			}
			l.deliveries[word] = as
		}
		return nil
	}
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
}

func pattern(text string) (*regexp.Regexp, error) {
	p, err := regexp.Compile(text)
	if err != nil {
		return nil, errors.New("write a regular expression for the status and the body, such as ^202 0")
	}
	return p, nil
}

func truth(v string, to *bool) error {
	*to = v == "true"
	if v != "true" && v != "false" {
		return errors.New("write true or false")
	}
	return nil
}

func known(v string, to *wire.Charset) error {
	c, ok := wire.CharsetNamed(v)
	if !ok {
		return errors.New("no such charset is known: write one such as utf-8, iso-8859-1, windows-1252, utf-16be or gsm")
	}
	*to = c
	return nil
}

func (l *line) readCodings(v string) error {
	for _, word := range words(v) {
		coding, name, ok := strings.Cut(word, "=")
		var c wire.Charset
		if !ok || known(name, &c) != nil {
			return errors.New("write the charset of each coding, such as 0=gsm 3=iso-8859-1 8=utf-16be")
		}
		l.codings[coding] = c
	}
	return nil
}

func isHTTP(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("write a URL of http or https without a password in it; {password} stands for one")
	}
	return nil
}

// secretsOf are those that prove a request.
func secretsOf(c channels.Channel, names ...string) []prepaid.Secret {
	out := make([]prepaid.Secret, len(names))
	for i, name := range names {
		out[i] = c.Secrets[name]
	}
	return out
}
