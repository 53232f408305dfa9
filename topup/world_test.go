package topup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
	"pulsa/topup"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const msisdn = prepaid.MSISDN("31612345678")

func eur(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "EUR"} }

// tester is what worlds need of *testing.T and *rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// world is a service over a real store, with a network and a gateway that do what a test tells them.
type world struct {
	tester
	clock  *prepaid.VirtualClock
	db     *store.DB
	orders *severed
	// applying keeps others away between a change and the reading of what it has written.
	applying sync.Mutex
	network  *network
	gateway  *gateway
	log      *bytes.Buffer
	moves    []string
	service  *topup.Service

	brand      *prepaid.Brand
	customer   prepaid.CustomerID
	instrument string
	holder     int            // who has the number, counted from 0
	setUpBy    map[string]int // instrument, holder
	crashAt    string         // the point at which the program crashes next
	sever      bool           // it goes on, but its store is cut off; otherwise it panics
	crashed    bool
	stallAt    string
	stall      func() // what happens when that point is reached
	reached    []string
	keys       int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOver(t, openStore(t, t.Cleanup), msisdn)
}

// openStore opens a store of its own.
func openStore(t tester, cleanup func(func())) *store.DB {
	t.Helper()
	folder, err := os.MkdirTemp("", "topup")
	if err != nil {
		t.Fatalf("make a folder: %v", err)
	}
	path := filepath.Join(folder, "pulsa.db")
	if err := storetest.NewSQLite(path); err != nil {
		t.Fatalf("make a store: %v", err)
	}
	vault, err := prepaid.NewVault(prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}), "tests")
	if err != nil {
		t.Fatalf("make a vault: %v", err)
	}
	db, err := store.Open(context.Background(), "sqlite:"+path, store.Options{Volatile: true, Vault: vault})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	cleanup(func() { _, _ = db.Close(), os.RemoveAll(folder) })
	return db
}

// worldOver makes a world for one customer of a store.
func worldOver(t tester, db *store.DB, m prepaid.MSISDN) *world {
	t.Helper()
	w := &world{tester: t, clock: prepaid.NewVirtualClock(noon), db: db, log: &bytes.Buffer{}}
	w.brand = &prepaid.Brand{Name: "demo", Network: "net", Currency: "EUR", Country: "NL",
		Amounts: prepaid.AmountRange{Min: eur(1000), Max: eur(5000), Step: eur(500)}}
	w.network = &network{w: w, credited: map[string]int{}, visible: map[string]time.Time{}}
	w.gateway = &gateway{w: w, charges: map[prepaid.ChargeID]*money{}}
	c, err := storetest.Payer(context.Background(), db, "demo", m, noon)
	if err != nil {
		t.Fatalf("register customer: %v", err)
	}
	w.customer, w.instrument = c.ID, string(c.Pays.ID)
	w.setUpBy = map[string]int{w.instrument: 0}
	w.start()
	return w
}

// start makes a new service over the same store, as a restarted program does.
func (w *world) start() {
	w.orders = &severed{Orders: w.db.Orders, w: w}
	orders := w.orders
	w.service = topup.New(topup.Config{
		Orders: orders, Finder: w.db.Orders, Clock: w.clock, Deeds: w.db.Deeds, Patience: func(string) time.Duration { return 8 * time.Second },
		Networks: map[string]topup.Network{"net": w.network},
		Fundings: map[topup.FundingKind]topup.Funding{
			topup.ByCharge: w.gateway, topup.ByCard: w.gateway,
			topup.ByDeveloper: developers.Funding{Order: w.db.Orders.Order, Catalogue: func(string) developers.Catalogue { return w.network }},
		},
		Brands: prepaid.NewBrands(w.brand),
		Log:    slog.New(slog.NewTextHandler(w.log, nil)),
		Reached: func(point string) {
			w.reached = append(w.reached, point)
			if stall := w.stall; stall != nil && point == w.stallAt {
				w.stall = nil
				stall()
			}
			if point != w.crashAt {
				return
			}
			w.crashAt, w.crashed = "", true
			if !w.sever {
				panic("crash after " + point)
			}
			orders.cut.Store(true)
		},
		Moved: func(_ string, from, to topup.Status) { w.moves = append(w.moves, string(from)+" > "+string(to)) },
	})
}

