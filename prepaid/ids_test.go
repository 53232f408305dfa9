package prepaid

import (
	"regexp"
	"strings"
	"testing"
)

func TestLinkTokensAreTwelveOfTheirLettersEvenly(t *testing.T) {
	const n = 30_000
	fits, counts := regexp.MustCompile(`^[23456789bcdfghjkmnpqrstvwxz]{12}$`), map[rune]int{}
	for range n {
		token := NewLinkToken().Reveal()
		if !fits.MatchString(token) || fourDigits.MatchString(token) {
			t.Fatalf("%s is no token", token)
		}
		for _, r := range token {
			counts[r]++
		}
	}
	const letters = "bcdfghjkmnpqrstvwxz" // digits are a little rarer: runs of four are drawn anew
	mean := 0
	for _, r := range letters {
		mean += counts[r] / len(letters)
	}
	for _, r := range letters {
		if off := float64(counts[r]-mean) / float64(mean); off > .05 || off < -.05 { // over 5 standard deviations
			t.Errorf("%c comes %d times, others %d", r, counts[r], mean)
		}
	}
	if len(counts) != len(linkLetters) || strings.ContainsAny(linkLetters, "01loaeiuy") {
		t.Errorf("%d letters: %v", len(counts), counts)
	}
}
