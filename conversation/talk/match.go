package talk

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// matcher compares replies with what a story expects, in its brand and language. It is a value: what names keep is in
// the matcher that a comparison returns.
type matcher struct {
	prompt   func(key string) (template string, ok bool)
	currency prepaid.Currency  // of an amount that is shown without any
	kept     map[string]string // by names; never changed
}

var templateName = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// templateNames lists the values that a prompt takes.
func templateNames(template string) []string {
	var names []string
	for _, found := range templateName.FindAllStringSubmatch(template, -1) {
		if !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}
	return names
}

// matches reports whether a message is what is expected.
func (m matcher) matches(e *expect, msg Message) bool {
	_, ok := m.match(e, msg)
	return ok
}

// match is matches, and returns the matcher with what the message makes names keep.
func (m matcher) match(e *expect, msg Message) (matcher, bool) {
	if msg.Parts == nil {
		return m.matchText(e, msg)
	}
	if e.onlyPrompts() {
		return m.matchParts(e, msg.Parts)
	}
	texts := []string{fold(msg.Text), fold(partsText(msg.Parts))}
	return m.tryParts(e.tokens, nil, msg.Parts, texts)
}

// listed reports whether the messages are what is expected: each line one message, optional ones perhaps.
func (m matcher) listed(replies []*expect, came []Message) (matcher, bool) {
	replies = slices.DeleteFunc(slices.Clone(replies), func(e *expect) bool { return e.nothing })
	// can[j]: the lines so far can account for the first j messages.
	can := make([]*matcher, len(came)+1)
	can[0] = &m
	for _, e := range replies {
		next := make([]*matcher, len(came)+1)
		for j, at := range can {
			if at == nil {
				continue
			}
			if e.optional && next[j] == nil {
				next[j] = at
			}
			if j < len(came) {
				if after, ok := at.match(e, came[j]); ok {
					next[j+1] = &after
				}
			}
		}
		can = next
	}
	if all := can[len(came)]; all != nil {
		return *all, true
	}
	return m, false
}

// keep makes a name keep a value, or compares with what it has kept.
func (m matcher) keep(name, value string) (matcher, bool) {
	if have, kept := m.kept[name]; kept {
		return m, have == value || inScript(have, m.currency) == inScript(value, m.currency)
	}
	kept := maps.Clone(m.kept)
	if kept == nil {
		kept = map[string]string{}
	}
	kept[name] = value
	m.kept = kept
	return m, true
}

// matchParts compares prompt by prompt.
func (m matcher) matchParts(e *expect, parts []Part) (matcher, bool) {
	before := m
	for _, t := range e.tokens {
		if t.key == "" {
			continue
		}
		if len(parts) == 0 {
			return before, false
		}
		var ok bool
		if m, ok = m.matchPart(t, parts[0]); !ok {
			return before, false
		}
		parts = parts[1:]
	}
	return m, len(parts) == 0
}

// matchPart reports whether a part is the prompt, with the values, and in the story's own words: a
// prompt of another language has the same key.
func (m matcher) matchPart(t token, p Part) (matcher, bool) {
	if t.key != p.Key {
		return m, false
	}
	for _, v := range t.values {
		have, ok := p.Values[v.name]
		if !ok {
			return m, false
		}
		if m, ok = m.fitsValue(m.valueTokens(v.pattern), fold(have)); !ok {
			return m, false
		}
	}
	template, ok := m.prompt(t.key)
	if !ok {
		return m, true
	}
	return m, glob(squeezed(m.templateTokens(template, nil)), squeeze(p.Text))
}

// fitsValue is fits for the value of a prompt. An amount that stands within more is money, too.
func (m matcher) fitsValue(pattern []globToken, have string) (matcher, bool) {
	if after, ok := m.fits(pattern, have); ok {
		return after, true
	}
	pattern = slices.Clone(pattern)
	for i := range pattern {
		pattern[i].text = allInScript(pattern[i].text, m.currency)
	}
	return m.fits(pattern, allInScript(have, m.currency))
}

