package harness

import (
	"strings"
	"testing"

	"pulsa/conversation/talk"
)

// A story always says in which language its customer's messenger is: what the program makes of a phone that says nothing is told here.
func TestTheLanguageOfTheWordIsThatOfTheAnswer(t *testing.T) {
	s := newScene(t, "")
	stranger := func(number, kind string) talk.Customer { return talk.Customer{Number: number, Kind: kind} }
	ask := func(who talk.Customer, language, text string) string {
		s.sent++
		replies, err := s.Send(t.Context(), talk.Inbound{ID: "l" + string(rune('a'+s.sent)), From: who, Language: language, Text: text})
		s.ok(err)
		var said []string
		for _, m := range replies {
			said = append(said, m.Text)
		}
		return strings.Join(said, "\n")
	}
	sms := stranger("+31612340001", talk.SMS)
	for _, step := range []struct{ text, holds string }{
		{"KOOP", "Welcome to"},        // the brand's own word is of no language
		{"EXIT", "Stopped."},          // English
		{"OPWAARDEREN", "Welkom bij"}, // Dutch
		{"0612340001", "Typ "},        // which lasts
		{"BACK", "What is your"},      // until a word of another language
	} {
		if got := ask(sms, "", step.text); !strings.Contains(got, step.holds) {
			t.Errorf("%s: %q, want %q in it", step.text, got, step.holds)
		}
	}
	telegram := stranger("+31612340002", talk.Telegram)
	if got := ask(telegram, "nl", "TOPUP"); !strings.Contains(got, "Welkom bij") {
		t.Errorf("a messenger in Dutch: %q", got)
	}
	if got := ask(stranger("+31612340003", talk.SMS), "fr", "hoi"); !strings.Contains(got, "Welkom bij") {
		t.Errorf("a language that the brand does not speak: %q", got)
	}
}
