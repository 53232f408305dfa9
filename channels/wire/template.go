package wire

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"pulsa/channels"
)

// Template is a text with places to fill: "to={to}&text={text}". A brace that no name in lower case follows is text.
type Template struct {
	texts []string // before each name, and after the last
	names []string
}

var placeholder = regexp.MustCompile(`\{([a-z_]+|(?:query|form|header|json|xml)\.[A-Za-z0-9_@.-]+)\}`)

// ParseTemplate reads a template that may use the names.
func ParseTemplate(text string, names []string) (Template, error) {
	return parse(text, func(name string) error {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no {%s}: write one of {%s}", name, strings.Join(names, "}, {"))
		}
		return nil
	})
}

// ParseAnswer reads a template that may use the names, and fields of the request that it answers: "{json.session_id}".
func ParseAnswer(text string, names []string) (Template, error) {
	return parse(text, func(name string) error {
		if !slices.Contains(names, name) && !IsPlace(name) {
			return fmt.Errorf("there is no {%s}: write one of {%s}, or where a field of the request stands, such as {json.session_id}", name, strings.Join(names, "}, {"))
		}
		return nil
	})
}

func parse(text string, check func(name string) error) (t Template, err error) {
	at := 0
	for _, found := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		name := text[found[2]:found[3]]
		if err := check(name); err != nil {
			return Template{}, err
		}
		t.texts, t.names = append(t.texts, text[at:found[0]]), append(t.names, name)
		at = found[1]
	}
	t.texts = append(t.texts, text[at:])
	return t, nil
}

// None reports whether the template was never read.
func (t Template) None() bool { return t.texts == nil }

// Uses reports whether the template has a name.
func (t Template) Uses(name string) bool { return slices.Contains(t.names, name) }

// Places lists the fields of the request that the template uses.
func (t Template) Places() (list []Place) {
	for _, name := range t.names {
		if p, err := ParsePlace(name); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// Fill writes the template with values, each escaped for where it stands; what a URL begins with is written as it is.
func (t Template) Fill(values map[string]string, escape func(string) string) string {
	return t.fill(func(_ int, name string) string {
		if name == "gateway" || name == "webhook" {
			return values[name]
		}
		return escape(values[name])
	})
}

func (t Template) fill(value func(i int, name string) string) string {
	var out strings.Builder
	for i, name := range t.names {
		out.WriteString(t.texts[i])
		out.WriteString(value(i, name))
	}
	if len(t.texts) > 0 {
		out.WriteString(t.texts[len(t.names)])
	}
	return out.String()
}

// Echo is a field of a request as its answer repeats it.
type Echo struct {
	Text string
	JSON string // the field as JSON writes it: 17, "17" or null
}

// Echoes are the fields of the request that the template uses, by name.
func (t Template) Echoes(r *Request) map[string]Echo {
	var echoes map[string]Echo
	for _, p := range t.Places() {
		if echoes == nil {
			echoes = map[string]Echo{}
		}
		text, _ := r.At(p)
		echoes[p.String()] = Echo{channels.CleanText(text), r.jsonAt(p)}
	}
	return echoes
}

// Answer writes the template in a body of a type. A field of the request that stands in JSON without quotes around it keeps its own
// type: {"id": {json.id}, "name": "{json.name}"}.
func (t Template) Answer(values map[string]string, echoes map[string]Echo, contentType string) string {
	escape := EscapeFor(contentType)
	return t.fill(func(i int, name string) string {
		echo, repeated := echoes[name]
		switch {
		case !repeated:
			return escape(values[name])
		case isJSON(contentType) && !strings.HasSuffix(t.texts[i], `"`):
			return echo.JSON
		}
		return escape(echo.Text)
	})
}

// EscapeURL escapes a value for any place in a URL and for a form.
func EscapeURL(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

// EscapeHeader keeps a value within one line of a header.
func EscapeHeader(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, value)
}

// EscapeJSON escapes a value that stands between quotes in JSON.
func EscapeJSON(value string) string {
	text, _ := json.Marshal(value) // of a string it can't fail
	return string(text[1 : len(text)-1])
}

// EscapeXML escapes a value of an element or an attribute.
func EscapeXML(value string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(value)) // nor can this: a Builder takes everything
	return out.String()
}

// Verbatim leaves a value as it is.
func Verbatim(value string) string { return value }

// EscapeFor is how values are escaped in a body of a type.
func EscapeFor(contentType string) func(string) string {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == FormType:
		return EscapeURL
	case strings.HasSuffix(kind, "json"):
		return EscapeJSON
	case strings.HasSuffix(kind, "xml"), strings.HasSuffix(kind, "html"):
		return EscapeXML
	}
	return Verbatim
}

func isJSON(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return strings.HasSuffix(kind, "json")
}

// FormType is the type of a form.
const FormType = "application/x-www-form-urlencoded"

// Header is a header of a request or an answer.
type Header struct {
	Name  string
	Value Template
}

var headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

// ParseHeaders reads headers, one in each line: "X-Api-Key: {password}".
func ParseHeaders(text string, names []string) ([]Header, error) {
	var out []Header
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !headerName.MatchString(name) {
			return nil, fmt.Errorf("write one header in each line, such as %q", "X-Api-Key: {password}")
		}
		t, err := ParseTemplate(strings.TrimSpace(value), names)
		if err != nil {
			return nil, err
		}
		out = append(out, Header{name, t})
	}
	return out, nil
}
