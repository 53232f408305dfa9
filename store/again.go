package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
)

// chunkTries is how often a chunk is begun: on SQLite, where each waits a minute for the file, longer.
const chunkTries = 12

// again runs one transaction of a job on cards anew where the database undid it for the sake of others: on PostgreSQL
// of two that wait for each other's rows, on SQLite where other processes kept the file for too long. Nobody waits for
// an answer to a chunk, and it is the same however often it is begun: its job moves on with it.
func again(ctx context.Context, chunk func() error) error {
	for tries := 1; ; tries++ {
		err := chunk()
		if tries == chunkTries || ctx.Err() != nil || !gaveWay(err) {
			return err
		}
	}
}

func (db *core) writeAgain(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return again(ctx, func() error { return db.write(ctx, what, fn) })
}

const deadlockDetected = "40P01"

// gaveWay reports whether a transaction was undone only because others were in the way.
func gaveWay(err error) bool {
	if known := (*pgconn.PgError)(nil); errors.As(err, &known) {
		return known.Code == deadlockDetected
	}
	return sqliteBusy(err)
}
