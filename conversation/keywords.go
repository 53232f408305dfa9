package conversation

import (
	"slices"
	"strings"
	"unicode"
)

// Command is a text as it is understood outside of any state.
type Command struct {
	Action Action
	Rest   string // what follows the word, tidied
	Line   string // what follows the word in its line: a signature may stand below
}

// Words are the keywords of a brand: every word of each of its languages, and its own. They are all
// understood whatever language a customer has chosen.
type Words map[string]*action

// Read finds the action of a text. The word may touch the digits that follow it: "KOOP10 1234".
func (w Words) Read(text string) Command {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	text = tidy(text)
	a, at := w.find(text)
	if a == nil || a.Bare && strings.Trim(text[at:], punctuation+" ") != "" {
		return Command{Rest: text}
	}
	c := Command{Action: a.Name, Rest: strings.TrimSpace(text[at:])}
	if line := tidy(first); len(line) >= at {
		c.Line = strings.TrimSpace(line[at:])
	}
	return c
}

// longestKeyword is how many words a keyword may have: "IT WAS NOT ME".
const longestKeyword = 4

// find returns the action whose word or words a tidy text begins with, the longest that mean something, and where the rest
// begins; nil where there is none.
func (w Words) find(text string) (found *action, at int) {
	phrase, end := "", 0
	for i, word := range strings.SplitN(text, " ", longestKeyword+1) {
		if i == longestKeyword {
			break
		}
		if i > 0 {
			phrase, end = phrase+" ", end+1
		}
		phrase, end = phrase+strings.Trim(word, punctuation), end+len(word)
		if a, ok := w[phrase]; ok {
			found, at = a, end
		}
	}
	if found != nil {
		return found, at
	}
	word, _, _ := strings.Cut(text, " ")
	i := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
	if i <= 0 {
		return nil, 0
	}
	if a := w[word[:i]]; a != nil && a.Joins {
		if strings.IndexByte(".,:;", word[i]) >= 0 { // "KOOP,10": it ends the word, and begins no number
			i++
		}
		return a, i
	}
	return nil, 0
}

const punctuation = ".,:;!?-*#"

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
	words := strings.FieldsFunc(tidy(t.in.Text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' })
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
