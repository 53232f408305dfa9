package cards_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

var tenEuros = prepaid.Money{Minor: 1000, Currency: "EUR"}

// world is a Service on a real store, in a time of its own.
type world struct {
	*cards.Service
	db    *store.DB
	dir   string
	clock *prepaid.VirtualClock
	log   *bytes.Buffer
}

func newWorld(t testing.TB) world {
	t.Helper()
	w := world{dir: t.TempDir(), log: new(bytes.Buffer)}
	w.clock = prepaid.NewVirtualClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	path := filepath.Join(w.dir, "pulsa.db")
	if err := storetest.NewSQLite(path); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	w.Service = w.service(t, nil)
	return w
}

// service returns another Service on the same store; set changes what it is made of.
func (w world) service(t testing.TB, set func(*cards.Config)) *cards.Service {
	t.Helper()
	c := cards.Config{
		Store: w.db.Cards, Releaser: w.db.Cards, Tries: w.db.CardTries, Jobs: w.db.CardJobs, Batches: w.db.CardJobs, Shelf: w.db.Cards, Codes: w.db.CardJobs, KeyChecks: w.db.CardKeys, Reports: w.db.CardReports, Clock: w.clock,
		Brands: prepaid.NewBrands(
			&prepaid.Brand{Name: "demo", Test: true, Currency: "EUR", Cards: prepaid.CardFormat{CodeLength: 14}},
			&prepaid.Brand{Name: "luhn", Currency: "EUR", Cards: prepaid.CardFormat{CodeLength: 14, Luhn: true}},
		),
		Keys:  prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}),
		Chunk: 50, // so that few cards are many chunks
		Log:   slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if set != nil {
		set(&c)
	}
	s, err := cards.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reseller creates one of brand demo.
func (w world) reseller(t *testing.T, name string) {
	t.Helper()
	if _, err := w.CreateReseller(t.Context(), cards.Reseller{Brand: "demo", Name: name}, prepaid.By{Who: "test", Why: "test"}); err != nil {
		t.Fatal(err)
	}
}

func (w world) wait(d time.Duration) { w.clock.AdvanceTo(w.clock.Now().Add(d)) }

// add stores a card of ten euros.
func (w world) add(t *testing.T, serial, code string, change ...func(*cards.Card)) {
	t.Helper()
	c := cards.Card{Serial: serial, Brand: "demo", Amount: tenEuros}
	for _, f := range change {
		f(&c)
	}
	if err := w.Add(t.Context(), c, prepaid.NewSecret(code)); err != nil {
		t.Fatal(err)
	}
}

func generated(c *cards.Card) { c.State = cards.Generated }

// together runs do n times at once and waits.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}
