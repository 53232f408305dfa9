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

type jobRow struct {
	ID        cards.JobID    `db:"id"`
	Brand     string         `db:"brand"`
	Kind      cards.Kind     `db:"kind"`
	State     cards.JobState `db:"state"`
	Spec      string         `db:"spec"`
	By        string         `db:"by_whom"`
	Why       string         `db:"why"`
	Total     int64          `db:"total"`
	Done      int64          `db:"done"`
	Step      int64          `db:"step"`
	After     string         `db:"after_key"`
	CreatedAt int64          `db:"created_at"`
	EndedAt   int64          `db:"ended_at"`
}

func newJobRow(j cards.Job) (jobRow, error) {
	spec, err := json.Marshal(j.Spec)
	if err != nil {
		return jobRow{}, err
	}
	after, err := json.Marshal(j.After)
	return jobRow{ID: j.ID, Brand: j.Brand, Kind: j.Kind, State: j.State, Spec: string(spec), By: j.By, Why: j.Why,
		Total: j.Total, Done: j.Done, Step: j.Step, After: string(after), CreatedAt: prepaid.Micros(j.CreatedAt),
		EndedAt: prepaid.Micros(j.EndedAt)}, err
}

func (r jobRow) job() (cards.Job, error) {
	j := cards.Job{ID: r.ID, Brand: r.Brand, Kind: r.Kind, State: r.State, By: r.By, Why: r.Why, Total: r.Total, Done: r.Done,
		Step: r.Step, CreatedAt: prepaid.FromMicros(r.CreatedAt), EndedAt: prepaid.FromMicros(r.EndedAt)}
	if err := json.Unmarshal([]byte(r.Spec), &j.Spec); err != nil {
		return j, fmt.Errorf("job %s: what it does: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.After), &j.After); err != nil {
		return j, fmt.Errorf("job %s: how far it is: %w", r.ID, err)
	}
	return j, nil
}

// StartCardJob implements cards.Jobs.
func (db CardJobs) StartCardJob(ctx context.Context, j cards.Job) (cards.Job, error) {
	err := db.writeAgain(ctx, "start card job", func(tx *sqlx.Tx) error {
		if g := j.Spec.Generate; g != nil {
			request := *g
			first, err := nextSerial(ctx, tx, j.Brand, g.Series, j.Total)
			if err != nil {
				return err
			}
			request.First, j.Spec.Generate = first, &request
		}
		return insertJob(ctx, tx, j)
	})
	return j, err
}

func insertJob(ctx context.Context, tx *sqlx.Tx, j cards.Job) error {
	row, err := newJobRow(j)
	if err != nil {
		return err
	}
	_, err = insert(ctx, tx, `
		INSERT INTO card_jobs (id, brand, kind, state, spec, by_whom, why, total, done, step, after_key, created_at, ended_at)
		VALUES (:id, :brand, :kind, :state, :spec, :by_whom, :why, :total, :done, :step, :after_key, :created_at, :ended_at)`, row)
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

const jobColumns = `id, brand, kind, state, spec, by_whom, why, total, done, step, after_key, created_at, ended_at`

// CardJob implements cards.Jobs.
func (db CardJobs) CardJob(ctx context.Context, id cards.JobID) (cards.Job, error) {
	var row jobRow
	found, err := get(ctx, db.reader, &row, `SELECT `+jobColumns+` FROM card_jobs WHERE id = ?`, id)
	switch {
	case err != nil:
		return cards.Job{}, fmt.Errorf("card job: %w", err)
	case !found:
		return cards.Job{}, cards.ErrNoJob
	}
	return row.job()
}

// CardJobs implements cards.Jobs.
func (db CardJobs) CardJobs(ctx context.Context, brand string, open bool, n int) ([]cards.Job, error) {
	only := ``
	if open {
		only = ` AND state <> 'done' AND state <> 'abandoned'` // the first is what the index knows
	}
	var rows []jobRow
	err := list(ctx, db.reader, &rows, `SELECT `+jobColumns+` FROM card_jobs WHERE brand = ?`+only+` ORDER BY created_at DESC, id LIMIT ?`, brand, n)
	if err != nil {
		return nil, fmt.Errorf("card jobs: %w", err)
	}
	jobs := make([]cards.Job, len(rows))
	for i, row := range rows {
		if jobs[i], err = row.job(); err != nil {
			return nil, err
		}
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

// advance moves a job on by a chunk, in the chunk's transaction, and records it. It is called last: its row is
// what another process that works on the job waits for, and then finds moved on.
func advance(ctx context.Context, tx *sqlx.Tx, c cards.Chunk) error {
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
	return record(ctx, tx, c)
}

// record writes a row of the audit record.
func record(ctx context.Context, tx *sqlx.Tx, c cards.Chunk) error {
	_, err := exec(ctx, tx, `
		INSERT INTO card_audit (at, brand, job, kind, by_whom, why, first_serial, last_serial, cards)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		prepaid.Micros(c.Now), c.Job.Brand, c.Job.ID, c.Job.Kind, c.Job.By, c.Job.Why, c.First, c.Last.Serial, c.Cards)
	return err
}

type auditRow struct {
	At    int64       `db:"at"`
	Brand string      `db:"brand"`
	Job   cards.JobID `db:"job"`
	Kind  cards.Kind  `db:"kind"`
	By    string      `db:"by_whom"`
	Why   string      `db:"why"`
	First string      `db:"first_serial"`
	Last  string      `db:"last_serial"`
	Cards int64       `db:"cards"`
}

// CardAudit implements cards.Jobs.
func (db CardJobs) CardAudit(ctx context.Context, id cards.JobID) ([]cards.Record, error) {
	var rows []auditRow
	err := list(ctx, db.reader, &rows, `
		SELECT at, brand, job, kind, by_whom, why, first_serial, last_serial, cards FROM card_audit WHERE job = ? ORDER BY seq`, id)
	if err != nil {
		return nil, fmt.Errorf("card audit: %w", err)
	}
	records := make([]cards.Record, len(rows))
	for i, r := range rows {
		records[i] = cards.Record{At: prepaid.FromMicros(r.At), Brand: r.Brand, Job: r.Job, Kind: r.Kind, By: r.By, Why: r.Why,
			First: r.First, Last: r.Last, Cards: r.Cards}
	}
	return records, nil
}
