package talk

import (
	"fmt"
	"regexp"
	"strings"
)

// expect is a "<" line with the lines that go on with it.
type expect struct {
	pos
	last     int // its last line
	raw      string
	comment  string
	optional bool // "<?"
	nothing  bool // "< nothing"
	tokens   []token
}

// token is a piece of what is expected: one of literal text, anything, what a name has kept, and a prompt.
type token struct {
	literal string
	any     bool
	name    string
	key     string
	values  []value
}

// value is what must have been put into a prompt; its pattern has * for anything. A name alone that has kept nothing
// keeps what was put there.
type value struct {
	name    string
	pattern []token
}

// parseExpect reads the lines of one reply; the first begins with "<".
func parseExpect(lines []line) (*expect, *wrong) {
	first := lines[0]
	e := &expect{pos: first.pos, last: lines[len(lines)-1].line, raw: first.text, comment: first.comment}
	at := func(err *wrong, l line) *wrong {
		err.at = l.pos
		return err
	}
	text := first.text[1:]
	if rest, ok := strings.CutPrefix(text, "?"); ok {
		text, e.optional = rest, true
	}
	if text != "" && text[0] != ' ' {
		return nil, at(wrongf("write < and a space", "no space behind <"), first)
	}
	for i, l := range lines {
		if i > 0 {
			text = l.text
			e.raw += "\n" + l.text
		}
		tokens, err := parseTokens(strings.Join(strings.Fields(text), " "))
		if err != nil {
			return nil, at(err, l)
		}
		if i > 0 && len(tokens) > 0 && len(e.tokens) > 0 {
			e.tokens = append(e.tokens, token{literal: " "})
		}
		e.tokens = append(e.tokens, tokens...)
	}
	switch {
	case len(e.tokens) == 0:
		return nil, at(wrongf("write < nothing where nothing is answered, and < * where anything may be", "a reply that says nothing"), first)
	case len(lines) == 1 && strings.TrimSpace(text) == "nothing":
		if e.optional {
			return nil, at(wrongf("write < nothing", "<? nothing means no more than nothing"), first)
		}
		e.nothing = true
	}
	return e, nil
}

// parseTokens reads text whose white space is folded.
func parseTokens(text string) ([]token, *wrong) {
	var tokens []token
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			tokens = append(tokens, token{literal: literal.String()})
			literal.Reset()
		}
	}
	for text != "" {
		i := strings.IndexAny(text, `\*{`)
		if i < 0 {
			literal.WriteString(text)
			break
		}
		literal.WriteString(text[:i])
		text = text[i:]
		if plain, ok := escaped(text); ok {
			literal.WriteString(plain)
			text = text[2:]
			continue
		}
		switch text[0] {
		case '*':
			flush()
			tokens = append(tokens, token{any: true})
			text = text[1:]
		case '{':
			flush()
			inside, after, closed := strings.Cut(text[1:], "}")
			if !closed {
				return nil, wrongf(`close it with }; a plain { is \{`, "a { that is not closed")
			}
			t, err := parseKey(inside)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, t)
			text = after
		default: // a backslash before anything else is itself
			literal.WriteByte('\\')
			text = text[1:]
		}
	}
	flush()
	return tokens, nil
}

var (
	promptKey = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	valueName = regexp.MustCompile(`(?:^| )([A-Za-z_][A-Za-z0-9_]*)=`)
)

// parseKey reads "key name=value other=value"; a value ends where the next begins, or stands in quotes.
func parseKey(inside string) (token, *wrong) {
	key, rest, _ := strings.Cut(strings.TrimSpace(inside), " ")
	if !promptKey.MatchString(key) {
		return token{}, wrongf(`write {registration.ask_pin}; a plain { is \{`, "%q is not a prompt's name", key)
	}
	t := token{key: key}
	for rest = strings.TrimSpace(rest); rest != ""; {
		at := valueName.FindStringSubmatchIndex(rest)
		if at == nil || at[0] != 0 {
			return token{}, wrongf(fmt.Sprintf("write {%s amount=EUR 10.00}", key), "%q is not name=value", rest)
		}
		name := rest[at[2]:at[3]]
		text := rest[at[1]:]
		rest = ""
		if quoted, ok := strings.CutPrefix(text, `"`); ok {
			var closed bool
			if text, rest, closed = strings.Cut(quoted, `"`); !closed {
				return token{}, wrongf(`close it with "`, "the value of %s is not closed", name)
			}
		} else if next := valueName.FindStringIndex(text); next != nil {
			text, rest = text[:next[0]], text[next[0]:]
		}
		pattern, err := parseTokens(strings.TrimSpace(text))
		if err != nil {
			return token{}, err
		}
		t.values = append(t.values, value{name, pattern})
		rest = strings.TrimSpace(rest)
	}
	return t, nil
}

// onlyPrompts reports whether nothing but prompts is expected, with white space between them.
func (e *expect) onlyPrompts() bool {
	for _, t := range e.tokens {
		if t.key == "" && (t.any || t.name != "" || strings.TrimSpace(t.literal) != "") {
			return false
		}
	}
	return true
}
