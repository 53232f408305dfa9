package store_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// What only the owner may, the program's user can't: neither by itself, nor by the functions that run as the owner.
func TestTheProgramsUserCantChangeWhatIsAppendOnly(t *testing.T) {
	t.Parallel()
	users := storetest.PostgresUsers(t)
	db := open(t, users.Program)
	if owns, err := db.OwnsSchema(t.Context()); err != nil || owns {
		t.Errorf("it owns the schema: %v, %v", owns, err)
	}
	const month = "1793491200000000" // November 2026
	for query, want := range map[string]string{
		`UPDATE ledger_postings SET minor = 0`:                                                          "permission denied",
		`DELETE FROM ledger_entries`:                                                                    "permission denied",
		`TRUNCATE ledger_postings`:                                                                      "permission denied",
		`UPDATE order_history SET reason = ''`:                                                          "permission denied",
		`UPDATE deed_details SET about = ''`:                                                            "permission denied",
		`DELETE FROM deed_sealed`:                                                                       "permission denied",
		`UPDATE deed_links SET digest = ''`:                                                             "permission denied",
		`TRUNCATE deeds`:                                                                                "permission denied",
		`ALTER TABLE deeds DISABLE TRIGGER deeds_append_only`:                                           "must be owner",
		`UPDATE deeds SET who = ''`:                                                                     "permission denied",
		`UPDATE brand_settings SET text = ''`:                                                           "permission denied",
		`DELETE FROM brand_changes`:                                                                     "permission denied",
		`UPDATE orders SET minor = 0; DELETE FROM customers`:                                            "permission denied",
		`UPDATE goose_db_version SET version_id = 1`:                                                    "permission denied",
		`DELETE FROM ledger_postings_2026_11`:                                                           "permission denied",
		`SELECT * FROM ledger_postings_2026_11`:                                                         "permission denied",
		`DELETE FROM ledger_postings_default`:                                                           "permission denied",
		`INSERT INTO ledger_postings_default SELECT * FROM ledger_postings`:                             "permission denied",
		`ALTER TABLE ledger_postings DISABLE TRIGGER ledger_postings_append_only`:                       "must be owner",
		`DROP TRIGGER ledger_postings_append_only ON ledger_postings`:                                   "must be owner",
		`ALTER TABLE ledger_postings DETACH PARTITION ledger_postings_2026_11`:                          "must be owner",
		`DROP TABLE order_history_2026_11`:                                                              "must be owner",
		`CREATE TABLE orders_too (id TEXT)`:                                                             "permission denied",
		`CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE sql AS 'SELECT 1'`: "permission denied",
		`SET session_replication_role = replica`:                                                        "permission denied",
		`SELECT drop_partition('ledger_entries', ` + month + `)`:                                        "the ledger is never dropped",
		`SELECT detach_partition('ledger_entries', ` + month + `)`:                                      "is kept for 3653 days at least",
		`SELECT detach_ledger_month(` + month + `)`:                                                     "is kept for 3653 days at least",
		`SELECT drop_partition('order_history', ` + month + `)`:                                         "is kept for 3653 days at least",
		`SELECT drop_partition('orders', ` + month + `)`:                                                "table orders is not partitioned",
		`SELECT make_partition('customers; DROP TABLE customers', ` + month + `)`:                       "is not partitioned",
	} {
		_, err := db.Writer().ExecContext(t.Context(), query)
		refused := (*pgconn.PgError)(nil)
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, want) {
			t.Errorf("%s: %v; want %q", query, err, want)
		}
	}
}

// The functions that run as the owner look in their own schema, whatever the caller has put in their way.
func TestOwnersFunctionsLookInTheirOwnSchema(t *testing.T) {
	t.Parallel()
	users := storetest.PostgresUsers(t)
	db := open(t, users.Program)
	conn, err := db.Writer().Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), `
		CREATE TEMP TABLE retention (brand TEXT, kind TEXT, days BIGINT);
		CREATE TEMP TABLE order_history_2030_01 (id TEXT);
		CREATE FUNCTION pg_temp.partition_rule(parent TEXT, OUT kind TEXT, OUT days BIGINT, OUT by_column TEXT) LANGUAGE sql AS
			$$ SELECT 'orders', 0::BIGINT, 'at' $$`); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), `SELECT make_partition('order_history', 1893456000000000)`); err != nil { // January 2030
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), `SELECT drop_partition('order_history', 1893456000000000)`); err == nil || !strings.Contains(err.Error(), "3653 days") {
		t.Errorf("dropped: %v", err)
	}
	if months := monthsOf(t, db, "order_history"); !slices.Contains(months, "order_history_2030_01") {
		t.Errorf("made %v", months)
	}
}

