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

// openCaching opens a handle whose connections keep their prepared statements. The driver prepares each statement anew
// each time, which was nearly half of the CPU time of a turn. (pgx keeps PostgreSQL's itself.)
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

// cachingConn keeps the statements of one connection that are not in use. Like every driver.Conn it is used by one
// goroutine at a time.
type cachingConn struct {
	sqliteConn
	idle map[string]sqliteStmt
	// waits is how long the connection waits for the file.
	waits time.Duration
}

var (
	_ driver.ExecerContext  = (*cachingConn)(nil)
	_ driver.QueryerContext = (*cachingConn)(nil)
)

// take returns a statement that nobody uses.
func (c *cachingConn) take(ctx context.Context, query string) (sqliteStmt, error) {
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

// put keeps a statement for the next time. One that failed is not kept.
func (c *cachingConn) put(query string, s sqliteStmt, failed error) error {
	if _, twice := c.idle[query]; failed != nil || twice || len(c.idle) >= maxPrepared {
		return s.Close()
	}
	c.idle[query] = s
	return nil
}

// ExecContext implements driver.ExecerContext.
func (c *cachingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	return result, errors.Join(err, c.put(query, s, err))
}

// QueryContext implements driver.QueryerContext.
func (c *cachingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.put(query, s, err))
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

// cachingRows gives its statement back when it is closed.
type cachingRows struct {
	driver.Rows
	conn  *cachingConn
	query string
	stmt  sqliteStmt // nil when it was given back
}

// Close implements driver.Rows.
func (r *cachingRows) Close() error {
	err := r.Rows.Close()
	if r.stmt != nil {
		err = errors.Join(err, r.conn.put(r.query, r.stmt, err))
		r.stmt = nil
	}
	return err
}
