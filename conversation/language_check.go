package conversation

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pulsa/channels"
	"pulsa/yamlfile"
)

// longestLanguage is how many letters the name of a language may have: it is a choice in a message.
const longestLanguage = 30

// languageWord is what customers may text to mean an action: words of letters, of which the first begins with one.
var languageWord = regexp.MustCompile(`^\p{L}[\p{L}\p{M}']+( [\p{L}\p{M}']+)*$`)

// carrierWords never reach us on SMS, or opt the customer out or in at the carrier on their way.
var carrierWords = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START", "YES", "UNSTOP", "HELP", "INFO"}

// KeptByCarriers reports whether carriers of SMS keep a word for themselves, so that texts can't offer it for an action. For what
// carriers do with them, they can; CANCEL is offered by none.
func KeptByCarriers(word, action string) bool {
	a := Action(action)
	return slices.Contains(carrierWords, word) && a != ActStop && a != ActStart && a != ActHelp && a != ActCancel
}

// ActionNames lists what customers can ask for with a word: "topup".
func ActionNames() []string {
	var names []string
	for _, a := range newActions() {
		names = append(names, string(a.Name))
	}
	return names
}

// complete finds what a language lacks of which the program brings nothing.
func (r *languageReader) complete(code string, f languageFile, source *language) {
	if source == nil {
		return
	}
	missing := func(section, format string, args ...any) {
		r.fault(max(f.places[section].line, 1), format, args...)
	}
	if f.places[inName].line == 0 {
		missing(inName, "the language has no name: write name: as its speakers call it")
	}
	for _, a := range newActions() {
		if len(f.Keywords[a.Name]) == 0 && !a.Wordless {
			missing(inKeywords, "keywords: %s has no word", a.Name)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(source.Counts)) {
		if len(f.Counts[what]) == 0 {
			missing(inCounts, "counts: %s is missing: it needs %s", what, strings.Join(formsOf(code), ", "))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(source.Words)) {
		if f.Words[key] == "" {
			missing(inWords, "words: %s is missing", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(source.Pages)) {
		if f.Pages[key] == "" {
			missing(inPages, "pages: %s is missing", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(source.Prompts)) {
		if f.Prompts[key] == "" {
			missing(inPrompts, "prompts: %s is missing", key)
		}
	}
}

// judge finds what is wrong with the entries of a language that the present file says.
func (r *languageReader) judge(code string, f languageFile, source *language) {
	if source == nil {
		source = &language{languageFile: f}
	}
	for _, entry := range slices.Sorted(maps.Keys(f.places)) {
		at := f.places[entry]
		if at.file != r.file {
			continue
		}
		switch section, key, _ := strings.Cut(entry, "."); {
		case entry == inName:
			if utf8.RuneCountInString(f.Name) > longestLanguage || strings.ContainsFunc(f.Name, unicode.IsControl) {
				r.faultAt(at, "name is one line of %d letters at most: it is a choice in a message", longestLanguage)
			}
		case key == "":
		case section == inKeywords:
			r.judgeKeywords(at, Action(key), f.Keywords[Action(key)])
		case section == inAround && (key == string(aroundAny) || key == string(aroundBefore)):
		case section == inSentences, section == inAround:
			r.judgeAction(at, section, Action(key))
		case section == inAmounts && !isAmountWord(key):
			r.faultAt(at, "amounts has no key %s: known are %s, %s, %s, %s, %s, and currencies such as EUR", key, besidePIN, besideFor, besideSelf, besideCents, besideFiller)
		case section == inNumbers:
			r.judgeNumber(at, key)
		case section == inWrites:
			if err := f.Writes.check(key); err != nil && f.Writes[key] != "" {
				r.faultAt(at, "writes: %s %s", key, err)
			}
		case section == inCounts:
			if err := f.Counts.check(code, key, source.Counts); err != nil && !strings.Contains(key, ".") {
				r.faultAt(at, "counts: %s", err)
			}
		case section == inWords:
			r.judgeText(at, key, f.Words[key], source.Words)
			r.judgeLetters(at, key, f.Words[key], f)
		case section == inPages:
			r.judgeText(at, key, f.Pages[key], source.Pages)
		case section == inPrompts:
			r.judgeText(at, key, f.Prompts[key], source.Prompts)
			r.judgeLetters(at, key, f.Prompts[key], f)
		}
	}
	r.judgeMeanings(f)
}

// judgeAction finds an action that the program does not have.
func (r *languageReader) judgeAction(at place, section string, a Action) {
	if known := ActionNames(); !slices.Contains(known, string(a)) {
		r.faultAt(at, "%s: there is no action %s%s", section, a, yamlfile.DidYouMean(string(a), known))
	}
}

// judgeKeywords finds words that nobody can text.
func (r *languageReader) judgeKeywords(at place, a Action, words []string) {
	r.judgeAction(at, inKeywords, a)
	for i, word := range words {
		switch {
		case !languageWord.MatchString(word) || strings.Count(word, " ") >= longestKeyword:
			r.faultAt(at, "keyword %q: use up to %d words of letters", word, longestKeyword)
		case i == 0 && KeptByCarriers(word, string(a)):
			r.faultAt(at, "keyword %s belongs to the SMS carriers: put another word first, which texts will offer", word)
		}
	}
}

// judgeMeanings finds words that mean two things, of which the present file says one.
func (r *languageReader) judgeMeanings(f languageFile) {
	first := map[string]Action{}
	for _, a := range slices.Sorted(maps.Keys(f.Keywords)) {
		for _, word := range f.Keywords[a] {
			other, taken := first[word]
			first[word] = a
			at := f.places[inKeywords+"."+string(a)]
			if taken && at.file != r.file {
				at = f.places[inKeywords+"."+string(other)]
			}
			if taken && at.file == r.file {
				r.faultAt(at, "keyword %s means both %s and %s: one word, one meaning", word, other, a)
			}
		}
	}
}

// judgeText compares the {names} of a text with those of the text of its key that it is translated from.
func (r *languageReader) judgeText(at place, key, text string, sources map[string]string) {
	source := sources[key]
	if source == "" {
		r.faultAt(at, "there is no text %s%s", key, didYouMeanKey(key, slices.Sorted(maps.Keys(sources))))
		return
	}
	if err := r.names.check(text, source); err != nil {
		r.faultAt(at, "%s %s", key, err)
	}
	names := namesIn(text)
	for _, name := range namesIn(source) {
		if r.names.mustTranslate(name) && !slices.Contains(names, name) {
			r.faultAt(at, "%s lacks {%s}", key, name)
		}
	}
}

// judgeLetters finds letters that would make each SMS shorter, in a language that can do without them.
func (r *languageReader) judgeLetters(at place, key, text string, f languageFile) {
	if !f.AnyLetter && !channels.IsGSM7(text) {
		r.faultAt(at, "%s is not plain GSM-7, which would double the price of each SMS: leave out %s", key, notGSM7(text))
	}
}

// didYouMeanKey is yamlfile.DidYouMean among the keys of the same flow, so that a message never lists all of hundreds.
func didYouMeanKey(key string, known []string) string {
	flow, _, _ := strings.Cut(key, ".")
	return yamlfile.DidYouMean(key, slices.DeleteFunc(slices.Clone(known), func(k string) bool {
		return strings.Contains(k, ".") && !strings.HasPrefix(k, flow+".")
	}))
}

// ourNames are the {names} that are put in when texts are loaded, whatever their key: whether each is a word that customers text.
type ourNames map[string]bool

func newOurNames() ourNames {
	names := ourNames{}
	for _, name := range brandNames() {
		names[name] = false
	}
	for _, a := range newActions() {
		names[string(a.Name)] = true
	}
	return names
}

// mustTranslate reports whether a translation must have a {name} of its source: which words of ours a text offers may differ, what
// the brand is and what a reply fills in may not.
func (n ourNames) mustTranslate(name string) bool { return name != "example" && !n[name] }

// check says which {name} of a text nothing is put in for. source is a text of the same key.
func (n ourNames) check(text, source string) error {
	filled := namesIn(source)
	for _, name := range namesIn(text) {
		if _, ours := n[name]; !ours && !slices.Contains(filled, name) {
			known := append(slices.Collect(maps.Keys(n)), filled...)
			slices.Sort(known)
			return fmt.Errorf("has {%s}, which nothing is put in for%s", name, yamlfile.DidYouMean(name, slices.Compact(known)))
		}
	}
	if strings.Count(text, "{") != len(anyName.FindAllString(text, -1)) || strings.Count(text, "}") != strings.Count(text, "{") {
		return errors.New("has a { or } alone: names stand in {braces}")
	}
	return nil
}

// anyName is a {name} of a text.
var anyName = regexp.MustCompile(`\{[^{}]*\}`)

// namesIn lists the {names} of a text.
func namesIn(text string) []string {
	var names []string
	for i, piece := range cut(text, nil) {
		if i%2 == 1 && !slices.Contains(names, piece) {
			names = append(names, piece)
		}
	}
	return names
}

// notGSM7 shows the letters of a text that are not in GSM-7.
func notGSM7(text string) string {
	var odd []string
	for _, r := range text {
		if letter := string(r); !channels.IsGSM7(letter) && !slices.Contains(odd, letter) {
			odd = append(odd, letter)
		}
	}
	return strings.Join(odd, " ")
}
