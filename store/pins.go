package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// PINs counts the tries of customers' PINs.
type PINs struct{ *core }

var _ accounts.Tries = PINs{}

// pinRow is a customer's PIN, and whose it is.
type pinRow struct {
	Brand string
	accounts.PIN
}

// pinTable reads what the row of a customer says of the PIN.
var pinTable = newTable[pinRow]("customers", names{
	"Hash": "pin_hash", "Tries": "pin_tries", "MonthTries": "pin_month_tries", "Unjudged": "-", "MonthStart": "pin_month_start",
	"Locks": "pin_locks", "LockedUntil": "pin_locked_until", "HardLocked": "pin_hard_locked",
})

// noTries is the SET of a new PIN.
const noTries = `pin_tries = 0, pin_month_tries = 0, pin_month_start = 0, pin_locks = 0, pin_locked_until = 0,
	pin_hard_locked = FALSE`

// verdictWithin is how long a PIN may be judged for: longer than any turn lasts. A try that is older and has no verdict
// was its turn's last act.
const verdictWithin = 2 * time.Minute

// pinTries is what the tries of a customer say of one more.
type pinTries struct {
	Known    int // it was counted before
	Unjudged int // others that are being judged
	Lapsed   int // others that never will be
}

// CountPINTry implements accounts.Tries.
func (db PINs) CountPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string, now time.Time) (accounts.PIN, bool, error) {
	var pin pinRow
	var tries pinTries
	counted := false
	err := db.write(ctx, "count PIN try", func(tx *sqlx.Tx) error {
		var found bool
		var err error
		pin, found, err = pinTable.get(ctx, tx, `WHERE id = ?`+db.forUpdate, id)
		if err == nil && !found {
			err = accounts.ErrNoCustomer
		}
		if err != nil {
			return err
		}
		lapsed := prepaid.Micros(now.Add(-verdictWithin))
		_, err = get(ctx, tx, &tries, `
			SELECT COUNT(CASE WHEN operation_key = ? THEN 1 END) AS known,
				COUNT(CASE WHEN operation_key <> ? AND judged = '' AND tried_at >= ? THEN 1 END) AS unjudged,
				COUNT(CASE WHEN operation_key <> ? AND judged = '' AND tried_at < ? THEN 1 END) AS lapsed
			FROM pin_tries WHERE brand = ? AND customer = ?`, operationKey, operationKey, lapsed, operationKey, lapsed, pin.Brand, id)
		if counted = tries.Known > 0; err != nil || counted {
			return err
		}
		if tries.Lapsed > 0 {
			pin.Tries, pin.MonthTries = max(pin.Tries-tries.Lapsed, 0), max(pin.MonthTries-tries.Lapsed, 0)
		}
		if pin.MonthStart.Add(month).Before(now) {
			pin.MonthStart, pin.MonthTries = now, 0
		}
		if pin.Locked(now) || pin.Tries >= accounts.PINTries || pin.MonthTries >= accounts.PINMonthTries {
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
	pin.Unjudged = tries.Unjudged
	return pin.PIN, counted, nil
}

func storePINTry(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID, operationKey string, pin pinRow, now time.Time) error {
	_, err := exec(ctx, tx, `UPDATE customers SET pin_tries = ?, pin_month_tries = ?, pin_month_start = ? WHERE id = ?`,
		pin.Tries, pin.MonthTries, prepaid.Micros(pin.MonthStart), id)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `DELETE FROM pin_tries WHERE brand = ? AND customer = ? AND judged = '' AND tried_at < ?`,
		pin.Brand, id, prepaid.Micros(now.Add(-verdictWithin)))
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `INSERT INTO pin_tries (brand, customer, operation_key, tried_at, judged) VALUES (?, ?, ?, ?, '')`,
		pin.Brand, id, operationKey, prepaid.Micros(now))
	return err
}

// settlePINTry stores a verdict under the customer's lock, and tells the customer's brand; false where the try has one, or is not counted.
func (db PINs) settlePINTry(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID, operationKey, judged string) (brand string, settled bool, err error) {
	p, err := db.lockPayer(ctx, tx, id)
	if err != nil {
		return "", false, err
	}
	rows, err := exec(ctx, tx, `UPDATE pin_tries SET judged = ? WHERE brand = ? AND customer = ? AND operation_key = ? AND judged = ''`,
		judged, p.Brand, id, operationKey)
	return p.Brand, rows == 1, err
}

// KeepPINTry implements accounts.Tries.
func (db PINs) KeepPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string, now time.Time) error {
	return db.write(ctx, "keep PIN try", func(tx *sqlx.Tx) error {
		brand, settled, err := db.settlePINTry(ctx, tx, id, operationKey, "wrong")
		if err != nil || settled {
			return err
		}
		rows, err := exec(ctx, tx, `
			INSERT INTO pin_tries (brand, customer, operation_key, tried_at, judged) VALUES (?, ?, ?, ?, 'wrong')
			ON CONFLICT (brand, customer, operation_key) DO NOTHING`, brand, id, operationKey, prepaid.Micros(now))
		if err != nil || rows == 0 {
			return err
		}
		_, err = exec(ctx, tx, `UPDATE customers SET pin_tries = pin_tries + 1, pin_month_tries = pin_month_tries + 1 WHERE id = ?`, id)
		return err
	})
}

