package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
)

// The program's own user may have less than the owner of the tables, who migrates: it owns nothing, and may change nothing that is
// append-only. grants says what it may; a table that is not named here it may read, fill, change and empty.
var grants = map[string]string{
	"goose_db_version": "SELECT",

	// append-only
	"ledger_entries":      "SELECT, INSERT",
	"ledger_postings":     "SELECT, INSERT",
	"keys_in_use_history": "SELECT, INSERT",
	"wallet_readings":     "SELECT, INSERT",
	"brand_settings":      "SELECT, INSERT",
	"brand_changes":       "SELECT, INSERT",
	"deed_links":          "SELECT, INSERT",
	"deed_sealed":         "SELECT, INSERT",

	// append-only, until they are ten years old: triggers see to that
	"deeds":         "SELECT, INSERT, DELETE",
	"deed_details":  "SELECT, INSERT, DELETE",
	"card_audit":    "SELECT, INSERT, DELETE",
	"order_history": "SELECT, INSERT, DELETE",

	// kept for the books; what is not named here is kept for ten years by triggers, and then deleted
	"customers":      "SELECT, INSERT, UPDATE",
	"instruments":    "SELECT, INSERT, UPDATE",
	"open_items":     "SELECT, INSERT, UPDATE",
	"card_series":    "SELECT, INSERT, UPDATE",
	"card_jobs":      "SELECT, INSERT, UPDATE",
	"developer_keys": "SELECT, INSERT, UPDATE",
}

// ownersFunctions are what the program's user may ask of the owner.
var ownersFunctions = []string{"make_partition(TEXT, BIGINT)", "detach_partition(TEXT, BIGINT)", "drop_partition(TEXT, BIGINT)",
	"detach_ledger_month(BIGINT)"}

// grantTo gives the program's user its rights on everything in the schema, and takes away what it has beyond them. The owner runs it after
// each migration. Partitions need no rights of their own, but those that catch strays, which are watched.
func grantTo(ctx context.Context, owner *sqlx.DB, user string) error {
	tx, err := owner.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock("+schemaLock+")"); err != nil {
		return err
	}
	var tables []struct {
		Name      string
		Partition bool
	}
	if err := tx.SelectContext(ctx, &tables, `
		SELECT relname AS name, relispartition AS partition FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND (NOT relispartition OR relname LIKE '%\_default')`); err != nil {
		return err
	}
	var schema string
	if err := tx.GetContext(ctx, &schema, `SELECT current_schema()`); err != nil {
		return err
	}
	to := pgx.Identifier{user}.Sanitize()
	statements := []string{"GRANT USAGE ON SCHEMA " + pgx.Identifier{schema}.Sanitize() + " TO " + to}
	for _, t := range tables {
		may := grants[t.Name]
		switch {
		case t.Partition:
			may = "SELECT"
		case may == "":
			may = "SELECT, INSERT, UPDATE, DELETE"
		}
		name := pgx.Identifier{t.Name}.Sanitize()
		statements = append(statements, "REVOKE ALL ON "+name+" FROM "+to, "GRANT "+may+" ON "+name+" TO "+to)
	}
	for _, f := range ownersFunctions {
		statements = append(statements, "GRANT EXECUTE ON FUNCTION "+f+" TO "+to)
	}
	if _, err := tx.ExecContext(ctx, strings.Join(statements, "; ")); err != nil {
		return fmt.Errorf("grant rights to %s: %w", user, err)
	}
	return tx.Commit()
}

// OwnsSchema reports whether the program's own user may change the schema, and with it whatever is append-only: it owns tables, is a
// superuser, or may make tables of its own where ours are looked for. Always false on SQLite, where there are no users.
func (db *DB) OwnsSchema(ctx context.Context) (bool, error) {
	if db.dialect != Postgres {
		return false, nil
	}
	var owns bool
	_, err := get(ctx, db.reader, &owns, `
		SELECT has_schema_privilege(current_schema()::regnamespace, 'CREATE') OR EXISTS (
			SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
				AND pg_has_role(relowner, 'USAGE'))`)
	if err != nil {
		return false, fmt.Errorf("read the owner of the schema: %w", err)
	}
	return owns, nil
}
