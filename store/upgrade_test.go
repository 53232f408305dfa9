package store_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"pulsa/prepaid/race"
	"pulsa/store"
	"pulsa/store/storetest"
)

// release is the version whose filled database a run of TestUpgrade stores: "0.1.0".
var release = flag.String("release", "", "store the filled databases of this version in testdata/upgrade")

const upgradeFolder = "testdata/upgrade"

// databases are the two kinds, and how an empty one is made.
var databases = map[string]func(*testing.T) string{
	"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "pulsa.db") },
	"postgres": func(t *testing.T) string { return storetest.PostgresURL(t) },
}

// Each release's filled database starts under this program, and goes on. testdata/upgrade has a folder for each release, with its
// migrations as they were and a dump of its rows; what this program would leave behind is tried too.
func TestUpgrade(t *testing.T) {
	race.Skip(t)
	t.Parallel()
	versions, err := os.ReadDir(upgradeFolder)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for database, empty := range databases {
		for _, v := range versions {
			t.Run(v.Name()+" "+database, func(t *testing.T) { upgrade(t, filepath.Join(upgradeFolder, v.Name(), database), empty(t)) })
		}
		t.Run("this program "+database, func(t *testing.T) {
			folder := t.TempDir()
			if *release != "" {
				folder = filepath.Join(upgradeFolder, *release, database)
			}
			dumpFilled(t, folder, database, empty(t))
			upgrade(t, folder, empty(t))
		})
	}
}

// A release without its database could never be upgraded from in a test: the changelog says which there are.
func TestEachReleaseHasItsDatabase(t *testing.T) {
	text, err := os.ReadFile("../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindAllStringSubmatch(string(text), -1) {
		for database := range databases {
			folder := filepath.Join(upgradeFolder, found[1], database)
			if _, err := os.Stat(filepath.Join(folder, "rows.sql")); err != nil {
				t.Errorf("%v: run go test ./store -run TestUpgrade -release %s, with PostgreSQL at hand", err, found[1])
				continue
			}
			compareMigrations(t, folder, database)
		}
	}
}

// compareMigrations fails where a migration that was released is another now.
func compareMigrations(t *testing.T, folder, database string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "0*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		was, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if is, err := os.ReadFile(filepath.Join("migrations", database, filepath.Base(f))); err != nil || string(is) != string(was) {
			t.Errorf("%s was released and is another now (%v): databases have it as it was", f, err)
		}
	}
}

// dumpFilled fills an empty database and writes its migrations and its rows to a folder.
func dumpFilled(t *testing.T, folder, database, url string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	migrations := os.DirFS(filepath.Join("migrations", database))
	files, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var schema strings.Builder
	for _, f := range files {
		text, err := fs.ReadFile(migrations, f)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, f), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		schema.Write(text)
	}
	db := storetest.Opened(t, url)
	storetest.Fill(t, db, db.Writer())
	var rows strings.Builder
	for _, table := range regexp.MustCompile(`(?m)^CREATE TABLE (\w+) \(`).FindAllStringSubmatch(schema.String(), -1) {
		if strings.Contains(schema.String(), "\nDROP TABLE "+table[1]+";") {
			continue // its rows have moved
		}
		n := dumpTable(t, &rows, db, table[1])
		if n == 0 && !slices.Contains(unfilled, table[1]) {
			t.Errorf("%s is empty: storetest.Fill must put something into it", table[1])
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "rows.sql"), []byte(rows.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dumpTable writes an INSERT for each row of a table.
func dumpTable(t *testing.T, into *strings.Builder, db *store.DB, table string) (n int) {
	t.Helper()
	columns := columnsOf(t, db, table)
	quote, override := "quote(%s)", ""
	if db.Dialect() == store.Postgres {
		quote, override = "quote_nullable(CAST(%s AS TEXT))", " OVERRIDING SYSTEM VALUE"
	}
	literals := make([]string, len(columns))
	for i, c := range columns {
		literals[i] = fmt.Sprintf(quote, c)
	}
	var rows []string
	if err := db.Writer().SelectContext(t.Context(), &rows, "SELECT "+strings.Join(literals, " || ', ' || ")+" FROM "+table+" ORDER BY 1"); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		fmt.Fprintf(into, "INSERT INTO %s (%s)%s VALUES (%s);\n", table, strings.Join(columns, ", "), override, row)
	}
	return len(rows)
}

func columnsOf(t *testing.T, db *store.DB, table string) []string {
	t.Helper()
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

// upgrade loads a release's database, opens it with this program, compares the rows, and goes on with it.
func upgrade(t *testing.T, folder, url string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "rows.sql"))
	if err != nil {
		t.Fatal(err)
	}
	load(t, folder, url, string(text))
	db := storetest.Opened(t, url)
	want := map[string]int{}
	for _, found := range regexp.MustCompile(`(?m)^INSERT INTO (\w+) `).FindAllStringSubmatch(string(text), -1) {
		want[found[1]]++
	}
	if len(want) < 30 {
		t.Errorf("%s has rows of %d tables alone", folder, len(want))
	}
	for table, n := range want {
		var got int
		if err := db.Writer().GetContext(t.Context(), &got, "SELECT COUNT(*) FROM "+table); err != nil || got != n {
			t.Errorf("%s had %d rows, and has %d, %v", table, n, got, err)
		}
	}
	storetest.GoOn(t, db, db.Writer())
}

// load makes the database of a release: its own migrations, then its rows.
func load(t *testing.T, folder, url, rows string) {
	t.Helper()
	driver, dialect, address := "sqlite", goose.DialectSQLite3, "file:"+strings.TrimPrefix(url, "sqlite:")
	if strings.HasPrefix(url, "postgres") {
		driver, dialect, address = "pgx", goose.DialectPostgres, url
	}
	handle, err := sqlx.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	provider, err := goose.NewProvider(dialect, handle.DB, onlyMigrations{os.DirFS(folder)}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := handle.ExecContext(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if driver == "pgx" { // what the database numbers goes on after the rows
		for _, numbered := range [][2]string{{"outbox", "seq"}, {"card_audit", "seq"}, {"developer_sales", "number"}} {
			query := fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%[1]s', '%[2]s'), (SELECT COALESCE(MAX(%[2]s), 1) FROM %[1]s))", numbered[0], numbered[1])
			if _, err := handle.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// onlyMigrations hides the rows, which are no migration.
type onlyMigrations struct{ fs.FS }

// Glob implements fs.GlobFS.
func (f onlyMigrations) Glob(pattern string) ([]string, error) {
	names, err := fs.Glob(f.FS, pattern)
	return slices.DeleteFunc(names, func(name string) bool { return name == "rows.sql" }), err
}

// unfilled are tables that Fill leaves empty: conversations, which last for hours, and what only runs of a server have.
var unfilled = []string{"copies", "session_senders", "session_line", "session_memos", "session_transcripts"}
