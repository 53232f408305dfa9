package store

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
)

// retry runs an operation until it has another error than those that are temporary, or none, and so often at most. The pauses
// grow, and differ at random, so that two who were in each other's way do not meet again.
func retry[T any](ctx context.Context, tries uint, temporary func(error) bool, operation func() (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = 2*time.Millisecond, time.Second
	return backoff.Retry(ctx, func() (T, error) {
		v, err := operation()
		if err != nil && !temporary(err) {
			err = backoff.Permanent(err)
		}
		return v, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(0))
}

// deadlockTries is how often a chunk is begun. On SQLite each try waits a minute for the file.
const deadlockTries = 12

// retryDeadlock runs a chunk of a job on cards again where the database rolled it back only for the sake of others: on PostgreSQL
// in a deadlock, on SQLite where other processes kept the file for too long. A chunk may be retried, because its job moves on in the
// same transaction, and nobody waits for its answer.
func retryDeadlock(ctx context.Context, chunk func() error) error {
	_, err := retry(ctx, deadlockTries, isDeadlock, func() (struct{}, error) { return struct{}{}, chunk() })
	return err
}

// writeRetrying is write with retryDeadlock.
func (db *core) writeRetrying(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return retryDeadlock(ctx, func() error { return db.write(ctx, what, fn) })
}

const deadlockDetected = "40P01"

// isDeadlock reports whether a transaction was rolled back only because others were in the way.
func isDeadlock(err error) bool {
	if known := (*pgconn.PgError)(nil); errors.As(err, &known) {
		return known.Code == deadlockDetected
	}
	return isSQLiteBusy(err)
}
