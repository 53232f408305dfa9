package conversation

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"pulsa/channels"
	"pulsa/prepaid"
)

//go:embed prompts/*.yaml
var promptFiles embed.FS

// Languages lists the languages that have a prompt file: "en", "nl".
func Languages() []string {
	files, _ := promptFiles.ReadDir("prompts") // embedded: it is there
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name(), ".yaml")
	}
	return names
}

// promptFile is one language: prompts/en.yaml.
type promptFile struct {
	Name     string              `yaml:"name"`     // in the language itself: "Nederlands"
	Keywords map[Action][]string `yaml:"keywords"` // the first word of each is the one that prompts offer
	// Sentences are what customers text instead of a keyword: a text that holds a word of each list.
	Sentences map[Action][][]string `yaml:"sentences"`
	Words     map[string]string     `yaml:"words"` // short texts that prompts are made of: statuses
	Prompts   map[Key]string        `yaml:"prompts"`
}

func readPromptFile(language string) (promptFile, error) {
	var f promptFile
	data, err := promptFiles.ReadFile("prompts/" + language + ".yaml")
	if err != nil {
		return f, fmt.Errorf("language %s has no prompt file", language)
	}
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return f, fmt.Errorf("prompts/%s.yaml: %w", language, err)
	}
	return f, nil
}

// ReservedWords lists the words of a language by action, for checking a brand's own keywords.
func ReservedWords(language string) (map[string][]string, error) {
	f, err := readPromptFile(language)
	if err != nil {
		return nil, err
	}
	words := map[string][]string{}
	for action, list := range f.Keywords {
		words[string(action)] = list
	}
	return words, nil
}

// PromptKeys lists the prompts that a brand may override: those of the first language.
func PromptKeys() []string {
	f, err := readPromptFile("en")
	if err != nil {
		return nil // a test reads every file
	}
	var names []string
	for _, key := range slices.Sorted(maps.Keys(f.Prompts)) {
		names = append(names, string(key))
	}
	return names
}

// Key names a prompt: "topup.ask_pin". Every key that the program says stands in it as a constant of this type, or is a choice's
// label; a test compares them with the prompt files.
type Key string

// ChoiceID names an answer that is offered. Its label is the prompt "choice.ID".
type ChoiceID string

func (id ChoiceID) label() Key { return Key("choice." + string(id)) }

// Prompts are a brand's texts in one language. They never change after they are loaded.
type Prompts struct {
	Language  string
	Name      string
	templates map[Key]template
	languages []channels.Choice // the languages a customer may choose
}

// template is a text cut at its {names}: literal, name, literal, name, …, literal.
type template []string

// BrandPrompts are the texts and words of one brand.
type BrandPrompts struct {
	ByLanguage map[string]*Prompts
	Words      Words
	sentences  []sentence
	actions    actions
}

// LoadPrompts reads the texts of a brand in all its languages. Names of words ({exit}) and of the brand
// ({brand}, {range}) are put in now; the rest are put in by each reply. All errors come at once: a language
// without a file, an overridden key that does not exist, a text too long or not plain.
func LoadPrompts(b *prepaid.Brand) (*BrandPrompts, error) {
	out := &BrandPrompts{ByLanguage: map[string]*Prompts{}, Words: Words{}, actions: newActions()}
	files := map[string]promptFile{}
	var errs []error
	for _, language := range b.Languages {
		f, err := readPromptFile(language)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files[language] = f
		errs = append(errs, override(&f, b, language))
		errs = append(errs, out.addWords(f.Keywords, "prompts/"+language+".yaml"))
		for _, action := range slices.Sorted(maps.Keys(f.Sentences)) {
			out.sentences = append(out.sentences, sentence{action, f.Sentences[action]})
		}
		out.ByLanguage[language] = compile(f, b, language)
	}
	for name, words := range b.Keywords {
		errs = append(errs, out.addWords(map[Action][]string{Action(name): words}, "brand "+b.Name))
	}
	for _, p := range out.ByLanguage {
		for _, language := range b.Languages {
			p.languages = append(p.languages, channels.Choice{ID: language, Label: files[language].Name})
		}
	}
	return out, errors.Join(errs...)
}

// addWords adds words for actions. where names their file or brand, for errors.
func (p *BrandPrompts) addWords(keywords map[Action][]string, where string) error {
	var errs []error
	for name, words := range keywords {
		a := p.actions.named(name)
		if a.Name == ActNone {
			errs = append(errs, fmt.Errorf("%s: keywords: there is no action %s", where, name))
			continue
		}
		for _, word := range words {
			p.Words[strings.ToUpper(word)] = a
		}
	}
	return errors.Join(errs...)
}

