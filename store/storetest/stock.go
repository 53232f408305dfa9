package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

var stockTests = []test{
	{"statements close and the ledger owes what is on sale, whatever happens to cards", func(w *world) {
		h := newStockHistory(w, rand.Uint64())
		for range 60 {
			h.step()
			h.check()
		}
	}},
	{"a return leaves what was delivered", func(w *world) {
		h := newStockHistory(w, 1)
		h.generate("")
		h.move(cards.Delivered, "", "kiosk")
		h.clock.AdvanceTo(h.clock.Now().Add(time.Hour))
		h.move(cards.Returned, "kiosk", "")
		got := must[[]cards.StatementLine](w)(h.s.StatementOf(w.Context(), brand, "kiosk", cards.Span{From: start, To: h.clock.Now().Add(time.Hour)}))
		n := cards.Sum{Cards: 20, Minor: 20000}
		same(w, "statement", got, []cards.StatementLine{{Currency: "EUR", Delivered: n, Returned: cards.Sum{Cards: -20, Minor: -20000}}})
	}},
	{"the books of cards can't be changed", func(w *world) {
		w.card("101-1")
		for _, statement := range []string{`UPDATE card_movements SET cards = 2`, `DELETE FROM card_movements`} {
			if err := w.try(statement); err == nil {
				w.Errorf("%s: done", statement)
			}
		}
	}},
	{"an expiry is booked once, a chunk at a time, by whoever comes", func(w *world) {
		for i := range 7 {
			w.card(fmt.Sprintf("101-%d", i+1))
		}
		w.redeemed("101-1")
		later := start.AddDate(2, 0, 0)
		booked := make([]int, 4)
		together(len(booked), func(i int) {
			for n := 1; n > 0; booked[i] += n {
				var err error
				if n, err = w.db.CardStock.LapseCards(w.Context(), brand, later, 2); err != nil {
					w.Error(err)
				}
			}
		})
		same(w, "booked", booked[0]+booked[1]+booked[2]+booked[3], 6)
		same(w, "rows", w.column(`SELECT CAST(SUM(cards) AS TEXT) FROM card_movements WHERE kind = 'expired'`), "6")
		w.clean()
	}},
	{"the audit finds a card that the books do not have, and a liability that is another", func(w *world) {
		w.card("101-1")
		w.clean()
		w.exec(`UPDATE cards SET state = 'void' WHERE serial = '101-1'`)
		same(w, "violations", w.invariants(), "12 12")
		w.exec(`UPDATE cards SET state = 'live' WHERE serial = '101-1'`)
		w.exec(`INSERT INTO ledger_entries (brand, order_id, ordered_at, kind, at) VALUES ('demo', 'x', 1, 'y', 1)`)
		for n, account := range []string{"suspense", "card_liability"} {
			w.exec(`INSERT INTO ledger_postings (brand, order_id, ordered_at, kind, number, account, currency, minor) VALUES ('demo', 'x', 1, 'y', ?, ?, 'EUR', ?)`,
				n, account, 100-200*n)
		}
		same(w, "violations", w.invariants(), "12")
	}},
	{"what an earlier program has left is opened so that the audit finds nothing", func(w *world) {
		h := newStockHistory(w, 4)
		for range 60 {
			h.step()
		}
		h.underWay()
		h.check()
		before := h.liability()
		w.withoutTriggers(func(exec func(string)) {
			exec(`DELETE FROM card_movements`)
			exec(`DELETE FROM ledger_postings WHERE order_id LIKE 'cards-%'`)
			exec(`DELETE FROM ledger_entries WHERE order_id LIKE 'cards-%'`)
			exec(`UPDATE cards SET lapsed_at = 0`)
		})
		w.ok(w.openBooks())
		h.s = nil
		same(w, "liability", h.liability(), before)
		w.clean()
	}},
}

// invariants are the numbers of those that the audit finds breached.
func (w *world) invariants() string {
	w.Helper()
	found, err := w.db.Audit.Violations(w.Context())
	w.ok(err)
	var numbers []string
	for _, v := range found {
		if v.Invariant == 12 {
			numbers = append(numbers, "12")
		}
	}
	return strings.Join(numbers, " ")
}

