package talk

import (
	"regexp"
	"strconv"
	"strings"

	"pulsa/prepaid"
)

// say is what a ">" line sends.
type say struct {
	text       string   // with its secrets
	dials      bool     // on a dialled channel the text is dialled, not typed: "*123*10#"
	shown      string   // with **** for them
	secrets    []string // as written
	button     string   // the label of [button "…"]
	of         int      // [button "…" of 2]: of the second newest question that had such; 0: not said
	contact    string   // "own", or a number
	attachment bool
}

// dialled is what phones dial; a story that means the text writes \*123#.
var dialled = regexp.MustCompile(`^\*[0-9]+(\*[^*#]*)*#$`)

// directives says what may stand in brackets.
const directives = `write [secret 4821], [button "SEPA"], [button "SEPA" of 2], [contact], [contact +31612345678] or [photo]; a plain [ is \[`

// parseSay reads what stands behind ">".
func parseSay(text string) (*say, *wrong) {
	s := &say{}
	var sent, shown strings.Builder
	both := func(t string) {
		sent.WriteString(t)
		shown.WriteString(t)
	}
	alone := "" // a directive that allows nothing beside it
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, `\[`)
		if i < 0 {
			both(rest)
			break
		}
		both(rest[:i])
		rest = rest[i:]
		if plain, ok := escaped(rest); ok {
			both(plain)
			rest = rest[2:]
			continue
		}
		if rest[0] == '\\' {
			both(`\`)
			rest = rest[1:]
			continue
		}
		inside, after, closed := strings.Cut(rest[1:], "]")
		if !closed {
			return nil, wrongf(directives, "a [ that is not closed")
		}
		rest = after
		word, arg, _ := strings.Cut(strings.TrimSpace(inside), " ")
		arg = strings.TrimSpace(arg)
		if word == "secret" {
			if arg == "" {
				return nil, wrongf("write [secret 4821]", "a secret that says nothing")
			}
			s.secrets = append(s.secrets, arg)
			sent.WriteString(arg)
			shown.WriteString("****")
			continue
		}
		if err := s.directive(word, arg); err != nil {
			return nil, err
		}
		if alone != "" {
			return nil, wrongf("send them on lines of their own", "[%s] and [%s] in one message", alone, word)
		}
		alone = word
		shown.WriteString("[" + strings.TrimSpace(inside) + "]")
	}
	s.text, s.shown = sent.String(), shown.String()
	s.dials = strings.HasPrefix(text, "*") && dialled.MatchString(s.text)
	if alone != "" && (strings.TrimSpace(s.text) != "" || len(s.secrets) > 0) {
		return nil, wrongf("send the text on a line of its own", "[%s] with text beside it", alone)
	}
	if alone != "" {
		s.text = ""
	}
	return s, nil
}

// escaped returns the character that a backslash at the start of text makes plain.
func escaped(text string) (string, bool) {
	if len(text) > 1 && text[0] == '\\' && strings.IndexByte(`*{[\`, text[1]) >= 0 {
		return text[1:2], true
	}
	return "", false
}

var buttonArg = regexp.MustCompile(`^"\s*(.*\S)\s*"(?:\s+of\s+([1-9]\d?))?$`)

func (s *say) directive(word, arg string) *wrong {
	switch {
	case word == "button":
		found := buttonArg.FindStringSubmatch(arg)
		if found == nil {
			return wrongf(`write [button "SEPA"], or [button "SEPA" of 2] for that of the second newest question that had one`, "a button without its label in quotes")
		}
		s.button = strings.TrimSpace(found[1])
		if found[2] != "" {
			s.of, _ = strconv.Atoi(found[2]) // of one or two digits, by the pattern
		}
	case word == "contact" && arg == "":
		s.contact = "own"
	case word == "contact":
		if digits, ok := prepaid.PhoneDigits(arg); !ok || len(digits) < 7 {
			return wrongf("write [contact +31612345678] or [contact 06 1234 5678], or [contact] for one's own", "%q is not a phone number", arg)
		}
		s.contact = arg
	case word == "photo" && arg == "":
		s.attachment = true
	default:
		return wrongf(directives, "unknown [%s]", strings.TrimSpace(word+" "+arg))
	}
	return nil
}
