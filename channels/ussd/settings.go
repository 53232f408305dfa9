package ussd

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// Keys lists the settings of a channel, sorted. docs/channels.md has a table of them.
func Keys() []string { return slices.Sorted(maps.Keys(settings)) }

// Presets lists the gateways that are known, sorted.
func Presets() []string {
	return slices.Sorted(maps.Keys(presets))
}

// Faults lists what is wrong with a channel's settings.
func Faults(settings map[string]string) []wire.Fault {
	_, faults := compile(settings)
	return faults
}

const (
	minToken = 16  // letters of the shortest token
	minUnits = 80  // of a screen: below, the lines that turn pages leave no room
	maxUnits = 182 // of a screen, by the standard
)

// line is a channel's settings as they are used. It is read only.
type line struct {
	sources channels.Sources
	code    string // what customers dial, without its signs

	method         string
	token          wire.Place // none: in the path
	session        wire.Place
	ofSender       bool // a request that names no session belongs to the one that its sender has open
	from, text     wire.Place
	numbers        wire.Numbers
	textIs         string
	codeAt         wire.Place
	kind           wire.Place
	opens, closes  []string
	closed, number wire.Place
	reads          wire.Bodies

	units                  int
	answerType             string
	more, end              wire.Template
	moreHeaders, endHeader []wire.Header
}

func (l *line) tokenInPath() bool { return l.token.None() }

// What the text holds.
const (
	allInputs  = "all"     // what was typed in the session, parted by stars: 1*10*4821
	allDialled = "dialled" // the same behind the code: *123*1*10*4821#
	lastInput  = "last"    // what was typed last; what opens a session is dialled: *123*10#
)

// answerNames are what templates of answers may use beside fields of the request.
var answerNames = []string{"input", "text"}

// settings tells for each key how its value becomes part of a line. A key that is not written, or empty, is not read.
var settings = map[string]func(*line, string) error{
	"preset":  func(*line, string) error { return nil }, // read first
	"sources": func(l *line, v string) (err error) { l.sources, err = channels.ParseSources(v); return err },

	"in_method": oneOf(func(l *line) *string { return &l.method }, http.MethodPost, http.MethodGet),
	"in_token": func(l *line, v string) (err error) {
		if v == "path" {
			return nil
		}
		if l.token, err = wire.ParsePlace(v); err != nil {
			return errors.New("write path, query.NAME, form.NAME, header.NAME, json.PATH or xml.PATH")
		}
		return nil
	},
	"in_session": func(l *line, v string) (err error) {
		place, sender, two := strings.Cut(v, " ")
		l.ofSender = two
		if l.session, err = wire.ParsePlace(place); err == nil && two && sender != "sender" {
			return errors.New(`behind a blank write sender, where requests may lack the session: "json.session sender"`)
		}
		return err
	},
	"in_from": at(func(l *line) *wire.Place { return &l.from }),
	"in_numbers": func(l *line, v string) error {
		l.numbers = wire.Numbers(v)
		if l.numbers != wire.National && l.numbers != wire.International {
			return errors.New("write international, or national where numbers come without their country's code")
		}
		return nil
	},
	"in_text":        at(func(l *line) *wire.Place { return &l.text }),
	"in_text_is":     oneOf(func(l *line) *string { return &l.textIs }, allInputs, allDialled, lastInput),
	"in_code":        at(func(l *line) *wire.Place { return &l.codeAt }),
	"in_kind":        at(func(l *line) *wire.Place { return &l.kind }),
	"in_kind_opens":  func(l *line, v string) error { l.opens = words(v); return nil },
	"in_kind_closes": func(l *line, v string) error { l.closes = words(v); return nil },
	"in_closed":      at(func(l *line) *wire.Place { return &l.closed }),
	"in_number":      at(func(l *line) *wire.Place { return &l.number }),

	"answer_units": func(l *line, v string) (err error) {
		if l.units, err = strconv.Atoi(v); err != nil || l.units < minUnits || l.units > maxUnits {
			return fmt.Errorf("write how many letters a screen has, %d to %d", minUnits, maxUnits)
		}
		return nil
	},
	"answer_type":         func(l *line, v string) error { l.answerType = v; return nil },
	"answer_more":         answer(func(l *line) *wire.Template { return &l.more }),
	"answer_end":          answer(func(l *line) *wire.Template { return &l.end }),
	"answer_more_headers": headers(func(l *line) *[]wire.Header { return &l.moreHeaders }),
	"answer_end_headers":  headers(func(l *line) *[]wire.Header { return &l.endHeader }),
}

