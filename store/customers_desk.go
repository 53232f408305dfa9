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

// CustomerDesk keeps what people at the desk know and write of customers: notes, who may see what whole, and how callers were checked.
type CustomerDesk struct{ *core }

var (
	_ operators.NoteStore     = CustomerDesk{}
	_ operators.SightingStore = CustomerDesk{}
	_ operators.CallerStore   = CustomerDesk{}
)

var (
	noteTable     = newTable[operators.Note]("customer_notes", nil)
	sightingTable = newTable[operators.Sighting]("customer_sightings", nil)
	callerTable   = newTable[operators.CallerCheck]("caller_checks", nil)
)

// AddNote implements operators.NoteStore.
func (db CustomerDesk) AddNote(ctx context.Context, n operators.Note, by prepaid.By) error {
	return db.write(ctx, "add note", func(tx *sqlx.Tx) error {
		p, err := db.lockPayer(ctx, tx, n.Customer)
		if err == nil && (p.Brand != n.Brand || p.Status == accounts.Erased) {
			err = accounts.ErrNoCustomer
		}
		if err != nil {
			return err
		}
		if _, err := noteTable.insert(ctx, tx, n, ""); err != nil {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: n.Brand, What: "note", Kind: prepaid.OnCustomer, Object: string(n.Customer), New: n.ID, By: by, At: n.At})
	})
}

// RemoveNote implements operators.NoteStore.
func (db CustomerDesk) RemoveNote(ctx context.Context, brand, id string, by prepaid.By, now time.Time) error {
	return db.write(ctx, "remove note", func(tx *sqlx.Tx) error {
		var c prepaid.CustomerID
		found, err := get(ctx, tx, &c, `DELETE FROM customer_notes WHERE brand = ? AND id = ? RETURNING customer`, brand, id)
		if err != nil || !found { // it was removed before
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: brand, What: "remove note", Kind: prepaid.OnCustomer, Object: string(c), Old: id, By: by, At: now})
	})
}

// Notes implements operators.NoteStore.
func (db CustomerDesk) Notes(ctx context.Context, brand string, c prepaid.CustomerID) ([]operators.Note, error) {
	notes, err := noteTable.list(ctx, db.reader, `WHERE brand = ? AND customer = ? ORDER BY at DESC, id LIMIT 100`, brand, c)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return notes, nil
}

// See implements operators.SightingStore.
func (db CustomerDesk) See(ctx context.Context, s operators.Sighting, d *prepaid.Deed) error {
	return db.write(ctx, "see customer", func(tx *sqlx.Tx) error {
		_, err := sightingTable.insert(ctx, tx, s, `
			ON CONFLICT (brand, customer, person, what) DO UPDATE SET until = excluded.until WHERE customer_sightings.until < excluded.until`)
		if err != nil || d == nil {
			return err
		}
		return recordDeed(ctx, tx, *d)
	})
}

// Take implements operators.SightingStore.
func (db CustomerDesk) Take(ctx context.Context, s operators.Sighting, now time.Time) (taken bool, err error) {
	err = db.write(ctx, "take sighting", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `DELETE FROM customer_sightings WHERE brand = ? AND customer = ? AND person = ? AND what = ? AND until > ?`,
			s.Brand, s.Customer, s.Person, s.What, prepaid.Micros(now))
		taken = rows == 1
		return err
	})
	return taken, err
}

// Seen implements operators.SightingStore.
func (db CustomerDesk) Seen(ctx context.Context, brand string, c prepaid.CustomerID, p operators.PersonID, now time.Time) ([]operators.Sighting, error) {
	seen, err := sightingTable.list(ctx, db.reader, `WHERE brand = ? AND customer = ? AND person = ? AND until > ?`, brand, c, p, prepaid.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("read sightings: %w", err)
	}
	return seen, nil
}

// SaveCheck implements operators.CallerStore. The customer's lock makes checks wait for each other.
func (db CustomerDesk) SaveCheck(ctx context.Context, c operators.CallerCheck, phone accounts.Place, l operators.CallerLimits, by prepaid.By) error {
	return db.write(ctx, "check caller", func(tx *sqlx.Tx) error {
		customer, err := Customers(db).lockAndRead(ctx, tx, c.Customer)
		if err != nil {
			return err
		}
		var had int
		_, err = get(ctx, tx, &had, `SELECT COUNT(*) FROM caller_checks WHERE brand = ? AND customer = ? AND at > ? AND outcome = ?`,
			c.Brand, c.Customer, prepaid.Micros(l.Since), c.Outcome)
		if most, limited := l.Most[c.Outcome]; err == nil && limited && had >= most {
			err = operators.ErrManyChecks
		}
		if err != nil {
			return err
		}
		rows, err := callerTable.insert(ctx, tx, c, `ON CONFLICT (id) DO NOTHING`)
		if err != nil || rows == 0 {
			return err
		}
		if c.Outcome == operators.CallerSent {
			to := topup.ReplyTo{Channel: phone.Channel, Kind: phone.Kind, Address: phone.Address, Language: customer.Language}
			if err := insertNotice(ctx, tx, newNotice(c.Code, c.Brand, prepaid.NoticeCallerCode, to, c.At)); err != nil {
				return err
			}
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: c.Brand, What: "check caller", Kind: prepaid.OnCustomer, Object: string(c.Customer),
			New: string(c.Fact) + ": " + string(c.Outcome), By: by, At: c.At})
	})
}

// Checks implements operators.CallerStore.
func (db CustomerDesk) Checks(ctx context.Context, brand string, c prepaid.CustomerID, since time.Time) ([]operators.CallerCheck, error) {
	checks, err := callerTable.list(ctx, db.reader, `WHERE brand = ? AND customer = ? AND at > ? ORDER BY at, id`, brand, c, prepaid.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("read checks of callers: %w", err)
	}
	return checks, nil
}
