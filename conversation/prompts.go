package conversation

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	textlanguage "golang.org/x/text/language"

	"pulsa/channels"
	"pulsa/prepaid"
)

// Key names a prompt: "topup.ask_pin". Every key that the program says stands in it as a constant of this type, or is a choice's
// label; a test compares them with the prompt files.
type Key string

// ChoiceID names an answer that is offered. Its label is the prompt "choice.ID".
type ChoiceID string

func (id ChoiceID) label() Key { return Key("choice." + string(id)) }

// Prompts are a brand's texts in one language. They never change after they are loaded.
type Prompts struct {
	Language  string
	tag       textlanguage.Tag // of Language, for its plurals
	Name      string           // in the language itself: "Nederlands"
	also      []string         // other names that customers type for it
	writes    notation
	counts    counts
	anyLetter bool // its texts may hold letters that GSM-7 lacks
	offered   map[Action]string
	words     map[string]string
	templates map[Key]template
	languages []channels.Choice // the languages a customer may choose
}

// template is a text cut at its {names}: literal, name, literal, name, …, literal.
type template []string

// BrandPrompts are the texts and words of one brand. They never change after they are loaded.
type BrandPrompts struct {
	ByLanguage map[string]*Prompts
	Words      Words
	sentences  []sentence
	actions    actions
	beside     besideAmounts
	decimal    string // what begins decimals in the brand's country
}

// ForBrand returns the texts of a brand in all its languages. Names of words ({exit}) and of the brand ({brand}, {min}) are put in
// now; the rest are put in by each reply. The error tells all that CheckBrand finds, and the languages that are missing.
func (l *Languages) ForBrand(b *prepaid.Brand) (*BrandPrompts, error) {
	var errs []error
	for _, code := range b.Languages {
		if l.byCode[code] == nil {
			errs = append(errs, fmt.Errorf("brand %s: there are no texts in the language %s", b.Name, code))
		}
	}
	if len(errs) == 0 {
		for _, f := range l.CheckBrand(b) {
			errs = append(errs, f)
		}
	}
	return l.load(b), errors.Join(errs...)
}

// load puts the texts of a brand together, in the languages that there are.
func (l *Languages) load(b *prepaid.Brand) *BrandPrompts {
	out := &BrandPrompts{ByLanguage: map[string]*Prompts{}, Words: newWords(), actions: newActions(), beside: l.beside}
	out.decimal = marksOf(b.Country).decimal
	var choices []channels.Choice
	for _, code := range b.Languages {
		known := l.byCode[code]
		if known == nil {
			continue
		}
		for _, action := range slices.Sorted(maps.Keys(known.Keywords)) {
			out.Words.add(out.actions.named(action), code, known.Keywords[action])
		}
		known.addAround(out.Words)
		for _, action := range slices.Sorted(maps.Keys(known.Sentences)) {
			out.sentences = append(out.sentences, sentence{action, known.Sentences[action]})
		}
		out.ByLanguage[code] = known.compile(b)
		choices = append(choices, channels.Choice{ID: code, Label: known.Name})
	}
	out.addStopWords(l.source())
	for action, words := range b.Keywords {
		out.Words.add(out.actions.named(Action(action)), "", words)
	}
	out.Words.slips = newSlips(out.Words.keywords, out.actions)
	for _, p := range out.ByLanguage {
		p.languages = choices
	}
	return out
}

// addAround adds the words that may stand around keywords of the language.
func (l *language) addAround(w Words) {
	for a, words := range l.Around {
		w.addAround(a, words)
	}
}

// addStopWords has every brand understand STOP as it is said in the source language, beside its own.
func (p *BrandPrompts) addStopWords(source *language) {
	if source == nil || p.ByLanguage[source.code] != nil {
		return
	}
	for _, word := range source.Keywords[ActStop] {
		if _, taken := p.Words.keywords[word]; !taken {
			p.Words.add(p.actions.named(ActStop), "", []string{word})
		}
	}
	p.Words.addAround(ActStop, slices.Concat(source.Around[ActStop], source.Around[aroundAny], source.Around[aroundBefore]))
}

// brandNames are the {names} of texts that are the brand's; constants puts them in.
func brandNames() []string {
	return []string{"brand", "min", "max", "step", "amounts", "example", "digits", "creditor", "creditor_address", "creditor_id", "support"}
}

// constants are the {names} that are put in when the texts are loaded.
func (l *language) constants(b *prepaid.Brand) map[string]string {
	writes := notationOf(l.Writes, b)
	constants := map[string]string{
		"brand": b.Title,
		"min":   writes.money(b.Amounts.Min), "max": writes.money(b.Amounts.Max), "step": writes.money(b.Amounts.Step),
		"amounts": writes.amounts(b.Amounts),
		"example": writes.typed(b.Amounts.Min),
		"digits":  strconv.Itoa(b.Cards.CodeLength),
		"support": "",
	}
	constants["creditor"], constants["creditor_address"], constants["creditor_id"] = b.Creditor.Name, b.Creditor.Address, b.Creditor.Identifier
	for action, words := range l.Keywords {
		constants[string(action)] = words[0]
	}
	for action, words := range b.Keywords {
		constants[action] = words[0]
	}
	if b.Support != "" {
		constants["support"] = strings.ReplaceAll(l.Words["support"], "{support}", b.Support)
	}
	return constants
}

func (l *language) compile(b *prepaid.Brand) *Prompts {
	constants := l.constants(b)
	p := &Prompts{Language: l.code, tag: textlanguage.Make(l.code), Name: l.Name, also: l.Also, writes: notationOf(l.Writes, b), counts: l.Counts, anyLetter: l.AnyLetter, offered: map[Action]string{}, words: l.Words, templates: map[Key]template{}}
	for _, a := range newActions() {
		p.offered[a.Name] = constants[string(a.Name)]
	}
	for key, text := range merged(l.Prompts, b.Prompts[l.code]) {
		p.templates[Key(key)] = cut(text, constants)
	}
	if b.Cards.NoRedeem {
		p.leaveOutCards(b.Prompts[l.code])
	}
	return p
}

// leaveOutCards puts other texts in the place of those that offer cards, but for the brand's own.
func (p *Prompts) leaveOutCards(own map[string]string) {
	delete(p.offered, ActRedeem)
	for key, instead := range withoutCards() {
		if _, ok := own[string(key)]; !ok {
			p.templates[key] = p.templates[instead]
		}
	}
}

// withoutCards are the texts that offer cards, each with what a brand says that takes none.
func withoutCards() map[Key]Key {
	return map[Key]Key{
		"help.idle":           "help.idle_no_cards",
		"pin.recovered_cards": "pin.recovered_no_cards",
		"start.welcome":       "start.welcome_no_cards",
	}
}

// kind is what customers call a kind of channel: "WhatsApp".
func (p *Prompts) kind(k channels.Kind) string { return p.words[string(k)] }

// Word is the word for an action that the texts offer, "" where the brand does not have it.
func (p *Prompts) Word(a Action) string { return p.offered[a] }

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
