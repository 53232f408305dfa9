package cards

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"pulsa/prepaid"
)

// minGuesses is how many codes there must be for each card that is worth something: so many guesses it takes to
// hit one.
const minGuesses = 10_000_000

// ErrGuessable says that too many cards would have codes that are too short.
var ErrGuessable = errors.New("codes could be guessed")

// codeSpace is how many codes of a length there are.
func codeSpace(b *prepaid.Brand, length int) float64 {
	if b.Cards.Luhn {
		length--
	}
	return math.Pow10(length)
}

// checkGuessable refuses more cards with codes of a length where too many would be worth something for it.
func (s *Service) checkGuessable(ctx context.Context, b *prepaid.Brand, length int, more int64, now time.Time) error {
	unspent, err := s.c.Batches.Unspent(ctx, b.Name, length, now)
	if err != nil {
		return fmt.Errorf("count cards: %w", err)
	}
	need, longer := float64(more+unspent)*minGuesses, length
	for space := codeSpace(b, length); need > space; space *= 10 {
		longer++
	}
	if longer == length {
		return nil
	}
	return fmt.Errorf("%w: code length must be at least %d digits where %d cards can be guessed, not %d, or else allow guessable codes", ErrGuessable, longer, more+unspent, length)
}

// A guessing wave is so many wrong codes in so short a time, at a brand and from whomever: no single address
// need stand out.
const (
	WaveWithin = 10 * time.Minute
	WaveCodes  = 50
)

// Guessing returns how many wrong codes were tried at each brand within the last WaveWithin, by all customers
// and at all copies of the program. WaveCodes or more are a wave.
func (s *Service) Guessing(ctx context.Context) (map[string]int64, error) {
	since := s.c.Clock.Now().Add(-WaveWithin)
	counts := make(map[string]int64, len(s.c.Brands))
	for brand := range s.c.Brands {
		n, err := s.c.Reports.WrongCodes(ctx, brand, since)
		if err != nil {
			return nil, fmt.Errorf("count wrong card codes of %s: %w", brand, err)
		}
		counts[brand] = n
	}
	return counts, nil
}
