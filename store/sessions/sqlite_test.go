package sessions_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"pulsa/conversation"
	"pulsa/store/sessions"
	"pulsa/store/sessions/sessionstest"
)

func TestSQLiteKeepsTheContract(t *testing.T) {
	sessionstest.Run(t, func(t *testing.T) sessionstest.Store { return sessions.NewSQLite(openSQLite(t)) })
}

// openSQLite opens a new file with the tables of the migration.
func openSQLite(t testing.TB) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "pulsa.db")+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	const name = "00101_sessions.sql"
	migration, err := os.ReadFile("../migrations/sqlite/" + name)
	if err != nil {
		t.Fatal(err)
	}
	alone := fstest.MapFS{name: {Data: migration}}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.DB, alone, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// turnAt has one whole turn of a sender.
func turnAt(ctx context.Context, store conversation.Sessions, now time.Time, sender, message string) error {
	begun, err := store.Begin(ctx, conversation.Begin{
		Sender: sender, MessageID: message, Token: "t", Now: now, LockFor: 30 * time.Second, LineUntil: now.Add(time.Second),
	})
	if err != nil || begun.Status != conversation.Yours {
		return fmt.Errorf("begin: %q, %w", begun.Status, err)
	}
	committed, err := store.Commit(ctx, conversation.Commit{
		Sender: sender, MessageID: message, Token: "t", Version: begun.Version, Now: now,
		Session: make([]byte, 1000), Memo: make([]byte, 300), Transcript: []byte("{}"),
		MemoFor: 48 * time.Hour, SessionFor: 30 * 24 * time.Hour,
	})
	if err != nil || committed.Status != conversation.Stored {
		return fmt.Errorf("commit: %q, %w", committed.Status, err)
	}
	return nil
}

func TestSQLiteCommitsSweepWhatHasLapsed(t *testing.T) {
	db := openSQLite(t)
	store := sessions.NewSQLite(db)
	now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	turn := func(sender string) {
		t.Helper()
		if err := turnAt(t.Context(), store, now, sender, fmt.Sprint("m", now.UnixMicro())); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		turn(fmt.Sprint("old", i))
	}
	now = now.Add(31 * 24 * time.Hour)
	for range 15 {
		now = now.Add(time.Second)
		turn("new")
	}
	for _, table := range []struct {
		name string
		want int
	}{{"session_senders", 1}, {"session_memos", 15}, {"session_line", 0}} {
		var rows int
		if err := db.Get(&rows, "SELECT COUNT(*) FROM "+table.name); err != nil {
			t.Fatal(err)
		}
		if rows != table.want {
			t.Errorf("%s has %d rows, want %d", table.name, rows, table.want)
		}
	}
}

func TestSQLiteSaveMayWriteToTheSameHandle(t *testing.T) {
	db := openSQLite(t)
	store := sessions.NewSQLite(db)
	if err := turnAt(t.Context(), store, time.UnixMicro(1), "s", "m"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	saved, err := store.DrainTranscripts(ctx, 10, func(ctx context.Context, _ []conversation.Transcript) error {
		_, err := db.ExecContext(ctx, "CREATE TABLE kept (entry BLOB)")
		return err
	})
	if err != nil || saved != 1 {
		t.Fatal(saved, err)
	}
}

func TestSQLiteWaitingWritesNothing(t *testing.T) {
	db := openSQLite(t)
	store := sessions.NewSQLite(db)
	now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	begin := func(message, token string) {
		t.Helper()
		_, err := store.Begin(t.Context(), conversation.Begin{
			Sender: "s", MessageID: message, Token: token, Now: now, LockFor: time.Minute, LineUntil: now.Add(time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := turnAt(t.Context(), store, now, "s", "answered"); err != nil {
		t.Fatal(err)
	}
	begin("m1", "a")
	begin("m2", "b")
	before := walSize(t, db)
	begin("m2", "b")
	begin("answered", "c")
	if after := walSize(t, db); after != before {
		t.Errorf("the log grew from %d to %d bytes", before, after)
	}
	begin("m3", "d")
	if after := walSize(t, db); after == before {
		t.Error("the log does not show writes, so this test proves nothing")
	}
}

func walSize(t *testing.T, db *sqlx.DB) int64 {
	t.Helper()
	var file string
	if err := db.Get(&file, "SELECT file FROM pragma_database_list WHERE name = 'main'"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func BenchmarkSQLiteTurn(b *testing.B) {
	benchmarkTurn(b, sessions.NewSQLite(openSQLite(b)))
}

// benchmarkTurn measures begin and commit of one turn, each of another message, of a thousand senders.
func benchmarkTurn(b *testing.B, store conversation.Sessions) {
	b.Helper()
	now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	for i := 0; b.Loop(); i++ {
		if err := turnAt(b.Context(), store, now, fmt.Sprint("s", i%1000), fmt.Sprint("m", i)); err != nil {
			b.Fatal(err)
		}
	}
}
