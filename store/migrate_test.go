package store

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid/race"
)

// onlySQLite has the tables that no PostgreSQL has: conversations, which are Redis's there.
const onlySQLite = "00101_sessions.sql"

// Both dialects' migrations say the same: each statement of PostgreSQL's, translated, is one of SQLite's. Triggers are written
// differently; the same tables must have them.
func TestBothDialectsHaveTheSameSchema(t *testing.T) {
	postgres, sqlite := migrationFiles(t, "postgres"), migrationFiles(t, "sqlite")
	if want := append(slices.Clone(postgres), onlySQLite); !cmp.Equal(sorted(want), sqlite) {
		t.Fatalf("PostgreSQL has %v, SQLite %v", postgres, sqlite)
	}
	for _, name := range postgres {
		want, got := statements(t, "postgres", name), statements(t, "sqlite", name)
		if len(want) == 0 {
			t.Errorf("%s: no statement was read", name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: PostgreSQL's (-) is not SQLite's (+):\n%s", name, diff)
		}
	}
}

func sorted(list []string) []string { slices.Sort(list); return list }

func migrationFiles(t *testing.T, dialect string) []string {
	t.Helper()
	files, err := fs.ReadDir(migrations, path.Join("migrations", dialect))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	return sorted(names)
}

var (
	sqlComment = regexp.MustCompile(`--[^\n]*`)
	inBlock    = regexp.MustCompile(`(?s)-- \+goose StatementBegin\n(.*?)\n-- \+goose StatementEnd`)
	triggerOn  = regexp.MustCompile(`(?s)CREATE TRIGGER \w+ BEFORE (UPDATE OR DELETE|UPDATE|DELETE) ON (\w+)`)
	// partitionsOf are PostgreSQL's alone.
	partitionsOf = regexp.MustCompile(` PARTITION BY RANGE \(\w+\)|CREATE TABLE \w+_default PARTITION OF \w+ DEFAULT;`)
	spaces       = regexp.MustCompile(`\s+`)
	// notCompared are statements that one dialect alone has, or that are compared in other words.
	notCompared = regexp.MustCompile(`^(CREATE TRIGGER|DROP TRIGGER|CREATE FUNCTION)`)
	// dialectWords makes of both dialects one.
	dialectWords = strings.NewReplacer(
		"INTEGER PRIMARY KEY AUTOINCREMENT", "NUMBERED", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "NUMBERED",
		"BIGINT", "INTEGER", "BOOLEAN", "INTEGER", "BYTEA", "BLOB", ") STRICT", ")", ` COLLATE "C"`, "")
)

// statements are those of a migration, in their order, in words of no dialect.
func statements(t *testing.T, dialect, name string) []string {
	t.Helper()
	text, err := fs.ReadFile(migrations, path.Join("migrations", dialect, name))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, found := range triggerOn.FindAllStringSubmatch(string(text), -1) {
		for _, event := range strings.Split(found[1], " OR ") {
			list = append(list, "TRIGGER BEFORE "+event+" ON "+found[2])
		}
	}
	text = partitionsOf.ReplaceAll(text, nil)
	plain := sqlComment.ReplaceAllString(inBlock.ReplaceAllString(string(text), ""), "")
	for statement := range strings.SplitSeq(plain, ";") {
		statement = strings.TrimSpace(spaces.ReplaceAllString(dialectWords.Replace(spaces.ReplaceAllString(statement, " ")), " "))
		if statement != "" && !notCompared.MatchString(statement) {
			list = append(list, statement)
		}
	}
	return list
}

func TestADatabaseOfAnotherProgramIsRefusedUntouched(t *testing.T) {
	race.Skip(t)
	for _, c := range []struct {
		name    string
		version int
		want    error
	}{
		{"a newer one", 9000, ErrNewerSchema},
		{"one from before the first release", 27, ErrUnreleasedSchema},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pulsa.db")
			db, err := Open(t.Context(), "sqlite:"+file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			setVersion(t, db, c.version)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 { // refusing it changes nothing
				if db, err := Open(t.Context(), "sqlite:"+file, Options{}); !errors.Is(err, c.want) {
					t.Fatalf("opened %v, %v", db, err)
				}
			}
		})
	}
}

func setVersion(t *testing.T, db *DB, version int) {
	t.Helper()
	for _, query := range []string{`DELETE FROM goose_db_version WHERE version_id > 0`, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, TRUE)`} {
		args := []any{version}[:strings.Count(query, "?")]
		if _, err := db.Writer().ExecContext(context.WithoutCancel(t.Context()), query, args...); err != nil {
			t.Fatal(err)
		}
	}
}
