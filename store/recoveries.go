package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// RecoverCustomer implements accounts.Customers.
func (db Customers) RecoverCustomer(ctx context.Context, n accounts.NewHolder) (accounts.Customer, error) {
	var stored accounts.Customer
	err := db.writeOrders(ctx, "recover customer", func(tx *sqlx.Tx) error {
		c, err := db.lockAndRead(ctx, tx, n.Customer)
		if err != nil {
			return err
		}
		rows, err := exec(ctx, tx, `
			INSERT INTO recoveries (brand, operation_key, customer, holder, address, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (brand, operation_key) DO NOTHING`,
			c.Brand, n.OperationKey, c.ID, c.Holder+1, n.Places[0].Address, prepaid.Micros(n.At))
		switch {
		case err != nil:
			return err
		case rows == 0:
			stored, err = recoveredBefore(ctx, tx, c, n.OperationKey)
			return err
		case c.MSISDN != n.MSISDN: // it has moved since the number was proven
			return accounts.ErrNoCustomer
		case n.Holder > 0 && c.Holder != n.Holder:
			return accounts.ErrRecovered
		case c.Frozen():
			return accounts.ErrFrozen
		}
		if err := db.endHolder(ctx, tx, c, n.Places, n.At, n.Until); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, `UPDATE customers SET pin_hash = ?, `+noTries+` WHERE id = ?`, n.PINHash, c.ID); err != nil {
			return err
		}
		c.Holder++
		if err := linkAddresses(ctx, tx, c, n.Places, n.At); err != nil {
			return err
		}
		stored, err = getCustomer(ctx, tx, `c.id = ?`, c.ID)
		return err
	})
	if err != nil {
		return accounts.Customer{}, err
	}
	return stored, nil
}

// lockAndRead locks a customer's row and reads it. accounts.ErrNoCustomer also where the customer was erased.
func (db Customers) lockAndRead(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID) (accounts.Customer, error) {
	status, err := db.lockCustomer(ctx, tx, id)
	if err == nil && (status == "" || status == accounts.Erased) {
		err = accounts.ErrNoCustomer
	}
	if err != nil {
		return accounts.Customer{}, err
	}
	return getCustomer(ctx, tx, `c.id = ?`, id)
}

// recoveredBefore answers a repeated recovery with the customer. topup.ErrKeyReused where the key belongs to another customer.
func recoveredBefore(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, operationKey string) (accounts.Customer, error) {
	var whose prepaid.CustomerID
	_, err := get(ctx, tx, &whose, `SELECT customer FROM recoveries WHERE brand = ? AND operation_key = ?`, c.Brand, operationKey)
	if err == nil && whose != c.ID {
		err = topup.ErrKeyReused
	}
	return c, err
}

// endHolder ends everything that the number's present holder has set up. The caller holds the customer's lock.
//   - customers.holder is raised, so that nothing of an earlier holder is charged.
//   - Instruments and open setups end, and one-time codes that were sent are void.
//   - All addresses but those in keep are unlinked and notified. Until the given time each may answer NOT ME.
//   - Orders and debits go on, except those that wait for the earlier holder to authenticate: they become due, and are declined.
//
// Status, limits and opt-outs belong to the number, and stay.
func (db Customers) endHolder(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, keep []accounts.Place, now, until time.Time) error {
	_, err := exec(ctx, tx, `UPDATE customers SET holder = holder + 1, recovered_at = ?, registered_by = '' WHERE id = ?`, prepaid.Micros(now), c.ID)
	if err != nil {
		return err
	}
	if _, err := exec(ctx, tx, `UPDATE instruments SET active = FALSE WHERE brand = ? AND customer = ? AND active`, c.Brand, c.ID); err != nil {
		return err
	}
	if err := abandonSetups(ctx, tx, c.Brand, c.ID, now); err != nil {
		return err
	}
	// A code that was sent while the earlier holder had the number proves nothing any more.
	if _, err := exec(ctx, tx, `UPDATE one_time_codes SET used = TRUE WHERE brand = ? AND msisdn = ? AND NOT used`, c.Brand, c.MSISDN); err != nil {
		return err
	}
	if err := db.recoverOrders(ctx, tx, c.ID, now); err != nil {
		return err
	}
	return unlinkAddresses(ctx, tx, c, keep, now, until)
}

