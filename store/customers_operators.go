package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// CustomerByID returns a customer; accounts.ErrNoCustomer.
func (db Customers) CustomerByID(ctx context.Context, id prepaid.CustomerID) (accounts.Customer, error) {
	return getCustomer(ctx, db.reader, `c.id = ?`, id)
}

// Unlock takes a customer's PIN locks away, and, where paid says that the debt was paid by other means, the
// block. What was done, by whom and why, is kept. accounts.ErrNoCustomer where there is none.
func (db Customers) Unlock(ctx context.Context, id prepaid.CustomerID, paid bool, by prepaid.By, now time.Time) error {
	return db.write(ctx, "unlock customer", func(tx *sqlx.Tx) error {
		p, err := db.lockPayer(ctx, tx, id)
		status := p.Status
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
		return insertIntervention(ctx, tx, topup.Intervention{ID: prepaid.NewID[string](), Brand: p.Brand, Customer: id, What: what, By: by,
			At: now, Outcome: "done", EndedAt: now})
	})
}

// Frozen lists a brand's customers who wait for an operator to decide whose the account is, the longest first.
func (db Customers) Frozen(ctx context.Context, brand string) ([]accounts.Customer, error) {
	frozen, err := customerTable.query(ctx, db.reader, selectCustomer+`c.brand = ? AND c.frozen_at > 0 ORDER BY c.frozen_at, c.id`, brand)
	if err != nil {
		return nil, fmt.Errorf("list frozen customers: %w", err)
	}
	return frozen, nil
}

// Unfreeze decides that the account is its present holder's. accounts.ErrNoCustomer, operators.ErrNotFrozen.
func (db Customers) Unfreeze(ctx context.Context, id prepaid.CustomerID, by prepaid.By, now time.Time) error {
	return db.endFreeze(ctx, id, topup.Intervention{What: "unfreeze", By: by, At: now}, func(*sqlx.Tx, accounts.Customer) error { return nil })
}

// UnfreezeForNobody decides that the present holder has taken the number over wrongly: what they have set up ends as in a
// recovery, and their PIN is locked until the number is proven. Nobody is told, and nobody may say NOT ME.
func (db Customers) UnfreezeForNobody(ctx context.Context, id prepaid.CustomerID, by prepaid.By, now time.Time) error {
	return db.endFreeze(ctx, id, topup.Intervention{What: "unfreeze for nobody", By: by, At: now}, func(tx *sqlx.Tx, c accounts.Customer) error {
		if err := db.endHolder(ctx, tx, c, nil, now, now); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `UPDATE customers SET pin_hard_locked = TRUE WHERE id = ?`, c.ID)
		return err
	})
}

func (db Customers) endFreeze(ctx context.Context, id prepaid.CustomerID, i topup.Intervention, end func(*sqlx.Tx, accounts.Customer) error) error {
	return db.writeOrders(ctx, "unfreeze customer", func(tx *sqlx.Tx) error {
		c, err := db.lockAndRead(ctx, tx, id)
		if err == nil && !c.Frozen() {
			err = operators.ErrNotFrozen
		}
		if err != nil {
			return err
		}
		if err := end(tx, c); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, `UPDATE customers SET frozen_at = 0 WHERE id = ?`, id); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, `UPDATE unlinked_addresses SET until = ? WHERE brand = ? AND customer = ?`, prepaid.Micros(i.At), c.Brand, id); err != nil {
			return err
		}
		i.ID, i.Brand, i.Customer, i.Outcome, i.EndedAt = prepaid.NewID[string](), c.Brand, id, "done", i.At
		return insertIntervention(ctx, tx, i)
	})
}

// ResetPIN asks that a customer's own phone is sent a code with which its owner chooses a new PIN; the PIN stays until then.
// accounts.ErrNoCustomer, accounts.ErrFrozen.
func (db Customers) ResetPIN(ctx context.Context, id prepaid.CustomerID, phone accounts.Place, by prepaid.By, now time.Time) error {
	return db.write(ctx, "reset PIN", func(tx *sqlx.Tx) error {
		c, err := db.lockAndRead(ctx, tx, id)
		if err == nil && c.Frozen() {
			err = accounts.ErrFrozen
		}
		if err != nil {
			return err
		}
		to := topup.ReplyTo{Channel: phone.Channel, Kind: phone.Kind, Address: phone.Address, Language: c.Language}
		err = insertNotice(ctx, tx, newNotice(prepaid.NewID[prepaid.NoticeID](), c.Brand, prepaid.NoticePINReset, to, now))
		if err != nil {
			return err
		}
		return insertIntervention(ctx, tx, topup.Intervention{ID: prepaid.NewID[string](), Brand: c.Brand, Customer: id, What: "reset PIN", By: by,
			At: now, Outcome: "done", EndedAt: now})
	})
}