func monthsOf(t *testing.T, db *store.DB, table string) (months []string) {
	t.Helper()
	err := db.Writer().SelectContext(t.Context(), &months, `
		SELECT m.relname FROM pg_inherits i JOIN pg_class m ON m.oid = i.inhrelid JOIN pg_class t ON t.oid = i.inhparent
		WHERE t.relname = $1 AND t.relnamespace = current_schema()::regnamespace ORDER BY 1`, table)
	if err != nil {
		t.Fatal(err)
	}
	return months
}

const longAgo = 1262304000000000 // January 2010

// stray inserts a row of a month that has no partition.
func stray(t *testing.T, handle *sqlx.DB, table string, at int64) {
	t.Helper()
	query := map[string]string{
		"ledger_entries": `INSERT INTO ledger_entries (brand, order_id, ordered_at, kind, at) VALUES ('demo', 'A', $1, 'credit', 1)`,
		"notices": `INSERT INTO notices (id, brand, channel, kind, address, language, about, order_id, ordered_at, due_at, created_at)
			VALUES ('n', 'demo', 'sms', 'sms', 'tel:+31', 'en', 'x', '', $1, 1, 1)`,
	}[table]
	if _, err := handle.ExecContext(t.Context(), query, at); err != nil {
		t.Fatal(err)
	}
}

// A row whose month is missing is caught, told of, and moved when the month is made; several copies may find it at once.
func TestStraysAreMovedWhenTheirMonthIsMade(t *testing.T) {
	t.Parallel()
	users := storetest.PostgresUsers(t)
	db := open(t, users.Program)
	stray(t, db.Writer(), "ledger_entries", longAgo)
	stray(t, db.Writer(), "notices", longAgo+40*86400e6) // another month
	strays, err := db.Partitions.Strays(t.Context())
	if err != nil || len(strays) != 2 || strays[0].Table != "ledger_entries" || strays[0].Rows != 1 || strays[0].First.Year() != 2010 {
		t.Fatalf("strays %+v, %v", strays, err)
	}
	now := time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	var moved int64
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			found, err := db.Partitions.Prepare(t.Context(), now)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, s := range found {
				moved += s.Rows
			}
		})
	}
	all.Wait()
	if left, err := db.Partitions.Strays(t.Context()); err != nil || len(left) > 0 || moved != 2 {
		t.Errorf("%d were moved, there are still %v, %v", moved, left, err)
	}
	want := []string{"ledger_entries_2010_01", "ledger_entries_2026_11", "ledger_entries_2026_12", "ledger_entries_2027_01",
		"ledger_entries_2027_02", "ledger_entries_2027_03", "ledger_entries_2027_04", "ledger_entries_default"}
	if months := monthsOf(t, db, "ledger_entries"); !slices.Equal(months, want) {
		t.Errorf("months %v; want %v", months, want)
	}
	var rows int
	if err := db.Writer().GetContext(t.Context(), &rows, `SELECT COUNT(*) FROM ledger_entries WHERE ordered_at = $1`, int64(longAgo)); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
	// Moving them has not opened the ledger.
	if _, err := open(t, users.Superuser).Writer().ExecContext(t.Context(), `DELETE FROM ledger_entries`); err == nil {
		t.Error("an entry was deleted")
	}
}

// A month goes only when its rule, and every brand that has rows in it, let it go. The ledger's is detached, and still there.
func TestAMonthThatIsKeptIsNotDropped(t *testing.T) {
	t.Parallel()
	users := storetest.PostgresUsers(t)
	db := open(t, users.Program)
	stray(t, db.Writer(), "ledger_entries", longAgo)
	stray(t, db.Writer(), "notices", longAgo)
	if _, err := db.Partitions.Prepare(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	drop := func(query, want string) {
		t.Helper()
		var done bool
		err := db.Writer().GetContext(t.Context(), &done, query, int64(longAgo))
		if got := err == nil && done; got != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", query, done, err, want)
		}
	}
	keep := func(kind string, days int) {
		t.Helper()
		if _, err := db.Writer().ExecContext(t.Context(), `INSERT INTO retention (brand, kind, days) VALUES ('demo', $1, $2)
			ON CONFLICT (brand, kind) DO UPDATE SET days = excluded.days`, kind, days); err != nil {
			t.Fatal(err)
		}
	}
	drop(`SELECT drop_partition('notices', $1)`, "has rows of brand demo, whose retention is not known")
	keep("news", 36500)
	drop(`SELECT drop_partition('notices', $1)`, "is kept by brand demo")
	keep("news", 400)
	drop(`SELECT drop_partition('notices', $1)`, "")
	if months := monthsOf(t, db, "notices"); slices.Contains(months, "notices_2010_01") {
		t.Errorf("still there: %v", months)
	}
	keep("ledger", 3653)
	drop(`SELECT drop_partition('ledger_entries', $1)`, "the ledger is never dropped")
	drop(`SELECT detach_partition('ledger_entries', $1)`, "")
	var rows int
	if err := open(t, users.Superuser).Writer().GetContext(t.Context(), &rows, `SELECT COUNT(*) FROM detached_ledger_entries_2010_01`); err != nil || rows != 1 {
		t.Errorf("the detached month has %d rows, %v", rows, err)
	}
	if err := db.Writer().GetContext(t.Context(), &rows, `SELECT COUNT(*) FROM detached_ledger_entries_2010_01`); err == nil {
		t.Error("the program's user reads what was detached")
	}
}

