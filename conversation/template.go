package conversation

import (
	"fmt"
	"maps"
	"slices"

	"pulsa/channels"
	"pulsa/prepaid"
)

// neverInNews are values of prompts that only the answer to a question fills in: the day of an order, in STATUS.
var neverInNews = []string{"on"}

// TemplateFault is what is wrong with a template of a channel.
type TemplateFault struct {
	Prompt, Language, Variable string // where it is, as far as is said
	Text                       string
}

// CheckTemplates finds the templates that no news would ever take, and the variables that no value would fill.
func (l *Languages) CheckTemplates(b *prepaid.Brand, templates map[string]prepaid.Template) []TemplateFault {
	var faults []TemplateFault
	for _, prompt := range slices.Sorted(maps.Keys(templates)) {
		t := templates[prompt]
		source, known := l.source().Prompts[prompt]
		if !known {
			faults = append(faults, TemplateFault{Prompt: prompt, Text: "is no prompt" + didYouMeanKey(prompt, l.Keys())})
			continue
		}
		if !mayBeLate(prompt) {
			faults = append(faults, TemplateFault{Prompt: prompt, Text: "is never late news, or shows a PIN: docs/channels.md says what has templates"})
			continue
		}
		for _, language := range slices.Sorted(maps.Keys(t.IDs)) {
			if !slices.Contains(b.Languages, language) {
				faults = append(faults, TemplateFault{Prompt: prompt, Language: language, Text: "is none of the brand's languages"})
			}
		}
		values := valuesIn(source)
		for i, name := range t.Variables {
			switch {
			case !slices.Contains(values, name):
				faults = append(faults, TemplateFault{Prompt: prompt, Variable: name, Text: fmt.Sprintf("is no value of %s: it has %v", prompt, values)})
			case slices.Contains(t.Variables[:i], name):
				faults = append(faults, TemplateFault{Prompt: prompt, Variable: name, Text: "stands there twice"})
			}
		}
	}
	return faults
}

// valuesIn lists the values that news fills into a text, in its order.
func valuesIn(text string) []string {
	ours := newOurNames()
	return slices.DeleteFunc(namesIn(text), func(name string) bool {
		_, constant := ours[name]
		return constant || slices.Contains(neverInNews, name)
	})
}

// VariablesOf names the values that fill {{1}}, {{2}} and so on of a template for a prompt.
func (p *Prompts) VariablesOf(prompt Key, t prepaid.Template) []string {
	if t.Variables != nil {
		return t.Variables
	}
	text, _ := p.Template(prompt)
	return valuesIn(text)
}

// LateKeys lists the prompts that may tell news when the window for our own words is shut. What shows a PIN is not among them: it stands in
// no template.
func LateKeys() []Key {
	var keys []Key
	for _, k := range noticeKinds() {
		if k.Say != "" {
			keys = append(keys, k.Say)
		}
		keys = append(keys, k.Says...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func mayBeLate(prompt string) bool {
	return slices.ContainsFunc(LateKeys(), func(key Key) bool { return string(key) == prompt })
}

// templatesFor are the templates that say what the turn says, one for each of its prompts; ok is false where a prompt has none in the turn's
// language, or a value is missing, which no template can be sent without.
func (t *Turn) templatesFor(templates map[string]prepaid.Template) (filled []channels.Template, ok bool) {
	for _, part := range t.said {
		known := templates[string(part.Key)]
		id := known.IDs[t.prompts.Language]
		if id == "" || part.Secret || t.shows != "" {
			return nil, false
		}
		f := channels.Template{ID: id}
		for _, name := range t.prompts.VariablesOf(part.Key, known) {
			if part.Values[name] == "" {
				return nil, false
			}
			f.Values = append(f.Values, part.Values[name])
		}
		filled = append(filled, f)
	}
	return filled, len(filled) > 0
}
