package conversation

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
	"pulsa/prepaid/race"
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

func mustLanguages(t testing.TB) *Languages {
	t.Helper()
	l, err := ReadLanguages("")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustPrompts(t testing.TB, b *prepaid.Brand) *BrandPrompts {
	t.Helper()
	p, err := mustLanguages(t).ForBrand(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustReader(t testing.TB, b *prepaid.Brand) purchaseReader {
	t.Helper()
	return purchaseReader{mustLanguages(t).beside, amountReader{b, marksOf(b.Country).decimal}}
}

func mustEngine(t testing.TB) *engine {
	t.Helper()
	e, err := newEngine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheLanguagesThatAreBuiltInAreWholeAndFit(t *testing.T) {
	mustPrompts(t, demoBrand())
}

func TestEveryValueOfATextHasASample(t *testing.T) {
	b := demoBrand()
	p := mustPrompts(t, b).ByLanguage["en"]
	samples := p.samples(b)
	for _, key := range p.Keys() {
		text, _ := p.Template(key)
		for _, name := range namesIn(text) {
			if i := slices.Index(samples, name); i < 0 || i%2 != 0 {
				t.Errorf("%s: how long it gets with {%s} is not looked at: add it to samples", key, name)
			}
		}
	}
}

// What the code says is read from its types: constants of type Key, and the labels of constants of type ChoiceID.
func TestEveryPromptSaidInTheCodeExistsAndIsUsed(t *testing.T) {
	race.Skip(t)
	en := mustLanguages(t).source()
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
		if _, ok := en.Prompts[string(key)]; !ok && key != "" {
			t.Errorf("%s says %q, which is no prompt", where, key)
		}
	}
	for _, where := range computed(t, "Key") {
		if !strings.HasPrefix(where, "prompts.go:") && !strings.HasPrefix(where, "check_prompts.go:") {
			t.Errorf("%s computes a key: nobody can tell whether that prompt exists", where)
		}
	}
	for key := range en.Prompts {
		if said[Key(key)] == "" {
			t.Errorf("prompt %s is never said", key)
		}
	}
}

func TestABrandThatTakesNoCardsOffersNone(t *testing.T) {
	b := demoBrand()
	b.Cards.NoRedeem = true
	for language, p := range mustPrompts(t, b).ByLanguage {
		word := wordToRedeem(t, language)
		for _, key := range p.Keys() {
			text, _ := p.Template(key)
			if strings.Contains(text, word) {
				t.Errorf("%s: %s offers %s: %q", language, key, word, text)
			}
		}
		if p.Word(ActRedeem) != "" {
			t.Errorf("%s: the word %s is offered", language, p.Word(ActRedeem))
		}
	}
	b.Prompts = map[string]map[string]string{"en": {"start.welcome": "Hello! {redeem} takes cards of our old shop."}}
	if text, _ := mustPrompts(t, b).ByLanguage["en"].Template("start.welcome"); !strings.Contains(text, "our old shop") {
		t.Errorf("the brand's own text is left out: %q", text)
	}
}

// wordToRedeem is the word that texts offer for redeeming a card.
func wordToRedeem(t *testing.T, language string) string {
	word := mustPrompts(t, demoBrand()).ByLanguage[language].Word(ActRedeem)
	if word == "" {
		t.Fatalf("%s: no word for redeeming a card", language)
	}
	return word
}

func TestBrandOverridesPrompts(t *testing.T) {
	b := demoBrand()
	b.Prompts = map[string]map[string]string{"en": {"code.sms": "{code}, by {brand}."}}
	p := mustPrompts(t, b)
	got := p.ByLanguage["en"].Part("code.sms", "code", "123456")
	want := Part{Key: "code.sms", Values: map[string]string{"code": "123456"}, Text: "123456, by Demo Mobile."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.Prompts["nl"] = map[string]string{"exit.don": "Dag"}
	if _, err := mustLanguages(t).ForBrand(b); err == nil {
		t.Error("an override of a prompt that does not exist is taken")
	}
	b = demoBrand()
	b.Prompts = map[string]map[string]string{"nl": {"exit.done": "Geregeld, alles is geïnd"}}
	if _, err := mustLanguages(t).ForBrand(b); err == nil {
		t.Error("a text that is not GSM-7 is taken")
	}
}
