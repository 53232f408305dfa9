package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

// CardTries counts wrong card codes.
type CardTries struct{ *core }

var _ cards.Tries = CardTries{}

type cardTriesRow struct {
	Wrong       int
	LockedUntil int64
}

// CardTries implements cards.Tries.
func (db CardTries) CardTries(ctx context.Context, brand string, keys []string) (wrong int, until time.Time, err error) {
	if len(keys) == 0 {
		return 0, time.Time{}, nil
	}
	var row cardTriesRow
	query, args, err := sqlx.In(`
		SELECT COALESCE(MAX(wrong), 0) AS wrong, COALESCE(MAX(locked_until), 0) AS locked_until
		FROM card_tries WHERE brand = ? AND key IN (?)`, brand, keys)
	if err == nil {
		_, err = get(ctx, db.reader, &row, query, args...)
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("card tries: %w", err)
	}
	return row.Wrong, prepaid.FromMicros(row.LockedUntil), nil
}

// CountWrongCode implements cards.Tries. A lock is never shortened. An operation key is repeated where the first key is
// the same too: then the count that it came to is returned.
func (db CardTries) CountWrongCode(ctx context.Context, brand string, keys []string, operationKey string, now time.Time, lock func(wrong int) time.Time) (wrong int, err error) {
	if len(keys) == 0 {
		return 0, errors.New("count wrong card code: nobody's")
	}
	whose := keys[0]
	keys = slices.Compact(slices.Sorted(slices.Values(keys))) // sorted: two callers never wait for each other
	err = db.write(ctx, "count wrong card code", func(tx *sqlx.Tx) error {
		wrong = 0
		// The row of a caller who is first makes the others wait here until its count is known.
		rows, err := exec(ctx, tx, `
			INSERT INTO card_try_keys (brand, key, operation_key, wrong, tried_at) VALUES (?, ?, ?, 0, ?)
			ON CONFLICT (brand, key, operation_key) DO NOTHING`, brand, whose, operationKey, prepaid.Micros(now))
		if err != nil {
			return err
		}
		if rows == 0 {
			_, err := get(ctx, tx, &wrong, `SELECT wrong FROM card_try_keys WHERE brand = ? AND key = ? AND operation_key = ?`,
				brand, whose, operationKey)
			return err
		}
		for _, key := range keys {
			count, err := countWrong(ctx, tx, brand, key, lock)
			if err != nil {
				return err
			}
			wrong = max(wrong, count)
		}
		_, err = exec(ctx, tx, `UPDATE card_try_keys SET wrong = ? WHERE brand = ? AND key = ? AND operation_key = ?`,
			wrong, brand, whose, operationKey)
		return err
	})
	return wrong, err
}

func countWrong(ctx context.Context, tx *sqlx.Tx, brand, key string, lock func(wrong int) time.Time) (int, error) {
	var count int
	_, err := get(ctx, tx, &count, `
		INSERT INTO card_tries (brand, key, wrong, locked_until) VALUES (?, ?, 1, 0)
		ON CONFLICT (brand, key) DO UPDATE SET wrong = card_tries.wrong + 1
		RETURNING wrong`, brand, key)
	if err != nil {
		return 0, err
	}
	if until := lock(count); !until.IsZero() {
		_, err = exec(ctx, tx, `UPDATE card_tries SET locked_until = ? WHERE brand = ? AND key = ? AND locked_until < ?`,
			prepaid.Micros(until), brand, key, prepaid.Micros(until))
	}
	return count, err
}

// forgiveCodes sets to zero what was counted for whoever has just spent a card.
func forgiveCodes(ctx context.Context, tx *sqlx.Tx, o topup.Order) error {
	query, args, err := sqlx.In(`UPDATE card_tries SET wrong = 0, locked_until = 0 WHERE brand = ? AND key IN (?)`,
		o.Brand, cards.AllTryKeys(o.ReplyTo.Address, o.Customer))
	if err == nil {
		_, err = exec(ctx, tx, query, args...)
	}
	if err != nil {
		return fmt.Errorf("forgive wrong codes: %w", err)
	}
	return nil
}
