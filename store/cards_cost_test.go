package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
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
		Store: db.Cards, Releaser: db.Cards, Tries: db.CardTries, Jobs: db.CardJobs, Batches: db.CardJobs, Shelf: db.Cards, Codes: db.CardJobs, KeyChecks: db.CardKeys, Reports: db.CardReports, Clock: prepaid.SystemClock{},
		Brands: prepaid.NewBrands(costBrand()), Keys: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGeneratingCostsAtMostTwiceACopy(t *testing.T) {
	n, rounds := 10_000, 50 // so few take so little time that the machine's other work may disturb a round
	if big() {
		n, rounds = 1_000_000, 1
	}
	const most = 2.0
	for range rounds {
		if generatingToCopying(t, n) <= most {
			return
		}
	}
	t.Errorf("generating costs more than %.1f times a copy", most)
}

func generatingToCopying(t *testing.T, n int) float64 {
	t.Helper()
	url, copied := storetest.PostgresURL(t), storetest.PostgresURL(t)
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
	return ratio
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

// shelf fills a store with live cards of one batch, of two amounts and three resellers, half of which expire.
func shelf(t testing.TB, db *store.DB, n int) {
	t.Helper()
	empty, numbers, serial, mac := `''`, `generate_series(1, ?) AS s(i)`, `lpad(CAST(i AS TEXT), 8, '0')`, `decode(md5(CAST(i AS TEXT)), 'hex')`
	if db.Dialect() == store.SQLite {
		empty = `x''`
		numbers = `(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ?) SELECT i FROM s)`
		serial, mac = `printf('%08d', i)`, `CAST(i AS BLOB)`
	}
	w := db.Writer()
	_, err := w.ExecContext(t.Context(), w.Rebind(`
		INSERT INTO cards (brand, serial, series, number, currency, minor, state, reseller, created_at, expires_at, released_at,
			order_id, activated_at, activated_by, batch, export, mac, ciphertext, key_version)
		SELECT 'demo', '101-' || `+serial+`, '101', i, 'EUR', 1000 + i % 2, 'live', 'kiosk-' || i % 3, 1, i % 2 * 4000000000000000, 1,
			'', 0, '', 'batch', '', `+mac+`, `+empty+`, 1
		FROM `+numbers), n)
	if err != nil {
		t.Fatal(err)
	}
	analyze := `ANALYZE`
	if db.Dialect() == store.Postgres {
		analyze = `VACUUM ANALYZE cards`
	}
	if _, err := w.ExecContext(t.Context(), analyze); err != nil {
		t.Fatal(err)
	}
}

func explain(t *testing.T, db *store.DB, query string, args ...any) string {
	t.Helper()
	w := db.Writer()
	var lines []string
	if db.Dialect() == store.Postgres {
		if err := w.SelectContext(t.Context(), &lines, w.Rebind("EXPLAIN "+query), args...); err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	var steps []struct {
		ID, Parent, Notused int
		Detail              string
	}
	if err := w.SelectContext(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query, args...); err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		lines = append(lines, step.Detail)
	}
	return strings.Join(lines, "\n")
}

func TestAReservationIsOneIndexedStatement(t *testing.T) {
	db := openStore(t, storetest.PostgresURL(t))
	shelf(t, db, 10_000)
	plan := explain(t, db, store.ReserveCardSQL, "ORDER", "demo", "101-00000042", 1, "ORDER")
	if !strings.Contains(plan, "Index Scan using cards_pkey on cards") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("a reservation is not found by its key:\n%s", plan)
	}
}

func TestAShelfCostsTheSameWhereverOneLooks(t *testing.T) {
	race.Skip(t)
	n := 50_000
	if big() {
		n = 10_000_000
	}
	t.Run("SQLite", func(t *testing.T) {
		aShelfCostsTheSame(t, openStore(t, "sqlite:"+filepath.Join(t.TempDir(), "pulsa.db")), min(n, 1_000_000))
	})
	t.Run("PostgreSQL", func(t *testing.T) { aShelfCostsTheSame(t, openStore(t, storetest.PostgresURL(t)), n) })
}

func aShelfCostsTheSame(t *testing.T, db *store.DB, n int) {
	shelf(t, db, n)
	s, limit := cardService(t, db), max(n/10_000, 5)
	for _, by := range cards.Sorts() {
		if by == cards.ByActivated {
			continue // no card is: by its index like by expiry
		}
		for _, filter := range []cards.Filter{{Brand: "demo"}, {Brand: "demo", Series: "101", Statuses: []cards.Status{"new"}}} {
			found, err := s.Search(t.Context(), filter, cards.Page{Sort: by, Limit: limit, Last: true})
			if err != nil || found.Previous == nil {
				t.Fatalf("by %s: %+v, %v", by, found, err)
			}
			if plans := pagePlans(t, db, filter, by, found.Previous, limit); wasteful.MatchString(plans) {
				t.Errorf("by %s: not by an index in its order:\n%s", by, plans)
			}
			var first, before, end time.Duration
			same := false
			for rounds := 20; !same && rounds > 0; rounds-- { // the machine's other work may disturb one
				first = costOf(t, s, filter, cards.Page{Sort: by, Limit: limit})
				before = costOf(t, s, filter, cards.Page{Sort: by, Limit: limit, Before: found.Previous})
				end = costOf(t, s, filter, cards.Page{Sort: by, Limit: limit, Last: true})
				slack := 4*first + 5*time.Millisecond
				same = before <= slack && end <= slack
			}
			t.Logf("%d cards by %s: page 1 %s, the last but one %s, the last %s", n, by, first, before, end)
			if !same {
				t.Errorf("by %s: page 1 takes %s, the last but one %s, the last %s", by, first, before, end)
			}
		}
	}
}

// wasteful is in a plan that reads or sorts more than a page.
var wasteful = regexp.MustCompile(`Seq Scan|Sort|SCAN cards|TEMP B-TREE`)

// pagePlans tells how the page after a key is found.
func pagePlans(t *testing.T, db *store.DB, f cards.Filter, by cards.Sort, key *cards.Key, n int) string {
	t.Helper()
	f.Now = time.Now()
	plans := ""
	for _, s := range store.ListCardsSQL(db, f, by, false, key, n) {
		plans += explain(t, db, s.Query, s.Args...) + "\n"
	}
	return plans
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
		has, err := db.Cards.ReserveCard(b.Context(), "demo", fmt.Sprintf("101-%08d", i), prepaid.OrderID(fmt.Sprint("ORDER", i)), time.Now())
		if err != nil || !has {
			b.Fatal(has, err)
		}
	}
}
