// Package scratch is for conversation scripts and tests, whose stores are small and thrown away: it makes room for one in a
// PostgreSQL database, and reads a store whole. No program reads its store so.
package scratch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jmoiron/sqlx"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/store"
)

// DirectURL names the variable that holds the URL of PostgreSQL itself, where tests reach it through PgBouncer in transaction mode: that
// knows no search_path of a URL, and nothing can be migrated through it. Each scratch schema is then a database of its own.
const DirectURL = "PULSA_TEST_MIGRATE_URL"

// Schema makes an empty schema of its own in a PostgreSQL database. It returns a URL that leads into it, and what drops it. Behind
// PgBouncer it is migrated.
func Schema(ctx context.Context, base string) (address string, drop func(context.Context) error, err error) {
	address, drop, err = Empty(ctx, base)
	if direct := Direct(address); err == nil && direct != address {
		var db *store.DB
		if db, err = store.Open(ctx, direct, store.Options{}); err == nil {
			err = db.Close()
		}
		if err != nil {
			err = errors.Join(err, drop(ctx))
		}
	}
	return address, drop, err
}

// Direct is the address of a scratch schema around PgBouncer; the same address where there is none.
func Direct(address string) string {
	direct, err := url.Parse(os.Getenv(DirectURL))
	u, addressErr := url.Parse(address)
	if err != nil || addressErr != nil || direct.Host == "" {
		return address
	}
	direct.Path = u.Path
	return direct.String()
}

// Empty is Schema without migrating anything.
func Empty(ctx context.Context, base string) (address string, drop func(context.Context) error, err error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", nil, errors.New("scratch schema: the url of the database can't be read")
	}
	admin, err := sqlx.Open("pgx", Direct(base))
	if err != nil {
		return "", nil, fmt.Errorf("scratch schema: %w", err)
	}
	name := "scratch_" + prepaid.NewToken()
	create, remove := "CREATE SCHEMA "+name, "DROP SCHEMA "+name+" CASCADE"
	if Direct(base) == base {
		query := u.Query()
		query.Set("search_path", name)
		u.RawQuery = query.Encode()
	} else {
		create, remove = "CREATE DATABASE "+name+" TEMPLATE template0", "DROP DATABASE "+name+" WITH (FORCE)"
		u.Path = "/" + name
	}
	if _, err := admin.ExecContext(ctx, create); err != nil {
		_ = admin.Close()
		return "", nil, fmt.Errorf("scratch schema: %w", err)
	}
	return u.String(), func(ctx context.Context) error {
		defer admin.Close()
		_, err := admin.ExecContext(ctx, remove)
		return err
	}, nil
}

// SentMessages lists the pushed messages that a provider has taken, in the order in which it took them, to anybody on any channel.
func SentMessages(ctx context.Context, db *store.DB) ([]channels.Outbound, error) {
	var sent []struct {
		ID             prepaid.OutboundID
		Brand, Channel string
		Address        prepaid.Address
	}
	err := db.Writer().SelectContext(ctx, &sent, `SELECT id, brand, channel, address FROM outbox WHERE status = 'sent' ORDER BY ended_at, seq`)
	if err != nil {
		return nil, fmt.Errorf("list sent messages: %w", err)
	}
	read := map[prepaid.OutboundID]channels.Outbound{}
	messages := make([]channels.Outbound, len(sent))
	for i, s := range sent {
		if _, ok := read[s.ID]; !ok {
			to, err := db.Outbox.OutboundTo(ctx, s.Brand, s.Channel, s.Address, 0, len(sent))
			if err != nil {
				return nil, err
			}
			for _, m := range to {
				read[m.ID] = m
			}
		}
		messages[i] = read[s.ID]
	}
	return messages, nil
}

// Texts returns what is stored as text in every table, one table after the other: for finding secrets that should not be there.
// Left out are hashes, in which any digits may occur by chance, and what is sealed.
func Texts(ctx context.Context, db *store.DB) (map[string]string, error) {
	return texts(ctx, db, func(column) bool { return true })
}

// TextsButMessages is Texts without the outbox and the memos, whose texts are the customers' own.
func TextsButMessages(ctx context.Context, db *store.DB) (map[string]string, error) {
	return texts(ctx, db, func(c column) bool { return c.Table != "outbox" && c.Name != "memo" })
}

func texts(ctx context.Context, db *store.DB, wanted func(column) bool) (map[string]string, error) {
	columns, err := textColumns(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("list text columns: %w", err)
	}
	tables := map[string][]column{}
	for _, c := range columns {
		if !c.unreadable() && wanted(c) {
			tables[c.Table] = append(tables[c.Table], c)
		}
	}
	found := map[string]string{}
	for table, columns := range tables {
		if found[table], err = tableText(ctx, db, table, columns); err != nil {
			return nil, fmt.Errorf("read %s: %w", table, err)
		}
	}
	return found, nil
}

// tableText returns a line, name=value, for each value of the columns. It takes one statement: SQLite takes longer to prepare
// one than to read what a script has stored.
func tableText(ctx context.Context, db *store.DB, table string, columns []column) (string, error) {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.asText(db.Dialect())
	}
	rows, err := db.Writer().QueryContext(ctx, `SELECT `+strings.Join(list, ", ")+` FROM `+table)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var text strings.Builder
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		for i, v := range values {
			if v.Valid {
				text.WriteString(columns[i].Name + "=" + v.String + "\n")
			}
		}
	}
	return text.String(), rows.Err()
}

type column struct{ Table, Name string }

// unreadable columns hold no text that somebody could read a customer's secret in. The settings of a test brand name the code that all
// its customers get.
func (c column) unreadable() bool {
	return c.Table == "brand_settings" || c.Name == "ciphertext" || c.Name == "sealed" || strings.Contains(c.Name, "hash") || strings.Contains(c.Name, "mac")
}

// asText reads JSON that is kept as bytes.
func (c column) asText(d store.Dialect) string {
	switch {
	case c.Name != "entry" && c.Name != "session" && c.Name != "memo":
		return c.Name
	case d == store.Postgres:
		return "convert_from(" + c.Name + ", 'UTF8')"
	}
	return "CAST(" + c.Name + " AS TEXT)"
}

func textColumns(ctx context.Context, db *store.DB) (columns []column, err error) {
	query := `SELECT m.name AS "table", p.name AS name FROM sqlite_master m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND UPPER(p.type) IN ('TEXT', 'BLOB')`
	if db.Dialect() == store.Postgres {
		query = `SELECT table_name AS "table", column_name AS name FROM information_schema.columns
			WHERE table_schema = current_schema() AND data_type IN ('text', 'bytea')
				AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition AND relnamespace = current_schema()::regnamespace)`
	}
	err = db.Writer().SelectContext(ctx, &columns, query)
	return columns, err
}