// openBooks runs the part of the migration that opens the books.
func (w *world) openBooks() error {
	text, err := os.ReadFile("migrations/" + map[store.Dialect]string{store.SQLite: "sqlite", store.Postgres: "postgres"}[w.db.Dialect()] + "/00250_card_movements.sql")
	if err != nil {
		return err
	}
	_, opening, _ := strings.Cut(string(text), "-- What there was before")
	_, opening, _ = strings.Cut(opening, "-- +goose StatementBegin")
	conn, err := w.hand.Connx(w.Context())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.ExecContext(w.Context(), opening)
	return err
}

// withoutTriggers lets change what nobody may.
func (w *world) withoutTriggers(change func(exec func(string))) {
	w.Helper()
	conn := must[*sqlx.Conn](w)(w.hand.Connx(w.Context()))
	defer func() { _ = conn.Close() }()
	exec := func(statement string) {
		if _, err := conn.ExecContext(w.Context(), statement); err != nil {
			w.Fatal(statement, err)
		}
	}
	if w.db.Dialect() == store.Postgres {
		exec(`SET session_replication_role = replica`)
		change(exec)
		exec(`SET session_replication_role = DEFAULT`)
		return
	}
	var triggers []struct{ Name, SQL string }
	w.ok(conn.SelectContext(w.Context(), &triggers, `SELECT name AS "name", sql AS "sql" FROM sqlite_master WHERE type = 'trigger'`))
	for _, t := range triggers {
		exec(`DROP TRIGGER ` + t.Name)
	}
	change(exec)
	for _, t := range triggers {
		exec(t.SQL)
	}
}

// stockHistory is a card business at random.
type stockHistory struct {
	w     *world
	s     *cards.Service
	clock *prepaid.VirtualClock
	r     *rand.Rand
	by    prepaid.By
}

func newStockHistory(w *world, seed uint64) *stockHistory {
	h := &stockHistory{w: w, clock: prepaid.NewVirtualClock(start), r: rand.New(rand.NewPCG(seed, 7)), by: prepaid.By{Who: "ann", Why: "test"}}
	h.s = w.serviceAt(h.clock)
	w.Logf("history of seed %d", seed)
	for _, name := range []string{"kiosk", "shop"} {
		must[cards.Reseller](w)(h.s.CreateReseller(w.Context(), cards.Reseller{Brand: brand, Name: name}, h.by))
	}
	return h
}

func (h *stockHistory) one(of ...string) string { return of[h.r.IntN(len(of))] }

func (h *stockHistory) step() {
	h.clock.AdvanceTo(h.clock.Now().Add(time.Duration(h.r.IntN(3000)) * time.Minute))
	switch h.r.IntN(12) {
	case 0, 1:
		h.generate(h.one("", "kiosk", "shop"))
	case 2:
		h.edit(cards.Filter{}, cards.Change{Action: cards.Release})
	case 3:
		h.edit(cards.Filter{}, cards.Change{Action: cards.Action(h.one("lock", "unlock", "void"))})
	case 4:
		expires := h.clock.Now().Add(time.Duration(1+h.r.IntN(9000)) * time.Minute)
		h.edit(cards.Filter{}, cards.Change{Expires: &expires})
	case 5:
		h.move(cards.Delivered, "", h.one("kiosk", "shop"))
	case 6:
		h.move(cards.Returned, h.one("kiosk", "shop"), "")
	case 7:
		h.move(cards.Transferred, "kiosk", "shop")
	case 8:
		h.edit(cards.Filter{}, cards.Change{Action: cards.Withdraw, Stock: cards.Damaged})
	case 9:
		must[int](h.w)(h.s.Lapse(h.w.Context(), brand))
	case 10:
		p := must[cards.Preview](h.w)(h.s.PreviewDelete(h.w.Context(), h.some(cards.Filter{}), false))
		j := must[cards.Job](h.w)(h.s.StartDelete(h.w.Context(), p, h.by))
		must[cards.Job](h.w)(h.s.ResumeEdit(h.w.Context(), j, nil))
	case 11:
		h.redeem()
	}
}