// defaults hold where neither the channel nor its preset says anything.
var defaults = map[string]string{
	"in_method": http.MethodPost, "in_token": "query.token", "in_numbers": string(wire.International), "in_text_is": lastInput,
	"answer_units": strconv.Itoa(maxUnits), "answer_type": "application/json", prepaid.ServiceCodeSetting: "*123#",
}

// compile makes a line of a channel's settings.
func compile(own map[string]string) (*line, []wire.Fault) {
	name := own["preset"]
	if name == "" {
		name = defaultPreset
	}
	preset, known := presets[name]
	if !known {
		return nil, []wire.Fault{{Key: "preset", Text: "write one of " + strings.Join(Presets(), ", ") + "; with none the channel says everything itself"}}
	}
	all := maps.Clone(defaults)
	maps.Copy(all, preset)
	maps.Copy(all, own)
	l := &line{code: all[prepaid.ServiceCodeSetting]}
	faults := wire.Set(l, Keys(), settings, all)
	places := []wire.Place{l.token, l.session, l.from, l.text, l.codeAt, l.kind, l.closed, l.number}
	l.reads = wire.BodiesOf(slices.Concat(places, l.more.Places(), l.end.Places())...)
	return l, append(faults, l.lacks(all)...)
}

// lacks lists what the settings need and do not have.
func (l *line) lacks(all map[string]string) (faults []wire.Fault) {
	need := func(key, what string) {
		if all[key] == "" {
			faults = append(faults, wire.Fault{Key: key, Text: "not set: write " + what})
		}
	}
	need("in_session", "where the gateway's name of the session stands, such as json.sessionId")
	need("in_from", "where the customer's number stands, such as json.msisdn")
	need("in_text", "where the text stands, such as json.text")
	need("answer_more", "what is answered while the session goes on, such as CON {text}")
	need("answer_end", "what is answered when the session ends, such as END {text}")
	if all["in_kind_opens"]+all["in_kind_closes"] != "" {
		need("in_kind", "where in_kind_opens and in_kind_closes are looked for, such as json.type")
	}
	if l.reads.Mixed() {
		faults = append(faults, wire.Fault{Key: "in_text", Text: "a body is a form, JSON or XML: write form., json. or xml. everywhere"})
	}
	for _, t := range []struct {
		key string
		is  wire.Template
	}{{"answer_more", l.more}, {"answer_end", l.end}} {
		if all[t.key] != "" && !t.is.None() && !t.is.Uses("text") {
			faults = append(faults, wire.Fault{Key: t.key, Text: "has no {text}: write where it goes"})
		}
	}
	if l.ofSender && (l.textIs != lastInput || l.kind.None()) {
		faults = append(faults, wire.Fault{Key: "in_session", Text: "leave sender out: it needs in_text_is: last, and in_kind to tell what opens a session"})
	}
	return faults
}

var tokenLetters = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// checkSecrets says what secrets are missing, or can't serve.
func (l *line) checkSecrets(c channels.Channel) error {
	for _, name := range []string{"token", "token_old"} {
		switch token := c.Secrets[name].Reveal(); {
		case token == "" && name == "token":
			return errors.New("token is not set (USSD_TOKEN)")
		case token == "":
		case len(token) < minToken:
			return fmt.Errorf("%s has fewer than %d characters", name, minToken)
		case l.tokenInPath() && !tokenLetters.MatchString(token):
			return fmt.Errorf("%s stands in a path: it may hold letters, digits and . _ ~ - only", name)
		}
	}
	return nil
}

func at(of func(*line) *wire.Place) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = wire.ParsePlace(v); return err }
}

func answer(of func(*line) *wire.Template) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = wire.ParseAnswer(v, answerNames); return err }
}

func headers(of func(*line) *[]wire.Header) func(*line, string) error {
	return func(l *line, v string) (err error) { *of(l), err = wire.ParseHeaders(v, []string{"text"}); return err }
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

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
}
