package conversation

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Command is a text as it is understood outside of any state.
type Command struct {
	Action Action
	Rest   string // what follows the word, tidied, without words of courtesy at its end
	Line   string // what follows the word in its line: a signature may stand below
	// Alone reports whether the text is the word and nothing else, not even "please".
	Alone bool
	// Language is the one language of the brand's that has the word; "" where several have it, or it is the brand's own.
	Language string
}

// Words are the keywords of a brand: every word of each of its languages, and its own. They are all understood whatever language
// a customer has chosen.
type Words struct {
	keywords map[string]keyword // by their words with one blank between, also where they are written with a hyphen
	// around are words that change nothing: each with the actions behind whose keywords it may stand, or aroundAny or aroundBefore.
	around map[string][]Action
	slips  *slips
}

type keyword struct {
	*action
	language string // see Command.Language
}

func newWords() Words {
	return Words{keywords: map[string]keyword{}, around: map[string][]Action{}}
}

// add adds words of a language for an action; language is "" for a brand's own.
func (w Words) add(a *action, language string, words []string) {
	for _, word := range words {
		word = strings.ToUpper(strings.Join(strings.FieldsFunc(word, isWordBreak), " "))
		known, taken := w.keywords[word]
		if taken && known.language != language {
			language = ""
		}
		w.keywords[word] = keyword{a, language}
	}
}

// The keys of words that may stand around the keywords of all actions: on both sides, "please", or only before, "could you".
const aroundAny, aroundBefore Action = "any", "before"

// addAround adds words that may stand behind the keywords of an action, or as aroundAny and aroundBefore say.
func (w Words) addAround(a Action, words []string) {
	for _, word := range words {
		if !slices.Contains(w.around[word], a) {
			w.around[word] = append(w.around[word], a)
		}
	}
}

// isWordBreak reports whether a rune parts the words of a keyword.
func isWordBreak(r rune) bool {
	return r == ' ' || r == '-' || r > unicode.MaxASCII && unicode.Is(unicode.Pd, r)
}

// Read finds the action of a text. Words of courtesy may stand around its word, "please top up 10", and the digits that follow may
// touch it, "KOOP10 1234".
func (w Words) Read(text string) Command { return w.readTidied(text, tidy(text)) }

// readTidied is Read for a text that was tidied before.
func (w Words) readTidied(text, tidied string) Command {
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	c, at := w.read(tidied)
	if c.Action == ActNone {
		return Command{Rest: tidied}
	}
	if c.Line = c.Rest; more {
		c.Line = ""
		if line := tidy(first); len(line) >= at {
			c.Line = w.withoutCourtesy(strings.TrimSpace(line[at:]), c.Action)
		}
	}
	return c
}

// longestKeyword is how many words a keyword may have, "IT WAS NOT ME", and longestCourtesy what stands around it, "THANK YOU SO MUCH".
const longestKeyword, longestCourtesy = 4, 4

// mostCourtesy is how many words may stand before a keyword that change nothing: "hi there, could you please".
const mostCourtesy = 8

// read reads a tidy text, and tells where in it the word ends.
func (w Words) read(text string) (c Command, at int) {
	for start, skipped := 0, 0; start < len(text) && skipped <= mostCourtesy; skipped++ {
		if k, end := w.find(text[start:]); k.action != nil {
			rest := strings.TrimSpace(text[start+end:])
			kept := w.withoutCourtesy(rest, k.Name)
			if !k.Bare || kept == "" {
				return Command{Action: k.Name, Rest: kept, Alone: start == 0 && !strings.ContainsFunc(rest, isWordRune), Language: k.language}, start + end
			}
		}
		n := w.courtesy(text[start:])
		if n == 0 {
			return Command{}, 0
		}
		start += n
	}
	return Command{}, 0
}

// courtesy is how much of the beginning of a text are words that change nothing before a keyword; 0 where there are none. A sign such
// as 🙏 is no word.
func (w Words) courtesy(text string) (end int) {
	for at, words := 0, 0; words < longestCourtesy && at < len(text); words++ {
		next := strings.IndexByte(text[at:], ' ')
		if next < 0 {
			next = len(text) - at
		}
		at += next
		word := trimWord(text[:at])
		if of := w.around[word]; word == "" || slices.Contains(of, aroundAny) || slices.Contains(of, aroundBefore) {
			end = min(at+1, len(text))
		}
		at++
	}
	return end
}

