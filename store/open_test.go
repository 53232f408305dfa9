package store_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// openURL names the variable that makes this test program another process of TestProcessesOpenAtOnce.
const openURL = "PULSA_TEST_OPEN_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(openURL); url != "" {
		os.Exit(openAndClose(url))
	}
	os.Exit(m.Run())
}

func openAndClose(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	db, err := store.Open(ctx, url, store.Options{})
	if err == nil {
		err = db.Channels.SetSwitch(ctx, operators.SwitchChange{Brand: "demo", Channel: "twilio", On: true, By: prepaid.By{Who: "test"}, At: time.Unix(1, 0)})
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error())
		return 1
	}
	return 0
}

func TestHandlesAndProcessesOpenAtOnce(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "new folder", "pulsa?#%.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := url(t)
			var done sync.WaitGroup
			for i := range 6 {
				done.Go(func() {
					if i%2 == 0 {
						if openAndClose(url) != 0 {
							t.Error("a handle failed")
						}
						return
					}
					other := exec.CommandContext(t.Context(), os.Args[0])
					other.Env = append(os.Environ(), openURL+"="+url)
					if out, err := other.CombinedOutput(); err != nil {
						t.Errorf("a process failed: %v\n%s", err, out)
					}
				})
			}
			done.Wait()
			db := open(t, url)
			var migrated int
			err := db.Writer().GetContext(t.Context(), &migrated,
				`SELECT COUNT(*) FROM goose_db_version WHERE version_id = 100`)
			if err != nil || migrated != 1 {
				t.Errorf("migrated %d times, %v; want once", migrated, err)
			}
		})
	}
}

func open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestAFileIsOursAlone(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(folder, "pulsa.db")
	db := open(t, "sqlite:"+path)
	if err := db.Channels.SetSwitch(t.Context(), operators.SwitchChange{Brand: "demo", Channel: "twilio", On: true, By: prepaid.By{Who: "test"}, At: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]os.FileMode{folder: 0o700, path: 0o600, path + "-wal": 0o600} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o; want %o", file, got, want)
		}
	}
}

func TestWhatIsNoStoreIsRefused(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                      "a file is needed",
		"sqlite:":               "a file is needed",
		":memory:":              "a file is needed",
		"mysql://u:secret@h/db": `"mysql" is neither`,
		"postgres://u:secret@127.0.0.1:1/db?connect_timeout=1": "open postgres",
		"postgres://u:secret@127.0.0.1:port/db":                "open postgres",
		"/dev/null/pulsa.db":                                   "not a directory",
	} {
		db, err := store.Open(t.Context(), url, store.Options{})
		switch {
		case err == nil:
			_ = db.Close()
			t.Errorf("%s was opened", url)
		case !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v; want %q", url, err, want)
		case strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: the error shows the password: %v", url, err)
		}
	}
}

func TestAClosedStoreAnswersNothing(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Ping(t.Context()); err == nil {
		t.Error("it answers a ping")
	}
	if err := db.Channels.SetSwitch(t.Context(), operators.SwitchChange{Brand: "demo", Channel: "twilio", On: true, By: prepaid.By{Who: "test"}, At: time.Unix(1, 0)}); err == nil {
		t.Error("it writes")
	}
	if _, err := db.Channels.Switches(t.Context()); err == nil {
		t.Error("it reads")
	}
}

func TestReadersSeeWhatWasCommittedAndNeverWaitForTheWriter(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	if err := db.Channels.SetSwitch(t.Context(), operators.SwitchChange{Brand: "demo", Channel: "twilio", On: true, By: prepaid.By{Who: "test"}, At: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Writer().BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `DELETE FROM channel_switches`); err != nil {
		t.Fatal(err)
	}
	on, err := db.Channels.Switches(t.Context())
	if err != nil || !on["demo/twilio"] {
		t.Errorf("read %v, %v", on, err)
	}
}
