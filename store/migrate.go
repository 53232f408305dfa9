package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings a schema up to this program's. The caller sees to it that nobody else does so at once.
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
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
