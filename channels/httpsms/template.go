package httpsms

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"pulsa/channels"
)

// template is a text with places to fill: "to={to}&text={text}". A brace that no name in lower case follows is text.
type template struct {
	texts []string // before each name, and after the last
	names []string
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// parseTemplate reads a template that may use the names.
func parseTemplate(text string, names []string) (template, error) {
	var t template
	at := 0
	for _, found := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		name := text[found[2]:found[3]]
		if !slices.Contains(names, name) {
			return t, fmt.Errorf("there is no {%s}: write one of {%s}", name, strings.Join(names, "}, {"))
		}
		t.texts, t.names = append(t.texts, text[at:found[0]]), append(t.names, name)
		at = found[1]
	}
	t.texts = append(t.texts, text[at:])
	return t, nil
}

func (t template) uses(name string) bool { return slices.Contains(t.names, name) }

// fill writes the template with values, each escaped for where it stands; what a URL begins with is written as it is.
func (t template) fill(values map[string]string, escape func(string) string) string {
	var out strings.Builder
	for i, name := range t.names {
		out.WriteString(t.texts[i])
		if name == "gateway" || name == "webhook" {
			out.WriteString(values[name])
		} else {
			out.WriteString(escape(values[name]))
		}
	}
	if len(t.texts) > 0 {
		out.WriteString(t.texts[len(t.names)])
	}
	return out.String()
}

// escapeURL escapes a value for any place in a URL and for a form.
func escapeURL(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

func escapeHeader(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, value)
}

func escapeJSON(value string) string {
	text, _ := json.Marshal(value) // of a string it can't fail
	return string(text[1 : len(text)-1])
}

func escapeXML(value string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(value)) // nor can this: a Builder takes everything
	return out.String()
}

func verbatim(value string) string { return value }

// escapeFor is how values are escaped in a body of a type.
func escapeFor(contentType string) func(string) string {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == formType:
		return escapeURL
	case strings.HasSuffix(kind, "json"):
		return escapeJSON
	case strings.HasSuffix(kind, "xml"), strings.HasSuffix(kind, "html"):
		return escapeXML
	}
	return verbatim
}

const formType = "application/x-www-form-urlencoded"

// textNames are what is known of any text that goes out.
var textNames = []string{"charset", "coding", "text", "text_hex"}

// textValues tells of a text what templates may ask. coding is 0 for what GSM-7 can carry.
func textValues(text, unicodeCoding string, to charset) map[string]string {
	values := map[string]string{"text": to.encode(text), "charset": to.name, "coding": "0"}
	if channels.IsGSM7(text) {
		values["text_hex"] = hex.EncodeToString(channels.EncodeGSM(text))
		return values
	}
	units, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(strings.ToValidUTF8(text, "\uFFFD"))
	values["coding"], values["text_hex"] = unicodeCoding, hex.EncodeToString([]byte(units))
	return values
}

// basic is what follows "Basic " in a header that signs in.
func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// header is a header of a request or an answer.
type header struct {
	name  string
	value template
}

var headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

// parseHeaders reads headers, one in each line: "X-Api-Key: {password}".
func parseHeaders(text string, names []string) ([]header, error) {
	var out []header
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !headerName.MatchString(name) {
			return nil, fmt.Errorf("write one header in each line, such as %q", "X-Api-Key: {password}")
		}
		t, err := parseTemplate(strings.TrimSpace(value), names)
		if err != nil {
			return nil, err
		}
		out = append(out, header{name, t})
	}
	return out, nil
}
