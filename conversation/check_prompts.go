package conversation

import (
	"errors"
	"fmt"
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
)

// How many SMS segments a prompt may take: what a customer must agree to word for word is longer.
const (
	maxSegments        = 2
	maxMandateSegments = 6
	maxButton          = 30 // septets
)

// sampleValues are what the {names} of prompts are filled with to see how long they get.
var sampleValues = []string{
	"amount", "EUR 150.00", "number", "+31612345678", "order", "BKTRMWQXZD", "minutes", "1440", "left", "2",
	"question", "EUR 150.00 for +31612345678. Please type your PIN.", "what", "EUR 150.00 for +31612345678",
	"code", "123456", "languages", "EN, NL", "link", "https://topup.example/pay/bcdfghjklmnpqrstvwxzbcdfghjklmnp",
	"reference", "BCDFGHJKLMNPQRSTVWXZ", "holder", "Wilhelmina van der Grinten-Oudenaarden", "iban", "NL** **** 4300", "date", "2026-11-21",
	"place", "+31612345678",
}

// checkPrompts finds the prompts that a brand's flows need and a language lacks, and those that are too long or
// not plain GSM-7 in an SMS.
func checkPrompts(b *prepaid.Brand, all *BrandPrompts, tb *table) error {
	var errs []error
	for _, language := range b.Languages {
		p := all.ByLanguage[language]
		for _, key := range neededPrompts(tb) {
			if _, ok := p.Template(key); !ok {
				errs = append(errs, fmt.Errorf("brand %s: language %s has no prompt %s", b.Name, language, key))
			}
		}
		for _, key := range p.Keys() {
			errs = append(errs, checkPrompt(b, p, key))
		}
	}
	return errors.Join(errs...)
}

func checkPrompt(b *prepaid.Brand, p *Prompts, key Key) error {
	if err := fits(p, key); err != nil {
		return fmt.Errorf("brand %s: prompt %s.%s %w", b.Name, p.Language, key, err)
	}
	return nil
}

// mustShow are the {names} that the texts of questions which lead to a charge can't do without, a brand's own texts included:
// nobody pays for what the question did not name.
var mustShow = map[Key][]string{
	"topup.ask_pin": {"amount", "number"}, "topup.confirm_again": {"amount", "number"}, "session.purchase": {"amount", "number"},
	"session.expired": {"what"}, "pin.wrong": {"question"},
}

// fits says why a prompt lacks what it must show or, filled with long values, does not fit an SMS or a button.
func fits(p *Prompts, key Key) error {
	template, _ := p.Template(key)
	for _, name := range mustShow[key] {
		if !strings.Contains(template, "{"+name+"}") {
			return fmt.Errorf("must show {%s}: it says what will be charged for", name)
		}
	}
	text := p.Part(key, sampleValues...).Text
	begins := text
	if runes := []rune(text); len(runes) > 60 {
		begins = string(runes[:60]) + "..."
	}
	limit := maxSegments
	if strings.HasPrefix(string(key), "mandate.") {
		limit = maxMandateSegments
	}
	if !channels.IsGSM7(text) {
		return fmt.Errorf("is not plain GSM-7, which would double the price of each SMS: %q", begins)
	}
	count := channels.Segments(text)
	if strings.HasPrefix(string(key), "button.") && count.Units > maxButton {
		return fmt.Errorf("takes %d characters, %d at most: shorten %q", count.Units, maxButton, begins)
	}
	if n := count.Segments; n > limit {
		return fmt.Errorf("takes %d SMS segments, %d at most: shorten %q", n, limit, begins)
	}
	return nil
}

// neededPrompts lists the keys that the flow tables name.
func neededPrompts(tb *table) []Key {
	var keys []Key
	for _, name := range tb.names() {
		s := tb.states[name]
		if s.Prompt != "" {
			keys = append(keys, s.Prompt)
		}
		for _, id := range s.Choices {
			keys = append(keys, id.label())
		}
		for _, t := range sorted(tb.transitions[name]) {
			if t.Say != "" {
				keys = append(keys, t.Say)
			}
		}
	}
	return keys
}
