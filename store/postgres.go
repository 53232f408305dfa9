package store

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
)

func openPostgres(ctx context.Context, url string, o Options) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	handle := named(sqlx.NewDb(sql.OpenDB(limitingConnector{stdlib.GetConnector(*config)}), "pgx"))
	conns := o.MaxConns
	if conns == 0 {
		conns = 16
	}
	handle.SetMaxOpenConns(conns)
	handle.SetMaxIdleConns(conns) // a connection costs PostgreSQL a process: keep them
	all := &pool{DB: handle}
	orders := &pool{DB: handle, slots: make(chan struct{}, max(conns*3/4, 1))}
	db := newDB(&core{
		dialect: Postgres, writer: all, reader: all, orderWriter: orders, orderReader: orders,
		skipLocked: " FOR UPDATE SKIP LOCKED", forUpdate: " FOR UPDATE", forShare: " FOR SHARE",
	})
	if err := migrate(ctx, goose.DialectPostgres, handle.DB, goose.WithSessionLocker(schemaLocker{})); err != nil {
		_ = handle.Close()
		return nil, err
	}
	return db, nil
}

// schemaLocker lets one process at a time migrate a schema. Goose's own polls once a second, and is one
// lock for all schemas of a database.
type schemaLocker struct{}

const schemaLock = "hashtext('pulsa migrations'), hashtext(COALESCE(current_schema(), ''))"

// SessionLock implements lock.SessionLocker.
func (schemaLocker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock("+schemaLock+")")
	return err
}

// SessionUnlock implements lock.SessionLocker.
func (schemaLocker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock("+schemaLock+")")
	return err
}
