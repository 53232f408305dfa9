package talk

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// matcher compares replies with what a story expects, in its brand and language.
type matcher struct {
	prompt func(key string) (template string, ok bool)
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
	if msg.Parts == nil {
		return m.matchesText(e, msg)
	}
	if e.onlyPrompts() {
		return m.matchesParts(e, msg.Parts)
	}
	texts := []string{fold(msg.Text), fold(partsText(msg.Parts))}
	return m.tryParts(e.tokens, nil, msg.Parts, texts)
}

// matchesParts compares prompt by prompt.
func (m matcher) matchesParts(e *expect, parts []Part) bool {
	for _, t := range e.tokens {
		if t.key == "" {
			continue
		}
		if len(parts) == 0 || !m.matchesPart(t, parts[0]) {
			return false
		}
		parts = parts[1:]
	}
	return len(parts) == 0
}

// matchesPart reports whether a part is the prompt, with the values, and in the story's own words: a
// prompt of another language has the same key.
func (m matcher) matchesPart(t token, p Part) bool {
	if t.key != p.Key {
		return false
	}
	for _, v := range t.values {
		have, ok := p.Values[v.name]
		if !ok || !glob(globOf(v.pattern), fold(have)) {
			return false
		}
	}
	template, ok := m.prompt(t.key)
	if !ok {
		return true
	}
	return glob(squeezed(templateTokens(template, nil)), squeeze(p.Text))
}

// tryParts puts the text of fitting parts in the place of prompts, in every way there is, until the whole
// is one of the texts.
func (m matcher) tryParts(tokens []token, pattern []globToken, parts []Part, texts []string) bool {
	for i, t := range tokens {
		if t.key == "" {
			pattern = append(pattern, globOf(tokens[i:i+1])...)
			continue
		}
		for j, p := range parts {
			if m.matchesPart(t, p) && m.tryParts(tokens[i+1:], append(slices.Clip(pattern), globToken{text: fold(p.Text)}), parts[j+1:], texts) {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(texts, func(text string) bool { return globLoose(pattern, text) })
}

// matchesText compares with the rendered text alone: prompts by their templates, where what stands for a
// value may be anything.
func (m matcher) matchesText(e *expect, msg Message) bool {
	var pattern []globToken
	for i, t := range e.tokens {
		if t.key == "" {
			pattern = append(pattern, globOf(e.tokens[i:i+1])...)
			continue
		}
		template, ok := m.prompt(t.key)
		if !ok {
			return false
		}
		pattern = append(pattern, templateTokens(template, t.values)...)
	}
	for _, text := range []string{msg.Text, withoutChoices(msg.Text)} {
		if globLoose(pattern, fold(text)) || e.onlyPrompts() && glob(squeezed(pattern), squeeze(text)) {
			return true
		}
	}
	return false
}

// templateTokens is a prompt's text with its values: those that are given, and anything for the others.
func templateTokens(template string, values []value) []globToken {
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
			tokens = append(tokens, globOf(values[i].pattern)...)
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

// globToken is literal text, or anything.
type globToken struct {
	text string
	any  bool
}

func globOf(tokens []token) []globToken {
	out := make([]globToken, len(tokens))
	for i, t := range tokens {
		out[i] = globToken{t.literal, t.any}
	}
	return out
}

// globLoose is glob, but "text *" also matches the text alone, and "* text" too.
func globLoose(tokens []globToken, text string) bool {
	if glob(tokens, text) {
		return true
	}
	n := len(tokens)
	if n >= 2 && tokens[n-1].any && strings.HasSuffix(tokens[n-2].text, " ") {
		shorter := slices.Clone(tokens[:n-1])
		shorter[n-2].text = strings.TrimSuffix(shorter[n-2].text, " ")
		return globLoose(shorter, text)
	}
	if n >= 2 && tokens[0].any && strings.HasPrefix(tokens[1].text, " ") {
		shorter := slices.Clone(tokens[1:])
		shorter[0].text = shorter[0].text[1:]
		return globLoose(shorter, text)
	}
	return false
}

// glob reports whether the tokens make up the whole text. It takes time in proportion to the text.
func glob(tokens []globToken, text string) bool {
	var literals []string // between the anys
	var current strings.Builder
	for _, t := range tokens {
		if t.any {
			literals = append(literals, current.String())
			current.Reset()
		} else {
			current.WriteString(t.text)
		}
	}
	last := current.String()
	if len(literals) == 0 {
		return text == last
	}
	text, ok := strings.CutPrefix(text, literals[0])
	if !ok {
		return false
	}
	if text, ok = strings.CutSuffix(text, last); !ok {
		return false
	}
	for _, literal := range literals[1:] {
		if _, text, ok = strings.Cut(text, literal); !ok {
			return false
		}
	}
	return true
}