func override(f *promptFile, b *prepaid.Brand, language string) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(b.Prompts[language])) {
		if _, ok := f.Prompts[Key(key)]; !ok {
			errs = append(errs, fmt.Errorf("brand %s: prompts.%s.%s: there is no such prompt", b.Name, language, key))
			continue
		}
		f.Prompts[Key(key)] = b.Prompts[language][key]
	}
	return errors.Join(errs...)
}

// CheckPrompt says what is wrong with a text of the brand's own: a {name} that nothing is put in for, letters that double
// the price of an SMS, too many of them.
func CheckPrompt(b *prepaid.Brand, language, name string) error {
	key := Key(name)
	f, err := readPromptFile(language)
	if err != nil {
		return err
	}
	known := constants(f, b)
	for i, name := range cut(f.Prompts[key], nil) {
		if i%2 == 1 {
			known[name] = ""
		}
	}
	for i, name := range cut(b.Prompts[language][name], nil) {
		if _, ok := known[name]; i%2 == 1 && !ok {
			return fmt.Errorf("has {%s}, which nothing is put in for: known are %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	f.Prompts[key] = b.Prompts[language][name]
	return fits(compile(f, b, language), key)
}

// constants are the {names} that are put in when the texts are loaded.
func constants(f promptFile, b *prepaid.Brand) map[string]string {
	constants := map[string]string{
		"brand": b.Title,
		"min":   b.Amounts.Min.String(), "max": b.Amounts.Max.String(), "step": b.Amounts.Step.String(),
		"example": b.Amounts.Min.Typed(),
		"digits":  strconv.Itoa(b.Cards.CodeLength),
	}
	constants["creditor"], constants["creditor_address"], constants["creditor_id"] = b.Creditor.Name, b.Creditor.Address, b.Creditor.Identifier
	for action, words := range f.Keywords {
		constants[string(action)] = words[0]
	}
	for action, words := range b.Keywords {
		constants[action] = words[0]
	}
	constants["support"] = ""
	if b.Support != "" {
		constants["support"] = strings.ReplaceAll(f.Words["support"], "{support}", b.Support)
	}
	return constants
}

func compile(f promptFile, b *prepaid.Brand, language string) *Prompts {
	constants := constants(f, b)
	p := &Prompts{Language: language, Name: f.Name, templates: map[Key]template{}}
	for key, text := range f.Prompts {
		p.templates[key] = cut(text, constants)
	}
	return p
}

// cut parts a text at its {names}; those of constants are replaced.
func cut(text string, constants map[string]string) template {
	text = strings.Join(strings.Fields(text), " ")
	t := template{""}
	for {
		before, rest, ok := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			t[len(t)-1] += text
			return t
		}
		t[len(t)-1] += before
		if value, ok := constants[name]; ok {
			t[len(t)-1] += value
		} else {
			t = append(t, name, "")
		}
		text = after
	}
}

// Part fills a prompt with values: names and texts in turn.
func (p *Prompts) Part(key Key, values ...string) Part {
	part := Part{Key: key}
	t, ok := p.templates[key]
	if !ok {
		part.Text = "[" + string(key) + "]" // no state or error names a missing prompt: a test sees to it
		return part
	}
	if len(t) == 1 {
		part.Text = t[0]
		return part
	}
	part.Values = make(map[string]string, len(values)/2)
	for i := 0; i+1 < len(values); i += 2 {
		part.Values[values[i]] = values[i+1]
	}
	var b strings.Builder
	for i, piece := range t {
		if i%2 == 1 {
			piece = part.Values[piece]
		}
		b.WriteString(piece)
	}
	part.Text = b.String()
	return part
}

func (p *Prompts) text(key Key) string { return p.Part(key).Text }

// Template gives the text of a key with the {names} that each reply fills in, and whether there is one.
func (p *Prompts) Template(key Key) (string, bool) {
	t, ok := p.templates[key]
	if !ok {
		return "", false
	}
	var b strings.Builder
	for i, piece := range t {
		if i%2 == 1 {
			piece = "{" + piece + "}"
		}
		b.WriteString(piece)
	}
	return b.String(), true
}

// Version names a text as it is before a reply fills it in: 16 hexadecimal digits that change with any letter.
func (p *Prompts) Version(key Key) string {
	text, _ := p.Template(key)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// Keys lists all prompts, sorted.
func (p *Prompts) Keys() []Key { return slices.Sorted(maps.Keys(p.templates)) }
