package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

func twoCards(t *testing.T, db *store.DB) {
	t.Helper()
	for _, serial := range []string{"7-1", "7-2"} {
		_, err := db.Cards.SaveCards(t.Context(), []cards.Sealed{{
			Card: cards.Card{Brand: "b", Serial: serial, Series: "7", Amount: prepaid.Money{Minor: 100, Currency: "EUR"}, State: cards.Live, CreatedAt: time.Unix(1, 0)},
			MAC:  []byte(serial), Ciphertext: []byte(serial), KeyVersion: 1,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func lockCards(ctx context.Context, db *store.DB) (cards.Job, error) {
	f := cards.Filter{Brand: "b"}
	j, err := db.CardJobs.StartCardJob(ctx, cards.Job{ID: prepaid.NewID[cards.JobID](), Brand: "b", Kind: cards.KindEdit, State: cards.UnderWay, By: "ann", Total: 2}, prepaid.By{Who: "ann"})
	if err != nil {
		return j, err
	}
	return db.Cards.EditCards(ctx, cards.Chunk{Job: j, Now: time.Unix(2, 0)}, f, cards.Change{Action: cards.Lock}, 10)
}

// waits returns as soon as somebody waits for the rows of others.
func waits(t *testing.T, db *store.DB) {
	t.Helper()
	for {
		var n int
		err := db.Writer().GetContext(t.Context(), &n, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// Which of two transactions that wait for each other is undone is for PostgreSQL to choose: until it is the edit, both are
// made again.
func TestAnEditThatWaitsInARingIsBegunAnew(t *testing.T) {
	t.Parallel()
	db := storetest.PostgresEmptied(t, storetest.PostgresURL(t))
	twoCards(t, db)
	for {
		other, err := db.Writer().BeginTxx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		touch := func(serial string) error {
			_, err := other.ExecContext(t.Context(), `UPDATE cards SET state = 'live' WHERE serial = $1`, serial)
			return err
		}
		if err := touch("7-2"); err != nil {
			t.Fatal(err)
		}
		type result struct {
			j   cards.Job
			err error
		}
		edited := make(chan result, 1)
		go func() {
			j, err := lockCards(t.Context(), db)
			edited <- result{j, err}
		}()
		waits(t, db) // the edit has the first card and wants the second
		err = touch("7-1")
		if err == nil {
			err = other.Commit()
		}
		_ = other.Rollback()
		got := <-edited
		if got.err != nil || got.j.Done != 2 {
			t.Fatalf("edited %d: %v", got.j.Done, got.err)
		}
		undone := (*pgconn.PgError)(nil)
		if err == nil {
			return
		}
		if !errors.As(err, &undone) {
			t.Fatal(err)
		}
		if _, err := db.Writer().ExecContext(t.Context(), `UPDATE cards SET state = 'live'`); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAChunkWaitsForAFileThatOthersKeep(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pulsa.db")
	if err := storetest.NewSQLite(path); err != nil {
		t.Fatal(err)
	}
	open := func() *store.DB {
		db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Volatile: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	db, others := open(), open()
	twoCards(t, db)
	if _, err := db.Writer().ExecContext(t.Context(), `PRAGMA busy_timeout = 0`); err != nil {
		t.Fatal(err)
	}
	kept, err := others.Writer().BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	err = store.Again(t.Context(), func() error {
		if tries++; tries == 2 {
			_ = kept.Rollback()
		}
		tx, err := db.Writer().BeginTxx(t.Context(), nil)
		if err != nil {
			return err
		}
		defer func(tx *sqlx.Tx) { _ = tx.Rollback() }(tx)
		return tx.Commit()
	})
	if err != nil || tries != 2 {
		t.Errorf("%d tries: %v", tries, err)
	}
}
