package talk

import (
	"slices"
	"strings"
)

// globToken is literal text, or anything: that a name keeps, or that says an amount or a day.
type globToken struct {
	text  string
	any   bool
	never bool // a name that has kept nothing
	keep  string
	says  func(shown string) bool // what else it must be: this amount, this day
}

// plainAny reports whether the token may be anything at all.
func (t globToken) plainAny() bool { return t.any && t.keep == "" && t.says == nil }

func (m matcher) globOf(tokens []token) []globToken {
	out := make([]globToken, len(tokens))
	for i, t := range tokens {
		out[i] = globToken{text: t.literal, any: t.any}
		if t.name != "" {
			value, kept := m.kept[t.name]
			out[i] = globToken{text: value, never: !kept}
		}
	}
	return out
}

// fits reports whether the tokens make up the whole text, and returns the matcher with what its names keep.
func (m matcher) fits(tokens []globToken, text string) (matcher, bool) {
	found, ok := capture(tokens, text)
	if !ok {
		return m, false
	}
	before := m
	for _, t := range tokens {
		if !t.any {
			continue
		}
		if t.says != nil && !t.says(found[0]) {
			return before, false
		}
		if t.keep != "" {
			if m, ok = m.keep(t.keep, found[0]); !ok {
				return before, false
			}
		}
		found = found[1:]
	}
	return m, true
}

// fitsLoosely is fits, but "text *" also fits the text alone, and "* text" too.
func (m matcher) fitsLoosely(tokens []globToken, text string) (matcher, bool) {
	if after, ok := m.fits(tokens, text); ok {
		return after, true
	}
	n := len(tokens)
	if n >= 2 && tokens[n-1].plainAny() && strings.HasSuffix(tokens[n-2].text, " ") {
		shorter := slices.Clone(tokens[:n-1])
		shorter[n-2].text = strings.TrimSuffix(shorter[n-2].text, " ")
		return m.fitsLoosely(shorter, text)
	}
	if n >= 2 && tokens[0].plainAny() && strings.HasPrefix(tokens[1].text, " ") {
		shorter := slices.Clone(tokens[1:])
		shorter[0].text = shorter[0].text[1:]
		return m.fitsLoosely(shorter, text)
	}
	return m, false
}

// globLoose is fitsLoosely for tokens without names, amounts and days.
func globLoose(tokens []globToken, text string) bool {
	_, ok := matcher{}.fitsLoosely(tokens, text)
	return ok
}

// glob reports whether the tokens make up the whole text.
func glob(tokens []globToken, text string) bool {
	_, ok := capture(tokens, text)
	return ok
}

// capture reports whether the tokens make up the whole text, and what each that may be anything stands for, as little
// as possible from the left. It takes time in proportion to the text.
func capture(tokens []globToken, text string) (found []string, ok bool) {
	var literals []string // between the anys
	var current strings.Builder
	for _, t := range tokens {
		if t.never {
			return nil, false
		}
		if t.any {
			literals = append(literals, current.String())
			current.Reset()
		} else {
			current.WriteString(t.text)
		}
	}
	last := current.String()
	if len(literals) == 0 {
		return nil, text == last
	}
	if text, ok = strings.CutPrefix(text, literals[0]); !ok {
		return nil, false
	}
	if text, ok = strings.CutSuffix(text, last); !ok {
		return nil, false
	}
	for _, literal := range literals[1:] {
		var before string
		if before, text, ok = strings.Cut(text, literal); !ok {
			return nil, false
		}
		found = append(found, before)
	}
	return append(found, text), true
}