// Without an owner of its own everything works as one user; what is missing is said where it is set.
func TestWhoMigrates(t *testing.T) {
	t.Parallel()
	if owns, err := storetest.Postgres(t).OwnsSchema(t.Context()); err != nil || !owns {
		t.Errorf("one user for both owns the schema: %v, %v", owns, err)
	}
	if owns, err := storetest.SQLite(t).OwnsSchema(t.Context()); err != nil || owns {
		t.Errorf("SQLite: %v, %v", owns, err)
	}
	users := storetest.PostgresUsers(t)
	admin := open(t, users.Superuser).Writer()
	if _, err := admin.ExecContext(t.Context(), `DELETE FROM goose_db_version WHERE version_id > 0`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    store.Options
		want string
	}{
		{store.Options{}, "PULSA_MIGRATE_URL"},
		{store.Options{MigrateURL: users.Program}, "permission denied"},
		{store.Options{MigrateURL: "postgres://u:secret@127.0.0.1:port/x"}, "the url can't be read"},
		{store.Options{MigrateURL: storetest.PostgresURL(t)}, "another database or schema"},
	} {
		_, err := store.Open(t.Context(), users.Program, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: want %q", err, c.want)
		}
	}
}

// Copies that run go on when a newer program has migrated the schema: each migration leaves to the release before it what that reads and
// writes. Only a copy that starts is refused.
func TestRunningCopiesOutliveAMigration(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": t.TempDir() + "/pulsa.db", "postgres": ""} {
		t.Run(name, func(t *testing.T) {
			if url == "" {
				url = storetest.PostgresURL(t)
			}
			db := storetest.Opened(t, url)
			if _, err := db.Customers.Frozen(t.Context(), "demo"); err != nil { // its statements are prepared before
				t.Fatal(err)
			}
			for _, query := range []string{
				`ALTER TABLE orders ADD COLUMN later TEXT NOT NULL DEFAULT ''`, `ALTER TABLE customers ADD COLUMN later TEXT NOT NULL DEFAULT ''`,
				`ALTER TABLE outbox ADD COLUMN later TEXT NOT NULL DEFAULT ''`, `ALTER TABLE outbox_archive ADD COLUMN later TEXT NOT NULL DEFAULT ''`,
				`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9000, TRUE)`,
			} {
				if _, err := db.Writer().ExecContext(t.Context(), query); err != nil {
					t.Fatal(err)
				}
			}
			storetest.Fill(t, db, db.Writer())
			if _, err := db.Partitions.Prepare(t.Context(), time.Now()); err != nil {
				t.Errorf("its workers: %v", err)
			}
			if _, err := store.Open(t.Context(), url, store.Options{}); !errors.Is(err, store.ErrNewerSchema) {
				t.Errorf("a copy that starts: %v", err)
			}
		})
	}
}

// Forgetting drops whole months where no brand keeps any of it, and leaves those in which something has not ended.
func TestForgettingDropsWholeMonths(t *testing.T) {
	t.Parallel()
	users := storetest.PostgresUsers(t)
	db := open(t, users.Program)
	stray(t, db.Writer(), "ledger_entries", longAgo)
	stray(t, db.Writer(), "notices", longAgo) // which has not been told
	if _, err := db.Writer().ExecContext(t.Context(), `
		INSERT INTO transcripts (brand, address, sender, message_id, at, entry) VALUES ('demo', 'a', 'demo/x/a', 'm', $1, '')`, int64(longAgo)); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if n, err := db.Archives.Move(t.Context(), now, 9); err != nil || n != 1 {
		t.Fatalf("moved %d, %v", n, err)
	}
	if _, err := db.Partitions.Prepare(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if err := db.Retention.SetRetention(t.Context(), []*prepaid.Brand{{Name: "demo"}, {Name: "other"}}); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Retention.Forget(t.Context(), now, 9); err != nil || n != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
	for table, want := range map[string]bool{"ledger_entries": true, "notices": true, "transcripts_archive": false} {
		if got := slices.Contains(monthsOf(t, db, table), table+"_2010_01"); got != want {
			t.Errorf("%s has January 2010: %v", table, got)
		}
	}
	if _, err := db.Writer().ExecContext(t.Context(), `UPDATE notices SET told_at = 1`); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Retention.Forget(t.Context(), now, 9); err != nil || n != 1 || slices.Contains(monthsOf(t, db, "notices"), "notices_2010_01") {
		t.Errorf("once it was told: forgot %d, %v", n, err)
	}
}