// abandonSetups ends the open setups of a customer without a notice.
func abandonSetups(ctx context.Context, tx *sqlx.Tx, brand string, id prepaid.CustomerID, now time.Time) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`UPDATE mandates SET sealed = '', run_at = 0, lease_until = 0
			WHERE brand = ? AND setup IN (SELECT id FROM payment_setups WHERE brand = ? AND customer = ? AND status = ?)`,
			[]any{brand, brand, id, payments.SetupOpen}},
		{`UPDATE payment_setups SET status = ?, ended_at = ? WHERE brand = ? AND customer = ? AND status = ?`,
			[]any{payments.SetupAbandoned, prepaid.Micros(now), brand, id, payments.SetupOpen}},
	} {
		if _, err := exec(ctx, tx, step.query, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// unlinkAddresses unlinks all addresses of the customer but those in keep, and notifies each at that address.
func unlinkAddresses(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, keep []accounts.Place, now, until time.Time) error {
	kept := map[prepaid.Address]bool{}
	for _, p := range keep {
		kept[p.Address] = true
	}
	var linked []struct {
		Address prepaid.Address
		Channel string
		Kind    string
	}
	err := list(ctx, tx, &linked, `SELECT address, channel, kind FROM customer_addresses WHERE brand = ? AND customer = ? ORDER BY linked_at, address`,
		c.Brand, c.ID)
	if err != nil {
		return err
	}
	for _, a := range linked {
		if kept[a.Address] {
			continue
		}
		if _, err := exec(ctx, tx, `DELETE FROM customer_addresses WHERE brand = ? AND address = ?`, c.Brand, a.Address); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `
			INSERT INTO unlinked_addresses (brand, address, customer, holder, unlinked_at, until) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (brand, address, customer) DO UPDATE SET holder = excluded.holder, unlinked_at = excluded.unlinked_at,
				until = excluded.until`, c.Brand, a.Address, c.ID, c.Holder, prepaid.Micros(now), prepaid.Micros(until))
		if err != nil {
			return err
		}
		to := topup.ReplyTo{Channel: a.Channel, Kind: a.Kind, Address: a.Address, Language: c.Language}
		if a.Channel == "" { // linked by an older program: where it wrote from last
			if to, err = lastReplyTo(ctx, tx, c, a.Address); err != nil {
				return err
			}
		}
		if to.Channel == "" {
			continue // nobody knows how to reach it
		}
		err = insertNotice(ctx, tx, newNotice(prepaid.NewID[prepaid.NoticeID](), c.Brand, prepaid.NoticeNumberTaken, to, now))
		if err != nil {
			return err
		}
	}
	return nil
}

// lastReplyTo is where the last order or setup that was begun at an address is answered. It has no channel where there was none.
func lastReplyTo(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, a prepaid.Address) (topup.ReplyTo, error) {
	to, _, err := replyTable.first(ctx, tx, `
		SELECT reply_channel, reply_kind, reply_address, reply_language FROM (
			SELECT reply_channel, reply_kind, reply_address, reply_language, created_at FROM orders WHERE customer = ? AND reply_address = ?
			UNION ALL
			SELECT reply_channel, reply_kind, reply_address, reply_language, created_at FROM payment_setups WHERE brand = ? AND customer = ? AND reply_address = ?
		) AS said ORDER BY created_at DESC LIMIT 1`, c.ID, a, c.Brand, c.ID, a)
	return to, err
}

// whereTakenFrom selects the customer (c) whose number a recovery last took from an address that may still answer NOT ME.
const whereTakenFrom = `(c.brand, c.id) = (SELECT brand, customer FROM unlinked_addresses WHERE brand = ? AND address = ? AND until > ?
	ORDER BY unlinked_at DESC, customer LIMIT 1) AND c.status <> 'erased'`

// UnlinkedFrom implements accounts.Customers.
func (db Customers) UnlinkedFrom(ctx context.Context, brand string, a prepaid.Address, now time.Time) (accounts.Customer, error) {
	return getTakenCustomer(ctx, db.reader, brand, a, now)
}

func getTakenCustomer(ctx context.Context, q querier, brand string, a prepaid.Address, now time.Time) (accounts.Customer, error) {
	c, found, err := customerTable.first(ctx, q, selectCustomer+whereTakenFrom, brand, a, prepaid.Micros(now))
	if err == nil && !found {
		err = accounts.ErrNothingTaken
	}
	if err != nil {
		return accounts.Customer{}, fmt.Errorf("read customer taken from an address: %w", err)
	}
	return c, nil
}

// FreezeCustomer implements accounts.Customers.
func (db Customers) FreezeCustomer(ctx context.Context, brand string, a prepaid.Address, now time.Time) (accounts.Customer, error) {
	var frozen accounts.Customer
	err := db.write(ctx, "freeze customer", func(tx *sqlx.Tx) error {
		c, err := getTakenCustomer(ctx, tx, brand, a, now)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, `UPDATE customers SET frozen_at = ? WHERE id = ? AND frozen_at = 0`, prepaid.Micros(now), c.ID); err != nil {
			return err
		}
		frozen, err = getCustomer(ctx, tx, `c.id = ?`, c.ID)
		return err
	})
	if err != nil {
		return accounts.Customer{}, err
	}
	return frozen, nil
}

// recoverOrders makes those orders due at once that wait for an earlier holder of the number to authenticate: the saga declines
// them. A recovery calls it after it has raised customers.holder. It skips orders whose rows are locked, because whoever has locked one
// may wait for the customer's row, which this transaction holds: a deadlock. enterConfirming takes care of those.
func (db Customers) recoverOrders(ctx context.Context, tx *sqlx.Tx, c prepaid.CustomerID, now time.Time) error {
	_, err := exec(ctx, tx, `
		UPDATE orders SET run_at = ? WHERE id IN (
			SELECT id FROM orders WHERE customer = ? AND funding_kind = 'charge' AND status = 'confirming'`+db.skipLocked+`)`,
		prepaid.Micros(now), c)
	if err != nil {
		return fmt.Errorf("orders to be confirmed: %w", err)
	}
	return nil
}
