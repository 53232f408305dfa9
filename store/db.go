// Package store keeps everything that must last in SQL: customers, orders and their ledger, top-up cards,
// pushed messages, late news. It speaks to PostgreSQL and to an embedded SQLite file, and implements the
// ports that accounts, payments, topup, cards, channels and conversation declare.
//
// Every exported method is one transaction, or one read. Where the domain foresees a conflict, the answer
// comes from a constraint (ON CONFLICT, rows affected), never from an error's text.
//
// Where to begin: DB has a field for each group of ports, and each group stands in the file of its name (Orders in orders.go and
// orders_*.go). table.go derives the columns of a struct, so that a new field of topup.Order needs one line in each of the two folders of
// migrations and nothing here. pool.go runs statements within time limits. Package storetest tests both databases alike.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
)

// Dialect is the SQL that a DB speaks.
type Dialect string

// The dialects.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// DB is an open store: the connections, and one small type for each group of ports. Safe for concurrent use. After Close
// every method fails, and nothing that was not committed has any effect.
type DB struct {
	*core

	Customers      Customers
	Moves          Moves
	PINs           PINs
	Codes          Codes
	OptOuts        OptOuts
	Orders         Orders
	Deeds          Deeds
	Forms          Forms
	Approvals      Approvals
	Blocks         Blocks
	Desk           CustomerDesk
	Search         Search
	Payments       Payments
	Mandates       Mandates
	Cards          Cards
	CardJobs       CardJobs
	CardTries      CardTries
	CardKeys       CardKeys
	CardReports    CardReports
	Developers     Developers
	Sales          Sales
	Webhooks       Webhooks
	Outbox         Outbox
	Channels       Channels
	Leases         Leases
	Links          Links
	Notices        Notices
	Transcripts    Transcripts
	Ledger         Ledger
	Reconciliation Reconciliation
	Audit          Audit
	MasterKeys     MasterKeys
	Partitions     Partitions
	Copies         Copies
	Archives       Archives
	Retention      Retention
	Brands         Brands
	Windows        Windows
	Waits          Waits
	Daily          Daily
	People         People
}

func newDB(c *core) *DB {
	return &DB{
		core:           c,
		Customers:      Customers{c},
		Moves:          Moves{c},
		PINs:           PINs{c},
		Codes:          Codes{c},
		OptOuts:        OptOuts{c},
		Orders:         Orders{c},
		Deeds:          Deeds{c},
		Forms:          Forms{c},
		Approvals:      Approvals{c},
		Blocks:         Blocks{c},
		Desk:           CustomerDesk{c},
		Search:         Search{c},
		Payments:       Payments{c},
		Mandates:       Mandates{c},
		Cards:          Cards{c},
		CardJobs:       CardJobs{c},
		CardTries:      CardTries{c},
		CardKeys:       CardKeys{c},
		CardReports:    CardReports{c},
		Developers:     Developers{c},
		Sales:          Sales{c},
		Webhooks:       Webhooks{c},
		Outbox:         Outbox{c},
		Channels:       Channels{c},
		Leases:         Leases{c},
		Links:          Links{c},
		Notices:        Notices{c},
		Transcripts:    Transcripts{c},
		Ledger:         Ledger{c},
		Reconciliation: Reconciliation{c},
		Audit:          Audit{c},
		MasterKeys:     MasterKeys{c},
		Partitions:     Partitions{c},
		Copies:         Copies{c},
		Archives:       Archives{c},
		Retention:      Retention{c},
		Brands:         Brands{c},
		Windows:        Windows{c},
		Waits:          Waits{c},
		Daily:          Daily{c},
		People:         People{c},
	}
}

// core is what all groups share: the connections, the dialect, and the helpers that run a transaction. What one group needs
// of another is a method of core or a function, and takes the transaction.
type core struct {
	dialect Dialect
	writer  *pool // on SQLite a single connection
	reader  *pool // on PostgreSQL the same connections
	// orderWriter and orderReader are for statements on the table of orders. On PostgreSQL they may use only a part of the
	// connections, so that while that table is locked, requests that do not need it are still served.
	orderWriter, orderReader *pool
	// skipLocked ends a SELECT that claims rows. It is empty on SQLite, which has one writer.
	skipLocked string
	vault      *prepaid.Vault // nil: what is sealed stays closed
	// forUpdate ends a SELECT that locks a row. It is empty on SQLite, where a transaction locks the whole file.
	forUpdate string
	// forShare ends a SELECT that keeps others from changing a row, and lets them read it so too.
	forShare string
}

// Options say how a store is opened. The zero value is fit for production.
type Options struct {
	// MigrateURL leads to the same PostgreSQL schema as the url of the store, as the user who owns its tables, and not through a pooler.
	// With it the store's own user needs no more rights than this one grants it. "" is the store's url. SQLite has none.
	MigrateURL string
	// MaxConns bounds the connections to PostgreSQL, and those that read a SQLite file; 0 is 16 and 4.
	MaxConns int
	// Vault seals PINs of operators and the messages that show them. Without one, neither can be stored or shown.
	Vault *prepaid.Vault
	// Volatile does not wait for the disk: a power cut may lose what was committed, a killed process not.
	// Only for SQLite, for tests and conversation scripts.
	Volatile bool
}

