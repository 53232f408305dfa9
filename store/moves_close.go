package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/prepaid"
)

// MayClose implements accounts.Moves.
func (db Moves) MayClose(ctx context.Context, id prepaid.CustomerID, now time.Time) error {
	return db.readOrders(ctx, "may customer be closed", func(tx *sqlx.Tx) error {
		c, err := getCustomer(ctx, tx, `c.id = ?`, id)
		if err == nil {
			err = mayClose(ctx, tx, c, now)
		}
		return err
	})
}

func mayClose(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, now time.Time) error {
	if c.Status == accounts.Blocked {
		return accounts.ErrInDebt
	}
	if err := refuseUnderWay(ctx, tx, c); err != nil {
		return err
	}
	return refuseContested(ctx, tx, c, now)
}

// CloseCustomer implements accounts.Moves.
func (db Moves) CloseCustomer(ctx context.Context, cl accounts.Closing) (addresses []prepaid.Address, err error) {
	return db.closeCustomer(ctx, cl, func(tx *sqlx.Tx, c accounts.Customer) error { return requireLinked(ctx, tx, c, cl.Asked) })
}

// closeCustomer closes an account in one transaction, once per operation key. first runs in it before the account is closed.
func (db Moves) closeCustomer(ctx context.Context, cl accounts.Closing, first func(*sqlx.Tx, accounts.Customer) error) (addresses []prepaid.Address, err error) {
	err = db.writeOrders(ctx, "close account", func(tx *sqlx.Tx) error {
		addresses = nil
		c, err := db.lockNumberAndCustomer(ctx, tx, cl.Customer)
		if err != nil {
			return err
		}
		known, err := recordMove(ctx, tx, c, moveRecord{cl.OperationKey, "close", c.MSISDN, cl.At})
		switch {
		case err != nil || known:
			return err
		case c.Status == accounts.Erased:
			return accounts.ErrNoCustomer
		case c.Holder != cl.Holder:
			return accounts.ErrRecovered
		case c.Frozen():
			return accounts.ErrFrozen
		}
		if err := first(tx, c); err != nil {
			return err
		}
		if err := mayClose(ctx, tx, c, cl.At); err != nil {
			return err
		}
		addresses, err = erase(ctx, tx, c, cl.Pseudonyms, cl.At)
		return err
	})
	if err != nil {
		return nil, err
	}
	return addresses, nil
}

// lockNumberAndCustomer locks a customer's number and then the customer, in the order that avoids deadlocks. The customer may be erased.
// accounts.ErrRecovered where the number changed before the lock was held.
func (db *core) lockNumberAndCustomer(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID) (accounts.Customer, error) {
	c, err := getCustomer(ctx, tx, `c.id = ?`, id)
	if err != nil {
		return c, err
	}
	if err := db.lockNumbers(ctx, tx, c.Brand, c.MSISDN); err != nil {
		return c, err
	}
	if _, err := db.lockCustomer(ctx, tx, id); err != nil {
		return c, err
	}
	number := c.MSISDN
	if c, err = getCustomer(ctx, tx, `c.id = ?`, id); err == nil && c.MSISDN != number && c.Status != accounts.Erased {
		err = accounts.ErrRecovered // it has moved just now
	}
	return c, err
}

// keepByPseudonym keeps the opt-outs of an erased address, and what was counted against it, under its pseudonym.
func keepByPseudonym(ctx context.Context, tx *sqlx.Tx, brand string, a, pseudonym prepaid.Address) error {
	if _, err := exec(ctx, tx, `DELETE FROM opt_outs WHERE brand = ? AND address = ? AND NOT is_out`, brand, a); err != nil {
		return err
	}
	return renameAddress(ctx, tx, brand, a, pseudonym)
}

