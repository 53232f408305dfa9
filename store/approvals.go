package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Approvals keeps what one person asked for and another must agree to.
type Approvals struct{ *core }

var _ operators.ApprovalStore = Approvals{}

var approvalTable = newTable[operators.Approval]("approvals", names{
	"Object.Brand": "brand", "Object.Kind": "object_kind", "Object.ID": "object",
	"Asked.ApprovedBy": "-", "Asked.Operation": "-", "Decided.ApprovedBy": "-", "Decided.Operation": "-",
})

// Ask implements operators.ApprovalStore.
func (db Approvals) Ask(ctx context.Context, a operators.Approval, notices []operators.DeskNotice, d prepaid.Deed) error {
	return db.write(ctx, "ask for approval", func(tx *sqlx.Tx) error {
		if _, err := approvalTable.insert(ctx, tx, a, ""); err != nil {
			return err
		}
		for _, n := range notices {
			if _, err := deskNoticeTable.insert(ctx, tx, n, ""); err != nil {
				return err
			}
		}
		return recordDeed(ctx, tx, d)
	})
}

// Approval implements operators.ApprovalStore.
func (db Approvals) Approval(ctx context.Context, id operators.ApprovalID) (operators.Approval, error) {
	a, found, err := approvalTable.get(ctx, db.reader, `WHERE id = ?`, id)
	switch {
	case err != nil:
		return a, fmt.Errorf("read approval: %w", err)
	case !found:
		return a, operators.ErrNoApproval
	}
	return a, nil
}

// List implements operators.ApprovalStore.
func (db Approvals) List(ctx context.Context, f operators.ApprovalFilter) ([]operators.Approval, error) {
	where, args := `WHERE 1 = 1`, []any{}
	if f.Brand != "" {
		where, args = where+` AND brand = ?`, append(args, f.Brand)
	}
	order := ` ORDER BY asked_at DESC, id LIMIT ?`
	if f.Open {
		where, order = where+` AND ended_at = 0`, ` ORDER BY asked_at, id LIMIT ?`
	}
	all, err := approvalTable.list(ctx, db.reader, where+order, append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	return all, nil
}

// Decide implements operators.ApprovalStore.
func (db Approvals) Decide(ctx context.Context, a operators.Approval, d prepaid.Deed) (bool, error) {
	return db.move(ctx, a, operators.ApprovalAsked, prepaid.Micros(a.DecidedAt), &d)
}

// End implements operators.ApprovalStore.
func (db Approvals) End(ctx context.Context, a operators.Approval, d *prepaid.Deed) (bool, error) {
	return db.move(ctx, a, operators.ApprovalDeciding, 0, d)
}

// move changes an approval that still has a status, and lapses after a time in microseconds, and writes a deed where there is one. What was
// asked for stays as it is.
func (db Approvals) move(ctx context.Context, a operators.Approval, from operators.ApprovalStatus, lapsesAfter int64, d *prepaid.Deed) (moved bool, err error) {
	err = db.write(ctx, "move approval", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `
			UPDATE approvals SET status = ?, decider = ?, decided_who = ?, decided_why = ?, decided_role = ?, decided_from = ?, decided_at = ?,
				outcome = ?, ended_at = ?, lease_until = ?
			WHERE id = ? AND status = ? AND lapses_at > ?`,
			a.Status, a.Decider, a.Decided.Who, a.Decided.Why, a.Decided.Role, a.Decided.From, prepaid.Micros(a.DecidedAt), storable(a.Outcome),
			prepaid.Micros(a.EndedAt), prepaid.Micros(a.LeaseUntil), a.ID, from, lapsesAfter)
		moved = err == nil && rows == 1
		if !moved || d == nil {
			return err
		}
		return recordDeed(ctx, tx, *d)
	})
	return moved && err == nil, err
}

// TakeUp implements operators.ApprovalStore.
func (db Approvals) TakeUp(ctx context.Context, now, until time.Time, n int) (taken []operators.Approval, err error) {
	const cutOff = ` FROM approvals WHERE status = 'deciding' AND ended_at = 0 AND lease_until <= ?`
	found, err := get(ctx, db.reader, new(int), `SELECT 1`+cutOff+` LIMIT 1`, prepaid.Micros(now))
	if err != nil || !found {
		return nil, err
	}
	err = db.write(ctx, "take up approvals", func(tx *sqlx.Tx) error {
		taken, err = approvalTable.query(ctx, tx, `
			WITH due AS MATERIALIZED (SELECT id AS due_id`+cutOff+` ORDER BY decided_at, id`+limited+db.skipLocked+`)
			UPDATE approvals SET lease_until = ? WHERE id IN (SELECT due_id FROM due) RETURNING `+approvalTable.columns,
			prepaid.Micros(now), n, prepaid.Micros(until))
		return err
	})
	return taken, err
}

// Lapse implements operators.ApprovalStore.
func (db Approvals) Lapse(ctx context.Context, now time.Time, by prepaid.By, n int) (lapsed int, err error) {
	const late = ` FROM approvals WHERE status = 'asked' AND ended_at = 0 AND lapses_at <= ?`
	found, err := get(ctx, db.reader, new(int), `SELECT 1`+late+` LIMIT 1`, prepaid.Micros(now))
	if err != nil || !found {
		return 0, err
	}
	err = db.write(ctx, "lapse approvals", func(tx *sqlx.Tx) error {
		rows, err := approvalTable.query(ctx, tx, `
			WITH due AS MATERIALIZED (SELECT id AS due_id`+late+` ORDER BY lapses_at, id`+limited+db.skipLocked+`)
			UPDATE approvals SET status = 'lapsed', outcome = ?, ended_at = ? WHERE id IN (SELECT due_id FROM due) RETURNING `+approvalTable.columns,
			prepaid.Micros(now), n, by.Why, prepaid.Micros(now))
		for _, a := range rows {
			if err == nil {
				err = recordDeed(ctx, tx, a.Deed("lapsed", by, now))
			}
		}
		lapsed = len(rows)
		return err
	})
	return lapsed, err
}
