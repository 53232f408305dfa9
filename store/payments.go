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

// Payments keeps the setups of instruments and the instruments themselves.
type Payments struct{ *core }

var _ payments.Store = Payments{}

var setupTable = newTable[payments.Setup]("payment_setups", names{"ReplyTo": "reply"})

// ofCustomer is the condition of what belongs to a customer where only the customer's id is known.
const ofCustomer = `(brand, customer) = (SELECT c.brand, c.id FROM customers c WHERE c.id = ?)`

func getSetup(ctx context.Context, q querier, where string, args ...any) (payments.Setup, error) {
	s, found, err := setupTable.get(ctx, q, `WHERE `+where, args...)
	if err == nil && !found {
		err = payments.ErrNoSetup
	}
	return s, err
}

// SaveSetup implements payments.Store.
func (db Payments) SaveSetup(ctx context.Context, s payments.Setup) (payments.Setup, error) {
	var stored payments.Setup
	err := db.write(ctx, "save payment setup", func(tx *sqlx.Tx) error {
		if _, err := db.insertSetup(ctx, tx, s); err != nil {
			return err
		}
		var err error
		stored, err = setupOf(ctx, tx, s)
		return err
	})
	if err != nil {
		return payments.Setup{}, err
	}
	return stored, nil
}

// insertSetup returns 0 where the operation key has stored one before; else the customer's earlier open one is abandoned.
// The setup is the customer's present holder's: accounts.ErrRecovered where another has begun it, accounts.ErrFrozen.
func (db *core) insertSetup(ctx context.Context, tx *sqlx.Tx, s payments.Setup) (int64, error) {
	p, err := db.lockHolder(ctx, tx, s.Customer, s.Holder)
	if err != nil {
		return 0, fmt.Errorf("lock customer: %w", err)
	}
	var former prepaid.SetupID
	found, err := get(ctx, tx, &former, `
		UPDATE payment_setups SET status = ?, ended_at = ? WHERE brand = ? AND customer = ? AND status = ?
		  AND NOT EXISTS (SELECT 1 FROM payment_setups WHERE brand = ? AND operation_key = ?)
		RETURNING id`,
		payments.SetupAbandoned, prepaid.Micros(s.CreatedAt), s.Brand, s.Customer, payments.SetupOpen, s.Brand, s.OperationKey)
	if err != nil {
		return 0, err
	}
	if found {
		if _, _, err := endMandate(ctx, tx, s.Brand, former); err != nil {
			return 0, err
		}
	}
	s.Holder = p.Holder
	return setupTable.insert(ctx, tx, s, `ON CONFLICT (brand, operation_key) DO NOTHING`)
}

// setupOf returns the setup that has the operation key of one, if it is the same customer's.
func setupOf(ctx context.Context, tx *sqlx.Tx, s payments.Setup) (payments.Setup, error) {
	stored, err := getSetup(ctx, tx, `brand = ? AND operation_key = ?`, s.Brand, s.OperationKey)
	if err == nil && stored.Customer != s.Customer {
		return payments.Setup{}, topup.ErrKeyReused
	}
	return stored, err
}

// Setup implements payments.Store.
func (db Payments) Setup(ctx context.Context, id prepaid.SetupID) (payments.Setup, error) {
	s, err := getSetup(ctx, db.reader, `id = ?`, id)
	if err != nil {
		return payments.Setup{}, fmt.Errorf("read payment setup: %w", err)
	}
	return s, nil
}

// OpenSetup implements payments.Store.
func (db Payments) OpenSetup(ctx context.Context, c prepaid.CustomerID) (payments.Setup, error) {
	s, err := getSetup(ctx, db.reader, ofCustomer+` AND status = ?`, c, payments.SetupOpen)
	if err != nil {
		return payments.Setup{}, fmt.Errorf("read open payment setup: %w", err)
	}
	return s, nil
}

// EndSetup implements payments.Store. With an instrument the setup is completed, without one abandoned. One that an
// earlier holder began is abandoned, whatever its page says, and nobody is told.
func (db Payments) EndSetup(ctx context.Context, id prepaid.SetupID, i *payments.Instrument, n prepaid.NoticeID, now time.Time) (ended bool, err error) {
	err = db.write(ctx, "end payment setup", func(tx *sqlx.Tx) error {
		s, err := getSetup(ctx, tx, `id = ?`, id)
		if err != nil {
			return err
		}
		// The customer's row is the lock under which there is one active instrument, and no recovery meanwhile.
		p, err := db.lockPayer(ctx, tx, s.Customer)
		if err != nil {
			return fmt.Errorf("lock customer: %w", err)
		}
		earlier := s.Holder != p.Holder || p.Frozen > 0 // while the account is frozen nothing is changed
		status, about := payments.SetupCompleted, prepaid.NoticeSetupCompleted
		if i == nil || earlier {
			status, about = payments.SetupAbandoned, prepaid.NoticeSetupAbandoned
		}
		rows, err := exec(ctx, tx, `UPDATE payment_setups SET status = ?, ended_at = ? WHERE id = ? AND status = ?`,
			status, prepaid.Micros(now), id, payments.SetupOpen)
		if ended = rows == 1; err != nil || !ended {
			if err == nil && i != nil && !earlier && s.Status == payments.SetupAbandoned {
				err = notifySetupOver(ctx, tx, s, n, now)
			}
			return err
		}
		tellAt, byText, err := endMandate(ctx, tx, s.Brand, id)
		if err != nil || earlier {
			return err
		}
		if byText && i == nil {
			about = prepaid.NoticeMandateRefused
		}
		if i != nil {
			registered, err := activateInstrument(ctx, tx, *i, p, byText)
			if err != nil {
				return err
			}
			if registered {
				about = prepaid.NoticeRegistered
			}
		}
		if s.ReplyTo.Address == "" {
			return nil // nobody is to be told
		}
		row := newNotice(n, s.Brand, about, s.ReplyTo, now)
		if tellAt.After(now) {
			row.DueAt = tellAt
		}
		return insertNotice(ctx, tx, row)
	})
	return ended && err == nil, err
}

