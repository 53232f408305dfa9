package store

import (
	"context"
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
