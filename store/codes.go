package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// Codes keeps one-time codes and what was asked for them.
type Codes struct{ *core }

var _ accounts.Codes = Codes{}

type codeRow struct {
	accounts.Code
	Used bool // up
}

var codeTable = newTable[codeRow]("one_time_codes", names{"Channel": "-"})

// SaveCode implements accounts.Codes. The codes of a brand are counted one after the other.
func (db Codes) SaveCode(ctx context.Context, c accounts.Code, caps accounts.CodeCaps) (by accounts.CodeCap, err error) {
	err = db.write(ctx, "save one-time code", func(tx *sqlx.Tx) error {
		if db.dialect == Postgres { // on SQLite the transaction has the whole file
			if _, err := exec(ctx, tx, `SELECT pg_advisory_xact_lock(hashtext('one-time codes'), hashtext(?))`, c.Brand); err != nil {
				return err
			}
		}
		var sent struct {
			Known   int
			Address int `db:"by_address"`
			Number  int `db:"by_number"`
			Block   int `db:"by_block"`
			Channel int `db:"by_channel"`
			Brand   int `db:"by_brand"`
		}
		if _, err := get(ctx, tx, &sent, `
			SELECT (SELECT COUNT(*) FROM one_time_code_requests WHERE brand = ? AND address = ? AND msisdn = ? AND operation_key = ?) AS known,
				COUNT(CASE WHEN address = ? THEN 1 END) AS by_address, COUNT(CASE WHEN msisdn = ? THEN 1 END) AS by_number,
				COUNT(CASE WHEN block = ? THEN 1 END) AS by_block, COUNT(CASE WHEN channel = ? THEN 1 END) AS by_channel,
				COUNT(*) AS by_brand
			FROM one_time_code_requests WHERE brand = ? AND created_at >= ?`,
			c.Brand, c.Address, c.MSISDN, c.OperationKey, c.Address, c.MSISDN, c.MSISDN.Block(), c.Channel, c.Brand, prepaid.Micros(caps.Since)); err != nil {
			return err
		}
		b := caps.Budget
		switch {
		case sent.Known > 0:
			return nil
		case sent.Address >= b.PerAddress:
			by = accounts.CapAddress
		case sent.Number >= b.PerNumber:
			by = accounts.CapNumber
		case sent.Block >= b.PerBlock:
			by = accounts.CapBlock
		case sent.Channel >= b.PerChannel:
			by = accounts.CapChannel
		case sent.Brand >= b.PerBrand:
			by = accounts.CapBrand
		default:
			return saveCode(ctx, tx, c)
		}
		return nil
	})
	return by, err
}

func saveCode(ctx context.Context, tx *sqlx.Tx, c accounts.Code) error {
	_, err := exec(ctx, tx, `
		INSERT INTO one_time_code_requests (brand, operation_key, channel, address, msisdn, block, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		c.Brand, c.OperationKey, c.Channel, c.Address, c.MSISDN, c.MSISDN.Block(), prepaid.Micros(c.CreatedAt))
	if err != nil {
		return err
	}
	return replaceCode(ctx, tx, c)
}

func replaceCode(ctx context.Context, tx *sqlx.Tx, c accounts.Code) error {
	c.Tries = 0
	_, err := codeTable.insert(ctx, tx, codeRow{Code: c}, `
		ON CONFLICT (brand, address, msisdn) DO UPDATE SET hash = excluded.hash, operation_key = excluded.operation_key,
			tries = 0, used = FALSE, created_at = excluded.created_at, expires_at = excluded.expires_at`)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `DELETE FROM one_time_code_tries WHERE brand = ? AND address = ? AND msisdn = ?`,
		c.Brand, c.Address, c.MSISDN)
	return err
}

// TryCode implements accounts.Codes. A code that is used up is still returned to the operation keys that
// have tried it before, so that a repeated try gets its first answer.
func (db Codes) TryCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN, operationKey string) (accounts.Code, error) {
	var row codeRow
	err := db.write(ctx, "try one-time code", func(tx *sqlx.Tx) error {
		var found bool
		var err error
		row, found, err = codeTable.get(ctx, tx, `WHERE brand = ? AND address = ? AND msisdn = ?`+db.forUpdate, brand, a, m)
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
	return row.Code, nil
}

// UseCode implements accounts.Codes.
func (db Codes) UseCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN) error {
	return db.write(ctx, "use one-time code", func(tx *sqlx.Tx) error {
		if _, err := exec(ctx, tx, `
			UPDATE one_time_code_requests SET used = TRUE WHERE brand = ? AND address = ? AND msisdn = ? AND operation_key = (
				SELECT operation_key FROM one_time_codes WHERE brand = ? AND address = ? AND msisdn = ?)`, brand, a, m, brand, a, m); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `UPDATE one_time_codes SET used = TRUE WHERE brand = ? AND address = ? AND msisdn = ?`, brand, a, m)
		return err
	})
}

// CodeFigures tells what became of the codes that were sent since a time, by brand and channel.
func (db Codes) CodeFigures(ctx context.Context, since time.Time) ([]accounts.CodeFigures, error) {
	var rows []struct {
		Brand   string
		Channel string
		Sent    int
		Used    int
	}
	// An expression: SQLite would rather read all in the order of brands than the last while.
	if err := list(ctx, db.reader, &rows, `
		SELECT brand || '' AS brand, channel, COUNT(*) AS sent, COUNT(CASE WHEN used THEN 1 END) AS used
		FROM one_time_code_requests WHERE created_at >= ? GROUP BY 1, 2 ORDER BY 1, 2`, prepaid.Micros(since)); err != nil {
		return nil, fmt.Errorf("count one-time codes: %w", err)
	}
	var all []accounts.CodeFigures
	for _, r := range rows {
		all = append(all, accounts.CodeFigures{Brand: r.Brand, Channel: r.Channel, Sent: r.Sent, Used: r.Used})
	}
	return all, nil
}
