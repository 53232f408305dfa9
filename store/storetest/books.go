package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

// elevenYears is older than anything need be kept.
const elevenYears = 11 * 366 * 24 * time.Hour

// A copy of a row has these columns changed: it is another's, and older.
var (
	idColumns   = []string{"id", "order_id", "operation_key", "serial", "setup", "reference"}
	timeColumns = []string{"created_at", "status_at", "ordered_at", "at", "started_at", "ended_at", "changed_at", "activated_at", "released_at", "agreed_at"}
)

// copyAged copies the rows that a condition chooses, eleven years older and with ids that begin with "old".
func (w *world) copyAged(table, where string, args ...any) {
	w.Helper()
	rows := must[*sqlx.Rows](w)(w.hand.QueryxContext(w.Context(), `SELECT * FROM `+table+` WHERE 1 = 0`))
	columns := must[[]string](w)(rows.Columns())
	w.ok(rows.Close())
	var values []string
	for _, c := range columns {
		switch {
		case slices.Contains(idColumns, c), table == "charges" && c == "provider_ref", table == "orders" && c == "funding_ref" && strings.Contains(where, "card"):
			c = `'old' || ` + c
		case slices.Contains(timeColumns, c):
			c = fmt.Sprintf("CASE WHEN %s > 0 THEN %[1]s - %d ELSE 0 END", c, elevenYears.Microseconds())
		case table == "cards" && c == "mac":
			c = "substr(mac, 2)"
		}
		values = append(values, c)
	}
	w.exec(`INSERT INTO `+table+` (`+strings.Join(columns, ", ")+`) SELECT `+strings.Join(values, ", ")+` FROM `+table+` WHERE `+where, args...)
}

// copyAgedOrder copies an order and all that it has left but news.
func (w *world) copyAgedOrder(id prepaid.OrderID, where string) {
	w.Helper()
	w.copyAged("orders", where+"id = ?", id)
	for _, t := range []string{"order_history", "attempts", "charges", "ledger_entries", "ledger_postings"} {
		w.copyAged(t, "order_id = ?", id)
	}
}

var bookTests = []test{
	{"an order is forgotten after ten years, and the balances stay", func(w *world) {
		young := w.sale()
		w.copyAgedOrder(young.ID, "")
		w.card("102-1")
		card := w.redeemed("102-1")
		w.copyAgedOrder(card, "funding_kind = 'card' AND ")
		w.copyAged("cards", "serial = '102-1'")
		w.exec(`UPDATE card_series SET issued = issued + 1`)
		must[[]store.Strays](w)(w.db.Partitions.Prepare(w.Context(), start))
		before := must[[]topup.Posting](w)(w.db.Ledger.Balances(w.Context(), brand))
		same(w, "filled", w.counts("orders", "charges"), "orders 4, charges 4")

		w.forgetAll(start.AddDate(-5, 0, 0), prepaid.Retention{prepaid.KeepOrders: 36525})
		same(w, "kept for 100 years", w.counts("orders"), "orders 4")
		w.forgetAll(start, prepaid.Retention{})
		same(w, "orders", w.counts("orders", "charges"), "orders 2, charges 2")
		for _, table := range []string{"orders", "order_history", "attempts", "charges"} {
			column := "order_id"
			if table == "orders" {
				column = "id"
			}
			same(w, table, w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM `+table+` WHERE `+column+` LIKE 'old%'`), "0")
		}
		same(w, "balances", must[[]topup.Posting](w)(w.db.Ledger.Balances(w.Context(), brand)), before)
		w.clean()

		carried := w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM ledger_entries WHERE kind LIKE 'carried forward from %'`)
		old := w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM ledger_entries WHERE order_id LIKE 'old%'`)
		if w.db.Dialect() == store.Postgres {
			month := start.Add(-elevenYears).Format("2006_01")
			same(w, "set aside", carried+" "+old, "1 0")
			var n int
			w.ok(w.hand.GetContext(w.Context(), &n, `SELECT COUNT(*) FROM detached_ledger_postings_`+month))
			same(w, "postings are kept", n > 0, true)
			same(w, "months of orders are gone", w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname IN ('attempts_`+month+`', 'order_history_`+month+`')`), "0")
		} else {
			same(w, "the ledger stays", carried+" "+old, "0 4")
		}
		w.forgetAll(start, prepaid.Retention{})
		same(w, "once", must[[]topup.Posting](w)(w.db.Ledger.Balances(w.Context(), brand)), before)
	}},
	{"an old order that waits for somebody, or whose charge came back later, is kept", func(w *world) {
		for what, hold := range map[string]func(topup.Order){
			"waits for an operator": func(topup.Order) { w.exec(`UPDATE orders SET needs_human = TRUE WHERE id LIKE 'old%'`) },
			"came back": func(topup.Order) {
				w.exec(`UPDATE charges SET changed_at = ? WHERE id LIKE 'old%'`, prepaid.Micros(start))
			},
			"waits to be told": func(o topup.Order) { w.copyAged("notices", "order_id = ?", o.ID) },
		} {
			o := w.sale()
			w.copyAgedOrder(o.ID, "")
			hold(o)
			must[[]store.Strays](w)(w.db.Partitions.Prepare(w.Context(), start))
			w.forgetAll(start, prepaid.Retention{})
			same(w, what, w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM orders WHERE id = 'old`+string(o.ID)+`'`), "1")
		}
	}},
	{"a mandate is forgotten once nobody pays by it, and deeds with them", func(w *world) {
		c := w.signs(w.customer())
		w.copyAged("payment_setups", "id IN (SELECT setup FROM mandates)")
		w.copyAged("mandates", "customer = ?", c.ID)
		w.exec(`UPDATE mandates SET sealed = '', run_at = 0`)
		old := start.Add(-elevenYears)
		for _, at := range []time.Time{start, old} {
			w.ok(w.db.Deeds.Record(w.Context(), prepaid.Deed{Brand: brand, What: "unlock", Kind: prepaid.OnCustomer, Object: string(c.ID), About: "asked", By: by, At: at}))
			w.exec(`INSERT INTO card_audit (at, brand, job, kind, by_whom, why, first_serial, last_serial, cards) VALUES (?, 'demo', 'j', 'edit', 'ann', '', '', '', 1)`, prepaid.Micros(at))
		}
		must[[]store.Strays](w)(w.db.Partitions.Prepare(w.Context(), start))
		w.forgetAll(start, prepaid.Retention{})
		same(w, "is paid by", w.counts("mandates", "deeds", "deed_details", "card_audit"), "mandates 2, deeds 1, deed_details 1, card_audit 1")
		w.exec(`UPDATE instruments SET active = FALSE`)
		w.forgetAll(start, prepaid.Retention{})
		same(w, "is not", w.counts("mandates"), "mandates 1")
		w.clean()
	}},
	{"what is younger than ten years is deleted by nobody", func(w *world) {
		w.sale()
		c := w.signs(w.customer())
		w.ok(w.db.Deeds.Record(w.Context(), prepaid.Deed{Brand: brand, What: "unlock", Kind: prepaid.OnCustomer, Object: string(c.ID), By: by, At: start}))
		for _, table := range []string{"charges", "order_history", "attempts", "orders", "mandates", "deeds", "ledger_entries", "ledger_postings"} {
			for _, conn := range []*sqlx.DB{w.hand, w.db.Writer()} {
				_, err := conn.ExecContext(w.Context(), `DELETE FROM `+table)
				if err == nil || !strings.Contains(err.Error(), "10 years") && !strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "permission denied") {
					w.Errorf("%s: %v", table, err)
				}
			}
		}
	}},
}
