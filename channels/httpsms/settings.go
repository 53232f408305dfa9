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
	"pulsa/prepaid"
)

// Fault is what is wrong with one setting. Its text says what to write, and quotes no value.
type Fault struct {
	Key  string
	Text string
}

// Error implements error.
func (f *Fault) Error() string { return f.Key + ": " + f.Text }

// Keys lists the settings of a channel, sorted. docs/channels.md has a table of them.
func Keys() []string {
	return slices.Sorted(maps.Keys(settings))
}

// Presets lists the kinds of gateways that are known, sorted.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Faults lists what is wrong with a channel's settings.
func Faults(settings map[string]string) []Fault {
	_, faults := compile(settings)
	return faults
}

// minToken is the length of the shortest token.
const minToken = 16

// line is a channel's settings as they are used. It is read only.
type line struct {
	raw map[string]string // what it was made from

	gateway, user, from string
	sources             channels.Sources
	redelivers          bool
	carrierStop         bool

	inURL               string
	token               place // "": in the path
	signature           place // "": none is asked for
	signatureBy         string
	signatureOf         template
	list                place // "": one message in a request
	fromAt, textAt      place
	idAt, timeAt        place
	charsetAt, codingAt place
	charset             charset
	codings             map[string]charset
	textAs              string
	national            bool // numbers come without their country's code
	readsForm           bool
	readsJSON           bool

	pushes        bool // answers go by the outbox
	answerType    string
	answerBody    template
	answerHeaders []header
	answerAck     string

	sendMethod    string
	sendURL       template
	sendType      string
	sendBody      template
	sendHeaders   []header
	sendCharset   charset
	unicodeCoding string
	results       []result
	probeMethod   string
	probeURL      template
	probeOK       *regexp.Regexp

	dlrURL              template
	dlrOutbound, dlrRef place
	dlrStatus, dlrCode  place
	dlrCodeIn           *regexp.Regexp
	deliveries          map[string]channels.Delivery
}

// result is what an answer of the gateway means, if the pattern finds something in it.
type result struct {
	class   channels.Failure // "": the message was sent
	pattern *regexp.Regexp
}

// of reports whether the line was made from these settings.
func (l *line) of(settings map[string]string) bool { return maps.Equal(l.raw, settings) }

func (l *line) tokenInPath() bool { return l.token.in == "" }

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
		if l.token, err = parsePlace(v); err != nil {
			return errors.New("write path, query.NAME, form.NAME, header.NAME or json.PATH")
		}
		return nil
	},
	"in_signature":    at(func(l *line) *place { return &l.signature }),
	"in_signature_by": oneOf(func(l *line) *string { return &l.signatureBy }, "hmac-sha256", "hmac-sha1", "hmac-sha512"),
	"in_signature_of": filled(func(l *line) *template { return &l.signatureOf }, signedNames),
	"in_list": func(l *line, v string) (err error) {
		if v == "json" { // the body itself is the list
			l.list = place{"json", ""}
			return nil
		}
		if l.list, err = parsePlace(v); err != nil || l.list.in != "json" {
			return errors.New("write json, or json.PATH where the list stands, such as json.messages")
		}
		return nil
	},
	"in_from": at(func(l *line) *place { return &l.fromAt }),
	"in_text": at(func(l *line) *place { return &l.textAt }),
	"in_id":   at(func(l *line) *place { return &l.idAt }),
	"in_time": at(func(l *line) *place { return &l.timeAt }),
	"in_charset": func(l *line, v string) (err error) {
		if isPlace(v) {
			l.charsetAt, err = parsePlace(v)
			return err
		}
		return known(v, &l.charset)
	},
	"in_coding":  at(func(l *line) *place { return &l.codingAt }),
	"in_codings": func(l *line, v string) error { return l.readCodings(v) },
	"in_text_as": oneOf(func(l *line) *string { return &l.textAs }, "plain", "percent", "hex", "base64"),
	"in_numbers": func(l *line, v string) error {
		l.national = v == "national"
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
	"answer_body":    filled(func(l *line) *template { return &l.answerBody }, textNames),
	"answer_headers": headers(func(l *line) *[]header { return &l.answerHeaders }, textNames),
	"answer_ack":     func(l *line, v string) error { l.answerAck = v; return nil },

	"send_method": oneOf(func(l *line) *string { return &l.sendMethod }, "GET", "POST", "PUT"),
	"send_url": func(l *line, v string) (err error) {
		if l.sendURL, err = parseTemplate(v, sendNames); err != nil {
			return err
		}
		return isHTTP(strings.ReplaceAll(v, "{gateway}", "http://gateway"))
	},
	"send_type":           func(l *line, v string) error { l.sendType = v; return nil },
	"send_body":           filled(func(l *line) *template { return &l.sendBody }, sendNames),
	"send_headers":        headers(func(l *line) *[]header { return &l.sendHeaders }, sendNames),
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
		if l.probeURL, err = parseTemplate(v, accountNames); err != nil {
			return err
		}
		return isHTTP(strings.ReplaceAll(v, "{gateway}", "http://gateway"))
	},
	"probe_ok": matching(func(l *line) **regexp.Regexp { return &l.probeOK }),

	"dlr_url":      filled(func(l *line) *template { return &l.dlrURL }, reportNames),
	"dlr_outbound": at(func(l *line) *place { return &l.dlrOutbound }),
	"dlr_ref":      at(func(l *line) *place { return &l.dlrRef }),
	"dlr_status":   at(func(l *line) *place { return &l.dlrStatus }),
	"dlr_code":     at(func(l *line) *place { return &l.dlrCode }),
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
	"send_method": "GET", "send_charset": "UTF-8", "send_coding_unicode": "2", "send_type": formType, "probe_method": "GET",
}

