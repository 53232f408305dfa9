package conversation

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"pulsa/yamlfile"
)

// numberWords are the words of languages for numbers, in capitals and without accents.
type numberWords struct {
	values map[string]int64
	and    map[string]bool // what may stand between hundreds and the rest, and in compounds: "vijf EN twintig"
}

// joinsNumbers is the key of the words that join numbers; the others are numbers.
const joinsNumbers = "and"

func newNumberWords() numberWords { return numberWords{map[string]int64{}, map[string]bool{}} }

func (n numberWords) add(words map[string][]string) {
	for key, list := range words {
		for _, word := range list {
			if value, err := strconv.ParseInt(key, 10, 64); err == nil {
				n.values[withoutAccents(word)] = value
			} else {
				n.and[withoutAccents(word)] = true
			}
		}
	}
}

// judgeNumber finds a key of numbers that is none.
func (r *languageReader) judgeNumber(at place, key string) {
	if value, err := strconv.ParseInt(key, 10, 64); key != joinsNumbers && (err != nil || value < 1 || value > 1_000_000) {
		r.faultAt(at, "numbers has no key %s: write a number from 1 to 1000000, or %s%s", key, joinsNumbers, yamlfile.DidYouMean(key, []string{joinsNumbers}))
	}
}

func withoutAccents(word string) string {
	if isASCII(word) {
		return word
	}
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(word)))
}

// longestNumberWord is how long a word may be that is taken apart, in bytes.
const longestNumberWord = 60

// inDigits writes the numbers of a tidy text that stand in words, and that no digit touches, as digits: "TWENTY FIVE 4821" is "25 4821", "10 THOUSAND" is "10000". What is
// less than ten may be something else, and stays, unless it is sold or begins the text.
func (n numberWords) inDigits(text string, sold func(digits string) bool) string {
	if len(n.values) == 0 || !hasLetter(text) {
		return text
	}
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); {
		size := wordSize(text[i:])
		if size == 0 {
			i++
			continue
		}
		from, phrase, end := n.phraseAt(text, done, i)
		if end > 0 {
			digits := phrase.digits()
			touched := end < len(text) && isDigit(text[end]) || from == i && i > 0 && isDigit(text[i-1]) // "VIJF0" is not 50
			if !touched && (phrase.value() >= 10 || sold(digits) || from == 0 && phrase.value() > 1) {
				out.WriteString(text[done:from] + digits)
				done = end
			}
			i = end
			continue
		}
		i += size
	}
	if done == 0 {
		return text
	}
	return out.String() + text[done:]
}

func isNumberLetter(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.Mn, r) }

// numberPhrase is a number as it is put together from its words.
type numberPhrase struct {
	words           numberWords
	thousands, rest int64
	began           bool // with digits, so that only hundreds and thousands may follow
	joined          bool // by "and" to what follows
}

func (p numberPhrase) value() int64 { return p.thousands + p.rest }

// afterWords follows the digits of a number of four digits or more that stood in words: a PIN never does.
const afterWords = ".0"

// digits writes the number so that it is never read as a PIN.
func (p *numberPhrase) digits() string {
	text := strconv.FormatInt(p.value(), 10)
	if len(text) > 3 {
		text += afterWords
	}
	return text
}

// phraseAt reads the number whose first word stands at i, with the digits before it where they belong to it. end is 0 where there is none.
func (n numberWords) phraseAt(text string, least, i int) (from int, p numberPhrase, end int) {
	p = numberPhrase{words: n}
	before := strings.TrimRight(text[least:i], " ")
	if before == "" || !isDigit(before[len(before)-1]) {
		return i, p, p.read(text, i)
	}
	from = p.beginWith(text, least, least+len(before))
	if end = p.read(text, i); end > 0 {
		return from, p, end
	}
	p = numberPhrase{words: n}
	if word := text[i : i+wordSize(text[i:])]; n.values[withoutAccents(word)] >= 100 {
		return i, p, 0 // "1.5 THOUSAND"
	}
	return i, p, p.read(text, i)
}

func wordSize(text string) int { return len(text) - len(strings.TrimLeftFunc(text, isNumberLetter)) }

// beginWith takes plain digits that end just before a word, "10 THOUSAND", and returns where they begin.
func (p *numberPhrase) beginWith(text string, least, end int) int {
	start := end
	for start > least && isDigit(text[start-1]) {
		start--
	}
	value, err := strconv.ParseInt(text[start:end], 10, 32)
	isPart := start > 0 && strings.IndexByte(".,'", text[start-1]) >= 0 || start > 1 && text[start-1] == ' ' && isDigit(text[start-2])
	if p.began = true; err != nil || value == 0 || value > 999 || text[start] == '0' || isPart {
		p.rest = 1 << 40 // "1.5 THOUSAND": nothing may follow
		return end
	}
	p.rest = value
	return start
}

// read takes the words of a number from a place of the text on, and returns where they end; 0 where there is none.
func (p *numberPhrase) read(text string, i int) (end int) {
	for {
		rest := text[i:]
		size, next := wordSize(rest), *p
		word := withoutAccents(rest[:size])
		switch {
		case size == 0 || size > longestNumberWord:
			return end
		case p.words.and[word] && end > 0 && !p.joined && p.rest%100 == 0:
			p.joined = true
		case next.compound(word):
			*p = next
			end = i + size
		default:
			return end
		}
		i += size
		if i == len(text) || text[i] != ' ' && text[i] != '-' {
			return end
		}
		i++
	}
}

// compound adds a word, which may be several in one: "VIJFENTWINTIG".
func (p *numberPhrase) compound(word string) bool {
	for size := len(word); size > 0; size-- {
		next, rest := *p, word[size:]
		if value, ok := p.words.values[word[:size]]; ok && next.put(value) && (rest == "" || next.compound(rest)) {
			*p = next
			return true
		}
		next = *p
		next.joined = true
		if p.words.and[word[:size]] && p.value() > 0 && !p.joined && rest != "" && next.compound(rest) {
			*p = next
			return true
		}
	}
	return false
}

// put adds the number of one word, where the language's order allows it.
func (p *numberPhrase) put(value int64) bool {
	tens := p.rest % 100
	switch {
	case value >= 1000:
		if p.thousands > 0 || p.rest >= 1000 {
			return false
		}
		p.thousands, p.rest = max(p.rest, 1)*value, 0
	case value == 100:
		if p.rest >= 100 {
			return false
		}
		p.rest = max(p.rest, 1) * 100
	case p.began, value > 100 && p.rest > 0:
		return false
	case tens > 0 && value >= 10 && !(p.joined && tens < 10 && value >= 20 && value%10 == 0), // "vijf en twintig"
		tens > 0 && value < 10 && (p.joined || tens < 20 || tens%10 > 0):
		return false
	default:
		p.rest += value
	}
	p.began, p.joined = false, false
	return true
}