// renameAddress moves opt-outs, requests for codes and wrong card codes from one name of an address to another, such as its
// pseudonym. Where both names have a row, the stricter value is kept.
func renameAddress(ctx context.Context, tx *sqlx.Tx, brand string, from, to prepaid.Address) error {
	type step struct {
		query string
		args  []any
	}
	steps := []step{
		{`INSERT INTO opt_outs (brand, address, channel, is_out, changed_at)
			SELECT brand, CAST(? AS TEXT), channel, is_out, changed_at FROM opt_outs WHERE brand = ? AND address = ? AND is_out
			ON CONFLICT (brand, address, channel) DO UPDATE SET is_out = excluded.is_out, changed_at = excluded.changed_at`,
			[]any{to, brand, from}},
		{`DELETE FROM opt_outs WHERE brand = ? AND address = ?`, []any{brand, from}},
		{`UPDATE one_time_code_requests SET address = ? WHERE brand = ? AND address = ?`, []any{to, brand, from}},
		{`UPDATE one_time_code_requests_archive SET address = ? WHERE brand = ? AND address = ?`, []any{to, brand, from}},
	}
	newKeys := cards.AllTryKeys(to, "")
	for i, key := range cards.AllTryKeys(from, "") {
		steps = append(steps,
			step{`INSERT INTO card_tries (brand, key, wrong, locked_until)
				SELECT brand, CAST(? AS TEXT), wrong, locked_until FROM card_tries WHERE brand = ? AND key = ? AND (wrong > 0 OR locked_until > 0)
				ON CONFLICT (brand, key) DO UPDATE SET
					wrong = CASE WHEN card_tries.wrong > excluded.wrong THEN card_tries.wrong ELSE excluded.wrong END,
					locked_until = CASE WHEN card_tries.locked_until > excluded.locked_until THEN card_tries.locked_until ELSE excluded.locked_until END`,
				[]any{newKeys[i], brand, key}},
			step{`DELETE FROM card_tries WHERE brand = ? AND key = ?`, []any{brand, key}},
			step{`DELETE FROM card_try_keys WHERE brand = ? AND key = ?`, []any{brand, key}},
			step{`DELETE FROM card_try_keys_archive WHERE brand = ? AND key = ?`, []any{brand, key}})
	}
	for _, s := range steps {
		if _, err := exec(ctx, tx, s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// RememberAddress implements accounts.Moves.
func (db Moves) RememberAddress(ctx context.Context, brand string, a prepaid.Address, l accounts.Left) error {
	left, err := keptUnderPseudonyms(ctx, db.reader, brand, l)
	if err != nil || !left {
		return err
	}
	number, _ := a.Tel()
	return db.write(ctx, "remember address", func(tx *sqlx.Tx) error {
		for _, pseudonym := range l.Addresses {
			if err := renameAddress(ctx, tx, brand, pseudonym, a); err != nil {
				return err
			}
		}
		for _, pseudonym := range l.Numbers {
			_, err := exec(ctx, tx, `UPDATE one_time_code_requests SET msisdn = ? WHERE brand = ? AND msisdn = ?`, number, brand, pseudonym)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// keptUnderPseudonyms reports whether something is kept under the pseudonyms of an address.
func keptUnderPseudonyms(ctx context.Context, q querier, brand string, l accounts.Left) (bool, error) {
	for _, a := range l.Addresses {
		query, args := `
			SELECT 1 WHERE EXISTS (SELECT 1 FROM opt_outs WHERE brand = ? AND address = ?)
				OR EXISTS (SELECT 1 FROM one_time_code_requests WHERE brand = ? AND address = ?)`, []any{brand, a, brand, a}
		for _, key := range cards.AllTryKeys(a, "") {
			query += ` OR EXISTS (SELECT 1 FROM card_tries WHERE brand = ? AND key = ?)`
			args = append(args, brand, key)
		}
		if found, err := get(ctx, q, new(int), query, args...); err != nil || found {
			return found, err
		}
	}
	for _, m := range l.Numbers {
		found, err := get(ctx, q, new(int), `SELECT 1 FROM one_time_code_requests WHERE brand = ? AND msisdn = ? LIMIT 1`, brand, m)
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// reopenAccount finds an erased customer under one of the number's pseudonyms and makes that customer the number's next holder, so that
// limits, debts and counts apply again. found is false where there is none. Where the customer found has another id than c, nothing is
// changed: the caller hashes the PIN for that id and saves again. accounts.ErrFrozen. The caller holds the number's lock.
func (db Customers) reopenAccount(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, pseudonyms []prepaid.MSISDN) (back accounts.Customer, found bool, err error) {
	if taken, err := get(ctx, tx, new(int), `SELECT 1 FROM customers WHERE brand = ? AND msisdn = ?`, c.Brand, c.MSISDN); err != nil || taken {
		return back, false, err
	}
	for _, p := range pseudonyms {
		var id prepaid.CustomerID
		found, err := get(ctx, tx, &id, `
			SELECT id FROM customers WHERE brand = ? AND pseudonym = ? AND pseudonym <> '' AND status = 'erased'
			ORDER BY CASE WHEN frozen_at > 0 OR erased_as = 'blocked' THEN 0 ELSE 1 END, erased_at DESC, id LIMIT 1`+db.forUpdate, c.Brand, p)
		switch {
		case err != nil:
			return back, false, err
		case !found:
			continue
		}
		if back, err = getCustomer(ctx, tx, `c.id = ?`, id); err != nil || id != c.ID {
			return back, true, err
		}
		if back.Frozen() {
			return back, true, accounts.ErrFrozen
		}
		_, err = exec(ctx, tx, `
			UPDATE customers SET msisdn = ?, language = ?, pin_hash = ?, `+noTries+`, recognised_at = ?, registered_by = ?,
				status = CASE WHEN erased_as = 'blocked' THEN 'blocked' ELSE 'pending' END,
				holder = holder + 1, recovered_at = ?, pseudonym = '', erased_as = '', erased_at = 0
			WHERE id = ?`, c.MSISDN, c.Language, c.PIN.Hash, prepaid.Micros(c.Recognised), c.RegisteredBy, prepaid.Micros(c.CreatedAt), id)
		if err != nil {
			return back, true, err
		}
		back, err = getCustomer(ctx, tx, `c.id = ?`, id)
		return back, true, err
	}
	return back, false, nil
}
