package talk

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pulsa/prepaid"
)

// phrase is one sentence that a script may say. Its words in capitals stand for one word each that the
// writer chooses, the last of them, COUNT, for all that is left.
type phrase[K any] struct {
	pattern string
	kind    K
}

// matchPhrase finds the phrase that words say, and what was written for its capitals.
func matchPhrase[K any](words []string, phrases []phrase[K]) (kind K, args map[string]string, ok bool) {
	for _, p := range phrases {
		if args, ok := p.match(words); ok {
			return p.kind, args, true
		}
	}
	return kind, nil, false
}

func (p phrase[K]) match(words []string) (map[string]string, bool) {
	pattern := strings.Fields(p.pattern)
	args := map[string]string{}
	for i, want := range pattern {
		switch {
		case i >= len(words):
			return nil, false
		case want == "COUNT":
			args[want] = strings.Join(words[i:], " ")
			return args, true
		case isCapitals(want):
			args[want] = words[i]
		case words[i] != want:
			return nil, false
		}
	}
	return args, len(words) == len(pattern)
}

func isCapitals(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsUpper(r) }) < 0
}

// likely says which phrase a text that matches none was meant to be.
func likely[K any](words []string, phrases []phrase[K]) string {
	if len(words) > 12 {
		words = words[:12]
	}
	have := strings.Join(words, " ")
	best, least, kin := "", len(have)/3+1, false // kin: they share a word
	var all []string
	for _, p := range phrases {
		pattern := strings.Fields(p.pattern)
		all = append(all, p.pattern)
		filled := slices.Clone(pattern)
		shares := false
		for i := range min(len(filled), len(words)) {
			shares = shares || filled[i] == words[i]
			if isCapitals(filled[i]) {
				filled[i] = words[i]
			}
		}
		d := prepaid.EditDistance(have, strings.Join(filled, " "))
		if shares == kin && d < least || shares && !kin {
			best, least, kin = p.pattern, d, shares
		}
	}
	if best != "" {
		return "write " + best
	}
	return "write " + oneOf(all)
}

// parseDuration reads a whole number and a unit: 40s, 31m, 2h, 30d.
func parseDuration(text string) (time.Duration, *wrong) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	const most = 10 * 365 * 24 * time.Hour
	if len(text) >= 2 {
		unit, known := units[text[len(text)-1]]
		n, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
		if known && err == nil && allDigits(text[:len(text)-1]) && n > 0 && n <= int64(most/unit) {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, wrongf("write a whole number and s, m, h or d, like 40s, 31m, 2h or 30d (at most 3650d)", "%q is not a time", text)
}
