package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// big is set where the tests of cost run at full size; otherwise they run at a hundredth.
func big() bool { return os.Getenv("PULSA_BIG") == "1" }

func costBrand() *prepaid.Brand {
	return &prepaid.Brand{Name: "demo", Currency: "EUR", Cards: prepaid.CardFormat{CodeLength: 14}}
}

func cardService(t testing.TB, db *store.DB) *cards.Service {
	t.Helper()
	s, err := cards.New(cards.Config{
		Store: db, Releaser: db, Tries: db, Jobs: db, Batches: db, Shelf: db, Codes: db, Reports: db, Clock: prepaid.SystemClock{},
		Brands: map[string]*prepaid.Brand{"demo": costBrand()}, Keys: cards.Keys{1: prepaid.NewSecret(strings.Repeat("k", 32))},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGeneratingCostsAtMostTwiceACopy(t *testing.T) {
	url, copied := storetest.PostgresURL(t), storetest.PostgresURL(t)
	n, most := 10_000, 4.0 // so few take less time than the machine's other work disturbs
	if big() {
		n, most = 1_000_000, 2.0
	}
	db := openStore(t, url)
	begun := time.Now()
	err := cardService(t, db).Generate(t.Context(), cards.GenerateRequest{
		Brand: "demo", Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, Quantity: n, Series: "101",
		ExpiresAt: begun.AddDate(1, 0, 0),
	}, nil)
	generating := time.Since(begun)
	if err != nil {
		t.Fatal(err)
	}
	copying := copyTable(t, url, copied, n)
	ratio := generating.Seconds() / copying.Seconds()
	t.Logf("%d cards: generated in %s, copied in %s: %.2f times", n, generating, copying, ratio)
	if ratio > most {
		t.Errorf("generating costs %.2f times a copy; want %.1f at most", ratio, most)
	}
}

func openStore(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// copyTable copies the cards of one store into another, empty one, and returns how long the second half took: the
// same rows into the same table with the same indexes.
func copyTable(t *testing.T, from, to string, n int) time.Duration {
	t.Helper()
	openStore(t, to)
	path := filepath.Join(t.TempDir(), "cards")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	source, err := pgx.Connect(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close(t.Context()) }()
	if _, err := source.PgConn().CopyTo(t.Context(), file, "COPY cards TO STDOUT (FORMAT binary)"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	target, err := pgx.Connect(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close(t.Context()) }()
	begun := time.Now()
	tag, err := target.PgConn().CopyFrom(t.Context(), file, "COPY cards FROM STDIN (FORMAT binary)")
	took := time.Since(begun)
	if err != nil || tag.RowsAffected() != int64(n) {
		t.Fatalf("%d copied, %v", tag.RowsAffected(), err)
	}
	return took
}

// shelf fills a store with live cards of one batch.
func shelf(t testing.TB, db *store.DB, n int) {
	t.Helper()
	w := db.Writer()
	_, err := w.ExecContext(t.Context(), w.Rebind(`
		INSERT INTO cards (brand, serial, series, number, currency, minor, state, reseller, created_at, expires_at, released_at,
			order_id, activated_at, activated_by, batch, export, mac, ciphertext, key_version)
		SELECT 'demo', '101-' || lpad(CAST(i AS TEXT), 8, '0'), '101', i, 'EUR', 1000, 'live', '', 1, 0, 1,
			'', 0, '', 'batch', '', decode(md5(CAST(i AS TEXT)), 'hex'), '', 1
		FROM generate_series(1, ?) AS i`), n)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ExecContext(t.Context(), `VACUUM ANALYZE cards`); err != nil {
		t.Fatal(err)
	}
}

func explain(t *testing.T, db *store.DB, query string, args ...any) string {
	t.Helper()
	w := db.Writer()
	var lines []string
	if err := w.SelectContext(t.Context(), &lines, w.Rebind("EXPLAIN "+query), args...); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestAShelfCostsTheSameWhereverOneLooks(t *testing.T) {
	const pages = 10_000
	n := 100_000
	if big() {
		n = 10_000_000
	}
	db := openStore(t, storetest.PostgresURL(t))
	shelf(t, db, n)

	plan := explain(t, db, store.ReserveCardSQL, "ORDER", "demo", "101-00000042", 1, "ORDER")
	if !strings.Contains(plan, "Index Scan using cards_pkey on cards") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("a reservation is not found by its key:\n%s", plan)
	}
	s, limit := cardService(t, db), n/pages
	for _, by := range []cards.Sort{cards.BySerial, cards.ByCreated} {
		last := int64((pages - 1) * limit)
		key := &cards.Key{At: 1, Series: "101", Number: last, Serial: fmt.Sprintf("101-%08d", last)}
		for _, filter := range []cards.Filter{{Brand: "demo"}, {Brand: "demo", Series: "101", Statuses: []cards.Status{"new"}}} {
			query, args := store.ListCardsSQL(filter, by, false, key, limit)
			if plan := explain(t, db, query, args...); strings.Contains(plan, "Seq Scan") {
				t.Errorf("by %s: not by an index:\n%s", by, plan)
			}
			first := costOf(t, s, filter, cards.Page{Sort: by, Limit: limit})
			deep := costOf(t, s, filter, cards.Page{Sort: by, Limit: limit, After: key})
			end := costOf(t, s, filter, cards.Page{Sort: by, Limit: limit, Last: true})
			t.Logf("%d cards by %s: page 1 %s, page %d %s, the last %s", n, by, first, pages, deep, end)
			if slack := 2*first + 2*time.Millisecond; deep > slack || end > slack {
				t.Errorf("by %s: page 1 takes %s, page %d %s, the last %s", by, first, pages, deep, end)
			}
		}
	}
}

// costOf is the shortest time of a page: what it takes when nothing else runs.
func costOf(t *testing.T, s *cards.Service, f cards.Filter, p cards.Page) time.Duration {
	t.Helper()
	times := make([]time.Duration, 15)
	for i := range times {
		begun := time.Now()
		l, err := s.Search(t.Context(), f, p)
		times[i] = time.Since(begun)
		if err != nil || len(l.Cards) != p.Limit {
			t.Fatalf("%d cards, %v", len(l.Cards), err)
		}
	}
	return slices.Min(times)
}

func BenchmarkReserveCard(b *testing.B) {
	db := openStore(b, storetest.PostgresURL(b))
	n := 100_000
	shelf(b, db, n)
	i := 0
	for b.Loop() {
		i++
		if i > n {
			b.Fatal("no card is left")
		}
		has, err := db.ReserveCard(b.Context(), "demo", fmt.Sprintf("101-%08d", i), prepaid.OrderID(fmt.Sprint("ORDER", i)), time.Now())
		if err != nil || !has {
			b.Fatal(has, err)
		}
	}
}
