package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
)

type codeRow struct {
	Brand        string          `db:"brand"`
	Address      prepaid.Address `db:"address"`
	MSISDN       prepaid.MSISDN  `db:"msisdn"`
	Hash         string          `db:"hash"`
	OperationKey string          `db:"operation_key"`
	Tries        int             `db:"tries"`
	Used         bool            `db:"used"`
	CreatedAt    int64           `db:"created_at"`
	ExpiresAt    int64           `db:"expires_at"`
}

// SaveCode implements accounts.Codes. recent counts the codes of the address and those of the number apart,
// this one included, and is the larger.
func (db *DB) SaveCode(ctx context.Context, c accounts.Code, since time.Time) (recent int, saved bool, err error) {
	err = db.write(ctx, "save one-time code", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `
			INSERT INTO one_time_code_requests (brand, operation_key, address, msisdn, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (brand, operation_key) DO NOTHING`,
			c.Brand, c.OperationKey, c.Address, c.MSISDN, prepaid.Micros(c.CreatedAt))
		if err != nil {
			return err
		}
		if saved = rows == 1; saved {
			if err := replaceCode(ctx, tx, c); err != nil {
				return err
			}
			_, err := exec(ctx, tx, `DELETE FROM one_time_code_requests WHERE brand = ? AND address = ? AND created_at < ?`,
				c.Brand, c.Address, prepaid.Micros(c.CreatedAt.Add(-tryKeysFor)))
			if err != nil {
				return err
			}
		}
		var counts struct {
			Address int `db:"by_address"`
			MSISDN  int `db:"by_msisdn"`
		}
		_, err = get(ctx, tx, &counts, `
			SELECT COUNT(CASE WHEN address = ? THEN 1 END) AS by_address, COUNT(CASE WHEN msisdn = ? THEN 1 END) AS by_msisdn
			FROM one_time_code_requests WHERE brand = ? AND created_at >= ? AND (address = ? OR msisdn = ?)`,
			c.Address, c.MSISDN, c.Brand, prepaid.Micros(since), c.Address, c.MSISDN)
		recent = max(counts.Address, counts.MSISDN)
		return err
	})
	return recent, saved, err
}

func replaceCode(ctx context.Context, tx *sqlx.Tx, c accounts.Code) error {
	_, err := insert(ctx, tx, `
		INSERT INTO one_time_codes (brand, address, msisdn, hash, operation_key, tries, used, created_at, expires_at)
		VALUES (:brand, :address, :msisdn, :hash, :operation_key, 0, FALSE, :created_at, :expires_at)
		ON CONFLICT (brand, address, msisdn) DO UPDATE SET hash = excluded.hash, operation_key = excluded.operation_key,
			tries = 0, used = FALSE, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		codeRow{Brand: c.Brand, Address: c.Address, MSISDN: c.MSISDN, Hash: c.Hash, OperationKey: c.OperationKey,
			CreatedAt: prepaid.Micros(c.CreatedAt), ExpiresAt: prepaid.Micros(c.ExpiresAt)})
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `DELETE FROM one_time_code_tries WHERE brand = ? AND address = ? AND msisdn = ?`,
		c.Brand, c.Address, c.MSISDN)
	return err
}

// TryCode implements accounts.Codes. A code that is used up is still returned to the operation keys that
// have tried it before, so that a repeated try gets its first answer.
func (db *DB) TryCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN, operationKey string) (accounts.Code, error) {
	var row codeRow
	err := db.write(ctx, "try one-time code", func(tx *sqlx.Tx) error {
		found, err := get(ctx, tx, &row, `
			SELECT brand, address, msisdn, hash, operation_key, tries, used, created_at, expires_at
			FROM one_time_codes WHERE brand = ? AND address = ? AND msisdn = ?`+db.forUpdate, brand, a, m)
		if err == nil && !found {
			err = accounts.ErrCodeExpired
		}
		if err != nil {
			return err
		}
		var known int
		tried, err := get(ctx, tx, &known, `
			SELECT 1 FROM one_time_code_tries WHERE brand = ? AND address = ? AND msisdn = ? AND operation_key = ?`,
			brand, a, m, operationKey)
		switch {
		case err != nil || tried:
			return err
		case row.Used:
			return accounts.ErrCodeExpired
		}
		row.Tries++
		_, err = exec(ctx, tx, `
			INSERT INTO one_time_code_tries (brand, address, msisdn, operation_key) VALUES (?, ?, ?, ?)`,
			brand, a, m, operationKey)
		if err != nil {
			return err
		}
		_, err = exec(ctx, tx, `UPDATE one_time_codes SET tries = ? WHERE brand = ? AND address = ? AND msisdn = ?`,
			row.Tries, brand, a, m)
		return err
	})
	if err != nil {
		return accounts.Code{}, err
	}
	return accounts.Code{Brand: row.Brand, Address: row.Address, MSISDN: row.MSISDN, Hash: row.Hash,
		OperationKey: row.OperationKey, Tries: row.Tries,
		CreatedAt: prepaid.FromMicros(row.CreatedAt), ExpiresAt: prepaid.FromMicros(row.ExpiresAt)}, nil
}

// UseCode implements accounts.Codes.
func (db *DB) UseCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN) error {
	_, err := exec(ctx, db.writer, `UPDATE one_time_codes SET used = TRUE WHERE brand = ? AND address = ? AND msisdn = ?`,
		brand, a, m)
	if err != nil {
		return fmt.Errorf("use one-time code: %w", err)
	}
	return nil
}
