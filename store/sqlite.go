package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	if path == "" || path == ":memory:" {
		return nil, errors.New("a file is needed")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	sqlx.BindDriver("sqlite", sqlx.QUESTION)
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return nil, fmt.Errorf("wait for another process: %w", err)
	}
	db, err := openLocked(ctx, path, o)
	if unlockErr := unlock(); unlockErr != nil && err == nil {
		return nil, errors.Join(unlockErr, db.Close())
	}
	return db, err
}

// openLocked opens the store while no other process does.
func openLocked(ctx context.Context, path string, o Options) (*DB, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	db, err := sqliteHandles(path, o)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, goose.DialectSQLite3, db.writer.DB.DB); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// sqliteHandles connects to nothing yet.
func sqliteHandles(path string, o Options) (*DB, error) {
	synchronous, conns := "FULL", 4
	busyTimeout := fmt.Sprintf("busy_timeout(%d)", fileWait.Milliseconds())
	if o.Volatile {
		synchronous = "OFF"
	}
	if o.MaxConns > 0 {
		conns = o.MaxConns
	}
	writer, err := openCaching(fileURL(path, url.Values{
		"_pragma": {busyTimeout, "journal_mode(WAL)", "synchronous(" + synchronous + ")", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1) // waiting in Go is fair, and quicker than in SQLite
	reader, err := openCaching(fileURL(path, url.Values{
		"_pragma":     {busyTimeout},
		"_query_only": {"1"},
	}))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(conns)
	reader.SetMaxIdleConns(conns)
	writing, reading := &pool{DB: writer, transact: always}, &pool{DB: reader, transact: never}
	return newDB(&core{dialect: SQLite, writer: writing, reader: reading, orderWriter: writing, orderReader: reading}), nil
}

// createPrivate makes the file, readable by us alone; SQLite gives its other files the same mode. A file
// that is there is not touched: to close it would end the locks that SQLite holds on it in this process.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// lockFile makes other processes that open the same store wait while this one changes the journal mode
// and migrates. The lock is SQLite's own on a file beside the store: it works wherever SQLite does, and
// a killed process loses it.
func lockFile(ctx context.Context, path string) (unlock func() error, err error) {
	handle, err := sqlx.Open("sqlite", fileURL(path, url.Values{
		"_pragma": {"busy_timeout(30000)"},
		"_txlock": {"exclusive"},
	}))
	if err != nil {
		return nil, err
	}
	tx, err := handle.BeginTxx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, handle.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), handle.Close()) }, nil
}

func fileURL(path string, query url.Values) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
}
