package channels

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pulsa/prepaid"
)

// maxButtonID is how many bytes a button may carry back: Telegram's callback_data.
const maxButtonID = 64

// Rendered is one message as a channel can carry it.
type Rendered struct {
	Text         string
	Buttons      []Choice
	AskContact   bool
	ContactLabel string
}

// Render turns a reply into what a channel can carry: choices become buttons where it has enough of
// them, else numbered lines; a plain channel gets GSM-7 only, unless the language
// needs other letters; a text that is longer than one message may
// be is cut at spaces into several. Buttons hang on the last one. An empty message renders as nothing.
func Render(m Message, can Capabilities) []Rendered {
	text := strings.TrimSpace(strings.ToValidUTF8(m.Text, "\uFFFD"))
	buttons := m.Choices
	if !buttonsFit(m.Choices, can.Buttons) {
		text = withLines(text, m.Choices)
		buttons = nil
	}
	carries := can
	switch {
	case !can.Plain:
	case !m.AnyLetter:
		text = Plain(text)
	case !IsGSM7(text): // what carries septets carries fewer units of 16 bits
		carries.Plain, carries.MaxUnits = false, can.MaxUnits*7/16
	}
	var out []Rendered
	for _, part := range cut(text, meterFor(text, carries)) {
		out = append(out, Rendered{Text: part})
	}
	if len(out) > 0 {
		last := &out[len(out)-1]
		last.Buttons = buttons
		last.AskContact = m.AskContact && can.Contact
		if last.AskContact {
			last.ContactLabel = m.ContactLabel
		}
	}
	return out
}

func buttonsFit(choices []Choice, buttons int) bool {
	if len(choices) > buttons {
		return false
	}
	for _, c := range choices {
		if c.ID == "" || len(c.Button()) > maxButtonID || c.Label == "" {
			return false
		}
	}
	return true
}

func withLines(text string, choices []Choice) string {
	var out strings.Builder
	out.WriteString(text)
	for i, c := range choices {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(strconv.Itoa(i+1) + " " + c.Label)
	}
	return out.String()
}

// meterFor returns the meter for the parts of a text.
func meterFor(text string, can Capabilities) meter {
	if can.Segmented {
		m := newSegmentMeter(text)
		m.max = can.MaxSegments
		return &m
	}
	return &unitMeter{plain: can.Plain, max: can.MaxUnits}
}

// cut divides a text into parts that fit, at the last white space where there is one. The spaces it is cut
// at are dropped; nothing else is.
func cut(text string, m meter) []string {
	var out []string
	for text != "" {
		m.reset()
		end := fitting(text, m)
		if end < len(text) {
			if space := strings.LastIndexFunc(text[:end], unicode.IsSpace); space > 0 && !startsWithSpace(text[end:]) {
				end = space
			}
		}
		if part := strings.TrimSpace(text[:end]); part != "" {
			out = append(out, part)
		}
		text = strings.TrimLeftFunc(text[end:], unicode.IsSpace)
	}
	return out
}

func startsWithSpace(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(r)
}

// fitting is how many bytes of the text fit; at least one character, so that cutting always ends.
func fitting(text string, m meter) int {
	for i, r := range text {
		if m.add(r); !m.fits() && i > 0 {
			return i
		}
	}
	return len(text)
}

// ReadChoice finds which choice a customer has made: by tapping its button, by its number ("2", "2.",
// "(2)"), by its label in any case, or by words that only one label has. ok is false where no choice, or more than
// one, is meant. The caller knows whether a button belongs to the
// question of these choices.
func ReadChoice(choices []Choice, in Inbound) (id string, ok bool) {
	if in.Button != "" {
		_, tapped, _ := ReadButton(in.Button)
		if slices.ContainsFunc(choices, func(c Choice) bool { return c.ID == tapped }) {
			return tapped, true
		}
		return "", false
	}
	text := foldChoice(in.Text)
	if text == "" {
		return "", false
	}
	if number, rest := leadingNumber(text); number >= 1 && number <= len(choices) {
		if rest == "" || rest == foldChoice(choices[number-1].Label) {
			return choices[number-1].ID, true
		}
	}
	labels := make([]string, len(choices))
	for i, c := range choices {
		labels[i] = foldChoice(c.Label)
	}
	if i := onlyChoice(labels, func(label string) bool { return label == text }); i >= 0 {
		return choices[i].ID, true
	}
	if i := onlyChoice(labels, func(label string) bool { return strings.HasPrefix(label, text+" ") }); i >= 0 {
		return choices[i].ID, true
	}
	if i := onlyChoice(labels, func(label string) bool { return hasWords(label, text) }); i >= 0 {
		return choices[i].ID, true
	}
	return "", false
}

// hasWords reports whether all words of a text, short ones apart, are words of the label: "credit card" of "credit or debit
// card".
func hasWords(label, text string) bool {
	isBreak := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }
	words := strings.FieldsFunc(label, isBreak)
	said := 0
	for _, word := range strings.FieldsFunc(text, isBreak) {
		if !slices.Contains(words, word) {
			return false
		}
		if utf8.RuneCountInString(word) > 2 {
			said++
		}
	}
	return said > 0
}

func onlyChoice(labels []string, matches func(label string) bool) int {
	found := -1
	for i, label := range labels {
		if !matches(label) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

// foldChoice makes what is typed and what is shown comparable: without case, odd characters, doubled
// spaces, and quotes or stops around.
func foldChoice(text string) string {
	if !isASCII(text) {
		text = foldLetters(text)
	}
	folded := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	return strings.Trim(folded, "\"'.,;:!?() ")
}

// isASCII: most that is typed is, and needs no tables.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func foldLetters(text string) string {
	var out strings.Builder
	for _, r := range prepaid.Fold(text) {
		if plain, ok := plainRune(r); ok {
			out.WriteString(plain)
		} else {
			out.WriteRune(r) // other scripts are compared as they stand
		}
	}
	return out.String()
}

// leadingNumber reads "2", "2 sepa", "2. sepa", "2) sepa"; 0 where there is none. Brackets around have
// been folded away.
func leadingNumber(text string) (n int, rest string) {
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	if end == 0 || end > 3 {
		return 0, ""
	}
	n, _ = strconv.Atoi(text[:end]) // at most three digits
	after := strings.TrimLeft(text[end:], ".):-")
	if after != "" && after[0] != ' ' {
		return 0, "" // "2fast" and "2.50" are no numbers of choices
	}
	return n, strings.TrimSpace(after)
}
