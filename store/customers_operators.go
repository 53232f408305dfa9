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
		d := customerDeed(p.Brand, id, "unlock", by, now)
		if paid && status == accounts.Blocked {
			d.What, d.Old, d.New, status = operators.DeedDebtPaid, string(status), string(accounts.Active), accounts.Active
		}
		_, err = exec(ctx, tx, `UPDATE customers SET status = ?, `+noTries+` WHERE id = ?`, status, id)
		if err != nil {
			return err
		}
		return recordDeed(ctx, tx, d)
	})
}

// customerDeed is a deed on a customer.
func customerDeed(brand string, id prepaid.CustomerID, what string, by prepaid.By, now time.Time) prepaid.Deed {
	return prepaid.Deed{Brand: brand, What: what, Kind: prepaid.OnCustomer, Object: string(id), By: by, At: now}
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
	return db.endFreeze(ctx, id, customerDeed("", id, "unfreeze", by, now), func(*sqlx.Tx, accounts.Customer) error { return nil })
}

// UnfreezeForNobody decides that the present holder has taken the number over wrongly: what they have set up ends as in a
// recovery, and their PIN is locked until the number is proven. Nobody is told, and nobody may say NOT ME.
func (db Customers) UnfreezeForNobody(ctx context.Context, id prepaid.CustomerID, by prepaid.By, now time.Time) error {
	return db.endFreeze(ctx, id, customerDeed("", id, "unfreeze for nobody", by, now), func(tx *sqlx.Tx, c accounts.Customer) error {
		if err := db.endHolder(ctx, tx, c, nil, now, now); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `UPDATE customers SET pin_hard_locked = TRUE WHERE id = ?`, c.ID)
		return err
	})
}

func (db Customers) endFreeze(ctx context.Context, id prepaid.CustomerID, d prepaid.Deed, end func(*sqlx.Tx, accounts.Customer) error) error {
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
		if _, err := exec(ctx, tx, `UPDATE unlinked_addresses SET until = ? WHERE brand = ? AND customer = ?`, prepaid.Micros(d.At), c.Brand, id); err != nil {
			return err
		}
		d.Brand, d.Old = c.Brand, "frozen since "+c.FrozenAt.UTC().Format(time.DateTime)
		return recordDeed(ctx, tx, d)
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
		return recordDeed(ctx, tx, customerDeed(c.Brand, id, "reset PIN", by, now))
	})
}