// UncountPINTry implements accounts.Tries.
func (db PINs) UncountPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string) error {
	return db.write(ctx, "uncount PIN try", func(tx *sqlx.Tx) error {
		p, err := db.lockPayer(ctx, tx, id)
		if err != nil {
			return err
		}
		rows, err := exec(ctx, tx, `DELETE FROM pin_tries WHERE brand = ? AND customer = ? AND operation_key = ? AND judged = ''`, p.Brand, id, operationKey)
		if err != nil || rows == 0 {
			return err
		}
		_, err = exec(ctx, tx, `
			UPDATE customers SET pin_tries = CASE WHEN pin_tries > 0 THEN pin_tries - 1 ELSE 0 END,
				pin_month_tries = CASE WHEN pin_month_tries > 0 THEN pin_month_tries - 1 ELSE 0 END
			WHERE id = ?`, id)
		return err
	})
}

// LockPIN implements accounts.Tries.
func (db PINs) LockPIN(ctx context.Context, id prepaid.CustomerID, until time.Time, hard bool) error {
	return db.write(ctx, "lock PIN", func(tx *sqlx.Tx) error {
		_, err := exec(ctx, tx, `
			UPDATE customers SET pin_tries = 0, pin_locks = pin_locks + 1, pin_locked_until = ?,
				pin_hard_locked = (pin_hard_locked OR ?)
			WHERE id = ? AND pin_tries > 0`, prepaid.Micros(until), hard, id)
		return err
	})
}

// ForgivePIN implements accounts.Tries. A lock that came while the right PIN was being judged is undone too. A right PIN that
// is judged again forgives again, but is taken from the month's count once.
func (db PINs) ForgivePIN(ctx context.Context, id prepaid.CustomerID, operationKey string) error {
	return db.write(ctx, "forgive PIN", func(tx *sqlx.Tx) error {
		_, settled, err := db.settlePINTry(ctx, tx, id, operationKey, "right")
		if err != nil {
			return err
		}
		own := 0
		if settled {
			own = 1
		}
		_, err = exec(ctx, tx, `
			UPDATE customers SET pin_tries = 0, pin_locks = 0, pin_locked_until = 0, pin_hard_locked = FALSE,
				pin_month_tries = CASE WHEN pin_month_tries > ? THEN pin_month_tries - ? ELSE 0 END
			WHERE id = ? AND (pin_tries > 0 OR pin_month_tries > 0 OR pin_locked_until > 0 OR pin_hard_locked)`, own, own, id)
		return err
	})
}
