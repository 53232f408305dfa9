package config

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// configReader reads YAML strictly, by its nodes: every fault has its line, and a phone number or a code
// stays the text that was typed.
type configReader struct {
	file            string
	getenv          func(string) string
	known           Known
	languages       *conversation.Languages
	languagesFailed bool // and with them what a brand may name
	faults          []yamlfile.Fault
	notes           []string
	folder          string // of credentials; "": they are in the environment
	missing         []Missing
}

// section is a mapping of the file.
type section struct {
	r      *configReader
	what   string // "brand demo": how messages name it
	line   int    // of the key that it stands under
	node   *yaml.Node
	fields map[string]*yaml.Node
	lines  map[string]int // of the keys
	of     Credentials    // what the variables that it names are
}

// section reads a mapping whose keys are those of configKeys[name].
func (r *configReader) section(n *yaml.Node, line int, what, name string) section {
	known := configKeys[name]
	s := r.mapping(n, line, what)
	for key, at := range s.lines {
		if !slices.Contains(known, key) {
			r.fault(at, "%s has no key %s%s", what, key, yamlfile.DidYouMean(key, known))
		}
	}
	return s
}

// mapping reads a mapping with any keys.
func (r *configReader) mapping(n *yaml.Node, line int, what string) section {
	s := section{r: r, what: what, line: line, node: n, fields: map[string]*yaml.Node{}, lines: map[string]int{}}
	if n.Kind != yaml.MappingNode {
		if !yamlfile.IsNull(n) && n.Kind != yaml.AliasNode {
			r.fault(n.Line, "%s wants keys with values under it: write key: value", what)
		}
		return s
	}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if _, twice := s.fields[key.Value]; key.Kind != yaml.ScalarNode || twice {
			continue // lint has said so
		}
		s.fields[key.Value], s.lines[key.Value] = n.Content[i+1], key.Line
	}
	return s
}

func (s section) has(key string) bool { return s.fields[key] != nil }

// sub is a mapping within the section, if it is there.
func (s section) sub(key string) (section, bool) {
	n := s.fields[key]
	if n == nil {
		return section{}, false
	}
	sub := s.r.section(n, s.lines[key], key, key)
	sub.of = s.of
	return sub, true
}

// holding is the section where the variables that it names are such credentials.
func (s section) holding(of Credentials) section {
	s.of = of
	return s
}

// free is a mapping within the section whose keys are names; empty where it is not there.
func (s section) free(key string) section {
	n := s.fields[key]
	if n == nil {
		return section{r: s.r, what: key, line: s.line}
	}
	return s.r.mapping(n, s.lines[key], key)
}

// names lists the keys as they stand in the file.
func (s section) names() []string {
	return slices.SortedFunc(maps.Keys(s.lines), func(a, b string) int {
		return cmp.Or(s.lines[a]-s.lines[b], s.fields[a].Column-s.fields[b].Column)
	})
}

// value is one scalar and where it came from.
type value struct {
	key  string
	text string
	env  string // the variable that it came from, or was to come from
	line int    // 0: not from the file
}

func (v value) given() bool { return v.text != "" }

// or is the text, or fallback where there is none.
func (v value) or(fallback string) string {
	if v.text == "" {
		return fallback
	}
	return v.text
}

// name is how messages call the value's place.
func (v value) name() string {
	if v.line == 0 && v.env != "" {
		return environmentName(v.env)
	}
	return v.key
}

// shown is the value as messages may show it: what came from the environment may be secret.
func (v value) shown() string {
	if v.env != "" {
		return "the value of " + v.env
	}
	return strconv.Quote(v.text)
}

// fromEnvironment is a value that names a variable: ${TWILIO_AUTH_TOKEN}.
var fromEnvironment = regexp.MustCompile(`^\$\{([A-Z][A-Z0-9_]*)\}$`)

