package operators

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Sentence is what people read of an operation or a finding. Says is English, with names in braces for what With holds: commands print it so,
// and the desk's words have it in other languages, found by this English.
type Sentence struct {
	Says string
	With []Named
}

// Named is what stands for a name in a sentence. One of its values is set.
type Named struct {
	Name     string         `json:"name"`
	Text     string         `json:"text,omitempty"` // the same in each language
	Word     *Word          `json:"word,omitempty"`
	Money    *prepaid.Money `json:"money,omitempty"`
	Count    *int64         `json:"count,omitempty"`
	At       *time.Time     `json:"at,omitempty"`
	Sentence *keptSentence  `json:"sentence,omitempty"`
}

// keptSentence is a Sentence as it is stored: whole.
type keptSentence Sentence

// Word is one of a kind of words that the desk has: Word{Kind: "order.status", Is: "held"}. Commands print what it is.
type Word struct{ Kind, Is string }

// Say is a sentence. pairs are names and values of what stands in braces: a Sentence, Word, prepaid.Money, int, int64 or time.Time is written
// as a language writes it, anything else as it prints.
func Say(english string, pairs ...any) Sentence {
	return Sentence{Says: english}.Fill(pairs...)
}

// Fill fills in names of a sentence.
func (s Sentence) Fill(pairs ...any) Sentence {
	s.With = append([]Named(nil), s.With...)
	for i := 0; i+1 < len(pairs); i += 2 {
		n := Named{Name: fmt.Sprint(pairs[i])}
		switch value := pairs[i+1].(type) {
		case Sentence:
			kept := keptSentence(value)
			n.Sentence = &kept
		case Word:
			n.Word = &value
		case prepaid.Money:
			n.Money = &value
		case int:
			count := int64(value)
			n.Count = &count
		case int64:
			n.Count = &value
		case time.Time:
			n.At = &value
		case error:
			kept := keptSentence(ErrorSays(value))
			n.Sentence = &kept
		default:
			n.Text = fmt.Sprint(value)
		}
		s.With = append(s.With, n)
	}
	return s
}

// Then is a sentence and another one behind it.
func (s Sentence) Then(next Sentence) Sentence {
	if s.Empty() {
		return next
	}
	return Say("{first} {then}", "first", s, "then", next)
}

// joined joins sentences with what stands between them: "{first}, {then}".
func joined(between string, all []Sentence) Sentence {
	var list Sentence
	for i, s := range all {
		if i == 0 {
			list = s
			continue
		}
		list = Say(between, "first", list, "then", s)
	}
	return list
}

// Verbatim is a text that is the same in each language: a provider's, or somebody's own.
func Verbatim(text string) Sentence { return Say("{text}", "text", text) }

// Empty reports whether it says nothing.
func (s Sentence) Empty() bool { return s.Says == "" }

// Language is how a language says sentences, and what stands in them.
type Language struct {
	Sentence func(english string) string // with the same names in braces
	Word     func(w Word) string
	Money    func(m prepaid.Money) string
	Count    func(n int64) string
	Time     func(t time.Time) string
}

// english is what commands print.
var english = Language{
	Sentence: func(e string) string { return e },
	Word:     func(w Word) string { return w.Is },
	Money:    prepaid.Money.String,
	Count:    func(n int64) string { return fmt.Sprint(n) },
	Time:     stamp,
}

// String is the sentence as commands print it.
func (s Sentence) String() string { return s.In(english) }

// In is the sentence in a language.
func (s Sentence) In(l Language) string {
	if s.Empty() {
		return ""
	}
	pairs := make([]string, 0, 2*len(s.With))
	for _, n := range s.With {
		pairs = append(pairs, "{"+n.Name+"}", n.in(l))
	}
	return strings.NewReplacer(pairs...).Replace(l.Sentence(s.Says))
}

func (n Named) in(l Language) string {
	switch {
	case n.Sentence != nil:
		return Sentence(*n.Sentence).In(l)
	case n.Word != nil:
		return l.Word(*n.Word)
	case n.Money != nil:
		return l.Money(*n.Money)
	case n.Count != nil:
		return l.Count(*n.Count)
	case n.At != nil:
		return l.Time(*n.At)
	}
	return n.Text
}

// MarshalText gives programs the English.
func (s Sentence) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Stored is the sentence as it is kept; ReadSentence reads it.
func (s Sentence) Stored() string {
	if len(s.With) == 0 {
		return s.Says
	}
	kept, err := json.Marshal(keptSentence(s))
	if err != nil {
		return s.String()
	}
	return string(kept)
}

// ReadSentence reads what Stored wrote, and sentences that were stored as English.
func ReadSentence(stored string) Sentence {
	var s keptSentence
	if !strings.HasPrefix(stored, "{") || json.Unmarshal([]byte(stored), &s) != nil {
		return Sentence{Says: stored}
	}
	return Sentence(s)
}

// SentenceError is an error whose words are a sentence. It wraps Err, which may be nil.
type SentenceError struct {
	Sentence Sentence
	Err      error
}

func (e *SentenceError) Error() string { return e.Sentence.String() }

// Says is the error in words.
func (e *SentenceError) Says() Sentence { return e.Sentence }

func (e *SentenceError) Unwrap() error { return e.Err }

// refusal is an error in words.
func refusal(english string, pairs ...any) error {
	return &SentenceError{Sentence: Say(english, pairs...)}
}

// ErrorSays is what people read of an error: its sentence, or else its text.
func ErrorSays(err error) Sentence {
	var said interface{ Says() Sentence }
	if errors.As(err, &said) {
		return said.Says()
	}
	return Sentence{Says: err.Error()}
}
