package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// firstVersion is the first release's. Databases that were made before it, while Pulsa was being built, have lower ones.
const firstVersion = 100

// Why a database is refused. Nothing in it was changed.
var (
	// ErrNewerSchema: a newer program has migrated it.
	ErrNewerSchema = errors.New("the database was made or migrated by a newer pulsa: run that one, or a newer one")
	// ErrUnreleasedSchema: it is older than the first release, from which on databases are migrated.
	ErrUnreleasedSchema = errors.New("the database was made by a pulsa from before its first release, which can't be migrated: begin with a new one")
)

// migrate brings a schema up to this program's, or refuses it with ErrNewerSchema or ErrUnreleasedSchema. The caller sees to it that
// nobody else does so at once.
func migrate(ctx context.Context, dialect goose.Dialect, handle *sql.DB, options ...goose.ProviderOption) error {
	folder := "migrations/postgres"
	if dialect == goose.DialectSQLite3 {
		folder = "migrations/sqlite"
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, handle, files, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	switch current, newest, err := provider.GetVersions(ctx); {
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case current > newest:
		return fmt.Errorf("schema %d: %w", current, ErrNewerSchema)
	case current > 0 && current < firstVersion:
		return fmt.Errorf("schema %d: %w", current, ErrUnreleasedSchema)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// newestMigration is the number of the last migration in a folder of ours.
func newestMigration(folder string) (newest int64, err error) {
	files, err := migrations.ReadDir(folder)
	for _, f := range files {
		var number int64
		if number, err = goose.NumericComponent(f.Name()); err != nil {
			break
		}
		newest = max(newest, number)
	}
	return newest, err
}
