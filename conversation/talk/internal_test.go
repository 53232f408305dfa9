package talk

import (
	"strings"
	"testing"
)

func TestSecretsAreFoundAsWholeRunsOfDigits(t *testing.T) {
	h := newHunter([]string{"4821", "12345678901234", "hunter two", "4821"})
	for text, want := range map[string]bool{
		`text="KOOP 10 4821"`:       true,
		`{"pin":"4821"}`:            true,
		"PIN4821":                   true,
		`KOOP 10 4821\n`:            true,
		"code=1234 5678 9012 34":    true,
		"code=1234-5678-9012-34":    true,
		"12345678901234":            true,
		"the word hunter two":       true,
		"48210":                     false,
		"amount=148210":             false,
		"2025-03-01T09:00:00.4821Z": false,
		"time=4821-03-01":           false,
		"at 09:48:21.4821":          false,
		"tel:+316****4821":          false,
		"telegram:****4821":         false,
		"took 4821ms":               false,
		"took 1.4821s":              false,
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b4821f": false,
		"123456789012345": false,
		"****":            false,
	} {
		if got := len(h.leaks("before\n"+text+"\nafter")) > 0; got != want {
			t.Errorf("%q: %v", text, got)
		}
		if want && strings.Contains(h.hide(text), "4821") {
			t.Errorf("%q is shown as %q", text, h.hide(text))
		}
	}
	if got := h.hide("PIN 4821, code 1234 5678 9012 34, hunter two, 48210"); got != "PIN ****, code ****, ****, 48210" {
		t.Error(got)
	}
}

func TestRepliesMatch(t *testing.T) {
	m := matcher{prompt: func(key string) (string, bool) {
		text, ok := map[string]string{"a": "First.", "b": "You have {n} left {more}", "choose": "Choose:"}[key]
		return text, ok
	}}
	parts := []Part{{Key: "a", Text: "First."}, {Key: "b", Values: map[string]string{"n": "EUR 10.00", "more": ""}, Text: "You have EUR 10.00 left "}}
	known := Message{Text: "First.\nYou have EUR 10.00 left", Parts: parts}
	blind := Message{Text: known.Text}
	choose := Message{Text: "Choose:\n1 SEPA\n2 Card", Parts: []Part{{Key: "choose", Text: "Choose:"}}}
	nothingLeft := Message{Text: "Anders", Parts: []Part{{Key: "a", Text: "Anders"}}}
	for _, c := range []struct {
		expect string
		m      Message
		want   bool
	}{
		{"< {a} {b}", known, true},
		{"< {a}\n  {b}", known, true},
		{"< {a}{b}", known, true},
		{"< {b} {a}", known, false},
		{"< {a}", known, false},
		{"< {a} {b n=EUR 10.00}", known, true},
		{"< {a} {b n=EUR 10.00 more=}", known, true},
		{`< {a} {b n="EUR 10.00"}`, known, true},
		{"< {a} {b n=EUR *}", known, true},
		{"< {a} {b n=EUR 11.00}", known, false},
		{"< {a} {b other=*}", known, false},
		{"< {a} *", known, true},
		{"< {b} *", known, false},
		{"< * {b}", known, true},
		{"< *{b}", known, true},
		{"< {a} You have * left", known, true},
		{"< First. {b}", known, true},
		{"< First.   You have EUR 10.00 left", known, true},
		{"< first. You have EUR 10.00 left", known, false},
		{"< First. You have", known, false},
		{`< \*`, known, false},
		{"< {a} {b}", blind, true},
		{"< {a} {b n=EUR 10.00}", blind, true},
		{"< {a} {b n=EUR 11.00}", blind, false},
		{"< {a}", blind, false},
		{"< {a} *", blind, true},
		{"< {choose}", choose, true},
		{"< {choose} 1 SEPA 2 Card", choose, true},
		{"< Choose: 1 SEPA 2 Card", choose, true},
		{"< Choose:", choose, true},
		{"< {choose}", Message{Text: choose.Text}, true},
		{"< Choose: *", Message{Text: choose.Text}, true},
		{"< {a}", nothingLeft, false},
		{"< Anders", nothingLeft, true},
		{"< Anders *", nothingLeft, true},
		{"< * Anders", nothingLeft, true},
		{"< Anders*", nothingLeft, true},
	} {
		e := expectOf(strings.Split(c.expect, "\n"))
		if e == nil {
			t.Errorf("%s can't be read", c.expect)
		} else if got := m.matches(e, c.m); got != c.want {
			t.Errorf("%s against %q: %v", c.expect, c.m.Text, got)
		}
	}
}

func TestNumberedChoicesAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"How?\n1 SEPA\n2 Card":           "SEPA|Card",
		"How?\n1. SEPA\n2. Card\n":       "SEPA|Card",
		"10 euro it is. How?\n1) SEPA":   "SEPA",
		"10 euros\n1 Yes\n2 No":          "Yes|No",
		"How?\n2 Card\n3 PayPal":         "",
		"How?\n1 SEPA\n2 Card\nOr EXIT?": "",
		"":                               "",
	} {
		choices, begin := numberedChoices(text)
		var labels []string
		for _, c := range choices {
			labels = append(labels, c.Label)
		}
		if got := strings.Join(labels, "|"); got != want {
			t.Errorf("%q: %q", text, got)
		}
		if want == "" && begin != len(text) {
			t.Errorf("%q: begins at %d", text, begin)
		}
	}
}

func TestButtonIsFoundByItsLabelItsIDOrItsFirstWords(t *testing.T) {
	choices := []Choice{
		{ID: "again", Label: "Nog een keer"}, {ID: "no", Label: "Nee"}, {ID: "sepa", Label: "SEPA direct debit"}, {ID: "sepa2", Label: "SEPA later"},
		{Label: "PayPal account"},
	}
	for label, want := range map[string]int{
		"Nee": 1, "nee": 1, "No": 1, "SEPA": 2, "SEPA later": 3, "paypal": 4, "PayPal  account": 4, "Pay": -1, "Nog een": 0, "SEPA l": -1, "x": -1,
	} {
		if got := findChoice(choices, label); got != want {
			t.Errorf("%q: %d, want %d", label, got, want)
		}
	}
	if got := findChoice([]Choice{{ID: "a", Label: "Card one"}, {ID: "b", Label: "Card two"}}, "Card"); got != -1 {
		t.Errorf("two begin so, and %d is taken", got)
	}
}

func TestEventsAndFactsAreSaidAsTheyAreRead(t *testing.T) {
	for _, text := range []string{"again", "another customer", "customer +31612345678", "wait 31m", "wait 2h", "wait 30d", "wait 90s",
		"customer completes payment setup", "customer abandons payment setup", "customer authenticates", "payment approves",
		"payment declines", "payment times out", "payment times out after charging", "payment needs authentication", "payment returns the debit", "payment revokes the mandate",
		"network delivers", "network rejects INVALID_AMOUNT_FOR_OPERATOR", "network fails with PROVIDER_INTERNAL_ERROR", "network times out", "network times out after delivering",
		"network delivers after 40s", "network is out of funds", "network is unavailable", "channel down 2m", "redis lost", "redis down 2m",
		"restart", "crash after charge", "same id", "together", "end", "window closes"} {
		e, err := parseEvent("  "+text+" ", nil)
		if err != nil {
			t.Errorf("%s: %s", text, err.problem)
		} else if e.String() != text {
			t.Errorf("%s is said as %s", text, e)
		}
	}
	for _, text := range []string{"state idle", "charged EUR 10.00 once", "topped up EUR 10.00 twice", "refunded EUR 10.00 3 times", "charged JPY 10 never",
		"order delivered", "card 101-00000042 activated", "registered", "not registered", "locked", "not locked", "opted out", "not opted out", "audit clean",
		"pays by sepa", "pays by nothing", "automatic off", "automatic paused", "automatic EUR 10.00 monthly", "automatic EUR 10.00 every 14 days", "automatic EUR 10.00 below EUR 5.00"} {
		f, err := parseFact(text, &Vocabulary{})
		if err != nil {
			t.Errorf("%s: %s", text, err.problem)
		} else if f.String() != text {
			t.Errorf("%s is said as %s", text, f)
		}
	}
}
