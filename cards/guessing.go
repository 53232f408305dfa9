package cards

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"pulsa/prepaid"
)

// minGuesses is how many possible codes there must be for each card that can be redeemed or released: guessing at random
// takes so many tries, on average, to hit one.
const minGuesses = 10_000_000

// ErrGuessable says that the codes would be too short for so many cards.
var ErrGuessable = errors.New("codes could be guessed")

// codeSpace is how many codes of a length are possible. A check digit adds none.
func codeSpace(b *prepaid.Brand, length int) float64 {
	if b.Cards.Luhn {
		length--
	}
	return math.Pow10(length)
}

// checkGuessable returns ErrGuessable where a number of cards more with codes of a length would make them guessable,
// counted with the brand's unspent cards of that length.
func (s *Service) checkGuessable(ctx context.Context, b *prepaid.Brand, length int, more int64, now time.Time) error {
	_, unspent, err := s.c.Batches.CountCodes(ctx, b.Name, length, now)
	if err != nil {
		return fmt.Errorf("count cards: %w", err)
	}
	return guessable(b, length, unspent+more)
}

// guessable returns ErrGuessable, with the length that is needed, where codes of a length are too short for so many
// unspent cards.
func guessable(b *prepaid.Brand, length int, unspent int64) error {
	need, longer := float64(unspent)*minGuesses, length
	for space := codeSpace(b, length); need > space; space *= 10 {
		longer++
	}
	if longer == length {
		return nil
	}
	return fmt.Errorf("%w: where guessing may hit %s the code length must be at least %d digits, not %d", ErrGuessable, HowMany(unspent, "card"), longer, length)
}

// checkRevived returns ErrGuessable where a later expiry would make expired cards redeemable again whose codes are too
// short for it. Expired cards were not counted when newer cards of the same length were made.
func (s *Service) checkRevived(ctx context.Context, p Preview, c Change, now time.Time) error {
	if c.Expires == nil || c.Action == Withdraw || c.AllowGuessable || !slices.ContainsFunc(p.Touched, func(c Count) bool { return c.Expired }) {
		return nil
	}
	b, err := s.brand(p.Filter.Brand)
	if err != nil {
		return err
	}
	counts, err := s.c.Shelf.CountCards(ctx, p.Filter, ByCodeLength)
	if err != nil {
		return fmt.Errorf("count expired cards: %w", err)
	}
	revived := map[string]int64{}
	for _, count := range counts {
		if count.Expired && contains(c.From(), count.State) {
			revived[count.Group] += count.Cards
		}
	}
	for group, cards := range revived {
		length, err := strconv.Atoi(group)
		if err != nil {
			return fmt.Errorf("count expired cards: %w", err)
		}
		if err := s.checkGuessable(ctx, b, length, cards, now); err != nil {
			return fmt.Errorf("%s would be worth something again: %w", HowMany(cards, "expired card"), err)
		}
	}
	return nil
}

// HowMany is "1 card" or "2 cards".
func HowMany(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// A guessing wave is WaveCodes wrong codes within waveWithin at one brand, from all senders together: an attack spread
// over many addresses stays below the limit of each.
const (
	waveWithin = 10 * time.Minute
	WaveCodes  = 50
)

// Guessing returns how many wrong codes were tried at each brand within the last waveWithin, by all customers
// and at all copies of the program. WaveCodes or more are a wave.
func (s *Service) Guessing(ctx context.Context) (map[string]int64, error) {
	since := s.c.Clock.Now().Add(-waveWithin)
	brands := s.c.Brands.All()
	counts := make(map[string]int64, len(brands))
	for _, b := range brands {
		brand := b.Name
		n, err := s.c.Reports.WrongCodes(ctx, brand, since)
		if err != nil {
			return nil, fmt.Errorf("count wrong card codes of %s: %w", brand, err)
		}
		counts[brand] = n
	}
	return counts, nil
}
