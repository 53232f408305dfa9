package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// maxPrepared bounds the statements that one connection keeps: the program has fewer.
const maxPrepared = 512

// limited bounds the rows of a query that runs often by a parameter. SQLite plans a plain "LIMIT ?" anew whenever the parameter is
// bound, because its plan depends on the value; an expression it plans once.
const limited = ` LIMIT 0 + ?`

// openCaching opens a handle whose connections cache their prepared statements by their text. Without it the driver prepares a
// statement each time that it runs, which took nearly half of the CPU time of a turn. (pgx has such a cache of its own.)
func openCaching(dsn string) (*sqlx.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return named(sqlx.NewDb(sql.OpenDB(cachingConnector{connector}), "sqlite")), nil
}

type cachingConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c cachingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(sqliteConn)
	if !ok {
		return conn, nil
	}
	return &cachingConn{sqliteConn: whole, idle: map[string]sqliteStmt{}}, nil
}

// sqliteConn is what database/sql uses of the driver's connection.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// cachingConn is a connection with its cache. A statement leaves the cache while it runs and returns when its rows are closed, so
// that the same text may run twice at once: the second run prepares a statement of its own. Like every driver.Conn it is used by
// one goroutine at a time.
type cachingConn struct {
	sqliteConn
	idle map[string]sqliteStmt
	// busyTimeout is the pragma of that name as this connection has it.
	busyTimeout time.Duration
}

var (
	_ driver.ExecerContext  = (*cachingConn)(nil)
	_ driver.QueryerContext = (*cachingConn)(nil)
)

// statement takes a statement out of the cache, or prepares it.
func (c *cachingConn) statement(ctx context.Context, query string) (sqliteStmt, error) {
	if s, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	whole, ok := s.(sqliteStmt)
	if !ok {
		return nil, errors.Join(errors.New("the driver's statement takes no context"), s.Close())
	}
	return whole, nil
}

// keep returns a statement to the cache. It is closed instead where it has failed, where the cache has its text already, or is full.
func (c *cachingConn) keep(query string, s sqliteStmt, failed error) error {
	if _, twice := c.idle[query]; failed != nil || twice || len(c.idle) >= maxPrepared {
		return s.Close()
	}
	c.idle[query] = s
	return nil
}

// ExecContext implements driver.ExecerContext.
func (c *cachingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	return result, errors.Join(err, c.keep(query, s, err))
}

// QueryContext implements driver.QueryerContext.
func (c *cachingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.keep(query, s, err))
	}
	return &cachingRows{Rows: rows, conn: c, query: query, stmt: s}, nil
}

// Close implements driver.Conn.
func (c *cachingConn) Close() error {
	var errs []error
	for _, s := range c.idle {
		errs = append(errs, s.Close())
	}
	c.idle = nil
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

// cachingRows returns its statement to the cache when it is closed.
type cachingRows struct {
	driver.Rows
	conn  *cachingConn
	query string
	stmt  sqliteStmt // nil once it was returned
}

// Close implements driver.Rows.
func (r *cachingRows) Close() error {
	err := r.Rows.Close()
	if r.stmt != nil {
		err = errors.Join(err, r.conn.keep(r.query, r.stmt, err))
		r.stmt = nil
	}
	return err
}
