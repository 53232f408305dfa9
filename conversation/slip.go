package conversation

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// slip is a keyword that a text seems to mean, and what follows it there.
type slip struct {
	keyword
	word string // as it should have been typed
	rest string
}

// slips finds the keywords from which a text is one slip away: a letter changed, missing or added, two letters swapped, or a blank put
// wrong. It knows each keyword by its letters, whole and with any one of them left out: two words that are one slip apart are alike
// once a letter is left out of each. It never changes once it is made.
type slips struct {
	words       []slipWord
	byLetters   map[uint64][]int32 // by a hash of the letters that are left
	least, most int                // letters of a head that is looked up
}

type slipWord struct {
	keyword
	word    string
	letters []rune
}

const (
	shortestSlip = 4  // letters of a keyword whose slips are understood: shorter ones are too like other words
	longestSlip  = 32 // letters of the beginning of a text that are compared
)

func newSlips(keywords map[string]keyword, order actions) *slips {
	s := &slips{byLetters: map[uint64][]int32{}, least: longestSlip}
	for _, word := range slices.Sorted(maps.Keys(keywords)) {
		k := keywords[word]
		letters := []rune(lettersOf(word))
		if n := len(letters); n < shortestSlip || n >= longestSlip || k.SmallTalk || k.ForState {
			continue
		}
		s.words = append(s.words, slipWord{k, word, letters})
	}
	slices.SortStableFunc(s.words, func(a, b slipWord) int { // of two that are as near, the brand's own comes first, then the action's row
		own := func(w slipWord) int { return min(len(w.language), 1) }
		row := func(w slipWord) int {
			return slices.IndexFunc(order, func(a *action) bool { return a.Name == w.Name })
		}
		return cmp.Or(cmp.Compare(own(a), own(b)), cmp.Compare(row(a), row(b)))
	})
	for i, w := range s.words {
		s.least, s.most = min(s.least, len(w.letters)-1), max(s.most, len(w.letters)+1)
		for skip := -1; skip < len(w.letters); skip++ {
			h := hashLetters(w.letters, skip)
			s.byLetters[h] = append(s.byLetters[h], int32(i))
		}
	}
	return s
}

// lettersOf is a keyword without its blanks and apostrophes.
func lettersOf(word string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return r
	}, word)
}

// hashLetters hashes letters, without the one at skip (FNV-1a); -1 skips none.
func hashLetters(letters []rune, skip int) uint64 {
	h := uint64(14695981039346656037)
	for i, r := range letters {
		if i != skip {
			h = (h ^ uint64(r)) * 1099511628211
		}
	}
	return h
}

// readSlip finds the keyword of which a tidy text begins with a slip, behind words of courtesy. takes says whether what follows may
// follow that keyword.
func (w Words) readSlip(text string, takes func(a *action, rest string) bool) (slip, bool) {
	for start, skipped := 0, 0; start < len(text) && skipped <= mostCourtesy; skipped++ {
		if s, ok := w.slipAt(text[start:], takes); ok {
			return s, true
		}
		n := w.courtesy(text[start:])
		if n == 0 {
			break
		}
		start += n
	}
	return slip{}, false
}

// slipAt reads up to one word more than keywords have, since a blank may have been put into one; digits may touch the last.
func (w Words) slipAt(text string, takes func(a *action, rest string) bool) (best slip, ok bool) {
	var room [longestSlip]rune
	head := room[:0]
	for at, words := 0, 0; at < len(text) && words <= longestKeyword; {
		r, size := utf8.DecodeRuneInString(text[at:])
		at += size
		switch {
		case unicode.IsLetter(r):
			if len(head) == longestSlip {
				return best, ok
			}
			head = append(head, r)
			if next, _ := utf8.DecodeRuneInString(text[at:]); at < len(text) && isLetterOrApostrophe(next) {
				continue
			}
			if len(head) < w.slips.least || len(head) > w.slips.most {
				continue
			}
			if found, near := w.slips.nearest(head); near {
				rest := w.withoutCourtesy(strings.TrimLeft(text[at:], " .,:;!?"), found.Name)
				if takes(found.action, rest) {
					best, ok = slip{found.keyword, found.word, rest}, true
				}
			}
		case unicode.IsDigit(r), unicode.Is(unicode.Sc, r):
			return best, ok
		case r == ' ':
			words++
		}
	}
	return best, ok
}

func isLetterOrApostrophe(r rune) bool { return unicode.IsLetter(r) || r == '\'' }

// nearest returns the keyword that letters are no more than one slip away from.
func (s *slips) nearest(letters []rune) (best slipWord, ok bool) {
	least := 3
	for skip := -1; skip < len(letters); skip++ {
		for _, i := range s.byLetters[hashLetters(letters, skip)] {
			w := s.words[i]
			distance := 0
			switch {
			case slices.Equal(w.letters, letters):
			case !oneSlip(w.letters, letters):
				continue
			case w.letters[0] == letters[0]: // people seldom mistake the first letter
				distance = 1
			default:
				distance = 2
			}
			if distance < least {
				best, least, ok = w, distance, true
			}
		}
	}
	return best, ok
}

// oneSlip reports whether one letter changed, missing or added, or two neighbours swapped, makes one word of the other.
func oneSlip(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(b)-len(a) > 1:
		return false
	case len(a) < len(b):
		return slices.Equal(a[i:], b[i+1:])
	case i == len(a), slices.Equal(a[i+1:], b[i+1:]):
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
}
