package conversation

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
)

// demoBrand is a brand like the demo, for tests of this package.
func demoBrand() *prepaid.Brand {
	eur := func(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "EUR"} }
	return &prepaid.Brand{
		Name: "demo", Title: "Demo Mobile", Test: true, Country: "NL", Currency: "EUR", Languages: []string{"en", "nl"},
		Support: "+31800123456", Keywords: map[string][]string{"topup": {"KOOP", "TOPUP"}},
		Creditor: prepaid.Creditor{Name: "Demo Mobile B.V.", Address: "Kerkstraat 1, 1017 GA Amsterdam", Identifier: "NL79ZZZ999999990000"},
		Amounts:  prepaid.AmountRange{Min: eur(1000), Max: eur(5000), Step: eur(500)},
		Cards:    prepaid.CardFormat{CodeLength: 14}, SMSChannel: "fake",
	}
}

func mustPrompts(t testing.TB, b *prepaid.Brand) *BrandPrompts {
	t.Helper()
	p, err := LoadPrompts(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustEngine(t testing.TB) *engine {
	t.Helper()
	e, err := newEngine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPromptsAreThereAndFit(t *testing.T) {
	b := demoBrand()
	if err := checkPrompts(b, mustPrompts(t, b), mustEngine(t).table); err != nil {
		t.Error(err)
	}
}

func TestEveryLanguageHasTheSameKeysAndNames(t *testing.T) {
	names := regexp.MustCompile(`\{\w+\}`)
	en, err := readPromptFile("en")
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range Languages() {
		f, err := readPromptFile(language)
		if err != nil {
			t.Fatal(err)
		}
		for key, text := range en.Prompts {
			other, ok := f.Prompts[key]
			if !ok {
				t.Errorf("%s.yaml: %s is missing", language, key)
				continue
			}
			// Which words of ours a text offers may differ; what a reply fills in may not.
			for _, name := range names.FindAllString(text, -1) {
				if _, word := en.Keywords[Action(name[1:len(name)-1])]; !word && name != "{example}" && !slices.Contains(names.FindAllString(other, -1), name) {
					t.Errorf("%s.yaml: %s lacks %s", language, key, name)
				}
			}
		}
		for key := range f.Prompts {
			if _, ok := en.Prompts[key]; !ok {
				t.Errorf("%s.yaml: %s is not in en.yaml", language, key)
			}
		}
	}
}

// What the code says is read from its types: constants of type Key, and the labels of constants of type ChoiceID.
func TestEveryPromptSaidInTheCodeExistsAndIsUsed(t *testing.T) {
	en, err := readPromptFile("en")
	if err != nil {
		t.Fatal(err)
	}
	e := mustEngine(t)
	said := map[Key]string{}
	keys, choices := stringConstants(t, "Key"), stringConstants(t, "ChoiceID")
	for key, where := range keys {
		said[Key(key)] = where
	}
	for _, id := range append(append(methodChoices(), e.actions.offeredBy(menu)...), e.actions.offeredBy(accountMenu)...) {
		choices[string(id)] = "a table of choices"
	}
	for id, where := range choices {
		said[ChoiceID(id).label()] = where
	}
	for key, where := range said {
		if _, ok := en.Prompts[key]; !ok && key != "" {
			t.Errorf("%s says %q, which is no prompt", where, key)
		}
	}
	for _, where := range computed(t, "Key") {
		if !strings.HasPrefix(where, "prompts.go:") {
			t.Errorf("%s computes a key: nobody can tell whether that prompt exists", where)
		}
	}
	for key := range en.Prompts {
		if said[key] == "" {
			t.Errorf("prompt %s is never said", key)
		}
	}
}

func TestBrandOverridesPrompts(t *testing.T) {
	b := demoBrand()
	b.Prompts = map[string]map[string]string{"en": {"exit.done": "Bye from {brand}, {name}."}}
	p := mustPrompts(t, b)
	got := p.ByLanguage["en"].Part("exit.done", "name", "Jan")
	want := Part{Key: "exit.done", Values: map[string]string{"name": "Jan"}, Text: "Bye from Demo Mobile, Jan."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.Prompts["nl"] = map[string]string{"exit.don": "Dag"}
	if _, err := LoadPrompts(b); err == nil {
		t.Error("an override of a prompt that does not exist is taken")
	}
	b = demoBrand()
	b.Prompts = map[string]map[string]string{"nl": {"exit.done": "Geregeld, alles is geïnd"}}
	if err := checkPrompts(b, mustPrompts(t, b), mustEngine(t).table); err == nil {
		t.Error("a text that is not GSM-7 is taken")
	}
}
