package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
	if err := migratePostgres(ctx, handle, config.User, o.MigrateURL); err != nil {
		_ = handle.Close()
		return nil, err
	}
	return db, nil
}

// migratePostgres brings the schema up to this program's, where it is not: as the owner, where that is another user than the program's.
func migratePostgres(ctx context.Context, program *sqlx.DB, user, migrateURL string) error {
	newest, err := newestMigration("migrations/postgres")
	if err != nil {
		return err
	}
	switch current, err := schemaVersion(ctx, program); {
	case err != nil:
		return err
	case current == newest:
		return nil
	}
	if migrateURL == "" {
		err := migrate(ctx, goose.DialectPostgres, program.DB, goose.WithSessionLocker(schemaLocker{}))
		if isSQLState(err, insufficientPrivilege) {
			err = fmt.Errorf("%s may not migrate the schema: set migrate_url (PULSA_MIGRATE_URL) to the URL of the user who owns its tables: %w", user, err)
		}
		return err
	}
	if err := migrateAsOwner(ctx, user, migrateURL); err != nil {
		return fmt.Errorf("as the user of migrate_url (PULSA_MIGRATE_URL): %w", err)
	}
	switch current, err := schemaVersion(ctx, program); {
	case err != nil:
		return err
	case current != newest:
		return errors.New("migrate_url (PULSA_MIGRATE_URL) leads to another database or schema than database_url (PULSA_DATABASE_URL)")
	}
	return nil
}

// migrateAsOwner migrates the schema and gives the program's user its rights.
func migrateAsOwner(ctx context.Context, user, migrateURL string) error {
	config, err := pgx.ParseConfig(migrateURL)
	if err != nil {
		return errors.New("the url can't be read") // it holds a password
	}
	owner := sqlx.NewDb(sql.OpenDB(stdlib.GetConnector(*config)), "pgx")
	defer owner.Close()
	if err := migrate(ctx, goose.DialectPostgres, owner.DB, goose.WithSessionLocker(schemaLocker{})); err != nil || config.User == user {
		return err
	}
	return grantTo(ctx, owner, user)
}

// SQLSTATEs of a schema that is not there, or not for this user.
const (
	undefinedTable        = "42P01"
	insufficientPrivilege = "42501"
)

func isSQLState(err error, code string) bool {
	known := (*pgconn.PgError)(nil)
	return errors.As(err, &known) && known.Code == code
}

// schemaVersion is the highest migration that the schema has; 0 where it has none, or the user may not see it.
func schemaVersion(ctx context.Context, handle *sqlx.DB) (version int64, err error) {
	err = handle.GetContext(ctx, &version, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`)
	if isSQLState(err, undefinedTable) || isSQLState(err, insufficientPrivilege) {
		return 0, nil
	}
	return version, err
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
