package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

var _ operators.NoticeStore = Approvals{}

var deskNoticeTable = newTable[operators.DeskNotice]("desk_notices", nil)

// ClaimNotice implements operators.NoticeStore.
func (db Approvals) ClaimNotice(ctx context.Context, now, until time.Time) (n operators.DeskNotice, due bool, err error) {
	const ripe = ` FROM desk_notices WHERE ended_at = 0 AND run_at <= ? AND lease_until <= ?`
	at := prepaid.Micros(now)
	found, err := get(ctx, db.reader, new(int), `SELECT 1`+ripe+` LIMIT 1`, at, at)
	if err != nil || !found {
		return n, false, err
	}
	err = db.write(ctx, "claim notice", func(tx *sqlx.Tx) error {
		n, due, err = deskNoticeTable.first(ctx, tx, `
			WITH due AS MATERIALIZED (SELECT id AS due_id`+ripe+` ORDER BY run_at, id`+limited+db.skipLocked+`)
			UPDATE desk_notices SET lease_until = ?, attempts = attempts + 1 WHERE id IN (SELECT due_id FROM due) RETURNING `+deskNoticeTable.columns,
			at, at, 1, prepaid.Micros(until))
		return err
	})
	return n, due, err
}

// EndNotice implements operators.NoticeStore.
func (db Approvals) EndNotice(ctx context.Context, n operators.DeskNotice) error {
	_, err := exec(ctx, db.writer, `UPDATE desk_notices SET run_at = ?, code = ?, ended_at = ?, lease_until = 0 WHERE id = ? AND ended_at = 0`,
		prepaid.Micros(n.RunAt), storable(n.Code), prepaid.Micros(n.EndedAt), n.ID)
	if err != nil {
		return fmt.Errorf("end notice: %w", err)
	}
	return nil
}

// ForgetNotices forgets up to n notices that ended before a time, and returns how many.
func (db Approvals) ForgetNotices(ctx context.Context, before time.Time, n int) (int, error) {
	rows, err := exec(ctx, db.writer, `DELETE FROM desk_notices WHERE id IN (SELECT id FROM desk_notices WHERE ended_at > 0 AND ended_at < ? ORDER BY ended_at LIMIT ?)`,
		prepaid.Micros(before), n)
	if err != nil {
		return 0, fmt.Errorf("forget notices: %w", err)
	}
	return int(rows), nil
}
