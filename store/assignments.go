package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// assignmentRow is an assignment as it is stored.
type assignmentRow struct {
	Brand, Kind, Object string
	operators.Assignment
}

var assignmentTable = newTable[assignmentRow]("assignments", nil)

// AssignmentOf implements operators.AssignmentStore.
func (db Waits) AssignmentOf(ctx context.Context, o operators.Object) (operators.Assignment, error) {
	row, _, err := assignmentTable.get(ctx, db.reader, `WHERE brand = ? AND kind = ? AND object = ?`, o.Brand, o.Kind, o.ID)
	if err != nil {
		return operators.Assignment{}, fmt.Errorf("read assignment: %w", err)
	}
	return row.Assignment, nil
}

// Assign implements operators.AssignmentStore.
func (db Waits) Assign(ctx context.Context, o operators.Object, a operators.Assignment, by prepaid.By) error {
	return db.write(ctx, "assign", func(tx *sqlx.Tx) error {
		was, _, err := assignmentTable.get(ctx, tx, `WHERE brand = ? AND kind = ? AND object = ?`+db.forUpdate, o.Brand, o.Kind, o.ID)
		if err != nil {
			return err
		}
		_, err = assignmentTable.insert(ctx, tx, assignmentRow{o.Brand, o.Kind, o.ID, a}, `
			ON CONFLICT (brand, kind, object) DO UPDATE SET person = excluded.person, name = excluded.name, note = excluded.note, at = excluded.at`)
		if err != nil {
			return err
		}
		d := prepaid.Deed{Brand: o.Brand, What: "assign", Kind: o.Kind, Object: o.ID, Old: was.Name, New: a.Name, By: by, At: a.At}
		if a.Note != was.Note {
			d.About = a.Note
		}
		return recordDeed(ctx, tx, d)
	})
}

// Seen implements operators.PresenceStore.
func (db Waits) Seen(ctx context.Context, o operators.Object, p operators.Present, now, since time.Time) ([]operators.Present, error) {
	var others []operators.Present
	err := db.write(ctx, "say that a page is open", func(tx *sqlx.Tx) error {
		if _, err := exec(ctx, tx, `DELETE FROM presence WHERE seen_at < ?`, prepaid.Micros(since)); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `
			INSERT INTO presence (brand, kind, object, person, name, since, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (brand, kind, object, person) DO UPDATE SET seen_at = excluded.seen_at, name = excluded.name`,
			o.Brand, o.Kind, o.ID, p.Person, p.Name, prepaid.Micros(p.Since), prepaid.Micros(now))
		if err != nil {
			return err
		}
		others, err = presentTable.list(ctx, tx, `WHERE brand = ? AND kind = ? AND object = ? AND person <> ? ORDER BY since, person`, o.Brand, o.Kind, o.ID, p.Person)
		return err
	})
	return others, err
}

var presentTable = newTable[operators.Present]("presence", nil)
