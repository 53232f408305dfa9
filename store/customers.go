package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// Customers keeps customers, the addresses that are linked to them, and what operators decide about them.
type Customers struct{ *core }

var _ accounts.Customers = Customers{}

// customerTable's pays_ columns are those of the instrument that the customer pays with.
var customerTable = newTable[accounts.Customer]("customers", names{
	"PIN.Unjudged": "-", "Recognised": "recognised_at", "RegisteredBy": "registered_by", "Pays": "pays,join",
})

// selectCustomer reads a row of customerTable; a WHERE of c, the customer, follows.
var selectCustomer = `
	SELECT ` + customerTable.of("c") + `, COALESCE(i.id, '') AS pays_id, COALESCE(i.gateway, '') AS pays_gateway,
		COALESCE(i.method, '') AS pays_method, COALESCE(i.display, '') AS pays_display, COALESCE(i.by_text, FALSE) AS pays_by_text
	FROM customers c LEFT JOIN instruments i ON i.brand = c.brand AND i.customer = c.id AND i.active AND i.holder = c.holder
	WHERE `

func getCustomer(ctx context.Context, q querier, where string, args ...any) (accounts.Customer, error) {
	c, found, err := customerTable.first(ctx, q, selectCustomer+where, args...)
	if err == nil && !found {
		err = accounts.ErrNoCustomer
	}
	if err != nil {
		return accounts.Customer{}, fmt.Errorf("read customer: %w", err)
	}
	return c, nil
}

// CustomerByAddress implements accounts.Customers.
func (db Customers) CustomerByAddress(ctx context.Context, brand string, a prepaid.Address) (accounts.Customer, error) {
	return getCustomer(ctx, db.reader,
		`(c.brand, c.id) = (SELECT brand, customer FROM customer_addresses WHERE brand = ? AND address = ?)`, brand, a)
}

// CustomerByMSISDN implements accounts.Customers.
func (db Customers) CustomerByMSISDN(ctx context.Context, brand string, m prepaid.MSISDN) (accounts.Customer, error) {
	return getCustomer(ctx, db.reader, `c.brand = ? AND c.msisdn = ?`, brand, m)
}

// SaveRegistration implements accounts.Customers. A PIN's hash is bound to the customer's id: where the
// customer returned has another id than the one given, the PIN must be hashed and saved again.
func (db Customers) SaveRegistration(ctx context.Context, c accounts.Customer, places []accounts.Place, pseudonyms ...prepaid.MSISDN) (accounts.Customer, error) {
	var stored accounts.Customer
	err := db.write(ctx, "save registration", func(tx *sqlx.Tx) error {
		if err := db.lockNumbers(ctx, tx, c.Brand, c.MSISDN); err != nil {
			return err
		}
		back, found, err := db.reopenAccount(ctx, tx, c, pseudonyms)
		if stored = back; err != nil || found && back.ID != c.ID {
			return err
		}
		if found {
			return linkAddresses(ctx, tx, stored, places, c.CreatedAt)
		}
		added := c
		added.Status, added.PIN, added.Holder = accounts.Pending, accounts.PIN{Hash: c.PIN.Hash}, 1
		rows, err := customerTable.insert(ctx, tx, added, `
			ON CONFLICT (brand, msisdn) DO UPDATE SET language = excluded.language, pin_hash = excluded.pin_hash,
				pin_tries = 0, pin_month_tries = 0, pin_month_start = 0, pin_locks = 0, pin_locked_until = 0,
				pin_hard_locked = FALSE,
				recognised_at = CASE WHEN excluded.recognised_at > 0 THEN excluded.recognised_at ELSE customers.recognised_at END
			WHERE customers.registered_by = excluded.registered_by AND customers.registered_by <> '' AND customers.frozen_at = 0
				AND customers.status = 'pending'`)
		if err != nil {
			return err
		}
		stored, err = getCustomer(ctx, tx, `c.brand = ? AND c.msisdn = ?`, c.Brand, c.MSISDN)
		if err != nil || rows == 0 {
			return err
		}
		return linkAddresses(ctx, tx, stored, places, c.CreatedAt)
	})
	if err != nil {
		return accounts.Customer{}, err
	}
	return stored, nil
}

// LinkAddress implements accounts.Customers.
func (db Customers) LinkAddress(ctx context.Context, c accounts.Customer, p accounts.Place, now time.Time) error {
	return db.write(ctx, "link address", func(tx *sqlx.Tx) error {
		if _, err := db.lockHolder(ctx, tx, c.ID, c.Holder); err != nil {
			return err
		}
		present, err := getCustomer(ctx, tx, `c.id = ?`, c.ID)
		switch {
		case err != nil:
			return err
		case present.MSISDN != c.MSISDN: // it has moved since the number was proven
			return accounts.ErrRecovered
		}
		return linkAddress(ctx, tx, c, p, now)
	})
}

