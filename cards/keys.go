package cards

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// KeyError says that a card key is missing, or is another than the one that cards are sealed with.
type KeyError struct {
	Version int
	Missing bool
}

func (e *KeyError) Error() string {
	if e.Missing {
		return fmt.Sprintf("cards are sealed with card key version %d, which is not given", e.Version)
	}
	return fmt.Sprintf("card key version %d is not the key that cards are sealed with", e.Version)
}

// CheckKeys returns a *KeyError where right codes would not be found, or cards could not be opened, with the keys
// given: whoever works with cards begins with it. Of a version that no card is sealed with any more, any key will do.
func (s *Service) CheckKeys(ctx context.Context) error {
	known, err := s.c.KeyChecks.CardKeys(ctx)
	if err != nil {
		return fmt.Errorf("check card keys: %w", err)
	}
	for version, check := range known {
		if pair, given := s.vault.keys[version]; given && bytes.Equal(check, pair.check) {
			continue
		}
		if err := s.checkVersion(ctx, version, len(check) > 0); err != nil {
			return fmt.Errorf("check card keys: %w", err)
		}
	}
	return nil
}

// checkVersion judges a key by the cards that it belongs to. known tells that it has another check value.
func (s *Service) checkVersion(ctx context.Context, version int, known bool) error {
	c, err := s.c.KeyChecks.CardOfKey(ctx, version)
	if errors.Is(err, ErrUnknown) {
		return s.c.KeyChecks.ForgetCardKey(ctx, version)
	}
	if err != nil {
		return err
	}
	pair, given := s.vault.keys[version]
	if !given {
		return &KeyError{Version: version, Missing: true}
	}
	if known {
		return &KeyError{Version: version}
	}
	if _, err := s.vault.open(c); err != nil {
		return &KeyError{Version: version}
	}
	return s.c.KeyChecks.SetCardKey(ctx, version, pair.check)
}
