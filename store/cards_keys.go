package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
)

// CardKeys keeps the check values of the keys that cards are sealed with.
type CardKeys struct{ *core }

var _ cards.KeyChecks = CardKeys{}

// CardKeys implements cards.KeyChecks.
func (db CardKeys) CardKeys(ctx context.Context) (map[int][]byte, error) {
	var rows []struct {
		Version int
		Check   []byte `db:"check_value"`
	}
	if err := list(ctx, db.reader, &rows, `SELECT version, check_value FROM card_keys`); err != nil {
		return nil, fmt.Errorf("card keys: %w", err)
	}
	checks := make(map[int][]byte, len(rows))
	for _, r := range rows {
		checks[r.Version] = r.Check
	}
	return checks, nil
}

// CardOfKey implements cards.KeyChecks.
func (db CardKeys) CardOfKey(ctx context.Context, version int) (cards.Sealed, error) {
	found, err := db.sealedCards(ctx, ` WHERE key_version = ? LIMIT 1`, version)
	if err == nil && len(found) == 0 {
		err = cards.ErrUnknown
	}
	if err != nil {
		return cards.Sealed{}, fmt.Errorf("card of key: %w", err)
	}
	return found[0], nil
}

// SetCardKey implements cards.KeyChecks.
func (db CardKeys) SetCardKey(ctx context.Context, version int, check []byte) error {
	_, err := exec(ctx, db.writer, `UPDATE card_keys SET check_value = ? WHERE version = ? AND length(check_value) = 0`, check, version)
	if err != nil {
		return fmt.Errorf("set card key: %w", err)
	}
	return nil
}

// ForgetCardKey implements cards.KeyChecks. It waits for those who are storing cards of the key, and sees them.
func (db CardKeys) ForgetCardKey(ctx context.Context, version int) error {
	return db.write(ctx, "forget card key", func(tx *sqlx.Tx) error {
		var locked int
		if _, err := get(ctx, tx, &locked, `SELECT 1 FROM card_keys WHERE version = ?`+db.forUpdate, version); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `
			DELETE FROM card_keys WHERE version = ? AND NOT EXISTS (SELECT 1 FROM cards WHERE key_version = ?)`, version, version)
		return err
	})
}

// holdKeys makes sure, in a transaction that stores cards, that they are sealed with the same keys as those before
// them. Whoever stores others of the same key at the same time does not wait.
func (db *core) holdKeys(ctx context.Context, tx *sqlx.Tx, sealed []cards.Sealed) error {
	held := map[int]bool{}
	for _, c := range sealed {
		if held[c.KeyVersion] {
			continue
		}
		held[c.KeyVersion] = true
		_, err := exec(ctx, tx, `INSERT INTO card_keys (version, check_value) VALUES (?, ?) ON CONFLICT (version) DO NOTHING`,
			c.KeyVersion, append([]byte{}, c.KeyCheck...))
		if err != nil {
			return err
		}
		var known []byte
		if _, err := get(ctx, tx, &known, `SELECT check_value FROM card_keys WHERE version = ?`+db.forShare, c.KeyVersion); err != nil {
			return err
		}
		if len(known) > 0 && !bytes.Equal(known, c.KeyCheck) {
			return &cards.KeyError{Version: c.KeyVersion}
		}
	}
	return nil
}
