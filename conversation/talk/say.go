package talk

import (
	"strings"
)

// say is what a ">" line sends.
type say struct {
	text       string   // with its secrets
	shown      string   // with **** for them
	secrets    []string // as written
	button     string   // the label of [button "…"]
	contact    string   // "own", or a number
	attachment bool
}

// directives says what may stand in brackets.
const directives = `write [secret 4821], [button "SEPA"], [contact], [contact +31612345678] or [photo]; a plain [ is \[`

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

func (s *say) directive(word, arg string) *wrong {
	switch {
	case word == "button":
		label, ok := strings.CutPrefix(arg, `"`)
		label, closed := strings.CutSuffix(label, `"`)
		if label = strings.TrimSpace(label); !ok || !closed || label == "" {
			return wrongf(`write [button "SEPA"]`, "a button without its label in quotes")
		}
		s.button = label
	case word == "contact" && arg == "":
		s.contact = "own"
	case word == "contact":
		if !e164(arg) {
			return wrongf("write [contact +31612345678], or [contact] for one's own", "%q is not a number in full", arg)
		}
		s.contact = arg
	case word == "photo" && arg == "":
		s.attachment = true
	default:
		return wrongf(directives, "unknown [%s]", strings.TrimSpace(word+" "+arg))
	}
	return nil
}