// tryParts puts the text of fitting parts in the place of prompts, in every way there is, until the whole
// is one of the texts.
func (m matcher) tryParts(tokens []token, pattern []globToken, parts []Part, texts []string) (matcher, bool) {
	for i, t := range tokens {
		if t.key == "" {
			pattern = append(pattern, m.globOf(tokens[i:i+1])...)
			continue
		}
		for j, p := range parts {
			after, ok := m.matchPart(t, p)
			if !ok {
				continue
			}
			if after, ok = after.tryParts(tokens[i+1:], append(slices.Clip(pattern), globToken{text: fold(p.Text)}), parts[j+1:], texts); ok {
				return after, true
			}
		}
		return m, false
	}
	return m, slices.ContainsFunc(texts, func(text string) bool { return globLoose(pattern, text) })
}

// matchText compares with the rendered text alone: prompts by their templates, where what stands for a
// value may be anything.
func (m matcher) matchText(e *expect, msg Message) (matcher, bool) {
	var pattern []globToken
	for i, t := range e.tokens {
		if t.key == "" {
			pattern = append(pattern, m.globOf(e.tokens[i:i+1])...)
			continue
		}
		template, ok := m.prompt(t.key)
		if !ok {
			return m, false
		}
		pattern = append(pattern, m.templateTokens(template, t.values)...)
	}
	for _, text := range []string{msg.Text, withoutChoices(msg.Text)} {
		if after, ok := m.fitsLoosely(pattern, fold(text)); ok {
			return after, true
		}
		if e.onlyPrompts() {
			if after, ok := m.fits(squeezed(pattern), squeeze(text)); ok {
				return after, true
			}
		}
	}
	return m, false
}

// valueTokens is the pattern of a value: an amount is any text that says it, so is a day, and a name alone anything that it
// may keep.
func (m matcher) valueTokens(pattern []token) []globToken {
	if len(pattern) == 1 {
		if name := pattern[0].name; name != "" {
			return []globToken{{any: true, keep: name}}
		}
		if amount, ok := scriptMoney(pattern[0].literal); ok {
			return []globToken{{any: true, says: func(shown string) bool { return sameMoney(amount, shown, m.currency) }}}
		}
		if day, err := time.Parse(time.DateOnly, pattern[0].literal); err == nil {
			return []globToken{{any: true, says: func(shown string) bool { return sameDay(day, shown) }}}
		}
	}
	return m.globOf(pattern)
}

// templateTokens is a prompt's text with its values: those that are given, and anything for the others.
func (m matcher) templateTokens(template string, values []value) []globToken {
	template = fold(template)
	var tokens []globToken
	end := 0
	for _, at := range templateName.FindAllStringSubmatchIndex(template, -1) {
		tokens = append(tokens, globToken{text: template[end:at[0]]})
		name := template[at[2]:at[3]]
		i := slices.IndexFunc(values, func(v value) bool { return v.name == name })
		if i < 0 {
			tokens = append(tokens, globToken{any: true})
		} else {
			tokens = append(tokens, m.valueTokens(values[i].pattern)...)
		}
		end = at[1]
	}
	return append(tokens, globToken{text: template[end:]})
}

func partsText(parts []Part) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Text
	}
	return strings.Join(texts, "\n")
}

var choiceLine = regexp.MustCompile(`^\s*(\d{1,2})[.):]?\s+(\S.*)$`)

// numberedChoices reads the choices that a rendered text ends with, numbered from 1, and where they begin.
func numberedChoices(text string) (choices []Choice, begin int) {
	lines := strings.Split(strings.TrimRight(text, "\n "), "\n")
	first := len(lines)
	for first > 0 {
		found := choiceLine.FindStringSubmatch(lines[first-1])
		if found == nil {
			return nil, len(text)
		}
		first--
		choices = append(choices, Choice{ID: found[1], Label: strings.TrimSpace(found[2])})
		if found[1] == "1" {
			break
		}
	}
	slices.Reverse(choices)
	for i := range choices {
		if choices[i].ID != strconv.Itoa(i+1) {
			return nil, len(text)
		}
		choices[i].ID = ""
	}
	for _, l := range lines[:first] {
		begin += len(l) + 1
	}
	return choices, min(begin, len(text))
}

func withoutChoices(text string) string {
	_, begin := numberedChoices(text)
	return text[:begin]
}

// fold makes every run of white space one blank.
func fold(text string) string { return strings.Join(strings.Fields(text), " ") }

// squeeze takes all white space out.
func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

// squeezed is a pattern for squeezed texts. An empty value leaves white space behind that folding can't
// tell, so prompts are compared without any.
func squeezed(pattern []globToken) []globToken {
	out := slices.Clone(pattern)
	for i := range out {
		out[i].text = squeeze(out[i].text)
	}
	return out
}
