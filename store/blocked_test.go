package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/scratch"
	"pulsa/store/storetest"
	"pulsa/topup"
)

// locked keeps a table of a PostgreSQL store from everybody until it is released.
func locked(t *testing.T, url, table string) (release func()) {
	t.Helper()
	other, err := sqlx.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := other.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = tx.Rollback(); _ = other.Close() })
	t.Cleanup(release)
	return release
}

// inTransaction is a context whose database work must end in d.
func within(t *testing.T, d time.Duration) context.Context {
	clock := prepaid.SystemClock{}
	return prepaid.WithTimeLimit(t.Context(), clock, clock.Now().Add(d))
}

// took reports how long something took.
func took(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// backends are the processes that serve a store's connections: a connection that was cut off is served by another.
func backends(t *testing.T, db *store.DB, n int) []int {
	t.Helper()
	var pids []int
	var held []*sqlx.Conn
	for range n {
		conn, err := db.Writer().Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
		var pid int
		if err := conn.GetContext(t.Context(), &pid, `SELECT pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	slices.Sort(pids)
	return pids
}

func TestABlockedTableIsAQuickNo(t *testing.T) {
	t.Parallel()
	const conns = 4
	url := storetest.PostgresURL(t)
	storetest.PostgresEmptied(t, url)
	db, err := store.Open(t.Context(), url, store.Options{MaxConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	before := backends(t, db, conns)
	release := locked(t, url, "orders")

	// What a turn asks of the table ends in its time, however many ask.
	const limit = 3 * time.Second
	ctx := within(t, limit)
	var all sync.WaitGroup
	for i := range 3 * conns {
		all.Go(func() {
			var err error
			d := took(func() {
				switch i % 3 {
				case 0:
					_, err = db.Orders.Latest(ctx, "demo", topup.Whose{MSISDN: "31612345678"}, 1)
				case 1:
					_, err = db.Orders.Order(ctx, "BBBBBBBBBB")
				default:
					_, _, err = db.Orders.Create(ctx, topup.NewOrder{Order: topup.Order{ID: "BBBBBBBBBB", Brand: "demo", MSISDN: "31612345678"}})
				}
			})
			if !errors.Is(err, prepaid.ErrBusy) || d > limit+2*time.Second {
				t.Errorf("after %s: %v, want busy", d, err)
			}
		})
	}
	// Who needs no order is served meanwhile.
	time.Sleep(200 * time.Millisecond)
	if d := took(func() { _, err = db.Customers.CustomerByAddress(ctx, "demo", "tel:+31612345678") }); !errors.Is(err, accounts.ErrNoCustomer) || d > time.Second {
		t.Errorf("another's look-up took %s: %v", d, err)
	}
	all.Wait()

	// What settles has no limit, and waits.
	settled := make(chan error, 1)
	go func() {
		_, err := db.Orders.Apply(prepaid.WithoutTimeLimit(ctx), topup.Change{Order: "BBBBBBBBBB", From: topup.Charging, To: []topup.Status{topup.Declined}})
		settled <- err
	}()
	select {
	case err := <-settled:
		t.Fatalf("a write that settles did not wait: %v", err)
	case <-time.After(limit + time.Second):
	}
	release()
	if err := <-settled; !errors.Is(err, topup.ErrNoOrder) {
		t.Errorf("a write that settles: %v, want that it finds no order", err)
	}
	pooled := os.Getenv(scratch.DirectURL) != "" // connections are PgBouncer's then
	if after := backends(t, db, conns); !pooled && !slices.Equal(before, after) {
		t.Errorf("connections %v became %v", before, after)
	}
}

// The limit ends with the transaction: whoever gets the connection next is not bound by it.
func TestALimitStaysInItsTransaction(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	storetest.PostgresEmptied(t, url)
	db, err := store.Open(t.Context(), url, store.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.OptOuts.OptedOut(within(t, time.Minute), "demo", "tel:+31612345678"); err != nil {
		t.Fatal(err)
	}
	var statement, lock string
	if err := db.Writer().QueryRowContext(t.Context(), `SELECT current_setting('statement_timeout'), current_setting('lock_timeout')`).Scan(&statement, &lock); err != nil {
		t.Fatal(err)
	}
	if statement != "0" || lock != "0" {
		t.Errorf("limits %s and %s are left behind", statement, lock)
	}
}

// TestABlockedFileIsAQuickNo has another process write to the file of the embedded store.
func TestABlockedFileIsAQuickNo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pulsa.db")
	if err := storetest.NewSQLite(path); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	other, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	tx, err := other.Writer().BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })

	const limit = 2 * time.Second
	settled := make(chan error, 1)
	go func() {
		settled <- db.OptOuts.SetOptOut(t.Context(), "demo", "tel:+31612345678", nil, true, time.Unix(1, 0))
	}()
	time.Sleep(100 * time.Millisecond) // it has the one connection that writes, and waits
	ctx := within(t, limit)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			var err error
			d := took(func() { err = db.OptOuts.SetOptOut(ctx, "demo", "tel:+31687654321", nil, true, time.Unix(1, 0)) })
			if !errors.Is(err, prepaid.ErrBusy) || d > limit+2*time.Second {
				t.Errorf("after %s: %v, want busy", d, err)
			}
		})
	}
	if d := took(func() { _, err = db.OptOuts.OptedOut(ctx, "demo", "tel:+31612345678") }); err != nil || d > time.Second {
		t.Errorf("a look-up took %s: %v", d, err)
	}
	all.Wait()
	time.Sleep(5 * time.Second) // longer than a turn would wait for the file
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-settled; err != nil {
		t.Errorf("a write without a limit: %v", err)
	}
	// Alone, a turn waits for the file itself.
	if tx, err = other.Writer().BeginTxx(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if d := took(func() {
		err = db.OptOuts.SetOptOut(within(t, limit), "demo", "tel:+31687654321", nil, true, time.Unix(1, 0))
	}); !errors.Is(err, prepaid.ErrBusy) || d > limit+2*time.Second {
		t.Errorf("alone, after %s: %v, want busy", d, err)
	}
	_ = tx.Rollback()
	if err := db.OptOuts.SetOptOut(within(t, limit), "demo", "tel:+31687654321", nil, true, time.Unix(1, 0)); err != nil {
		t.Errorf("when the file is free: %v", err)
	}
}