// resultOrder is the order in which the patterns are tried: a message that may have been sent is never called refused.
var resultOrder = []channels.Failure{"", channels.Throttled, channels.RecipientOut, channels.Misconfigured, channels.RefusedFor, channels.Retryable}

// compile makes a line of a channel's settings.
func compile(own map[string]string) (*line, []Fault) {
	preset, known := presets[own["preset"]]
	if !known && own["preset"] != "" {
		return nil, []Fault{{"preset", "write one of " + strings.Join(Presets(), ", ") + ", or leave it out and say everything else"}}
	}
	var faults []Fault
	all := maps.Clone(defaults)
	maps.Copy(all, preset)
	maps.Copy(all, own)
	l := &line{raw: maps.Clone(own), charset: utf8Charset, codings: map[string]charset{}, deliveries: map[string]channels.Delivery{}}
	for _, key := range Keys() {
		if all[key] == "" {
			continue
		}
		if err := settings[key](l, all[key]); err != nil {
			faults = append(faults, Fault{key, err.Error()})
		}
	}
	slices.SortStableFunc(l.results, func(a, b result) int {
		return slices.Index(resultOrder, a.class) - slices.Index(resultOrder, b.class)
	})
	for _, p := range []place{l.token, l.signature, l.list, l.fromAt, l.textAt, l.idAt, l.timeAt, l.charsetAt, l.codingAt, l.dlrOutbound, l.dlrRef, l.dlrStatus, l.dlrCode} {
		l.readsForm = l.readsForm || p.in == "form"
		l.readsJSON = l.readsJSON || p.in == "json"
	}
	return l, append(faults, l.lacks(all)...)
}

// lacks lists what the settings need and do not have.
func (l *line) lacks(all map[string]string) (faults []Fault) {
	need := func(key, what string) {
		if all[key] == "" {
			faults = append(faults, Fault{key, "not set: write " + what})
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
	if l.probeURL.texts != nil {
		need("probe_ok", "a pattern for the answer to probe_url that means all is well, such as ^200 ")
	}
	for _, t := range []template{l.sendURL, l.sendBody, l.probeURL} {
		if t.uses("gateway") && l.gateway == "" {
			faults = append(faults, Fault{"gateway_url", "not set: write where the gateway listens, such as http://kannel.internal:13013"})
			break
		}
	}
	if l.signature.in != "" && l.textAt.in == "header" {
		faults = append(faults, Fault{"in_signature", "leave it out: the text stands in a header, which it does not sign"})
	}
	if l.list.in != "" && !l.pushes {
		faults = append(faults, Fault{"answer", "write push: one response can't answer a list of messages"})
	}
	if signed, known := signedBy[l.textAt.in]; l.signature.in != "" && known && !slices.ContainsFunc(signed, l.signatureOf.uses) {
		faults = append(faults, Fault{"in_signature_of", "the text is not signed: write {" + strings.Join(signed, "} or {") + "} into it"})
	}
	kind, _, _ := mime.ParseMediaType(l.sendType)
	inJSON := l.sendMethod != "GET" && l.sendBody.uses("text") && strings.HasSuffix(kind, "json")
	if inJSON && (l.sendCharset.gsm || l.sendCharset.as != nil) {
		faults = append(faults, Fault{"send_charset", "leave it out: JSON is always UTF-8"})
	}
	if l.readsForm && l.readsJSON {
		faults = append(faults, Fault{"in_text", "a body is a form or JSON, not both: write form. or json. everywhere"})
	}
	return faults
}

// signedBy names what a signature may be of, so that it holds the text, by where that stands.
var signedBy = map[string][]string{"body": {"body"}, "form": {"body"}, "json": {"body"}, "query": {"query", "url"}}

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
	if l.signature.in != "" && c.Secrets["signature_secret"].Empty() {
		return errors.New("signature_secret is not set, which in_signature needs")
	}
	templates := []template{l.sendURL, l.sendBody}
	for _, h := range l.sendHeaders {
		templates = append(templates, h.value)
	}
	for _, t := range templates {
		if (t.uses("password") || t.uses("basic")) && c.Secrets["password"].Empty() {
			return errors.New("password is not set, which sending needs")
		}
	}
	return nil
}

func at(of func(*line) *place) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = parsePlace(v); return err }
}

func filled(of func(*line) *template, names []string) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = parseTemplate(v, names); return err }
}

func headers(of func(*line) *[]header, names []string) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = parseHeaders(v, names); return err }
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

func known(v string, to *charset) error {
	c, ok := charsetNamed(v)
	if !ok {
		return errors.New("no such charset is known: write one such as utf-8, iso-8859-1, windows-1252, utf-16be or gsm")
	}
	*to = c
	return nil
}

func (l *line) readCodings(v string) error {
	for _, word := range words(v) {
		coding, name, ok := strings.Cut(word, "=")
		var c charset
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
