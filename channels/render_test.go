package channels_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
)

func of(t testing.TB, k channels.Kind) channels.Capabilities {
	t.Helper()
	can, ok := channels.Of(k)
	if !ok {
		t.Fatalf("no kind %s", k)
	}
	return can
}

var methods = []channels.Choice{{ID: "sepa", Label: "SEPA direct debit"}, {ID: "card", Label: "Credit card"}, {ID: "paypal", Label: "PayPal"}}

func TestChoicesAreButtonsOrNumberedLines(t *testing.T) {
	m := channels.Message{Text: "How do you pay?", Choices: methods, AskContact: true}
	lines := "How do you pay?\n1 SEPA direct debit\n2 Credit card\n3 PayPal"
	for kind, want := range map[channels.Kind][]channels.Rendered{
		channels.SMS:      {{Text: lines}},
		channels.USSD:     {{Text: lines}},
		channels.WhatsApp: {{Text: lines}},
		channels.Telegram: {{Text: "How do you pay?", Buttons: methods, AskContact: true}},
	} {
		if diff := cmp.Diff(want, channels.Render(m, of(t, kind))); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

func TestChoicesThatNoButtonCarriesAreLines(t *testing.T) {
	long := channels.Message{Choices: []channels.Choice{{ID: strings.Repeat("x", 65), Label: "A"}, {ID: "b", Label: "B"}}}
	if got := channels.Render(long, of(t, channels.Telegram)); len(got) != 1 || got[0].Text != "1 A\n2 B" || got[0].Buttons != nil {
		t.Errorf("an id of 65 bytes: %+v", got)
	}
	many := channels.Message{Text: "Which?", Choices: make([]channels.Choice, 9)}
	for i := range many.Choices {
		many.Choices[i] = channels.Choice{ID: string(rune('a' + i)), Label: "L"}
	}
	if got := channels.Render(many, of(t, channels.Telegram)); len(got) != 1 || got[0].Buttons != nil {
		t.Errorf("nine choices: %+v", got)
	}
}

func TestALanguageOfOtherLettersIsCarriedAsItIs(t *testing.T) {
	m := channels.Message{Text: strings.Repeat("да ", 60), AnyLetter: true} // 180 letters
	for kind, parts := range map[channels.Kind]int{channels.SMS: 1, channels.USSD: 3, channels.Telegram: 1} {
		got := channels.Render(m, of(t, kind))
		if len(got) != parts || !strings.HasPrefix(got[0].Text, "да да") {
			t.Errorf("%s: %d parts: %+v", kind, len(got), got)
		}
	}
	m.AnyLetter = false
	if got := channels.Render(m, of(t, channels.SMS)); !strings.HasPrefix(got[0].Text, "?? ??") {
		t.Errorf("plain: %+v", got)
	}
}

func TestAnEmptyMessageRendersAsNothing(t *testing.T) {
	for _, text := range []string{"", " \n "} {
		if got := channels.Render(channels.Message{Text: text}, of(t, channels.SMS)); got != nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestPlainWritesGSM7(t *testing.T) {
	for text, want := range map[string]string{
		"EUR 10.00 {é è ü €}":            "EUR 10.00 {é è ü €}",
		"geïnd, financiële":              "geind, financiele",
		"“Zo’n” – dat is ‘t…":            "\"Zo'n\" - dat is 't...",
		"€\u00a010,-\tok":                "€ 10,- ok",
		"e\u0301 cafe\u0308":             "é cafe",
		"Œuvre, Łódź, Đà, ½":             "OEuvre, Lodz, Dà, 1/2",
		"ok 👍 ✓":                         "ok ? ?",
		"ze\u200bro wi\u00addth\ufeff":   "zero width",
		"ＫＯＯＰ １０":                        "KOOP 10",
		"Привет":                         "??????",
		"ça coûte à l`ami":               "ca coute à l'ami",
		"a\u2011b\u2028c\u202fd • × ™ ©": "a-b c d - x TM (c)",
	} {
		if got := channels.Plain(text); got != want {
			t.Errorf("Plain(%q) = %q, want %q", text, got, want)
		}
	}
}

// fitsReference judges a part without the code that cut it.
func fitsReference(text string, can channels.Capabilities) bool {
	if can.Segmented {
		return referenceSegments(text).Segments <= can.MaxSegments
	}
	if can.Plain {
		return referenceSegments(text).Units <= can.MaxUnits
	}
	return len(utf16.Encode([]rune(text))) <= can.MaxUnits
}

func checkRender(t *testing.T, text string) {
	t.Helper()
	for _, kind := range []channels.Kind{channels.SMS, channels.WhatsApp, channels.Telegram, channels.USSD} {
		can := of(t, kind)
		var joined []string
		for _, part := range channels.Render(channels.Message{Text: text}, can) {
			if part.Text == "" || !fitsReference(part.Text, can) {
				t.Fatalf("%s: part %q does not fit", kind, part.Text)
			}
			if can.Plain && referenceSegments(part.Text).Encoding != channels.GSM7 {
				t.Fatalf("%s: part %q is not plain", kind, part.Text)
			}
			joined = append(joined, part.Text)
		}
		want := strings.ToValidUTF8(text, "\uFFFD")
		if can.Plain {
			want = channels.Plain(want)
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := squeeze(strings.Join(joined, "")); got != squeeze(want) {
			t.Fatalf("%s: the parts of %q hold %q", kind, text, got)
		}
	}
}

func TestLongTextsAreCutAtSpaces(t *testing.T) {
	can := of(t, channels.USSD)
	text := strings.Repeat("abcdefghi ", 40)
	got := channels.Render(channels.Message{Text: text, Choices: methods}, can)
	if len(got) != 3 {
		t.Fatalf("%d parts", len(got))
	}
	for _, part := range got {
		if !strings.HasSuffix(part.Text, "i") && !strings.HasSuffix(part.Text, "PayPal") {
			t.Errorf("%q is cut inside a word", part.Text)
		}
	}
	for n := range 60 {
		checkRender(t, strings.Repeat("Größe 😀€ {x} ", n*8))
		checkRender(t, strings.Repeat("€", n*30))
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Your top-up – EUR 10 \xff", uint8(60))
	f.Fuzz(func(t *testing.T, text string, times uint8) {
		checkRender(t, strings.Repeat(text, int(times%60)))
	})
}

func TestAButtonNamesItsQuestion(t *testing.T) {
	longest := channels.Choice{ID: strings.Repeat("x", 53), Question: math.MaxUint32}
	for _, c := range []channels.Choice{{ID: "sepa"}, {ID: "a.b", Question: 17}, longest} {
		question, id, ok := channels.ReadButton(c.Button())
		if question != c.Question || id != c.ID || !ok || len(c.Button()) > 64 {
			t.Errorf("%+v: %q is read as %d, %q, %v", c, c.Button(), question, id, ok)
		}
	}
	for _, button := range []string{"", "sepa", ".sepa", "17.", "17", "-1.sepa", "4294967296.sepa", "SEPA direct debit"} {
		if question, id, ok := channels.ReadButton(button); ok {
			t.Errorf("%q is read as %d, %q", button, question, id)
		}
	}
}

func TestReadChoice(t *testing.T) {
	tens := []channels.Choice{{ID: "a", Label: "10"}, {ID: "b", Label: "2"}, {ID: "c", Label: "EUR 20"}}
	twins := []channels.Choice{{ID: "v", Label: "Card Visa"}, {ID: "m", Label: "Card Maestro"}, {ID: "x", Label: "Geïnd, later"}, {ID: "y", Label: "Позже"}}
	wordy := []channels.Choice{{ID: "sepa", Label: "SEPA direct debit"}, {ID: "card", Label: "Credit or debit card"}, {ID: "incasso", Label: "SEPA-incasso"}}
	for _, test := range []struct {
		name    string
		choices []channels.Choice
		in      channels.Inbound
		want    string
	}{
		{"button", methods, channels.Inbound{Button: channels.Choice{ID: "paypal", Question: 7}.Button()}, "paypal"},
		{"button and its label as text", methods, channels.Inbound{Button: "7.card", Text: "PayPal"}, "card"},
		{"button of another choice", methods, channels.Inbound{Button: "7.ideal", Text: "1"}, ""},
		{"button without a question", methods, channels.Inbound{Button: "paypal", Text: "1"}, ""},
		{"number", methods, channels.Inbound{Text: " 2 "}, "card"},
		{"dot", methods, channels.Inbound{Text: "2."}, "card"},
		{"bracket", methods, channels.Inbound{Text: "2)"}, "card"},
		{"brackets", methods, channels.Inbound{Text: "(2)"}, "card"},
		{"quoted", methods, channels.Inbound{Text: "“2”"}, "card"},
		{"full width", methods, channels.Inbound{Text: "２"}, "card"},
		{"the line itself", methods, channels.Inbound{Text: "2. credit CARD"}, "card"},
		{"a line that contradicts itself", methods, channels.Inbound{Text: "2 paypal"}, ""},
		{"none of that number", methods, channels.Inbound{Text: "4"}, ""},
		{"zero", methods, channels.Inbound{Text: "0"}, ""},
		{"a huge number", methods, channels.Inbound{Text: "99999999999999999999"}, ""},
		{"an amount", methods, channels.Inbound{Text: "2.50"}, ""},
		{"label", methods, channels.Inbound{Text: "sepa  DIRECT debit!"}, "sepa"},
		{"first word", methods, channels.Inbound{Text: "sepa"}, "sepa"},
		{"first words", methods, channels.Inbound{Text: "Sepa direct"}, "sepa"},
		{"half a word", methods, channels.Inbound{Text: "sep"}, ""},
		{"a later word", methods, channels.Inbound{Text: "debit"}, "sepa"},
		{"later words", methods, channels.Inbound{Text: "direct debit please"}, ""},
		{"words of one label", wordy, channels.Inbound{Text: "Credit card."}, "card"},
		{"a word of two labels", wordy, channels.Inbound{Text: "debit"}, ""},
		{"a word that says nothing", wordy, channels.Inbound{Text: "or"}, ""},
		{"half of a hyphened word", wordy, channels.Inbound{Text: "incasso"}, "incasso"},
		{"first word of two", twins, channels.Inbound{Text: "card"}, ""},
		{"without its accent", twins, channels.Inbound{Text: "geind, later"}, "x"},
		{"another script", twins, channels.Inbound{Text: "позже"}, "y"},
		{"another word of that script", twins, channels.Inbound{Text: "сразу"}, ""},
		{"a number before a label", tens, channels.Inbound{Text: "2"}, "b"},
		{"a label that is a number", tens, channels.Inbound{Text: "10"}, "a"},
		{"nothing", methods, channels.Inbound{Attachment: true}, ""},
		{"no choices", nil, channels.Inbound{Text: "1"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, ok := channels.ReadChoice(test.choices, test.in)
			if id != test.want || ok != (test.want != "") {
				t.Errorf("got %q, %v; want %q", id, ok, test.want)
			}
		})
	}
}
