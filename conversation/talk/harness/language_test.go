package harness

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pulsa/app/config"
	"pulsa/conversation/talk"
)

// asks sends a text from a phone or messenger that says what its language is ("": it does not), and returns the answer.
func (s *scene) asks(who talk.Customer, language, text string) string {
	s.t.Helper()
	s.sent++
	replies, err := s.Send(s.t.Context(), talk.Inbound{ID: fmt.Sprint("l", s.sent), From: who, Language: language, Text: text})
	s.ok(err)
	var said []string
	for _, m := range replies {
		said = append(said, m.Text)
	}
	return strings.Join(said, "\n")
}

// A story always says in which language its customer's messenger is: what the program makes of a phone that says nothing is told here.
func TestTheLanguageOfTheWordIsThatOfTheAnswer(t *testing.T) {
	s := newScene(t, "")
	stranger := func(number, kind string) talk.Customer { return talk.Customer{Number: number, Kind: kind} }
	sms := stranger("+31612340001", talk.SMS)
	for _, step := range []struct{ text, holds string }{
		{"KOOP", "Welcome to"},        // the brand's own word is of no language
		{"EXIT", "Stopped."},          // English
		{"OPWAARDEREN", "Welkom bij"}, // Dutch
		{"0612340001", "Typ "},        // which lasts
		{"BACK", "What is your"},      // until a word of another language
	} {
		if got := s.asks(sms, "", step.text); !strings.Contains(got, step.holds) {
			t.Errorf("%s: %q, want %q in it", step.text, got, step.holds)
		}
	}
	telegram := stranger("+31612340002", talk.Telegram)
	if got := s.asks(telegram, "nl", "TOPUP"); !strings.Contains(got, "Welkom bij") {
		t.Errorf("a messenger in Dutch: %q", got)
	}
	if got := s.asks(stranger("+31612340003", talk.SMS), "fr", "hoi"); !strings.Contains(got, "Welkom bij") {
		t.Errorf("a language that the brand does not speak: %q", got)
	}
}

// The setting counts for strangers of whom nothing else tells the language.
func TestTheLanguageOfANumbersPrefix(t *testing.T) {
	text := bytes.Replace(config.Demo, []byte("languages: [en, nl]"), []byte(`languages: [en, nl]
    language_prefixes: {"+3161": nl, "+316123400": en}`), 1)
	s := &scene{Program: storyProgramOf(t, text), t: t}
	s.setup.Language = ""
	phone := func(number string) talk.Customer { return talk.Customer{Number: number, Kind: talk.SMS} }
	for _, step := range []struct {
		who            talk.Customer
		language, text string
		holds          string
	}{
		{phone("+31612341001"), "", "KOOP", "Welkom bij"},
		{phone("+31612340001"), "", "KOOP", "Welcome to"}, // the longest prefix counts
		{phone("+31622340001"), "", "KOOP", "Welcome to"}, // none: the brand's first language
		{phone("+31612341002"), "en", "KOOP", "Welcome to"},
		{phone("+31612341003"), "", "TOP UP 10", "Welcome to"},                                 // a word of one language
		{phone("+31612341001"), "", "EXIT", "Stopped."},                                        // and it changes what was only guessed
		{talk.Customer{Number: "+31612341004", Kind: talk.Telegram}, "", "KOOP", "Welcome to"}, // an account is no number
	} {
		if got := s.asks(step.who, step.language, step.text); !strings.Contains(got, step.holds) {
			t.Errorf("%s from %s in %q: %q, want %q in it", step.text, step.who.Number, step.language, got, step.holds)
		}
	}
}
