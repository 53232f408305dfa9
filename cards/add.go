package cards

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pulsa/prepaid"
)

// ErrExists says that a card can't be added: one with its code exists already.
var ErrExists = errors.New("a card with this code exists already")

// Add stores one card with a given serial and code, for scripts and tests of test brands. State, series and time of
// creation may be left out: a live card of the series in its serial, made now. ErrExists.
func (s *Service) Add(ctx context.Context, c Card, code prepaid.Secret) error {
	b, err := s.brand(c.Brand)
	if err != nil {
		return err
	}
	series, number, _ := strings.Cut(c.Serial, "-")
	digits, ok := normalise(code.Reveal())
	switch {
	case !b.Test:
		return errors.New("cards with a chosen code can only be added to test brands")
	case !seriesFits(series) || number == "" || strings.Trim(number, "0123456789") != "":
		return fmt.Errorf("serial %q must be a series, a dash and digits: 101-00000042", c.Serial)
	case !ok:
		return fmt.Errorf("code must be %d to %d digits", minCodeLength, maxCodeLength)
	case b.Cards.Luhn && !Luhn(digits):
		return errors.New("code must end in its check digit")
	case c.Amount.Currency != b.Currency || c.Amount.Minor <= 0:
		return fmt.Errorf("amount must be more than 0, in %s", b.Currency)
	}
	if err := s.CheckKeys(ctx); err != nil {
		return err
	}
	c.Series = series
	if c.State == "" {
		c.State = Live
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = s.c.Clock.Now()
	}
	clashes, err := s.c.Store.SaveCards(ctx, []Sealed{s.vault.seal(c, digits)})
	switch {
	case err != nil:
		return fmt.Errorf("add card: %w", err)
	case len(clashes) > 0:
		return ErrExists
	}
	return nil
}
