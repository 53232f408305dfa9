package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
)

// Archives moves what has ended from the hot tables, whose unique keys tell a repeated message, to archives that only grow, where retention
// forgets it.
type Archives struct{ *core }

// hotFor is how long what has ended stays in its hot table: longer than any message is repeated.
const hotFor = 7 * day

// archive is a hot table, and what of it moves to its archive: whose time is past. Both have the same columns in the same order.
type archive struct {
	hot  string
	by   string // the column of that time
	only string // a further condition, "" for none
}

var archives = []archive{
	{"outbox", "ended_at", "AND ended_at > 0 AND status <> 'waiting'"},
	{"transcripts", "at", ""},
	{"pin_tries", "tried_at", ""},
	{"card_try_keys", "tried_at", ""},
	{"one_time_code_requests", "created_at", ""},
}

// Move moves up to n rows of each kind that ended a week ago, and returns how many. Each table's move is one transaction, so that a crash
// neither loses nor doubles a row. It may be called by many at once.
func (db Archives) Move(ctx context.Context, now time.Time, n int) (moved int, err error) {
	for _, a := range archives {
		rows, err := db.move(ctx, a, prepaid.Micros(now.Add(-hotFor)), n)
		moved += int(rows)
		if err != nil {
			return moved, fmt.Errorf("archive %s: %w", a.hot, err)
		}
	}
	return moved, nil
}

func (db Archives) move(ctx context.Context, a archive, before int64, n int) (moved int64, err error) {
	ended := ` FROM ` + a.hot + ` WHERE ` + a.by + ` < ? ` + a.only + ` ORDER BY ` + a.by + limited
	into := `INSERT INTO ` + a.hot + `_archive SELECT * FROM `
	if db.dialect == Postgres {
		return exec(ctx, db.writer, `
			WITH ended AS (DELETE FROM `+a.hot+` WHERE ctid = ANY (ARRAY(SELECT ctid`+ended+db.skipLocked+`)) RETURNING *)
			`+into+`ended ON CONFLICT DO NOTHING`, before, n)
	}
	var found []int // most looks find nothing, and need no write lock
	if err := list(ctx, db.reader, &found, `SELECT 1`+ended, before, 1); err != nil || len(found) == 0 {
		return 0, err
	}
	err = db.write(ctx, "move", func(tx *sqlx.Tx) error {
		var ids []int64
		if err := list(ctx, tx, &ids, `SELECT rowid`+ended, before, n); err != nil || len(ids) == 0 {
			return err
		}
		moved = int64(len(ids))
		for _, query := range []string{into + a.hot + ` WHERE rowid IN (?) ON CONFLICT DO NOTHING`, `DELETE FROM ` + a.hot + ` WHERE rowid IN (?)`} {
			query, args, err := sqlx.In(query, ids)
			if err == nil {
				_, err = exec(ctx, tx, query, args...)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return moved, err
}
