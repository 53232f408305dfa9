package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// tryKeysFor is how long a counted try's operation key is kept: longer than any message is repeated.
const tryKeysFor = 7 * day

type pinRow struct {
	Hash        string `db:"pin_hash"`
	Tries       int    `db:"pin_tries"`
	MonthTries  int    `db:"pin_month_tries"`
	MonthStart  int64  `db:"pin_month_start"`
	Locks       int    `db:"pin_locks"`
	LockedUntil int64  `db:"pin_locked_until"`
	HardLocked  bool   `db:"pin_hard_locked"`
}

const pinColumns = `pin_hash, pin_tries, pin_month_tries, pin_month_start, pin_locks, pin_locked_until, pin_hard_locked`

// noTries is the SET of a new PIN.
const noTries = `pin_tries = 0, pin_month_tries = 0, pin_month_start = 0, pin_locks = 0, pin_locked_until = 0,
	pin_hard_locked = FALSE`

func (r pinRow) pin() accounts.PIN {
	return accounts.PIN{Hash: r.Hash, Tries: r.Tries, MonthTries: r.MonthTries, MonthStart: prepaid.FromMicros(r.MonthStart),
		Locks: r.Locks, LockedUntil: prepaid.FromMicros(r.LockedUntil), HardLocked: r.HardLocked}
}

// CountPINTry implements accounts.Tries.
func (db *DB) CountPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string, now time.Time) (accounts.PIN, bool, error) {
	var pin pinRow
	counted := false
	err := db.write(ctx, "count PIN try", func(tx *sqlx.Tx) error {
		found, err := get(ctx, tx, &pin, `SELECT `+pinColumns+` FROM customers WHERE id = ?`+db.forUpdate, id)
		if err == nil && !found {
			err = accounts.ErrNoCustomer
		}
		if err != nil {
			return err
		}
		var known int
		counted, err = get(ctx, tx, &known, `SELECT 1 FROM pin_tries WHERE customer = ? AND operation_key = ?`, id, operationKey)
		if err != nil || counted {
			return err
		}
		if prepaid.FromMicros(pin.MonthStart).Add(month).Before(now) {
			pin.MonthStart, pin.MonthTries = prepaid.Micros(now), 0
		}
		if pin.pin().Locked(now) || pin.Tries >= accounts.PINTries || pin.MonthTries >= accounts.PINMonthTries {
			return nil
		}
		counted = true
		pin.Tries++
		pin.MonthTries++
		return storePINTry(ctx, tx, id, operationKey, pin, now)
	})
	if err != nil {
		return accounts.PIN{}, false, err
	}
	return pin.pin(), counted, nil
}

func storePINTry(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID, operationKey string, pin pinRow, now time.Time) error {
	_, err := exec(ctx, tx, `UPDATE customers SET pin_tries = ?, pin_month_tries = ?, pin_month_start = ? WHERE id = ?`,
		pin.Tries, pin.MonthTries, pin.MonthStart, id)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `DELETE FROM pin_tries WHERE customer = ? AND tried_at < ?`, id, prepaid.Micros(now.Add(-tryKeysFor)))
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `INSERT INTO pin_tries (customer, operation_key, tried_at) VALUES (?, ?, ?)`,
		id, operationKey, prepaid.Micros(now))
	return err
}

// LockPIN implements accounts.Tries.
func (db *DB) LockPIN(ctx context.Context, id prepaid.CustomerID, until time.Time, hard bool) error {
	return db.write(ctx, "lock PIN", func(tx *sqlx.Tx) error {
		_, err := exec(ctx, tx, `
			UPDATE customers SET pin_tries = 0, pin_locks = pin_locks + 1, pin_locked_until = ?,
				pin_hard_locked = (pin_hard_locked OR ?)
			WHERE id = ? AND pin_tries > 0`, prepaid.Micros(until), hard, id)
		return err
	})
}

// ForgivePIN implements accounts.Tries. A lock that came while the right PIN was being judged is undone too.
// The wrong tries stay in the month's count, the right one does not.
func (db *DB) ForgivePIN(ctx context.Context, id prepaid.CustomerID) error {
	return db.write(ctx, "forgive PIN", func(tx *sqlx.Tx) error { return forgivePIN(ctx, tx, id) })
}

// forgivePIN may be repeated: without tries and locks nothing is left to forgive.
func forgivePIN(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID) error {
	_, err := exec(ctx, tx, `
		UPDATE customers SET pin_tries = 0, pin_locks = 0, pin_locked_until = 0, pin_hard_locked = FALSE,
			pin_month_tries = CASE WHEN pin_month_tries > 0 THEN pin_month_tries - 1 ELSE 0 END
		WHERE id = ? AND (pin_tries > 0 OR pin_locked_until > 0 OR pin_hard_locked)`, id)
	return err
}