func linkAddresses(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, places []accounts.Place, now time.Time) error {
	for _, p := range places {
		if err := linkAddress(ctx, tx, c, p, now); err != nil {
			return err
		}
	}
	return nil
}

// linkAddress gives an address to the customer, under the customer's lock. Nobody has taken anything from it any more.
func linkAddress(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, p accounts.Place, now time.Time) error {
	_, err := exec(ctx, tx, `
		INSERT INTO customer_addresses (brand, address, customer, linked_at, holder, channel, kind) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (brand, address) DO UPDATE SET customer = excluded.customer, linked_at = excluded.linked_at,
			holder = excluded.holder, channel = excluded.channel, kind = excluded.kind`,
		c.Brand, p.Address, c.ID, prepaid.Micros(now), c.Holder, p.Channel, p.Kind)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `DELETE FROM unlinked_addresses WHERE brand = ? AND address = ? AND customer = ?`, c.Brand, p.Address, c.ID)
	if err == nil && p.Address.MayChange() {
		err = inheritAddress(ctx, tx, c, p.Address)
	}
	return err
}

// inheritAddress has an id that its messenger has given anew hear what was said at the ids before it, and at the number that it stands for: our
// own word STOP holds, unless START was said there; and what is held for ids that may be gone is due again, to be told elsewhere.
func inheritAddress(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, a prepaid.Address) error {
	var known []prepaid.Address
	err := list(ctx, tx, &known, `SELECT address FROM customer_addresses WHERE brand = ? AND customer = ? AND holder = ? AND address <> ?`, c.Brand, c.ID, c.Holder, a)
	for _, former := range append(known, c.MSISDN.Tel()) {
		if err != nil {
			return err
		}
		if _, number := former.Tel(); number || former.MayChange() {
			_, err = exec(ctx, tx, `
				INSERT INTO opt_outs (brand, address, channel, is_out, changed_at)
				SELECT brand, CAST(? AS TEXT), channel, is_out, changed_at FROM opt_outs WHERE brand = ? AND address = ? AND channel = '' AND is_out
				ON CONFLICT (brand, address, channel) DO NOTHING`, a, c.Brand, former)
		}
		if err == nil && former.MayChange() {
			_, err = exec(ctx, tx, `
				UPDATE notices SET held = '', held_at = 0, lease_until = 0 WHERE told_at = 0 AND held NOT IN ('', 'stop') AND brand = ? AND address = ?`, c.Brand, former)
		}
	}
	return err
}

// lockHolder locks a customer's row for a change by the number's holder; 0 is any.
func (db *core) lockHolder(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID, holder int) (payer, error) {
	p, err := db.lockPayer(ctx, tx, id)
	switch {
	case err != nil:
		return p, err
	case p.Status == "" || p.Status == accounts.Erased:
		return p, accounts.ErrNoCustomer
	case holder > 0 && p.Holder != holder:
		return p, accounts.ErrRecovered
	case p.Frozen > 0:
		return p, accounts.ErrFrozen
	}
	return p, nil
}

// UpdateCustomer implements accounts.Customers; ErrNoCustomer where there is none.
func (db Customers) UpdateCustomer(ctx context.Context, id prepaid.CustomerID, u accounts.Update) error {
	return db.write(ctx, "update customer", func(tx *sqlx.Tx) error {
		set := func(query string, args ...any) error {
			rows, err := exec(ctx, tx, `UPDATE customers SET `+query+` WHERE id = ?`, append(args, id)...)
			if err == nil && rows == 0 {
				err = accounts.ErrNoCustomer
			}
			return err
		}
		if u.Language != nil {
			if err := set(`language = ?`, *u.Language); err != nil {
				return err
			}
		}
		if u.PINHash != nil {
			if _, err := db.lockHolder(ctx, tx, id, u.Holder); err != nil {
				return err
			}
			if err := set(`pin_hash = ?, `+noTries, *u.PINHash); err != nil {
				return err
			}
		}
		if u.Recognised != nil {
			if err := set(`recognised_at = ?`, prepaid.Micros(*u.Recognised)); err != nil {
				return err
			}
		}
		if u.Status != nil {
			return set(`status = ?`, *u.Status)
		}
		return nil
	})
}
