package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Copies keeps which copies of the server run, by the database's clock.
type Copies struct{ *core }

var copyTable = newTable[operators.Copy]("copies", nil)

// forgetCopyAfter is after what silence a copy's row goes.
const forgetCopyAfter = 10 * time.Minute

// SayCopy says that a copy runs, and which keys and settings it has. It returns which version of each key is in use: a copy that
// has it may write, and nobody puts another in use without having seen the copy.
func (db Copies) SayCopy(ctx context.Context, c operators.Copy) (inUse map[operators.MasterKey]operators.KeyUse, err error) {
	err = db.write(ctx, "say that a copy runs", func(tx *sqlx.Tx) error {
		if inUse, err = keysInUse(ctx, tx, db.forShare); err != nil {
			return err
		}
		now, err := db.now(ctx, tx)
		if err != nil {
			return err
		}
		_, err = exec(ctx, tx, `DELETE FROM copies WHERE instance IN (SELECT instance FROM copies WHERE seen_at < ?`+db.skipLocked+`)`,
			prepaid.Micros(now.Add(-forgetCopyAfter)))
		if err != nil {
			return err
		}
		c.StartedAt, c.SeenAt = now, now
		_, err = copyTable.insert(ctx, tx, c, `
			ON CONFLICT (instance) DO UPDATE SET seen_at = excluded.seen_at, keys = excluded.keys, settings = excluded.settings`)
		return err
	})
	return inUse, err
}

// ForgetCopy says that a copy has stopped.
func (db Copies) ForgetCopy(ctx context.Context, instance string) error {
	if _, err := exec(ctx, db.writer, `DELETE FROM copies WHERE instance = ?`, instance); err != nil {
		return fmt.Errorf("forget copy: %w", err)
	}
	return nil
}

// Running lists the copies that run.
func (db Copies) Running(ctx context.Context) ([]operators.Copy, error) {
	return db.runningCopies(ctx, db.reader)
}

func (db *core) runningCopies(ctx context.Context, q querier) ([]operators.Copy, error) {
	now, err := db.now(ctx, q)
	if err != nil {
		return nil, err
	}
	running, err := copyTable.list(ctx, q, `WHERE seen_at > ? ORDER BY host, instance`, prepaid.Micros(now.Add(-operators.CopyAliveFor)))
	if err != nil {
		return nil, fmt.Errorf("list running copies: %w", err)
	}
	return running, nil
}