// notifySetupOver asks, once, that a customer is told that the page they have completed was over.
func notifySetupOver(ctx context.Context, tx *sqlx.Tx, s payments.Setup, n prepaid.NoticeID, now time.Time) error {
	n += "-over" // the end of the setup has a notice of its own
	var asked prepaid.NoticeID
	found, err := get(ctx, tx, &asked, `SELECT id FROM notices WHERE brand = ? AND id = ?`, s.Brand, n)
	if err != nil || found || s.ReplyTo.Address == "" {
		return err
	}
	return insertNotice(ctx, tx, newNotice(n, s.Brand, prepaid.NoticeSetupOver, s.ReplyTo, now))
}

// EndInstrument implements payments.Store.
func (db Payments) EndInstrument(ctx context.Context, token prepaid.Secret, n prepaid.NoticeID, now time.Time) (ended bool, err error) {
	err = db.writeOrders(ctx, "end instrument", func(tx *sqlx.Tx) error {
		var i struct {
			Customer prepaid.CustomerID
			Brand    string
		}
		ended, err = get(ctx, tx, &i, `UPDATE instruments SET active = FALSE WHERE token = ? AND active RETURNING customer, brand`,
			token.Reveal())
		if err != nil || !ended {
			return err
		}
		to, found, err := replyTable.first(ctx, tx, `
			SELECT reply_channel, reply_kind, reply_address, reply_language FROM (
				SELECT reply_channel, reply_kind, reply_address, reply_language, created_at FROM orders WHERE customer = ? AND reply_address <> ''
				UNION ALL
				SELECT reply_channel, reply_kind, reply_address, reply_language, created_at FROM payment_setups WHERE brand = ? AND customer = ? AND reply_address <> ''
			) AS said ORDER BY created_at DESC LIMIT 1`, i.Customer, i.Brand, i.Customer)
		if err != nil || !found {
			return err // who has never written is told when they buy
		}
		return insertNotice(ctx, tx, newNotice(n, i.Brand, prepaid.NoticeInstrumentEnded, to, now))
	})
	return ended && err == nil, err
}

// RemoveInstrument implements payments.Store.
func (db Payments) RemoveInstrument(ctx context.Context, r payments.Removal) error {
	return db.write(ctx, "remove instrument", func(tx *sqlx.Tx) error {
		_, err := db.removeInstrument(ctx, tx, r)
		return err
	})
}

// activateInstrument stores an instrument as the customer's only active one. A customer who could not pay
// before is registered by it. Under the customer's lock.
func activateInstrument(ctx context.Context, tx *sqlx.Tx, i payments.Instrument, p payer, byText bool) (registered bool, err error) {
	if registered = p.Status == accounts.Pending; registered {
		if _, err := exec(ctx, tx, `UPDATE customers SET status = ? WHERE id = ?`, accounts.Active, i.Customer); err != nil {
			return false, fmt.Errorf("activate customer: %w", err)
		}
	}
	_, err = exec(ctx, tx, `UPDATE instruments SET active = FALSE WHERE brand = ? AND customer = ? AND active`, p.Brand, i.Customer)
	if err != nil {
		return false, fmt.Errorf("former instrument: %w", err)
	}
	_, err = instrumentTable.insert(ctx, tx, instrumentRow{Instrument: i, Active: true, Holder: p.Holder, ByText: byText}, "")
	if err != nil {
		return false, fmt.Errorf("instrument: %w", err)
	}
	return registered, nil
}

type instrumentRow struct {
	payments.Instrument
	Active bool // what the customer pays with; one of a customer's is
	Holder int  // who held the customer's number when it was set up
	ByText bool
}

var instrumentTable = newTable[instrumentRow]("instruments", nil)

// Instrument implements payments.Store.
func (db Payments) Instrument(ctx context.Context, id prepaid.InstrumentID) (payments.Instrument, error) {
	r, found, err := instrumentTable.get(ctx, db.reader, `WHERE id = ?`, id)
	if err == nil && !found {
		err = payments.ErrNoInstrument
	}
	if err != nil {
		return payments.Instrument{}, fmt.Errorf("read instrument: %w", err)
	}
	return r.Instrument, nil
}
