package store

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/jmoiron/sqlx"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Scratch makes an empty schema of its own in a PostgreSQL database and returns a URL that leads into it, and
// what drops it again: conversation scripts and tests have their stores to themselves.
func Scratch(ctx context.Context, base string) (scratch string, drop func(context.Context) error, err error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", nil, fmt.Errorf("scratch schema: the url of the database can't be read")
	}
	admin, err := sqlx.Open("pgx", base)
	if err != nil {
		return "", nil, fmt.Errorf("scratch schema: %w", err)
	}
	schema := "scratch_" + prepaid.NewToken()
	if _, err := admin.ExecContext(ctx, "CREATE SCHEMA "+schema); err != nil {
		_ = admin.Close()
		return "", nil, fmt.Errorf("scratch schema: %w", err)
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String(), func(ctx context.Context) error {
		defer admin.Close()
		_, err := admin.ExecContext(ctx, "DROP SCHEMA "+schema+" CASCADE")
		return err
	}, nil
}

// WithoutVault is the same store as a program sees it that was not given the key. It is for tests; close db, not it.
func WithoutVault(db *DB) *DB {
	bare := *db.core
	bare.vault = nil
	return newDB(&bare)
}

// SentMessages lists the pushed messages that a provider has taken, oldest first, to anybody on any channel. It is
// for conversation scripts, whose stores are small.
func (db Outbox) SentMessages(ctx context.Context) ([]channels.Outbound, error) {
	rows, err := outboxTable.list(ctx, db.reader, `WHERE status = 'sent' ORDER BY ended_at, seq`)
	if err != nil {
		return nil, fmt.Errorf("list sent messages: %w", err)
	}
	return db.outbounds(rows), nil
}

// Texts returns what is stored as text in every table, one table after the other: for finding secrets that should
// not be there. Left out are hashes, in which any digits may occur by chance, what is sealed, and, unless sent says so,
// the outbox and the memos, whose texts are the customers' own.
func (db *DB) Texts(ctx context.Context, sent bool) (map[string]string, error) {
	columns, err := db.textColumns(ctx, sent)
	if err != nil {
		return nil, fmt.Errorf("list text columns: %w", err)
	}
	out := map[string]string{}
	for table, names := range columns {
		var text strings.Builder
		for _, name := range names {
			var values []string
			if err := list(ctx, db.reader, &values, `SELECT `+db.asText(name)+` FROM `+table+` WHERE `+name+` IS NOT NULL`); err != nil {
				return nil, fmt.Errorf("read %s.%s: %w", table, name, err)
			}
			for _, v := range values {
				text.WriteString(name + "=" + v + "\n")
			}
		}
		out[table] = text.String()
	}
	return out, nil
}

// asText reads JSON that is kept as bytes.
func (db *core) asText(column string) string {
	switch {
	case column != "entry" && column != "session" && column != "memo":
		return column
	case db.dialect == Postgres:
		return "convert_from(" + column + ", 'UTF8')"
	}
	return "CAST(" + column + " AS TEXT)"
}

func (db *core) textColumns(ctx context.Context, sent bool) (map[string][]string, error) {
	query := `SELECT m.name AS tab, p.name AS col FROM sqlite_master m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND UPPER(p.type) IN ('TEXT', 'BLOB')`
	if db.dialect == Postgres {
		query = `SELECT table_name AS tab, column_name AS col FROM information_schema.columns
			WHERE table_schema = current_schema() AND data_type IN ('text', 'bytea')`
	}
	var rows []struct {
		Table  string `db:"tab"`
		Column string `db:"col"`
	}
	if err := list(ctx, db.reader, &rows, query); err != nil {
		return nil, err
	}
	columns := map[string][]string{}
	for _, r := range rows {
		private := r.Table == "outbox" || r.Column == "memo"
		if r.Column == "ciphertext" || r.Column == "sealed" || private && !sent {
			continue
		}
		if !strings.Contains(r.Column, "hash") && !strings.Contains(r.Column, "mac") {
			columns[r.Table] = append(columns[r.Table], r.Column)
		}
	}
	return columns, nil
}

// AllOrders reads every order with its charge and attempts: for audits of small stores.
func (db Orders) AllOrders(ctx context.Context) ([]topup.History, error) {
	var ids []prepaid.OrderID
	if err := list(ctx, db.reader, &ids, `SELECT id FROM orders ORDER BY created_at, id`); err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	orders := make([]topup.History, 0, len(ids))
	for _, id := range ids {
		o, err := db.Order(ctx, id)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, nil
}
