package store_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/store"
	"pulsa/store/storetest"
)

// scansTable matches a step of SQLite's plan that reads a whole table, or all that a brand has in it.
var scansTable = regexp.MustCompile(`^SCAN \w+( AS \w+| \w+)?$|^SEARCH .* \(brand=\?\)$`)

// brandAlone matches a condition that leads to all that a brand has.
var brandAlone = regexp.MustCompile(`Index Cond: \(brand = \$\d+\)$`)

// Erasing a customer, archiving and forgetting find their rows by an index, however many others there are.
func TestErasingAndForgettingScanNoTable(t *testing.T) {
	race.Skip(t)
	t.Parallel()
	db := storetest.SQLite(t)
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	number := prepaid.MSISDN("31612345678")
	place := accounts.Place{Address: number.Tel(), Channel: "fake", Kind: "sms"}
	c, err := db.Customers.SaveRegistration(t.Context(), accounts.Customer{ID: "c", Brand: "demo", MSISDN: number, Language: "en", CreatedAt: now}, []accounts.Place{place})
	if err != nil {
		t.Fatal(err)
	}
	before, err := store.CachedStatements(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Customers.EraseCustomer(t.Context(), operators.Erasure{
		Customer: c.ID, By: prepaid.By{Who: "anna", Why: "asked"},
		Pseudonyms: accounts.Pseudonyms{Number: "erased", Address: func(prepaid.Address) prepaid.Address { return "erased" }},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	erasing := newStatements(t, db, before)
	t.Run("erasing on PostgreSQL", func(t *testing.T) { scansNothingOnPostgres(t, erasing) })
	for _, insert := range []string{ // so that there is something to do
		`INSERT INTO transcripts (brand, address, sender, message_id, at, entry) VALUES ('demo', 'a', 'demo/x/a', 'm', 1, x'00')`,
		`INSERT INTO pin_tries (brand, customer, operation_key, tried_at) VALUES ('demo', 'c', 'm', 1)`,
		`INSERT INTO card_try_keys (brand, key, operation_key, wrong, tried_at) VALUES ('demo', 'k', 'm', 1, 1)`,
		`INSERT INTO one_time_code_requests (brand, operation_key, address, msisdn, created_at) VALUES ('demo', 'm', 'a', '316', 1)`,
		`INSERT INTO one_time_codes (brand, address, msisdn, hash, operation_key, created_at, expires_at) VALUES ('demo', 'a', '316', 'h', 'm', 1, 1)`,
		`INSERT INTO short_links (brand, token, kind, target, customer, language, created_at, expires_at) VALUES ('demo', 't', 'setup', 's', 'c', 'en', 1, 1)`,
	} {
		if _, err := db.Writer().ExecContext(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Retention.SetRetention(t.Context(), []*prepaid.Brand{{Name: "demo"}}); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Archives.Move(t.Context(), now, 10); err != nil || n != 4 {
		t.Fatalf("archived %d, %v", n, err)
	}
	if n, err := db.Retention.Forget(t.Context(), now, 10); err != nil || n != 6 {
		t.Fatalf("forgot %d, %v", n, err)
	}
	explained := newStatements(t, db, before)
	for _, query := range explained {
		var steps []struct {
			ID, Parent, Notused int
			Detail              string
		}
		if err := db.Writer().SelectContext(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, s := range steps {
			if scansTable.MatchString(s.Detail) && s.Detail != "SCAN used" { // the addresses of one customer
				t.Errorf("%s\n\t%s", s.Detail, query)
			}
		}
	}
	if len(erasing) < 35 || len(explained) < len(erasing)+10 {
		t.Errorf("only %d statements of erasing were explained, and %d in all", len(erasing), len(explained))
	}
}

// newStatements are those that the store has run since, but for what sets the retention: it is a small table.
func newStatements(t *testing.T, db *store.DB, before []string) []string {
	t.Helper()
	all, err := store.CachedStatements(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(query string) bool {
		return slices.Contains(before, query) || strings.HasPrefix(strings.TrimSpace(query), "INSERT INTO retention")
	})
}

// fillTables puts many rows into every table of a brand, whose values differ in each row.
func fillTables(t *testing.T, conn *sqlx.Conn) {
	t.Helper()
	var fill []string
	err := conn.SelectContext(t.Context(), &fill, `
		SELECT format('INSERT INTO %I (%s) SELECT %s FROM generate_series(1, 2000) g ON CONFLICT DO NOTHING', t.relname,
			string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
			string_agg(CASE WHEN a.attname = 'brand' THEN '''demo''' WHEN t.relname = 'developer_deliveries' AND a.attname = 'status' THEN '''waiting'''
				WHEN a.atttypid = 'text'::regtype THEN '''x'' || g' WHEN a.atttypid = 'boolean'::regtype THEN 'FALSE'
				WHEN a.atttypid = 'bytea'::regtype THEN 'int8send(g)' ELSE 'g' END, ', ' ORDER BY a.attnum))
		FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
		WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
			AND EXISTS (SELECT 1 FROM pg_attribute b WHERE b.attrelid = t.oid AND b.attname = 'brand')
		GROUP BY t.relname`)
	if err != nil || len(fill) < 40 {
		t.Fatal(len(fill), err)
	}
	fill = append([]string{"SET session_replication_role = replica"}, append(fill, "RESET session_replication_role", "ANALYZE")...)
	for _, query := range fill {
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

// scansNothingOnPostgres has PostgreSQL plan statements on filled tables, whatever their arguments.
func scansNothingOnPostgres(t *testing.T, statements []string) {
	db := storetest.Postgres(t)
	conn, err := db.Writer().Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fillTables(t, conn)
	if _, err := conn.ExecContext(t.Context(), `SET plan_cache_mode = force_generic_plan`); err != nil {
		t.Fatal(err)
	}
	for _, query := range statements {
		nulls := strings.TrimSuffix(strings.Repeat("NULL, ", strings.Count(query, "?")), ", ")
		if nulls != "" {
			nulls = "(" + nulls + ")"
		}
		if _, err := conn.ExecContext(t.Context(), "PREPARE looked AS "+db.Writer().Rebind(query)); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		var plan []string
		if err := conn.SelectContext(t.Context(), &plan, "EXPLAIN (COSTS OFF) EXECUTE looked"+nulls); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, step := range plan {
			if strings.Contains(step, "Seq Scan on") || brandAlone.MatchString(step) {
				t.Errorf("%s\n\t%s", strings.Join(plan, "\n"), query)
				break
			}
		}
		if _, err := conn.ExecContext(t.Context(), "DEALLOCATE looked"); err != nil {
			t.Fatal(err)
		}
	}
}

// An archive takes over whole rows: it has its hot table's columns, in their order.
func TestArchivesHaveTheColumnsOfTheirTables(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]*store.DB{"sqlite": storetest.SQLite(t), "postgres": nil} {
		t.Run(name, func(t *testing.T) {
			if db == nil {
				db = storetest.Postgres(t)
			}
			columns := func(table string) []string {
				rows, err := db.Writer().QueryContext(t.Context(), "SELECT * FROM "+table+" LIMIT 0")
				if err != nil {
					t.Fatal(err)
				}
				defer rows.Close()
				names, err := rows.Columns()
				if err != nil || rows.Err() != nil {
					t.Fatal(err, rows.Err())
				}
				return names
			}
			for _, table := range store.ArchivedTables() {
				if hot, archive := columns(table), columns(table+"_archive"); !slices.Equal(hot, archive) {
					t.Errorf("%s has %v, its archive %v", table, hot, archive)
				}
			}
		})
	}
}
