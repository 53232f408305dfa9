package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardJobs keeps the jobs that work through many cards, and does their chunks.
type CardJobs struct{ *core }

var (
	_ cards.Batches = CardJobs{}
	_ cards.Codes   = CardJobs{}
	_ cards.Jobs    = CardJobs{}
)

var jobTable = newTable[cards.Job]("card_jobs", names{"By": "by_whom", "Spec": "spec,json", "After": "after_key,json"})

// StartCardJob implements cards.Jobs.
func (db CardJobs) StartCardJob(ctx context.Context, j cards.Job, by prepaid.By) (cards.Job, error) {
	err := db.writeRetrying(ctx, "start card job", func(tx *sqlx.Tx) error {
		if g := j.Spec.Generate; g != nil {
			request := *g
			first, err := nextSerial(ctx, tx, j.Brand, g.Series, j.Total)
			if err != nil {
				return err
			}
			request.First, j.Spec.Generate = first, &request
		}
		if err := insertJob(ctx, tx, j); err != nil {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: j.Brand, What: j.Action() + " cards", Kind: prepaid.OnCards, Object: string(j.ID),
			New: fmt.Sprintf("%d cards", j.Total), By: by, At: j.CreatedAt})
	})
	return j, err
}

func insertJob(ctx context.Context, tx *sqlx.Tx, j cards.Job) error {
	_, err := jobTable.insert(ctx, tx, j, "")
	return err
}

// nextSerial reserves n consecutive serial numbers of a brand's series and returns the first.
func nextSerial(ctx context.Context, tx *sqlx.Tx, brand, series string, n int64) (first int64, err error) {
	_, err = get(ctx, tx, &first, `
		INSERT INTO card_series (brand, series, next_serial) VALUES (?, ?, 1 + ?)
		ON CONFLICT (brand, series) DO UPDATE SET next_serial = card_series.next_serial + ?
		RETURNING next_serial - ?`, brand, series, n, n, n)
	return first, err
}

// CardJob implements cards.Jobs.
func (db CardJobs) CardJob(ctx context.Context, id cards.JobID) (cards.Job, error) {
	j, found, err := jobTable.get(ctx, db.reader, `WHERE id = ?`, id)
	switch {
	case err != nil:
		return cards.Job{}, fmt.Errorf("card job: %w", err)
	case !found:
		return cards.Job{}, cards.ErrNoJob
	}
	return j, nil
}

// CardJobs implements cards.Jobs.
func (db CardJobs) CardJobs(ctx context.Context, brand string, open bool, n int) ([]cards.Job, error) {
	only := ``
	if open {
		only = ` AND state <> 'done' AND state <> 'abandoned'` // the first is what the index knows
	}
	jobs, err := jobTable.list(ctx, db.reader, `WHERE brand = ?`+only+` ORDER BY created_at DESC, id LIMIT ?`, brand, n)
	if err != nil {
		return nil, fmt.Errorf("card jobs: %w", err)
	}
	return jobs, nil
}

// EndCardJob implements cards.Jobs.
func (db CardJobs) EndCardJob(ctx context.Context, j cards.Job, to cards.JobState, now time.Time) error {
	rows, err := exec(ctx, db.writer, `
		UPDATE card_jobs SET state = ?, step = step + 1, ended_at = ? WHERE id = ? AND step = ? AND state = 'under way'`,
		to, prepaid.Micros(now), j.ID, j.Step)
	if err == nil && rows == 0 {
		err = cards.ErrJobElsewhere
	}
	return err
}

// advanceJob moves a job on by a chunk, in the chunk's transaction, and records it. It is called last: its row is
// what another process that works on the job waits for, and then finds moved on.
func advanceJob(ctx context.Context, tx *sqlx.Tx, c cards.Chunk) error {
	state, ended := cards.UnderWay, time.Time{}
	if c.End {
		state, ended = cards.JobDone, c.Now
	}
	after, err := json.Marshal(c.Last)
	if err != nil {
		return err
	}
	rows, err := exec(ctx, tx, `
		UPDATE card_jobs SET state = ?, ended_at = ?, done = done + ?, step = step + 1, after_key = ?
		WHERE id = ? AND step = ? AND state = 'under way'`,
		state, prepaid.Micros(ended), c.Cards, string(after), c.Job.ID, c.Job.Step)
	switch {
	case err != nil:
		return err
	case rows == 0:
		return cards.ErrJobElsewhere
	case c.Cards == 0:
		return nil
	}
	return insertRecord(ctx, tx, c)
}

// insertRecord writes a row of the audit record.
func insertRecord(ctx context.Context, tx *sqlx.Tx, c cards.Chunk) error {
	_, err := recordTable.insert(ctx, tx, cards.Record{At: c.Now, Brand: c.Job.Brand, Job: c.Job.ID, Kind: c.Job.Kind, By: c.Job.By, Why: c.Job.Why,
		First: c.First, Last: c.Last.Serial, Cards: c.Cards}, "")
	return err
}

var recordTable = newTable[cards.Record]("card_audit", names{"By": "by_whom", "First": "first_serial", "Last": "last_serial"})

// CardAudit implements cards.Jobs.
func (db CardJobs) CardAudit(ctx context.Context, id cards.JobID) ([]cards.Record, error) {
	records, err := recordTable.list(ctx, db.reader, `WHERE job = ? ORDER BY seq`, id)
	if err != nil {
		return nil, fmt.Errorf("card audit: %w", err)
	}
	return records, nil
}
