// Package store keeps everything that must last in SQL: customers, orders and their ledger, top-up cards,
// pushed messages, late news. It speaks to PostgreSQL and to an embedded SQLite file, and implements the
// ports that accounts, payments, topup, cards, channels and conversation declare.
//
// Every exported method is one transaction, or one read. Where the domain foresees a conflict, the answer
// comes from a constraint (ON CONFLICT, rows affected), never from an error's text.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

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
	Interventions  Interventions
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
	Notices        Notices
	Transcripts    Transcripts
	Ledger         Ledger
	Reconciliation Reconciliation
	Audit          Audit
	MasterKeys     MasterKeys
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
		Interventions:  Interventions{c},
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
		Notices:        Notices{c},
		Transcripts:    Transcripts{c},
		Ledger:         Ledger{c},
		Reconciliation: Reconciliation{c},
		Audit:          Audit{c},
		MasterKeys:     MasterKeys{c},
	}
}

// core is what all groups share: the connections, the dialect, and the helpers that run a transaction. What one group needs
// of another is a method of core or a function, and takes the transaction.
type core struct {
	dialect Dialect
	writer  *pool // on SQLite a single connection
	reader  *pool // on PostgreSQL the same connections
	// orderWriter and orderReader serve what needs the table of orders. On PostgreSQL a part of the connections is not for
	// them: while that table is locked, others are served.
	orderWriter, orderReader *pool
	// skipLocked ends a SELECT that claims rows: on SQLite the one writer needs nothing.
	skipLocked string
	vault      *prepaid.Vault // nil: what is sealed stays closed
	// forUpdate ends a SELECT that locks a row: on SQLite the transaction has the whole file.
	forUpdate string
	// forShare ends a SELECT that keeps a row as it is, for several transactions at once.
	forShare string
}

// Options say how a store is opened. The zero value is fit for production.
type Options struct {
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
	return within(ctx, db.writer, nil, what, fn)
}

// writeOrders is write for what needs the table of orders.
func (db *core) writeOrders(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return within(ctx, db.orderWriter, nil, what, fn)
}

// read runs fn on one unchanging view of the data.
func (db *core) read(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return within(ctx, db.reader, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, what, fn)
}

// readOrders is read for what needs the table of orders.
func (db *core) readOrders(ctx context.Context, what string, fn func(*sqlx.Tx) error) error {
	return within(ctx, db.orderReader, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, what, fn)
}

func within(ctx context.Context, p *pool, o *sql.TxOptions, what string, fn func(*sqlx.Tx) error) error {
	if err := p.within(ctx, o, fn); err != nil {
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
	err = alone(ctx, q, func(q querier) error {
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
	err := alone(ctx, q, func(q querier) error { return sqlx.GetContext(ctx, q, dest, q.Rebind(query), args...) })
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// list reads all rows into dest, a pointer to a slice.
func list(ctx context.Context, q querier, dest any, query string, args ...any) error {
	return alone(ctx, q, func(q querier) error { return sqlx.SelectContext(ctx, q, dest, q.Rebind(query), args...) })
}

// listIn is list with slices among the arguments, each for one (?). None may be empty.
func listIn(ctx context.Context, q querier, dest any, query string, args ...any) error {
	query, args, err := sqlx.In(query, args...)
	if err != nil {
		return err
	}
	return list(ctx, q, dest, query, args...)
}