// fileName is what a variable's name must be for a file to be looked for.
var fileName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// optional reads a scalar; one whose variable is not set has no text.
func (s section) optional(key string) value {
	n := s.fields[key]
	if n == nil || yamlfile.IsNull(n) || n.Kind == yaml.AliasNode {
		return value{key: key, line: s.line}
	}
	v := value{key: key, line: s.lines[key]}
	if n.Kind != yaml.ScalarNode {
		s.r.fault(v.line, "%s wants one value, not a list or keys under it", key)
		return v
	}
	v.text = strings.TrimSpace(n.Value)
	if m := fromEnvironment.FindStringSubmatch(v.text); m != nil {
		v.env, v.text = m[1], s.r.getenv(m[1])
	} else if strings.Contains(v.text, "${") {
		s.r.fault(v.line, "%s: a variable must be the whole value, in capitals: %s: ${NAME}", key, key)
		v.text = ""
	}
	return v
}

// value reads a scalar; a variable that it names must be set.
func (s section) value(key string) value {
	v := s.optional(key)
	if v.env != "" && v.text == "" {
		s.r.lacks(s.of, v.line, v.env, "%s: %s is %s", key, v.env, s.r.notSet())
	}
	return v
}

// required reads a scalar that must be there.
func (s section) required(key, example string) value {
	if !s.has(key) {
		s.r.fault(s.line, "%s has no %s: write %s: %s", s.what, key, key, example)
	}
	return s.value(key)
}

// over reads a scalar that an environment variable overrides.
func (s section) over(key, variable string) value {
	if text := s.r.getenv(variable); text != "" {
		return value{key: key, text: text, env: variable}
	}
	return s.value(key)
}

// oneOf reads one of the words; the first is the default.
func (s section) oneOf(key string, words ...string) string {
	v := s.value(key)
	if v.given() && !slices.Contains(words, v.text) {
		s.r.fault(v.line, "%s is %s: write one of %s", key, v.shown(), strings.Join(words, ", "))
	}
	return v.or(words[0])
}

// boolean reads true or false; the default is false. What can't be read counts as true, which draws the
// fewest faults after it.
func (s section) boolean(key string) bool {
	v := s.value(key)
	if v.given() && v.text != "true" && v.text != "false" {
		s.r.fault(v.line, "%s is %s: write true or false", key, v.shown())
	}
	return v.given() && v.text != "false"
}

// integer reads a whole number from low to high.
func (s section) integer(key string, low, high, fallback int) int {
	v := s.value(key)
	if !v.given() {
		return fallback
	}
	n, err := strconv.Atoi(v.text)
	if err != nil || n < low || n > high || strings.Trim(v.text, "0123456789") != "" {
		s.r.fault(v.line, "%s is %s: write a whole number from %d to %d", key, v.shown(), low, high)
		return fallback
	}
	return n
}

// money reads an amount above zero; zero where there is none.
func (s section) money(key string, c prepaid.Currency) prepaid.Money {
	v := s.value(key)
	if !v.given() {
		return prepaid.Money{Currency: c}
	}
	m, err := prepaid.ParseMoney(v.text, c)
	switch {
	case errors.Is(err, prepaid.ErrTooManyDecimals):
		s.r.fault(v.line, "%s is %s: %s has %d decimals", key, v.shown(), c, c.Decimals())
	case err != nil || m.Minor == 0:
		s.r.fault(v.line, "%s is %s: write an amount above zero without its currency, such as 10 or 10.50", key, v.shown())
	}
	m.Currency = c
	return m
}

// list reads a list of scalars.
func (s section) list(key string) []value {
	n := s.fields[key]
	if n == nil || yamlfile.IsNull(n) || n.Kind == yaml.AliasNode {
		return nil
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		s.r.fault(s.lines[key], "%s wants a list: write %s: [ONE, TWO]", key, key)
		return nil
	}
	var list []value
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode || strings.TrimSpace(item.Value) == "" {
			s.r.fault(item.Line, "%s: every item of the list must be one word", key)
			continue
		}
		list = append(list, value{key: key, text: strings.TrimSpace(item.Value), line: item.Line})
	}
	return list
}
