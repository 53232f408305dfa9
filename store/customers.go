package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
)

type customerRow struct {
	ID       prepaid.CustomerID `db:"id"`
	Brand    string             `db:"brand"`
	MSISDN   prepaid.MSISDN     `db:"msisdn"`
	Language string             `db:"language"`
	Status   accounts.Status    `db:"status"`
	pinRow
	CreatedAt  int64                `db:"created_at"`
	Recognised int64                `db:"recognised_at"`
	Holder     int                  `db:"holder"`
	Recovered  int64                `db:"recovered_at"`
	Frozen     int64                `db:"frozen_at"`
	Instrument prepaid.InstrumentID `db:"instrument"`
	Gateway    string               `db:"gateway"`
	Method     string               `db:"method"`
	Display    string               `db:"display"`
	ByText     bool                 `db:"by_text"`
}

// selectCustomer reads a customerRow; a WHERE of c, the customer, follows.
const selectCustomer = `
	SELECT c.id, c.brand, c.msisdn, c.language, c.status, ` + pinColumns + `, c.created_at, c.recognised_at,
		c.holder, c.recovered_at, c.frozen_at, COALESCE(i.id, '') AS instrument, COALESCE(i.gateway, '') AS gateway,
		COALESCE(i.method, '') AS method, COALESCE(i.display, '') AS display, COALESCE(i.by_text, FALSE) AS by_text
	FROM customers c LEFT JOIN instruments i ON i.customer = c.id AND i.active AND i.holder = c.holder
	WHERE `

func (r customerRow) customer() accounts.Customer {
	return accounts.Customer{
		ID: r.ID, Brand: r.Brand, MSISDN: r.MSISDN, Language: r.Language, Status: r.Status, PIN: r.pin(),
		Pays:      accounts.Instrument{ID: r.Instrument, Gateway: r.Gateway, Method: r.Method, Display: r.Display, ByText: r.ByText},
		CreatedAt: prepaid.FromMicros(r.CreatedAt), Recognised: prepaid.FromMicros(r.Recognised),
		Holder: r.Holder, RecoveredAt: prepaid.FromMicros(r.Recovered), FrozenAt: prepaid.FromMicros(r.Frozen),
	}
}

func getCustomer(ctx context.Context, q querier, where string, args ...any) (accounts.Customer, error) {
	var row customerRow
	found, err := get(ctx, q, &row, selectCustomer+where, args...)
	if err == nil && !found {
		err = accounts.ErrNoCustomer
	}
	if err != nil {
		return accounts.Customer{}, fmt.Errorf("read customer: %w", err)
	}
	return row.customer(), nil
}

// CustomerByAddress implements accounts.Customers.
func (db *DB) CustomerByAddress(ctx context.Context, brand string, a prepaid.Address) (accounts.Customer, error) {
	return getCustomer(ctx, db.reader,
		`c.id = (SELECT customer FROM customer_addresses WHERE brand = ? AND address = ?)`, brand, a)
}

// CustomerByMSISDN implements accounts.Customers.
func (db *DB) CustomerByMSISDN(ctx context.Context, brand string, m prepaid.MSISDN) (accounts.Customer, error) {
	return getCustomer(ctx, db.reader, `c.brand = ? AND c.msisdn = ?`, brand, m)
}

// SaveRegistration implements accounts.Customers. A PIN's hash is bound to the customer's id: where the
// customer returned has another id than the one given, the PIN must be hashed and saved again.
func (db *DB) SaveRegistration(ctx context.Context, c accounts.Customer, addresses []prepaid.Address) (accounts.Customer, error) {
	var stored accounts.Customer
	err := db.write(ctx, "save registration", func(tx *sqlx.Tx) error {
		recognised := prepaid.Micros(c.Recognised)
		_, err := exec(ctx, tx, `
			INSERT INTO customers (id, brand, msisdn, language, status, pin_hash, created_at, recognised_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (brand, msisdn) DO UPDATE SET language = excluded.language, pin_hash = excluded.pin_hash,
				pin_tries = 0, pin_month_tries = 0, pin_month_start = 0, pin_locks = 0, pin_locked_until = 0,
				pin_hard_locked = FALSE,
				recognised_at = CASE WHEN excluded.recognised_at > 0 THEN excluded.recognised_at ELSE customers.recognised_at END
			WHERE customers.status = ? OR customers.pin_hard_locked`,
			c.ID, c.Brand, c.MSISDN, c.Language, accounts.Pending, c.PIN.Hash, prepaid.Micros(c.CreatedAt), recognised, accounts.Pending)
		if err != nil {
			return err
		}
		stored, err = getCustomer(ctx, tx, `c.brand = ? AND c.msisdn = ?`, c.Brand, c.MSISDN)
		if err != nil {
			return err
		}
		for _, a := range addresses {
			if err := linkAddress(ctx, tx, stored.ID, a, c.CreatedAt); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return accounts.Customer{}, err
	}
	return stored, nil
}

// LinkAddress implements accounts.Customers.
func (db *DB) LinkAddress(ctx context.Context, id prepaid.CustomerID, a prepaid.Address, now time.Time) error {
	return db.write(ctx, "link address", func(tx *sqlx.Tx) error { return linkAddress(ctx, tx, id, a, now) })
}

func linkAddress(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID, a prepaid.Address, now time.Time) error {
	linked, err := exec(ctx, tx, `
		INSERT INTO customer_addresses (brand, address, customer, linked_at)
		SELECT brand, ?, id, ? FROM customers WHERE id = ?
		ON CONFLICT (brand, address) DO UPDATE SET customer = excluded.customer, linked_at = excluded.linked_at`,
		a, prepaid.Micros(now), id)
	if err == nil && linked == 0 {
		err = accounts.ErrNoCustomer
	}
	return err
}

// UpdateCustomer implements accounts.Customers; ErrNoCustomer where there is none.
func (db *DB) UpdateCustomer(ctx context.Context, id prepaid.CustomerID, u accounts.Update) error {
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
