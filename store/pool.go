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

// pool lends connections, and keeps to the time limit of a context (prepaid.WithTimeLimit): so long does it wait for a
// connection, and so long may each statement take. What takes longer fails with prepaid.ErrBusy, and the connection
// lives on. Without a limit everything waits until the context ends.
type pool struct {
	*sqlx.DB
	// slots has room for whom this pool serves at once, fewer than there are connections: the rest stay free for others.
	// nil: for as many as there are.
	slots chan struct{}
	// single says when a statement that stands alone gets a transaction, which carries the time limit.
	single transacts
}

type transacts string

const (
	whenLimited transacts = ""
	always      transacts = "always" // what another transaction has said of waiting stays with a connection to SQLite
	never       transacts = "never"  // nobody keeps readers of a SQLite file waiting
)

// enter takes a slot; leave gives it back.
func (p *pool) enter(ctx context.Context) (leave func(), err error) {
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

// lend takes a slot and a connection within the time limit.
func (p *pool) lend(ctx context.Context) (conn *sqlx.Conn, giveBack func(), err error) {
	wait, cancel := prepaid.WhileTimeLeft(ctx)
	defer cancel()
	leave, err := p.enter(wait)
	if err == nil {
		if conn, err = p.Connx(wait); err != nil {
			leave()
		}
	}
	switch {
	case err == nil:
		return conn, func() { _ = conn.Close(); leave() }, nil
	case wait.Err() != nil && ctx.Err() == nil:
		return nil, nil, fmt.Errorf("no connection is free: %w", prepaid.ErrBusy)
	}
	return nil, nil, err
}

// within runs fn in one transaction, which is rolled back where fn or the commit fails.
func (p *pool) within(ctx context.Context, o *sql.TxOptions, fn func(*sqlx.Tx) error) error {
	conn, giveBack, err := p.lend(ctx)
	if err != nil {
		return err
	}
	defer giveBack()
	tx, err := conn.BeginTxx(ctx, o)
	if err != nil {
		return busy(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := fn(tx); err != nil {
		return busy(ctx, err)
	}
	return busy(ctx, tx.Commit())
}

// alone runs a statement that needs no transaction, but for the time limit.
func (p *pool) alone(ctx context.Context, run func(querier) error) error {
	if _, limited := prepaid.TimeLeft(ctx); p.single == always || limited && p.single != never {
		return p.within(ctx, nil, func(tx *sqlx.Tx) error { return run(tx) })
	}
	leave, err := p.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return run(p.DB)
}

// alone runs a statement on a pool, or in the transaction that it belongs to.
func alone(ctx context.Context, q querier, run func(querier) error) error {
	if p, ok := q.(*pool); ok {
		return p.alone(ctx, run)
	}
	return run(q)
}

// What PostgreSQL answers where a time limit is over.
const (
	queryCanceled    = "57014"
	lockNotAvailable = "55P03"
)

// busy tells an error that the time limit has caused as prepaid.ErrBusy.
func busy(ctx context.Context, err error) error {
	if _, limited := prepaid.TimeLeft(ctx); err == nil || !limited || errors.Is(err, prepaid.ErrBusy) {
		return err
	}
	known := (*pgconn.PgError)(nil)
	if errors.As(err, &known) && (known.Code == queryCanceled || known.Code == lockNotAvailable) || sqliteBusy(err) {
		return fmt.Errorf("%w: %w", prepaid.ErrBusy, err)
	}
	return err
}

// sqliteBusy reports whether others kept the file for too long.
func sqliteBusy(err error) bool {
	const primary = 0xff // of a result code; the rest says more exactly what happened
	known := (*sqlite.Error)(nil)
	return errors.As(err, &known) && known.Code()&primary == sqlitecodes.SQLITE_BUSY
}

// limitingConnector makes connections to PostgreSQL whose transactions begin with the time limit of their context.
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

// BeginTx implements driver.ConnBeginTx. The limits travel with BEGIN, so that they cost no round trip. They end with the
// transaction: a pooler may give the connection to somebody else.
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
	// The wait for a lock ends a little sooner, so that the error tells it from a slow statement.
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

// How long SQLite waits for a file that another process writes: with a time limit not that long, without one much longer.
const (
	fileWait     = 5 * time.Second
	fileWaitLong = time.Minute
)

// BeginTx implements driver.ConnBeginTx.
func (c *cachingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	wait := fileWaitLong
	if left, limited := prepaid.TimeLeft(ctx); limited {
		wait = min(left, fileWait)
	}
	if wait = wait.Truncate(100 * time.Millisecond); wait != c.waits && !o.ReadOnly {
		if _, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", wait.Milliseconds()), nil); err != nil {
			return nil, err
		}
		c.waits = wait
	}
	return c.sqliteConn.BeginTx(ctx, o)
}