// severed is a store that a crashed program no longer reaches.
type severed struct {
	topup.Orders
	w     *world
	cut   atomic.Bool
	clash int // how many ids are taken
}

var errCut = errors.New("store is cut off")

func (s *severed) Create(ctx context.Context, n topup.NewOrder) (topup.Order, bool, error) {
	if s.clash > 0 {
		s.clash--
		return topup.Order{}, false, topup.ErrOrderIDTaken
	}
	return s.Orders.Create(ctx, n)
}

// Apply checks of every change that a saga makes that the order is stored as Order.Apply makes it.
func (s *severed) Apply(ctx context.Context, c topup.Change) (bool, error) {
	if s.cut.Load() {
		return false, errCut
	}
	s.w.applying.Lock()
	defer s.w.applying.Unlock()
	before, err := s.Order(ctx, c.Order)
	if err != nil {
		return false, err
	}
	moved, err := s.Orders.Apply(ctx, c)
	if !moved || err != nil {
		return moved, err
	}
	stored, err := s.Order(ctx, c.Order)
	if err == nil {
		storetest.SameAsApplied(s.w, before, c, stored)
	}
	return moved, err
}

func (s *severed) Claim(ctx context.Context, now, until time.Time, n int) ([]topup.History, error) {
	s.w.applying.Lock()
	defer s.w.applying.Unlock()
	return s.Orders.Claim(ctx, now, until, n)
}

// run carries work out under the virtual clock.
func (w *world) run(work func(ctx context.Context)) {
	w.Helper()
	if err := w.clock.Run(func() { work(context.Background()) }); err != nil {
		w.Fatalf("run: %v", err)
	}
}

func (w *world) request() topup.Request {
	w.keys++
	return topup.Request{
		Brand: "demo", Customer: w.customer, MSISDN: msisdn, Amount: eur(1000),
		Funding:      topup.FundingRef{Kind: topup.ByCharge, Ref: w.instrument, Provider: "sim", Method: "card"},
		OperationKey: fmt.Sprint("message ", w.keys), AuthorisedBy: "pin", Patience: 8 * time.Second, Confirmed: true,
		ReplyTo: topup.ReplyTo{Channel: "fake", Kind: "sms", Address: msisdn.Tel(), Language: "en"},
	}
}

// sepa is a request paid by a direct debit.
func (w *world) sepa() topup.Request {
	r := w.request()
	r.Funding.Method = "sepa"
	return r
}

func (w *world) place(r topup.Request) topup.Order {
	w.Helper()
	var o topup.Order
	var err error
	w.run(func(ctx context.Context) { o, err = w.service.Place(ctx, r) })
	if err != nil {
		w.Fatalf("place: %v", err)
	}
	return o
}

// work does all due work until d from now has passed, and reports whether nothing is left to do.
func (w *world) work(d time.Duration) bool {
	w.Helper()
	end := w.clock.Now().Add(d)
	for range 10_000 {
		var next time.Time
		w.run(func(ctx context.Context) {
			_, err := w.service.RunDue(ctx)
			if err == nil {
				next, err = w.service.NextDue(ctx)
			}
			if err != nil {
				w.Errorf("due work: %v", err)
			}
		})
		if w.crashed {
			w.crashed = false
			w.start()
		}
		due := !next.IsZero()
		if timer, ok := w.clock.Next(); ok && (!due || timer.Before(next)) {
			next = timer // a call in flight may make something due
		}
		if next.IsZero() || next.After(end) {
			w.clock.AdvanceTo(end)
			return !due
		}
		w.clock.AdvanceTo(next)
	}
	w.Fatalf("due work never ends")
	return false
}

