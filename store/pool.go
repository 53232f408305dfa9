package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlitecodes "modernc.org/sqlite/lib"

	"pulsa/prepaid"
)

// pool runs statements and transactions on connections of a handle, within the time limit of their context
// (prepaid.WithTimeLimit). The limit bounds the wait for a connection, the wait for a lock and each statement. Whatever exceeds
// it fails with prepaid.ErrBusy, and its connection stays usable, as it does not where a context ends in the middle of a
// statement. Without a limit everything waits until the context ends. Safe for concurrent use.
type pool struct {
	*sqlx.DB
	// slots bounds how many callers hold a connection of the handle through this pool, so that two pools may share a handle and
	// one cannot starve the other. nil: as many as the handle has connections.
	slots chan struct{}
	// transact says when a single statement runs in a transaction of its own. Only a transaction carries the time limit.
	transact transactWhen
}

type transactWhen string

const (
	whenLimited transactWhen = ""
	always      transactWhen = "always" // SQLite's writer: a connection keeps the busy_timeout that its last transaction has set
	never       transactWhen = "never"  // SQLite's readers: with a write-ahead log nobody makes them wait
)

// takeSlot waits for a slot, and returns what frees it.
func (p *pool) takeSlot(ctx context.Context) (free func(), err error) {
	if p.slots == nil {
		return func() {}, nil
	}
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// acquire returns a connection, waiting for it no longer than the time limit, and what gives it back.
func (p *pool) acquire(ctx context.Context) (conn *sqlx.Conn, release func(), err error) {
	wait, cancel := prepaid.WhileTimeLeft(ctx)
	defer cancel()
	freeSlot, err := p.takeSlot(wait)
	if err == nil {
		if conn, err = p.Connx(wait); err != nil {
			freeSlot()
		}
	}
	switch {
	case err == nil:
		return conn, func() { _ = conn.Close(); freeSlot() }, nil
	case wait.Err() != nil && ctx.Err() == nil:
		return nil, nil, fmt.Errorf("no connection is free: %w", prepaid.ErrBusy)
	}
	return nil, nil, err
}

// inTransaction runs fn in one transaction, which is rolled back where fn or the commit fails.
func (p *pool) inTransaction(ctx context.Context, o *sql.TxOptions, fn func(*sqlx.Tx) error) error {
	conn, release, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := conn.BeginTxx(ctx, o)
	if err != nil {
		return asBusy(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := fn(tx); err != nil {
		return asBusy(ctx, err)
	}
	return asBusy(ctx, tx.Commit())
}

// runStatement runs a single statement, in a transaction only where the time limit needs one.
func (p *pool) runStatement(ctx context.Context, run func(querier) error) error {
	if _, limited := prepaid.TimeLeft(ctx); p.transact == always || limited && p.transact != never {
		return p.inTransaction(ctx, nil, func(tx *sqlx.Tx) error { return run(tx) })
	}
	freeSlot, err := p.takeSlot(ctx)
	if err != nil {
		return err
	}
	defer freeSlot()
	return run(p.DB)
}

// runStatement runs a statement on a pool, or directly where q is a transaction already.
func runStatement(ctx context.Context, q querier, run func(querier) error) error {
	if p, ok := q.(*pool); ok {
		return p.runStatement(ctx, run)
	}
	return run(q)
}

// The SQLSTATEs of a statement that exceeded statement_timeout or lock_timeout.
const (
	queryCanceled    = "57014"
	lockNotAvailable = "55P03"
)

// asBusy adds prepaid.ErrBusy to an error that the time limit caused.
func asBusy(ctx context.Context, err error) error {
	if _, limited := prepaid.TimeLeft(ctx); err == nil || !limited || errors.Is(err, prepaid.ErrBusy) {
		return err
	}
	known := (*pgconn.PgError)(nil)
	if errors.As(err, &known) && (known.Code == queryCanceled || known.Code == lockNotAvailable) || isSQLiteBusy(err) {
		return fmt.Errorf("%w: %w", prepaid.ErrBusy, err)
	}
	return err
}

// isSQLiteBusy reports whether another process kept the file locked for longer than busy_timeout.
func isSQLiteBusy(err error) bool {
	const primary = 0xff // the part of a result code that names the error; the rest is detail
	known := (*sqlite.Error)(nil)
	return errors.As(err, &known) && known.Code()&primary == sqlitecodes.SQLITE_BUSY
}

// limitingConnector makes connections to PostgreSQL whose transactions set the time limit of their context when they begin.
type limitingConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c limitingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connection is another than expected"), conn.Close())
	}
	return limitingConn{whole}, nil
}

type limitingConn struct{ *stdlib.Conn }

// PGX is the connection, for what database/sql has no words for: COPY.
func (c limitingConn) PGX() *pgx.Conn { return c.Conn.Conn() }

// BeginTx implements driver.ConnBeginTx. The limits are sent with BEGIN, so that they cost no round trip. They are SET LOCAL,
// because behind a pooler the connection serves somebody else after the transaction.
func (c limitingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	left, limited := prepaid.TimeLeft(ctx)
	if !limited {
		return c.Conn.BeginTx(ctx, o)
	}
	begin := "BEGIN"
	if sql.IsolationLevel(o.Isolation) == sql.LevelRepeatableRead {
		begin += " ISOLATION LEVEL REPEATABLE READ"
	}
	if o.ReadOnly {
		begin += " READ ONLY"
	}
	// lock_timeout is shorter, so that the error distinguishes a lock from a slow statement.
	begin += fmt.Sprintf("; SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d", (left * 9 / 10).Milliseconds(), left.Milliseconds())
	tx, err := c.Conn.Conn().BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return nil, err
	}
	return limitedTx{ctx, tx}, nil
}

type limitedTx struct {
	ctx context.Context
	tx  pgx.Tx
}

// Commit implements driver.Tx.
func (t limitedTx) Commit() error { return t.tx.Commit(t.ctx) }

// Rollback implements driver.Tx.
func (t limitedTx) Rollback() error { return t.tx.Rollback(t.ctx) }

// How long SQLite waits for a file that another process writes: at most, where there is a time limit, and without one.
const (
	fileWait     = 5 * time.Second
	fileWaitLong = time.Minute
)

// BeginTx implements driver.ConnBeginTx. It sets busy_timeout before the transaction begins, where it differs from what the
// connection has: in steps of 100 ms, so that the pragma is seldom sent.
func (c *cachingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	wait := fileWaitLong
	if left, limited := prepaid.TimeLeft(ctx); limited {
		wait = min(left, fileWait)
	}
	if wait = wait.Truncate(100 * time.Millisecond); wait != c.busyTimeout && !o.ReadOnly {
		if _, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", wait.Milliseconds()), nil); err != nil {
			return nil, err
		}
		c.busyTimeout = wait
	}
	return c.sqliteConn.BeginTx(ctx, o)
}
