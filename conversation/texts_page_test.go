package conversation

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

var update = flag.Bool("update", false, "write docs/texts.md anew")

const textsPage = "../docs/texts.md"

// TestThePageOfTextsIsFresh makes docs/texts.md from the language files: go test ./conversation -run TestThePageOfTexts -update
func TestThePageOfTextsIsFresh(t *testing.T) {
	want := makeTextsPage(t)
	if *update {
		if err := os.WriteFile(textsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(textsPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/texts.md is stale: go test ./conversation -run TestThePageOfTexts -update")
	}
}

func makeTextsPage(t *testing.T) string {
	t.Helper()
	b := demoBrand()
	b.Support = "demo.example/help"
	b.Keywords = nil // a brand's own word would stand in both languages
	p := mustPrompts(t, b)
	where := saidWhere(t)
	var page strings.Builder
	page.WriteString(`# Texts

What customers read, as a phone shows it: each text with example values, in both languages, with the SMS that it takes. Below its key
stands where it is said: the state that asks it (` + "`pulsa flows`" + ` draws them), the error that it answers, or the file that says it. A test makes
this page from ` + "`conversation/prompts`" + `: ` + "`go test ./conversation -run TestThePageOfTexts -update`" + `.
`)
	flow := ""
	for _, key := range p.ByLanguage["en"].Keys() {
		if now, _, _ := strings.Cut(string(key), "."); now != flow {
			flow = now
			fmt.Fprintf(&page, "\n## %s\n\n| key | English | Nederlands |\n|---|---|---|\n", flow)
		}
		fmt.Fprintf(&page, "| `%s`<br>%s | %s | %s |\n", key, where[key], p.ByLanguage["en"].onPhone(key, b), p.ByLanguage["nl"].onPhone(key, b))
	}
	return page.String()
}

// onPhone is a text with example values, and the SMS that it takes.
func (p *Prompts) onPhone(key Key, b *prepaid.Brand) string {
	text := p.Part(key, p.examples(key, b)...).Text
	n := channels.Segments(text).Segments
	return fmt.Sprintf("%s<br>_%d SMS_", strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;").Replace(text), n)
}

// examples are what the names of texts stand for on the page: what is commonest, where samples are what is longest.
func (p *Prompts) examples(key Key, b *prepaid.Brand) []string {
	eur := func(euros int64) string { return p.writes.money(prepaid.Money{Minor: euros * 100, Currency: "EUR"}) }
	at := time.Date(2026, 11, 30, 14, 30, 0, 0, time.UTC)
	values := append(p.samples(b), "amount", eur(10), "spent", eur(200), "limit", eur(200), "minutes", "15", "unit", p.count("minutes", 15), "topups", p.count("topups", 10),
		"time", p.writes.hour(at), "date", p.writes.day(at), "place", "WhatsApp +316****5678", "value", "12345678", "link", "https://demo.example/p/abcdefghjkmn")
	values = append(values, "when", p.Part("day.tomorrow_after", values...).Text)
	values = append(values, "why", p.Part("limit.day_sum", values...).Text, "question", p.Part("topup.ask_pin", values...).Text, "what", p.Part("session.purchase", values...).Text)
	values = append(values, "word", p.Word(ActTopUp))
	switch key {
	case "unpay.ask":
		values = append(values, "what", "NL** **** 4300 ("+p.text("choice.sepa")+")")
	case "meant.ask":
		values = append(values, "what", p.Part("meant.purchase", values...).Text)
	case "order.pin_use":
		values = append(values, "value", "*101*123456#")
	case "order.pin_call":
		values = append(values, "value", "1901")
	case "order.pin_validity":
		values = append(values, "value", "30 days") // as the operator writes it
	case "topup.limit":
		values = append(values, "when", p.Part("limit.again", values...).Text)
	case "redeem.used_by_you", "redeem.spent":
		values = append(values, "when", p.text("day.today"))
		values = append(values, "what", p.Part("redeem.used_by_you", values...).Text)
	}
	return values
}

// saidWhere tells where each prompt is said.
func saidWhere(t *testing.T) map[Key]string {
	t.Helper()
	where := map[Key]string{}
	for key, place := range stringConstants(t, "Key") {
		file, _, _ := strings.Cut(place, ":")
		where[Key(key)] = "in `" + file + "`"
	}
	for _, a := range errorAnswers() {
		where[a.Say] = "an error"
	}
	e := mustEngine(t)
	for _, key := range slices.Sorted(maps.Keys(e.table.states)) {
		state := e.table.states[key]
		if state.Prompt != "" {
			where[state.Prompt] = "asked in `" + key + "`"
		}
		if state.Help != "" {
			where[state.Help] = "HELP in `" + key + "`"
		}
	}
	for key := range mustLanguages(t).source().Prompts {
		if strings.HasPrefix(key, "choice.") || strings.HasPrefix(key, "button.") {
			where[Key(key)] = "a button, or a numbered choice"
		}
	}
	return where
}

// HELP, MENU and whatever has a link are read on old phones, which may show a long message in pieces.
func TestHelpMenuAndLinksFitOneSegment(t *testing.T) {
	b := demoBrand()
	b.Support = "demo.example/help"
	fits := func(language, what, text string) {
		if n := channels.Segments(text).Segments; n > 1 {
			t.Errorf("%s: %s takes %d segments: %q", language, what, n, text)
		}
	}
	for language, p := range mustPrompts(t, b).ByLanguage {
		for _, key := range p.Keys() {
			template, _ := p.Template(key)
			if strings.HasPrefix(string(key), "help.") && key != "help.within" || strings.Contains(template, "{link}") {
				fits(language, string(key), p.Part(key, p.examples(key, b)...).Text)
			}
		}
		menuText := p.text("menu.ask")
		for i, id := range newActions().offeredBy(menu) {
			menuText += fmt.Sprintf("\n%d %s", i+1, p.text(id.label()))
		}
		fits(language, "MENU", menuText)
	}
}