func (w *world) hint(id prepaid.ChargeID) {
	w.Helper()
	var err error
	w.run(func(ctx context.Context) { err = w.service.ChargeChanged(ctx, id) })
	if err != nil {
		w.Errorf("charge changed: %v", err)
	}
}

func (w *world) history(id prepaid.OrderID) topup.History {
	w.Helper()
	h, err := w.service.Order(context.Background(), id)
	if err != nil {
		w.Fatalf("order: %v", err)
	}
	return h
}

func (w *world) wantStatus(id prepaid.OrderID, want topup.Status) topup.History {
	w.Helper()
	h := w.history(id)
	if h.Status != want {
		w.Fatalf("order is %s (%s), want %s; attempts %+v", h.Status, h.Reason, want, h.Attempts)
	}
	if want.Ended() && want != topup.RefundFailed && (!h.RunAt.IsZero() || h.NeedsHuman) {
		w.Errorf("%s order is still due at %s, needs human: %v", want, h.RunAt, h.NeedsHuman)
	}
	return h
}

// wantBooks compares the other sides' books: how often money was taken and given back, airtime credited.
func (w *world) wantBooks(h topup.History, charged, refunded, credited int) {
	w.Helper()
	m := w.gateway.of(h.Charge.ID)
	if m.taken != charged || m.given != refunded || w.network.credited[string(h.ID)] != credited {
		w.Errorf("charged %d times, refunded %d, credited %d; want %d, %d, %d",
			m.taken, m.given, w.network.credited[string(h.ID)], charged, refunded, credited)
	}
}

// balances sums the order's postings by account, and checks that every entry sums to zero.
func (w *world) balances(id prepaid.OrderID) map[string]int64 {
	w.Helper()
	rows, err := w.db.Writer().DB.Query(`SELECT kind, account, currency, minor FROM ledger_postings WHERE order_id = ?`, string(id))
	if err != nil {
		w.Fatalf("read ledger: %v", err)
	}
	defer rows.Close()
	balances, sums := map[string]int64{}, map[string]int64{}
	for rows.Next() {
		var kind, account, currency string
		var minor int64
		if err := rows.Scan(&kind, &account, &currency, &minor); err != nil {
			w.Fatalf("read ledger: %v", err)
		}
		balances[account] += minor
		sums[kind+" "+currency] += minor
	}
	for entry, sum := range sums {
		if sum != 0 {
			w.Errorf("entry %s of order %s sums to %d", entry, id, sum)
		}
	}
	for account, balance := range balances {
		if balance == 0 {
			delete(balances, account)
		}
	}
	return balances
}

// notices returns what is to be told of an order: kind and time from noon.
func (w *world) notices(id prepaid.OrderID) []string {
	w.Helper()
	rows, err := w.db.Writer().DB.Query(`SELECT about, due_at FROM notices WHERE order_id = ? ORDER BY due_at, id`, string(id))
	if err != nil {
		w.Fatalf("read notices: %v", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var about string
		var due int64
		if err := rows.Scan(&about, &due); err != nil {
			w.Fatalf("read notices: %v", err)
		}
		all = append(all, fmt.Sprintf("%s at %s", about, prepaid.FromMicros(due).Sub(noon)))
	}
	return all
}

// tell marks an order's notices as told, as the turn does that carried the news.
func (w *world) tell(id prepaid.OrderID) {
	w.Helper()
	h, err := w.db.Orders.Order(context.Background(), id)
	if err != nil {
		w.Fatalf("read order: %v", err)
	}
	ids, err := w.db.Notices.NoticesOf(context.Background(), id, h.Status)
	if err == nil {
		err = w.db.Notices.MarkTold(context.Background(), prepaid.Told{Notices: ids}, w.clock.Now())
	}
	if err != nil {
		w.Fatalf("mark told: %v", err)
	}
}

// orderOf returns the order of a charge.
func (w *world) orderOf(id string) prepaid.OrderID {
	w.Helper()
	h, err := w.db.Orders.ByCharge(context.Background(), prepaid.ChargeID(id))
	if err != nil {
		w.Fatalf("order of charge: %v", err)
	}
	return h.ID
}
