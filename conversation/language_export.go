package conversation

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pulsa/prepaid"
)

// entry is one thing that a language's file says: "prompts", "exit.done", and its value as YAML.
type entry struct{ section, key, value string }

func (e entry) name() string { return strings.Trim(e.section+"."+e.key, ".") }

// digest names the value of an entry, to tell later whether it has changed.
func (e entry) digest() string {
	sum := sha256.Sum256([]byte(e.value))
	return hex.EncodeToString(sum[:4])
}

// The comment of an exported entry, above it or behind it, ends in the digest of what the program brings.
var (
	markAbove  = regexp.MustCompile(`^ *#.* of ([0-9a-f]{8})$`)
	markBehind = regexp.MustCompile(` # of ([0-9a-f]{8})$`)
)

// entries lists what a language says, in the order of its sections, the keys of each in the order of another language's file.
func (l *language) entries(order *language) []entry {
	list := []entry{{inName, "", strconv.Quote(l.Name)}}
	if len(l.Also) > 0 {
		list = append(list, entry{inAlso, "", flowList(l.Also)})
	}
	letters := "gsm7"
	if l.AnyLetter {
		letters = "any"
	}
	list = append(list, entry{inLetters, "", letters})
	add := func(section string, values map[string]string) {
		at := func(key string) int { return cmp.Or(order.places[section+"."+key].line, len(order.places)+1000) }
		keys := slices.SortedFunc(maps.Keys(values), func(a, b string) int { return cmp.Or(at(a)-at(b), cmp.Compare(a, b)) })
		for _, key := range keys {
			list = append(list, entry{section, key, values[key]})
		}
	}
	add(inKeywords, asYAML(l.Keywords, flowList))
	add(inAround, asYAML(l.Around, flowList))
	add(inSentences, asYAML(l.Sentences, func(lists [][]string) string {
		var parts []string
		for _, words := range lists {
			parts = append(parts, flowList(words))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}))
	add(inAmounts, asYAML(l.Amounts, flowList))
	add(inNumbers, asYAML(l.Numbers, flowList))
	add(inWrites, asYAML(l.Writes, strconv.Quote))
	add(inCounts, asYAML(l.Counts, func(forms map[string]string) string {
		var parts []string
		for _, form := range slices.Sorted(maps.Keys(forms)) {
			parts = append(parts, form+": "+strconv.Quote(forms[form]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}))
	add(inWords, asYAML(l.Words, strconv.Quote))
	add(inPages, asYAML(l.Pages, strconv.Quote))
	add(inPrompts, asYAML(l.Prompts, strconv.Quote))
	return list
}

func asYAML[K ~string, V any](values map[K]V, shown func(V) string) map[string]string {
	texts := map[string]string{}
	for key, value := range values {
		texts[string(key)] = shown(value)
	}
	return texts
}

func flowList(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		if quoted[i] = word; strings.Contains(word, "'") || slices.Contains([]string{"NO", "YES", "ON", "OFF", "Y", "N", "TRUE", "FALSE", "NULL"}, word) {
			quoted[i] = strconv.Quote(word)
		}
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// sectionComments say above each section of an export what it is for.
var sectionComments = map[string]string{
	inName:      "The language as its speakers call it: customers choose it by that name.",
	inAlso:      "Other names that customers type for it.",
	inLetters:   "gsm7: texts hold the letters of GSM-7 alone, 160 to an SMS; any: other letters too, 70 to an SMS.",
	inKeywords:  "Words that customers text, by what they mean. The texts offer the first one.",
	inAround:    "Words that change nothing: any, around every keyword; before, only before it; by an action, behind its keywords.",
	inSentences: "What customers text instead of a keyword: a text that holds a word of each list.",
	inAmounts: "Words that customers write beside an amount and a PIN: by the currency that they name; \"cents\", in which no amount is typed;\n" +
		"# \"pin\", between an amount and the PIN; \"for\", before whom it is for; \"self\", behind it, for the customer's own number;\n" +
		"# \"filler\", which changes nothing.",
	inNumbers: "Words for numbers, by the number; those that are put together of others, such as \"twenty five\", need no word of their own.\n" +
		"# \"and\" joins them.",
	inWrites:  "How the language writes ten euros and a half, the fifth of November 2026, and half past two in the afternoon.",
	inCounts:  "Numbers of things in the forms that the language has by CLDR: zero, one, two, few, many, other.",
	inWords:   "What {support} stands for in the texts of a brand that has a number or page for questions; and what customers call channels.",
	inPages:   "The web page to which payment pages send customers back.",
	inPrompts: "What customers are told. Keep the {names}; words of yours for {topup}, {exit} and the like stand above, under keywords.",
}

// Export writes a language as a file to translate from or to change: complete, with a comment above each entry that says which names
// its text must and may have, how long it may be, and which text it was exported with. b's own texts stand in it too; nil for none.
func (l *Languages) Export(code string, b *prepaid.Brand) (string, error) {
	switch {
	case !languageCode.MatchString(code):
		return "", &NoLanguageError{fmt.Sprintf("%q is no code of a language: write one of ISO 639, such as de or pt-br", code)}
	case l.byCode[code] == nil:
		return "", l.noLanguage(code)
	}
	base, err := baseOf(code)
	if err != nil {
		return "", err
	}
	bases := map[string]entry{}
	for _, e := range base.entries(base) {
		bases[e.name()] = e
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# %s.yaml, for the folder of languages. pulsa prompts check %s.yaml says what is wrong with it.\n", code, code)
	if base.code == code {
		fmt.Fprintf(&out, "# Keep what you change, and delete the rest: the program says that itself.\n")
	} else {
		fmt.Fprintf(&out, "# Translate all of it: the program has no texts of its own in this language.\n")
	}
	known := l.byCode[code].with(b)
	section, group := "", ""
	for _, e := range known.entries(base) {
		if e.section != section {
			section, group = e.section, ""
			fmt.Fprintf(&out, "\n# %s\n", sectionComments[section])
			if e.key != "" {
				fmt.Fprintf(&out, "%s:\n", section)
			}
		}
		if e.key == "" {
			fmt.Fprintf(&out, "%s: %s\n", e.section, e.value)
			continue
		}
		flow, _, _ := strings.Cut(e.key, ".")
		if section == inPrompts && group != "" && flow != group {
			out.WriteString("\n")
		}
		group = flow
		if advice := advice(e); advice != "" {
			fmt.Fprintf(&out, "  # %s; of %s\n  %s: %s\n", advice, bases[e.name()].digest(), e.key, e.value)
		} else {
			fmt.Fprintf(&out, "  %s: %s # of %s\n", e.key, e.value, bases[e.name()].digest())
		}
	}
	return out.String(), nil
}

// advice says what the text of an entry must have, may have, and how long it may be; "" of what is no text of messages.
func advice(e entry) string {
	if e.section != inPrompts && e.section != inWords {
		return ""
	}
	ours := newOurNames()
	var must, may, says []string
	for _, name := range namesIn(e.value) {
		if ours.mustTranslate(name) {
			must = append(must, "{"+name+"}")
		} else {
			may = append(may, "{"+name+"}")
		}
	}
	if len(must) > 0 {
		says = append(says, "with "+strings.Join(must, " "))
	}
	if len(may) > 0 {
		says = append(says, "may show "+strings.Join(may, " "))
	}
	switch limit := (&Prompts{}).limit(e.key); {
	case e.section != inPrompts:
	case strings.HasPrefix(e.key, "button."):
		says = append(says, fmt.Sprintf("%d letters at most", maxButton))
	default:
		says = append(says, fmt.Sprintf("%d SMS at most", limit))
	}
	return strings.Join(says, "; ")
}

// NoLanguageError says that a code names no language that there are texts in.
type NoLanguageError struct{ text string }

func (e *NoLanguageError) Error() string { return e.text }

func (l *Languages) noLanguage(code string) error {
	return &NoLanguageError{fmt.Sprintf("there are no texts in %s: known are %s", code, strings.Join(l.Codes(), ", "))}
}

// baseOf returns what the texts of a language are compared with: what the program brings of it, or what it is translated from.
func baseOf(code string) (*language, error) {
	brought, err := ReadLanguages("")
	if err != nil {
		return nil, err
	}
	if base := brought.byCode[code]; base != nil {
		return base, nil
	}
	return brought.source(), nil
}

// with returns the language with a brand's own texts; b may be nil.
func (l *language) with(b *prepaid.Brand) *language {
	known := *l
	if b != nil {
		known.Prompts = merged(known.Prompts, b.Prompts[l.code])
	}
	return &known
}

// The ways in which a text differs from what the program brings.
const (
	Changed      = "changed"      // from what the program brings of the language
	Outdated     = "outdated"     // what it was exported with has changed since
	Untranslated = "untranslated" // it is as in the language that others are translated from
)

// Difference is an entry of a language that differs from what the program brings.
type Difference struct {
	Entry   string `json:"entry"` // "prompts.exit.done"
	State   string `json:"state"`
	BuiltIn string `json:"built_in"` // as YAML
	Text    string `json:"text"`
	Of      string `json:"of"` // the digest of what the program brings
}

// String is the difference for people.
func (d Difference) String() string {
	switch d.State {
	case Untranslated:
		return fmt.Sprintf("%s is untranslated: %s", d.Entry, d.Text)
	case Outdated:
		return fmt.Sprintf("%s is outdated:\n  built in: %s\n  here:     %s\n  once it is right again, its comment must end in: of %s", d.Entry, d.BuiltIn, d.Text, d.Of)
	}
	return fmt.Sprintf("%s is changed:\n  built in: %s\n  here:     %s", d.Entry, d.BuiltIn, d.Text)
}

// Differences are all of a language, in the order of its file.
type Differences struct {
	List     []Difference
	language string
}

// Text describes them for people, in lines.
func (d Differences) Text() string {
	if len(d.List) == 0 {
		return d.language + ": nothing differs from what the program brings, and nothing is out of date\n"
	}
	text := ""
	for _, each := range d.List {
		text += each.String() + "\n"
	}
	return text
}

// Differences lists how a language, with b's own texts, differs from what the program brings: of a language that it brings, what
// says something else; of another, what is not translated; of both, what was exported with a text that has changed since.
// b may be nil. Errors: *NoLanguageError.
func (l *Languages) Differences(code string, b *prepaid.Brand) (Differences, error) {
	differences := Differences{language: code}
	base, err := baseOf(code)
	if err != nil {
		return differences, err
	}
	if l.byCode[code] == nil {
		return differences, l.noLanguage(code)
	}
	bases := map[string]entry{}
	for _, e := range base.entries(base) {
		bases[e.name()] = e
	}
	known := l.byCode[code].with(b)
	for _, e := range known.entries(base) {
		is, was := bases[e.name()], known.places[e.name()].of
		d := Difference{e.name(), "", is.value, e.value, is.digest()}
		switch {
		case was != "" && was != is.digest():
			d.State = Outdated
		case base.code == code && e.value != is.value:
			d.State = Changed
		case base.code != code && e.value == is.value && e.section != inLetters && e.section != inAmounts && e.section != inNumbers && e.section != inWrites:
			d.State = Untranslated
		default:
			continue
		}
		differences.List = append(differences.List, d)
	}
	return differences, nil
}
