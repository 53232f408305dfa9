package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"pulsa/payments"
	"pulsa/prepaid"
)

// Mandates keeps the mandates that customers gave by text.
type Mandates struct{ *core }

var mandateTable = newTable[payments.Mandate]("mandates", names{
	"Version": "text_version", "Creditor.Identifier": "creditor_id", "Creditor.Email": "-",
	"From": "", // channel, kind, address; and the language of the mandate
})

// SaveMandate implements payments.Mandates.
func (db Mandates) SaveMandate(ctx context.Context, s payments.Setup, m payments.Mandate) (payments.Setup, error) {
	var stored payments.Setup
	err := db.write(ctx, "save mandate", func(tx *sqlx.Tx) error {
		added, err := db.insertSetup(ctx, tx, s)
		if err != nil {
			return err
		}
		if added == 1 {
			_, err := mandateTable.insert(ctx, tx, m, "")
			if err != nil {
				return err
			}
		}
		stored, err = setupOf(ctx, tx, s)
		return err
	})
	if err != nil {
		return payments.Setup{}, err
	}
	return stored, nil
}

// ClaimMandates implements payments.Mandates.
func (db Mandates) ClaimMandates(ctx context.Context, now, until time.Time, n int) ([]payments.Mandate, error) {
	var claimed []payments.Mandate
	err := db.write(ctx, "claim mandates", func(tx *sqlx.Tx) error {
		var err error
		claimed, err = mandateTable.query(ctx, tx, `
			WITH due AS MATERIALIZED (
				SELECT brand AS due_brand, setup AS due_setup FROM mandates
				WHERE run_at > 0 AND run_at <= ? AND lease_until <= ?
				ORDER BY run_at, setup`+limited+db.skipLocked+`)
			UPDATE mandates SET lease_until = ? WHERE (brand, setup) IN (SELECT due_brand, due_setup FROM due)
			RETURNING `+mandateTable.columns,
			prepaid.Micros(now), prepaid.Micros(now), n, prepaid.Micros(until))
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b payments.Mandate) int {
		return cmp.Or(a.RunAt.Compare(b.RunAt), cmp.Compare(a.Setup, b.Setup))
	})
	return claimed, nil
}

// PutOffMandate implements payments.Mandates. One that has ended meanwhile stays so.
func (db Mandates) PutOffMandate(ctx context.Context, id prepaid.SetupID, at time.Time) error {
	return db.write(ctx, "put off mandate", func(tx *sqlx.Tx) error {
		_, err := exec(ctx, tx, `UPDATE mandates SET run_at = ?, lease_until = 0, tries = tries + 1 WHERE setup = ? AND run_at > 0`,
			prepaid.Micros(at), id)
		return err
	})
}

// NextMandate implements payments.Mandates.
func (db Mandates) NextMandate(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.reader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0) FROM mandates WHERE run_at > 0`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next mandate: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// endMandate drops a mandate's sealed IBAN and its due work with its setup, and tells when a notice may tell of it;
// found is false where the setup was none of a mandate.
func endMandate(ctx context.Context, tx *sqlx.Tx, brand string, id prepaid.SetupID) (tellAt time.Time, found bool, err error) {
	rows, err := exec(ctx, tx, `UPDATE mandates SET sealed = '', run_at = 0, lease_until = 0 WHERE brand = ? AND setup = ?`, brand, id)
	if err != nil || rows == 0 {
		return time.Time{}, false, err
	}
	var at int64
	_, err = get(ctx, tx, &at, `SELECT tell_at FROM mandates WHERE brand = ? AND setup = ?`, brand, id)
	return prepaid.FromMicros(at), true, err
}

// MandatesOf lists the mandates of a customer, newest first.
func (db Mandates) MandatesOf(ctx context.Context, c prepaid.CustomerID) ([]payments.Mandate, error) {
	return db.mandates(ctx, ofCustomer, c)
}

// MandatesByReference lists those whose reference begins so, 20 at most.
func (db Mandates) MandatesByReference(ctx context.Context, begins string) ([]payments.Mandate, error) {
	return db.mandates(ctx, `reference >= ? AND reference < ?`, begins, begins+string(utf8.MaxRune))
}

func (db Mandates) mandates(ctx context.Context, where string, args ...any) ([]payments.Mandate, error) {
	mandates, err := mandateTable.list(ctx, db.reader, `WHERE `+where+` ORDER BY agreed_at DESC, setup LIMIT 20`, args...)
	if err != nil {
		return nil, fmt.Errorf("read mandates: %w", err)
	}
	return mandates, nil
}
