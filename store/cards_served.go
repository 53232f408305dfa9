package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
)

var _ cards.Served = CardJobs{}

// LeaseCardJob implements cards.Served. It looks before it claims: a claim takes the write lock of an embedded store.
func (db CardJobs) LeaseCardJob(ctx context.Context, now, until time.Time) (cards.Job, error) {
	due, err := jobTable.list(ctx, db.reader, `WHERE served AND state = 'under way' AND lease_until <= ? ORDER BY lease_until LIMIT 10`, prepaid.Micros(now))
	if err != nil {
		return cards.Job{}, fmt.Errorf("card jobs that are due: %w", err)
	}
	for _, j := range due {
		rows, err := exec(ctx, db.writer, `UPDATE card_jobs SET lease_until = ? WHERE id = ? AND state = 'under way' AND lease_until <= ?`,
			prepaid.Micros(until), j.ID, prepaid.Micros(now))
		switch {
		case err != nil:
			return cards.Job{}, fmt.Errorf("lease card job: %w", err)
		case rows == 1:
			return db.CardJob(ctx, j.ID) // as it is now: another may have worked on it
		}
	}
	return cards.Job{}, cards.ErrNoJob
}

// ExtendCardJob implements cards.Served.
func (db CardJobs) ExtendCardJob(ctx context.Context, id cards.JobID, until time.Time) (bool, error) {
	rows, err := exec(ctx, db.writer, `UPDATE card_jobs SET lease_until = ?, trouble = '' WHERE id = ? AND state = 'under way'`, prepaid.Micros(until), id)
	return rows == 1, err
}

// LeaveCardJob implements cards.Served.
func (db CardJobs) LeaveCardJob(ctx context.Context, id cards.JobID, until time.Time, trouble string) error {
	_, err := exec(ctx, db.writer, `UPDATE card_jobs SET lease_until = ?, trouble = ? WHERE id = ? AND state = 'under way'`, prepaid.Micros(until), trouble, id)
	return err
}

// SwitchCardJob implements cards.Served. The step tells whoever works on it that it was moved on.
func (db CardJobs) SwitchCardJob(ctx context.Context, j cards.Job, to cards.JobState, d prepaid.Deed) error {
	return db.writeRetrying(ctx, "switch card job", func(tx *sqlx.Tx) error {
		ended := time.Time{}
		if to == cards.Abandoned {
			ended = d.At
		}
		rows, err := exec(ctx, tx, `
			UPDATE card_jobs SET state = ?, step = step + 1, served = ?, lease_until = 0, trouble = '', ended_at = ? WHERE id = ? AND step = ? AND state = ?`,
			to, j.Served || to == cards.UnderWay, prepaid.Micros(ended), j.ID, j.Step, j.State)
		if err == nil && rows == 0 {
			err = cards.ErrJobElsewhere
		}
		if err != nil {
			return err
		}
		return recordDeed(ctx, tx, d)
	})
}