// Open opens a store, creates what is missing and migrates the schema to this program's. The url is
// "postgres://…", "sqlite:PATH" or the path of a SQLite file, whose folder is created. Processes that
// start at once wait for each other. Never open a SQLite file that this process has open by other means,
// not even to copy it: closing it again ends the locks that protect it.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	path, isSQLite := strings.CutPrefix(url, "sqlite:")
	switch {
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		db, err := openPostgres(ctx, url, o)
		if err != nil {
			return nil, fmt.Errorf("open postgres: %w", err) // the url holds a password
		}
		db.vault = o.Vault
		return db, nil
	case !isSQLite && strings.Contains(url, "://"):
		scheme, _, _ := strings.Cut(url, "://")
		return nil, fmt.Errorf("open store: %q is neither postgres nor sqlite", scheme)
	}
	db, err := openSQLite(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("open sqlite %s: %w", path, err)
	}
	db.vault = o.Vault
	return db, nil
}

// Dialect tells what SQL the store speaks.
func (db *DB) Dialect() Dialect { return db.dialect }

// Writer is the handle for transactions that write: on SQLite one connection, whose transactions begin
// immediately. It is for what shares the file (store/sessions).
func (db *DB) Writer() *sqlx.DB { return db.writer.DB }

// Ping asks whether the store answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.writer.PingContext(ctx); err != nil {
		return fmt.Errorf("ping store: %w", err)
	}
	if err := db.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("ping store: %w", err)
	}
	return nil
}

// Close closes the store. It may be called again.
func (db *DB) Close() error {
	if db.reader.DB == db.writer.DB {
		return db.writer.Close()
	}
	return errors.Join(db.reader.Close(), db.writer.Close()) // the writer last: it tidies the file
}

// write runs fn in one transaction, which is rolled back where fn or the commit fails.
func (db *core) write(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return inTransaction(ctx, db.writer, nil, what, fn)
}

// writeOrders is write for statements on the table of orders.
func (db *core) writeOrders(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return inTransaction(ctx, db.orderWriter, nil, what, fn)
}

// read runs fn on one snapshot of the data.
func (db *core) read(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return inTransaction(ctx, db.reader, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, what, fn)
}

// readOrders is read for statements on the table of orders.
func (db *core) readOrders(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return inTransaction(ctx, db.orderReader, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, what, fn)
}

func inTransaction(ctx context.Context, p *pool, o *sql.TxOptions, what string, fn func(*sqlx.Tx) error) error {
	if err := p.inTransaction(ctx, o, fn); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// querier is a transaction or a pool.
type querier interface {
	sqlx.ExtContext
	Rebind(query string) string
}

// exec runs a statement with ? placeholders and returns the rows affected.
func exec(ctx context.Context, q querier, query string, args ...any) (rows int64, err error) {
	err = runStatement(ctx, q, func(q querier) error {
		result, err := q.ExecContext(ctx, q.Rebind(query), args...)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	})
	return rows, err
}

// get reads one row into dest, and reports whether there is one.
func get(ctx context.Context, q querier, dest any, query string, args ...any) (bool, error) {
	err := runStatement(ctx, q, func(q querier) error { return sqlx.GetContext(ctx, q, dest, q.Rebind(query), args...) })
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// list reads all rows into dest, a pointer to a slice.
func list(ctx context.Context, q querier, dest any, query string, args ...any) error {
	return runStatement(ctx, q, func(q querier) error { return sqlx.SelectContext(ctx, q, dest, q.Rebind(query), args...) })
}

// listIn is list with slices among the arguments, each for one (?). None may be empty.
func listIn(ctx context.Context, q querier, dest any, query string, args ...any) error {
	query, args, err := sqlx.In(query, args...)
	if err != nil {
		return err
	}
	return list(ctx, q, dest, query, args...)
}

// execIn is exec with slices among the arguments, each for one (?). None may be empty.
func execIn(ctx context.Context, q querier, query string, args ...any) error {
	query, args, err := sqlx.In(query, args...)
	if err != nil {
		return err
	}
	_, err = exec(ctx, q, query, args...)
	return err
}

// Now reads the database's clock.
func (db *DB) Now(ctx context.Context) (time.Time, error) { return db.now(ctx, db.orderReader) }

func (db *core) now(ctx context.Context, q querier) (time.Time, error) {
	query := `SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000`
	if db.dialect == Postgres {
		query = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`
	}
	var us int64
	if _, err := get(ctx, q, &us, query); err != nil {
		return time.Time{}, fmt.Errorf("read the store's time: %w", err)
	}
	return prepaid.FromMicros(us), nil
}