// withoutCourtesy takes the words off the end of a tidy text that change nothing behind the keyword of an action.
func (w Words) withoutCourtesy(text string, a Action) string {
	for text != "" {
		cut := -1
		for at, words := len(text), 0; words < longestCourtesy && at > 0; words++ {
			at = strings.LastIndexByte(text[:at], ' ')
			word := trimWord(text[at+1:])
			of := w.around[word]
			if word == "" && !strings.ContainsFunc(text[at+1:], isMoney) || slices.Contains(of, aroundAny) || slices.Contains(of, a) {
				cut = at + 1
			}
		}
		if cut < 0 {
			return text
		}
		text = strings.TrimRight(text[:cut], " ")
	}
	return ""
}

// isMoney reports whether a rune between two words may say something of an amount: "10 $", "10 -".
func isMoney(r rune) bool { return unicode.Is(unicode.Sc, r) || isWordBreak(r) }

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// trimWord takes off what stands around a word: "(thanks!)".
func trimWord(word string) string {
	if plain := strings.Trim(word, punctuation); isASCII(plain) {
		return plain
	}
	return strings.TrimFunc(word, func(r rune) bool { return !isWordRune(r) })
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const punctuation = ".,:;!?-*#()\"'"

// maxPhrase is how many bytes the words of a keyword may take together.
const maxPhrase = 96

// find returns the keyword that a tidy text begins with, the longest, and where the rest begins.
func (w Words) find(text string) (found keyword, at int) {
	var room [maxPhrase]byte
	phrase := room[:0]
	for words, end := 0, 0; words < longestKeyword && end < len(text); words++ {
		if words > 0 {
			phrase, end = append(phrase, ' '), end+1
		}
		word := text[end:]
		if i := strings.IndexByte(word, ' '); i >= 0 {
			word = word[:i]
		}
		if len(phrase)+len(word) > maxPhrase-1 {
			break
		}
		if k, ok := w.touching(phrase, word); ok && found.action == nil {
			return k, end + touchEnd(word)
		}
		phrase = appendWord(phrase, trimWord(word))
		end += len(word)
		if k, ok := w.keywords[string(phrase)]; ok {
			found, at = k, end
		}
	}
	return found, at
}

// appendWord adds a word to a phrase; a hyphen within it is a blank.
func appendWord(phrase []byte, word string) []byte {
	if strings.IndexByte(word, '-') < 0 && isASCII(word) {
		return append(phrase, word...)
	}
	for _, r := range word {
		if isWordBreak(r) {
			r = ' '
		}
		phrase = utf8.AppendRune(phrase, r)
	}
	return phrase
}

// touching finds a keyword whose last word digits touch: "KOOP10".
func (w Words) touching(phrase []byte, word string) (keyword, bool) {
	i := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
	if i <= 0 {
		return keyword{}, false
	}
	k, ok := w.keywords[string(append(phrase, word[:i]...))]
	return k, ok && k.Joins && strings.ContainsAny(word[i:], "0123456789")
}

// touchEnd is where in "KOOP10" or "KOOP,10" the rest begins.
func touchEnd(word string) int {
	i := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
	if strings.IndexByte(".,:;", word[i]) >= 0 { // it ends the word, and begins no number
		i++
	}
	return i
}

// sentence means an action where a text holds a word of each list, whatever stands around them: "I forgot my PIN code".
type sentence struct {
	Action Action
	Words  [][]string // in capitals
}

func (s sentence) in(words []string) bool {
	for _, list := range s.Words {
		if !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) }) {
			return false
		}
	}
	return true
}

// longestSentence is how many words a text may have that is searched for sentences.
const longestSentence = 12

// readSentence understands a text that begins with no keyword, and "PIN forgot", by the words that it holds.
func (t *Turn) readSentence() {
	if t.command.Action != ActNone && t.command.Action != ActPIN {
		return
	}
	words := strings.FieldsFunc(t.tidied(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' })
	if len(words) > longestSentence {
		return
	}
	if t.command.Action == ActPIN && t.all.Words.Read(t.command.Rest).Action == ActForgot {
		t.command = Command{Action: ActForgot}
	}
	for _, s := range t.all.sentences {
		if s.in(words) {
			t.command = Command{Action: s.Action}
		}
	}
}