// some narrows a filter to a few serials.
func (h *stockHistory) some(f cards.Filter) cards.Filter {
	first := 1 + h.r.IntN(80)
	f.Brand, f.From, f.To = brand, fmt.Sprintf("7-%08d", first), fmt.Sprintf("7-%08d", first+h.r.IntN(15))
	return f
}

func (h *stockHistory) generate(reseller string) {
	h.w.Helper()
	h.w.ok(h.s.Generate(h.w.Context(), cards.GenerateRequest{Brand: brand, Amount: eur(1000), Quantity: 20, Series: "7", Reseller: reseller, By: h.by}, nil))
}

func (h *stockHistory) edit(f cards.Filter, c cards.Change) {
	h.w.Helper()
	if f.Brand == "" {
		f = h.some(f)
	}
	p := must[cards.Preview](h.w)(h.s.PreviewEdit(h.w.Context(), f, c, false))
	j := must[cards.Job](h.w)(h.s.StartEdit(h.w.Context(), p, c, h.by))
	must[cards.Job](h.w)(h.s.ResumeEdit(h.w.Context(), j, nil))
}

func (h *stockHistory) move(kind cards.MoveKind, from, to string) {
	h.w.Helper()
	f := cards.Filter{Brand: brand, Series: "7", Reseller: cmp.Or(from, cards.NoReseller)}
	h.edit(f, cards.Change{Reseller: &to, Stock: kind})
}

// redeem spends a card that can be spent, or leaves its order under way.
func (h *stockHistory) redeem() {
	if h.r.IntN(4) == 0 {
		h.underWay()
		return
	}
	if serial := h.live(); serial != "" {
		h.w.redeemed(serial)
	}
}

// underWay charges a card for an order that goes no further.
func (h *stockHistory) underWay() {
	h.w.Helper()
	serial := h.live()
	if serial == "" {
		return
	}
	o := h.w.placed(h.w.purchase(h.w.customer(), byCard(serial)))
	must[bool](h.w)(h.w.db.Cards.ReserveCard(h.w.Context(), brand, serial, o.ID, start))
	h.w.apply(charged(o))
}

func (h *stockHistory) live() string {
	return h.w.column(`SELECT COALESCE(MIN(serial), '') FROM cards WHERE state = 'live' AND lapsed_at = 0 AND (expires_at = 0 OR expires_at > ` +
		fmt.Sprint(prepaid.Micros(h.clock.Now())) + `)`)
}

func (h *stockHistory) liability() int64 {
	h.w.Helper()
	for _, p := range must[[]topup.Posting](h.w)(h.w.db.Ledger.Balances(h.w.Context(), brand)) {
		if p.Account == "card_liability" {
			return p.Amount.Minor
		}
	}
	return 0
}

// check compares statements with each other and with the cards, and runs the audit.
func (h *stockHistory) check() {
	h.w.Helper()
	h.w.clean()
	now := h.clock.Now()
	middle, end := start.Add(now.Sub(start)/2), now.Add(time.Hour)
	for _, reseller := range []string{"kiosk", "shop"} {
		statement := func(from, to time.Time) (l cards.StatementLine) {
			for _, l = range must[[]cards.StatementLine](h.w)(h.s.StatementOf(h.w.Context(), brand, reseller, cards.Span{From: from, To: to})) {
				sum := cards.Sum{}
				for _, s := range []cards.Sum{l.Opening, l.Delivered, l.Returned, l.Transferred, l.Damaged, l.Voided, l.Activated, l.Expired} {
					sum.Cards, sum.Minor = sum.Cards+s.Cards, sum.Minor+s.Minor
				}
				same(h.w, "sum of "+reseller, sum, l.Closing)
			}
			return l
		}
		if middle.After(start) {
			same(h.w, "opening after closing of "+reseller, statement(middle, end).Opening, statement(start.Add(-time.Hour), middle).Closing)
		}
		there := h.w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM cards WHERE reseller = '` + reseller + `' AND lapsed_at = 0 AND state IN ('generated', 'live', 'locked', 'reserved')`)
		same(h.w, "stock of "+reseller, fmt.Sprint(statement(start.Add(-time.Hour), end).Closing.Cards), there)
	}
}
