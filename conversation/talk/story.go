package talk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Story is one story as it is run: in one language, on one kind of channel, with one row of its table.
type Story struct {
	Name     string
	File     string
	Line     int // of "story:"
	Row      int // of its examples, from 1; 0: it has none
	Brand    string
	Channel  string
	Language string
	From     string // "" for a fresh number
	Tags     []string

	now     time.Time // when it begins; zero: today at 09:00
	givens  []Given
	turns   []turn
	secrets []string        // of [secret X] and the givens
	names   map[string]bool // that its replies keep
}

// Title names the run among the others of its story: "Register (sms, en, row 2)".
func (s *Story) Title() string { return s.Name + " (" + s.Variant() + ")" }

// Variant tells the runs of one story apart: "sms, en, row 2".
func (s *Story) Variant() string {
	variant := s.Channel + ", " + s.Language
	if s.Row > 0 {
		variant += fmt.Sprintf(", row %d", s.Row)
	}
	return variant
}

// Turns counts what customers text and what happens.
func (s *Story) Turns() int { return len(s.turns) }

// turn is one message or event with what must follow.
type turn struct {
	step    *step // nil: facts that must hold from the start
	replies []*expect
	facts   []factLine
}

// step is a ">" or "!" line, or all from "! together" to "! end"; one of say, event and crowd is set.
type step struct {
	pos
	raw   string // as written
	late  bool   // it holds names, so that it is read once their values are known
	say   *say
	event *Event
	crowd []step // the lines between, in order
}

// factLine is a "=" line.
type factLine struct {
	pos
	raw  string
	late bool // as a step's
	fact Fact
}

// Given is what holds before a story begins; one of its fields is set.
type Given struct {
	Customer *GivenCustomer
	Card     *GivenCard
	Event    *Event // payment or network behaviour
}

// GivenCustomer says that the story's customer is registered: the number proven on whatever channel, and
// a payment method set up.
type GivenCustomer struct {
	PIN    prepaid.Secret
	Method string // "sepa", "card", "paypal"
}

// GivenCard is a top-up card, live unless Generated.
type GivenCard struct {
	Serial    string
	Code      prepaid.Secret
	Amount    prepaid.Money
	Expires   string // "2026-01-31"; "" for the brand's usual
	Generated bool
}

// builder makes stories of a fragment.
type builder struct {
	vocabulary *Vocabulary
	problems   *problems
	allTurns   int
	full       bool // maxAllTurns is reached, and said so
}

// stories returns a fragment's runs.
func (b *builder) stories(f *fragment) []*Story {
	if f.examples == nil {
		return b.row(f, 0, nil)
	}
	lines := slices.Clone(f.body)
	for _, h := range f.head {
		lines = append(lines, line{h.pos, h.value, ""})
	}
	lines = append(lines, line{f.pos, f.name, ""})
	f.examples.check(lines, b.problems)
	if len(f.examples.rows) > maxRuns {
		b.problems.add(f.examples.pos, fmt.Sprintf("a table of more than %d rows", maxRuns), "split it")
		return nil
	}
	var all []*Story
	for i := range f.examples.rows {
		if b.full || b.problems.hopeless(f.file) {
			break
		}
		all = append(all, b.row(f, i+1, f.examples.filler(i))...)
	}
	return all
}

type filler interface{ Replace(string) string }

// row returns the runs of one row of a fragment's table: one for each channel and language.
func (b *builder) row(f *fragment, row int, fill filler) []*Story {
	name, body := f.name, f.body
	keys := slices.Clone(f.head)
	if fill != nil {
		name, body = fill.Replace(name), slices.Clone(body)
		for i := range body {
			body[i].text = fill.Replace(body[i].text)
		}
		for i := range keys {
			keys[i].value = fill.Replace(keys[i].value)
		}
	}
	h := b.head(keys)
	parsed := &turnReader{builder: b, secrets: h.secrets, names: nameReader{kept: map[string]bool{}}}
	parsed.lines(body)
	parsed.end()
	if len(body) == 0 {
		b.problems.add(f.pos, "a story without lines", "write > KOOP and < what is answered")
	}
	if len(parsed.turns) > maxTurns {
		b.problems.add(f.pos, fmt.Sprintf("a story of more than %d turns", maxTurns), "split it")
		return nil
	}
	b.allTurns += len(parsed.turns) * len(h.channels) * len(h.languages)
	if b.allTurns > maxAllTurns && !b.full {
		b.full = true
		b.problems.add(f.pos, fmt.Sprintf("more than %d turns up to here, all rows, channels and languages counted", maxAllTurns), "run fewer files at once")
	}
	name = newHunter(parsed.secrets).hide(name)
	var all []*Story
	for _, language := range h.languages {
		b.prompts(h.brand, language, parsed.turns)
		for _, channel := range h.channels {
			all = append(all, &Story{
				Name: name, File: f.file, Line: f.line, Row: row, Brand: h.brand, Channel: channel,
				Language: language, From: h.from, Tags: h.tags, now: h.now, givens: h.givens, turns: parsed.turns, secrets: parsed.secrets, names: parsed.names.kept,
			})
		}
	}
	return all
}

// prompts checks that every {key} is a prompt of the brand in the language, with the values it names.
func (b *builder) prompts(brand, language string, turns []turn) {
	if b.vocabulary.Prompt == nil {
		return
	}
	prompt := b.vocabulary.prompt(brand, language)
	for _, t := range turns {
		for _, e := range t.replies {
			for _, token := range e.tokens {
				if token.key == "" {
					continue
				}
				template, ok := prompt(token.key)
				switch {
				case !ok && slices.Contains(b.vocabulary.Keys, token.key):
					b.problems.add(e.pos, fmt.Sprintf("the prompt %s has no text in %s", token.key, language), "write one, or take the language out")
					continue
				case !ok:
					b.problems.add(e.pos, fmt.Sprintf("no prompt is called %q", token.key), instead(token.key, b.vocabulary.Keys))
					continue
				}
				known := templateNames(template)
				for _, v := range token.values {
					if !slices.Contains(known, v.name) {
						b.problems.add(e.pos, fmt.Sprintf("the prompt %s has no value %q", token.key, v.name), valuesKnown(known))
					}
				}
			}
		}
	}
}

func valuesKnown(known []string) string {
	if len(known) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(known, ", ")
}
