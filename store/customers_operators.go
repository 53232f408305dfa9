package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/topup"
)

// CustomerByID returns a customer; accounts.ErrNoCustomer.
func (db *DB) CustomerByID(ctx context.Context, id prepaid.CustomerID) (accounts.Customer, error) {
	return getCustomer(ctx, db.reader, `c.id = ?`, id)
}

// KnownAddress is an address that a customer has proven, and whether it wants no messages.
type KnownAddress struct {
	Address  prepaid.Address `db:"address"`
	OptedOut bool            `db:"is_out"`
}

// AddressesOf lists a customer's addresses.
func (db *DB) AddressesOf(ctx context.Context, id prepaid.CustomerID) ([]KnownAddress, error) {
	var rows []KnownAddress
	err := list(ctx, db.reader, &rows, `
		SELECT a.address, COALESCE(o.is_out, FALSE) AS is_out
		FROM customer_addresses a LEFT JOIN opt_outs o ON o.brand = a.brand AND o.address = a.address
		WHERE a.customer = ? ORDER BY a.linked_at, a.address`, id)
	if err != nil {
		return nil, fmt.Errorf("read customer's addresses: %w", err)
	}
	return rows, nil
}

// Unlock takes a customer's PIN locks away, and, where paid says that the debt was paid by other means, the
// block. What was done, by whom and why, is kept. accounts.ErrNoCustomer where there is none.
func (db *DB) Unlock(ctx context.Context, id prepaid.CustomerID, paid bool, by topup.By, now time.Time) error {
	return db.write(ctx, "unlock customer", func(tx *sqlx.Tx) error {
		status, err := db.lockCustomer(ctx, tx, id)
		if err == nil && (status == "" || status == accounts.Erased) {
			err = accounts.ErrNoCustomer
		}
		if err != nil {
			return err
		}
		what := "unlock"
		if paid && status == accounts.Blocked {
			what, status = "unlock, debt paid", accounts.Active
		}
		_, err = exec(ctx, tx, `UPDATE customers SET status = ?, `+noTries+` WHERE id = ?`, status, id)
		if err != nil {
			return err
		}
		return insertIntervention(ctx, tx, topup.Intervention{ID: prepaid.NewID[string](), Customer: id, What: what, By: by,
			At: now, Outcome: "done", EndedAt: now})
	})
}
