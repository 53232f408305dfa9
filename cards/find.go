package cards

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Find returns the card of a code, redeemable now. who are the sender's TryKeys. Every try of an unknown code is counted once per operation
// key; the fifth in a row locks for 15 min, the tenth 30 min, then 1 h, then 24 h. A typing error
// (ErrMistyped) does not count, nor does a right code; but a right code forgives nothing either, or one live card that
// is never spent would let its owner guess for ever: the order that spends it does. Errors: ErrNoRedeem, ErrMistyped, ErrUnknown, ErrNotLive, ErrSpent, ErrExpired,
// ErrWithdrawn, ErrInUse, *LockedError (also for the wrong code that locks); *KeyError, and nothing is counted, where the
// program was given other card keys than those in use. With the errors about a card that
// was found the card is returned too: its Order tells who has it.
func (s *Service) Find(ctx context.Context, brand string, code prepaid.Secret, who []string, operationKey string) (Card, error) {
	b, err := s.brand(brand)
	if err != nil {
		return Card{}, err
	}
	if b.Cards.NoRedeem {
		return Card{}, ErrNoRedeem
	}
	digits, ok := normalise(code.Reveal())
	if !ok || (b.Cards.Luhn && !Luhn(digits)) {
		return Card{}, ErrMistyped
	}
	if len(digits) != b.Cards.CodeLength {
		return s.findOther(ctx, brand, digits, who, operationKey)
	}
	return s.find(ctx, brand, digits, who, operationKey)
}

// findOther looks up a code of another length than the brand's usual one. Such series may exist, so it is
// looked up; but most likely a digit is missing, so it is no wrong code. So that these codes can't be tried
// without end either, they are counted apart: who is locked there is told of a typing error, right or wrong.
func (s *Service) findOther(ctx context.Context, brand, digits string, who []string, operationKey string) (Card, error) {
	card, err := s.find(ctx, brand, digits, apart(who), operationKey)
	var locked *LockedError
	if errors.Is(err, ErrUnknown) || errors.As(err, &locked) {
		return Card{}, ErrMistyped
	}
	return card, err
}

// TryKeys are whom the wrong codes of a sender are counted for: the address, and the customer if there is one.
func TryKeys(a prepaid.Address, c prepaid.CustomerID) []string {
	keys := []string{"address:" + string(a)}
	if c != "" {
		keys = append(keys, "customer:"+string(c))
	}
	return keys
}

// apart are the keys that codes of another length are counted under.
func apart(who []string) []string {
	keys := make([]string, len(who))
	for i, key := range who {
		keys[i] = key + " other length"
	}
	return keys
}

// AllTryKeys are all keys under which a sender's wrong codes are counted, whatever their length: a card that is spent
// forgives them all.
func AllTryKeys(a prepaid.Address, c prepaid.CustomerID) []string {
	keys := TryKeys(a, c)
	return append(keys, apart(keys)...)
}

func (s *Service) find(ctx context.Context, brand, digits string, who []string, operationKey string) (Card, error) {
	now := s.c.Clock.Now()
	_, until, err := s.c.Tries.CardTries(ctx, brand, who)
	switch {
	case err != nil:
		return Card{}, fmt.Errorf("read card tries: %w", err)
	case now.Before(until):
		return Card{}, &LockedError{Until: until}
	}
	card, err := s.c.Store.CardByMAC(ctx, brand, s.vault.macs(brand, digits))
	switch {
	case errors.Is(err, ErrUnknown):
		return Card{}, s.countWrong(ctx, brand, who, operationKey, now)
	case err != nil:
		return Card{}, fmt.Errorf("find card: %w", err)
	}
	return card, redeemable(card, now)
}

// countWrong counts an unknown code and returns ErrUnknown, or *LockedError where it locked. With a wrong key every code is
// unknown: that is nobody's guessing.
func (s *Service) countWrong(ctx context.Context, brand string, who []string, operationKey string, now time.Time) error {
	if err := s.CheckKeys(ctx); err != nil {
		return err
	}
	var until time.Time
	lock := func(wrong int) time.Time {
		d := lockFor(wrong)
		if d == 0 {
			return time.Time{}
		}
		until = now.Add(d)
		return until
	}
	wrong, err := s.c.Tries.CountWrongCode(ctx, brand, who, operationKey, now, lock)
	if err != nil {
		return fmt.Errorf("count wrong card code: %w", err)
	}
	s.c.Log.InfoContext(ctx, "unknown card code", "brand", brand, "wrong", wrong, "locked", !until.IsZero())
	if !until.IsZero() {
		return &LockedError{Until: until}
	}
	return ErrUnknown
}

// lockFor tells how long so many wrong codes in a row lock; zero: not at all.
func lockFor(wrong int) time.Duration {
	switch {
	case wrong == 5:
		return 15 * time.Minute
	case wrong == 10:
		return 30 * time.Minute
	case wrong == 15:
		return time.Hour
	case wrong >= 20 && wrong%5 == 0:
		return 24 * time.Hour
	}
	return 0
}

// redeemable returns nil, or why the card can't be redeemed now.
func redeemable(c Card, now time.Time) error {
	switch {
	case c.State == Spent:
		return ErrSpent
	case c.State == Reserved:
		return ErrInUse
	case c.Expired(now):
		return ErrExpired
	case c.State == Generated:
		return ErrNotLive
	case c.State == Live:
		return nil
	}
	return ErrWithdrawn
}
