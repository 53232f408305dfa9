package storetest

import (
	"time"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

var auditTests = []test{
	{"orders that end in every way are clean", func(w *world) {
		w.clean()
		w.card("101-1")
		w.card("101-2")
		w.redeemed("101-1")
		w.apply(declined(w.placed(w.purchase(w.customer()))))
		w.placed(w.purchase(w.customer()))
		back := w.placed(w.purchase(w.customer()))
		w.apply(charged(back))
		w.apply(refunded(back))
		owing := w.placed(w.purchase(w.customer()))
		w.apply(charged(owing))
		w.apply(delivered(owing))
		w.apply(returned(owing))
		w.apply(givenAway(w.sale()))
		w.signed()
		w.clean()
	}},
}

// clean fails the test where an invariant does not hold.
func (w *world) clean() {
	w.Helper()
	for _, v := range must[[]operators.Violation](w)(w.db.Audit.Violations(w.Context())) {
		w.Error(v)
	}
}

// refunded gives back what was charged for an order that the network refuses.
func refunded(o topup.Order) topup.Change {
	c := delivered(o)
	c.To = []topup.Status{topup.Refunding, topup.Refunded}
	c.Charge = topup.ChargeRefunded
	c.Postings = []topup.Entry{transfer("refund", "refunds_due", "psp:sim", o.Amount)}
	return c
}

// givenAway gives the money of a delivered order back as goodwill.
func givenAway(o topup.Order) topup.Change {
	return topup.Change{Order: o.ID, From: topup.Delivered, IfCharge: topup.ChargeCaptured, Charge: topup.ChargeRefunded, At: start,
		Postings: []topup.Entry{transfer("refund", "loss", "psp:sim", o.Amount)}}
}

// signed makes an instrument of a mandate by text.
func (w *world) signed() {
	w.Helper()
	c := w.customer()
	s, m := mandate(c, "mandate/1")
	must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
	must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), prepaid.NoticeID(s.ID), start))
}

// breach breaks one invariant behind the store's back.
type breach struct {
	name      string
	invariant int
	make      func(w *world)
}

// sale is a delivered order.
func (w *world) sale() topup.Order {
	w.Helper()
	o := w.placed(w.purchase(w.customer()))
	w.apply(charged(o))
	w.apply(delivered(o))
	return o
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	result, err := w.hand.ExecContext(w.Context(), w.hand.Rebind(query), args...)
	w.ok(err)
	if n := must[int64](w)(result.RowsAffected()); n == 0 {
		w.Fatalf("%s: no row", query)
	}
}

var breaches = []breach{
	{"an entry does not sum to zero", 1, func(w *world) {
		w.exec(`INSERT INTO ledger_postings (brand, order_id, ordered_at, kind, number, account, currency, minor)
			SELECT brand, id, created_at, 'delivery', 9, 'loss', 'EUR', 1 FROM orders WHERE id = ?`, w.sale().ID)
	}},
	{"an entry is empty", 1, func(w *world) {
		w.exec(`INSERT INTO ledger_entries (brand, order_id, ordered_at, kind, at) SELECT brand, id, created_at, 'refund', 1 FROM orders WHERE id = ?`, w.sale().ID)
	}},
	{"postings have no entry", 1, func(w *world) {
		w.exec(`INSERT INTO ledger_postings (brand, order_id, ordered_at, kind, number, account, currency, minor)
			SELECT brand, id, created_at, 'refund', 1, 'loss', 'EUR', 0 FROM orders WHERE id = ?`, w.sale().ID)
	}},
	{"a delivered order is given back too", 3, func(w *world) {
		o := w.sale()
		w.apply(topup.Change{Order: o.ID, From: topup.Delivered, At: start,
			Postings: []topup.Entry{transfer("refund", "refunds_due", "psp:sim", o.Amount)}})
	}},
	{"a delivered order is given back as no loss", 4, func(w *world) {
		c := givenAway(w.sale())
		c.Postings = nil
		w.apply(c)
	}},
	{"a delivery was never booked", 3, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(charged(o))
		c := delivered(o)
		c.Postings = nil
		w.apply(c)
	}},
	{"a returned debit is nobody's debt", 3, func(w *world) {
		c := returned(w.sale())
		c.Postings = nil
		w.apply(c)
	}},
	{"a debtor is not blocked", 3, func(w *world) {
		o := w.sale()
		w.apply(returned(o))
		w.exec(`UPDATE customers SET status = 'active' WHERE id = ?`, o.Customer)
	}},
	{"a refunded order keeps the money", 3, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(charged(o))
		c := refunded(o)
		c.Postings = nil
		w.apply(c)
	}},
	{"a declined order's charge is captured", 3, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(declined(o))
		w.exec(`UPDATE charges SET status = 'captured' WHERE order_id = ?`, o.ID)
	}},
	{"a delivery is not paid", 4, func(w *world) {
		w.exec(`UPDATE charges SET status = 'declined' WHERE order_id = ?`, w.sale().ID)
	}},
	{"a card payment is pending", 4, func(w *world) {
		w.exec(`UPDATE charges SET status = 'pending' WHERE order_id = ?`, w.sale().ID)
	}},
	{"an order that was to wait for its debit is delivered before", 4, func(w *world) {
		o := w.sale()
		w.exec(`UPDATE orders SET funding_method = 'sepa', after_debit = TRUE WHERE id = ?`, o.ID)
		w.exec(`UPDATE charges SET status = 'pending' WHERE order_id = ?`, o.ID)
	}},
	{"a delivery by card spends none", 4, func(w *world) {
		o := w.placed(w.purchase(w.customer(), byCard("101-1")))
		w.apply(charged(o))
		w.apply(delivered(o))
	}},
	{"nobody has authorised an order", 5, func(w *world) {
		w.exec(`UPDATE orders SET authorised_by = '' WHERE id = ?`, w.sale().ID)
	}},
	{"a mandate is gone", 5, func(w *world) {
		w.signed()
		w.exec(`UPDATE mandates SET agreed_at = 1`) // a young one is not deleted
		w.exec(`DELETE FROM mandates`)
	}},
	{"a mandate lost its text", 5, func(w *world) {
		w.signed()
		w.exec(`UPDATE mandates SET text = ''`)
	}},
	{"nobody knows when a mandate was agreed to", 5, func(w *world) {
		w.signed()
		w.exec(`UPDATE mandates SET agreed_at = 0`)
	}},
	{"nobody knows from where a mandate was agreed to", 5, func(w *world) {
		w.signed()
		w.exec(`UPDATE mandates SET address = ''`)
	}},
	{"a mandate keeps its IBAN", 5, func(w *world) {
		w.signed()
		w.exec(`UPDATE mandates SET sealed = 'x'`)
	}},
	{"an ended order asks nobody to tell", 6, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		c := declined(o)
		c.Notice = nil
		w.apply(c)
	}},
	{"nobody works on an order", 7, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(topup.Change{Order: o.ID, From: topup.Charging, To: []topup.Status{topup.ChargeUnknown}, At: start})
	}},
	{"an order is unknown for two days", 7, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(topup.Change{Order: o.ID, From: topup.Charging, To: []topup.Status{topup.ChargeUnknown},
			RunAt: start.Add(48 * time.Hour), At: start})
	}},
	{"a failed refund is on nobody's list", 7, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(charged(o))
		w.apply(topup.Change{Order: o.ID, From: topup.Delivering, To: []topup.Status{topup.Refunding, topup.RefundFailed}, At: start})
	}},
	{"an end was left", 8, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(declined(o))
		w.exec(`INSERT INTO order_history (brand, order_id, ordered_at, number, from_status, to_status, reason, at)
			SELECT brand, id, created_at, 3, 'declined', 'charged', '', 1 FROM orders WHERE id = ?`, o.ID)
		w.exec(`INSERT INTO order_history (brand, order_id, ordered_at, number, from_status, to_status, reason, at)
			SELECT brand, id, created_at, 4, 'charged', 'declined', '', 1 FROM orders WHERE id = ?`, o.ID)
	}},
	{"a status was set by hand", 8, func(w *world) {
		w.exec(`UPDATE orders SET status = 'charged', run_at = 1 WHERE id = ?`, w.sale().ID)
	}},
	{"a card pays twice", 9, func(w *world) {
		w.card("101-1")
		w.redeemed("101-1")
		again := w.placed(w.purchase(w.customer(), byCard("101-1")))
		w.apply(charged(again))
		w.apply(delivered(again))
	}},
	{"a card is reserved for an ended order", 9, func(w *world) {
		c := w.card("101-1")
		o := w.placed(w.purchase(w.customer(), byCard(c.Serial)))
		must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, c.Serial, o.ID, start))
		w.apply(declined(o))
	}},
	{"a developer's balance was changed by hand", 1, func(w *world) {
		w.exec(`UPDATE developer_keys SET minor = minor + 1 WHERE id = ?`, w.developer(eur(100)).ID)
	}},
	{"a developer's order is refunded and keeps the price", 3, func(w *world) {
		n := w.resale(w.developer(eur(1000)))
		w.placed(n)
		c := givenBack(n)
		c.Postings = nil
		w.apply(c)
	}},
	{"a developer's order was never debited", 3, func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.exec(`UPDATE orders SET funding_kind = 'developer', funding_ref = 'somebody' WHERE id = ?`, o.ID)
	}},
	{"a developer's order was declined and keeps the price", 3, func(w *world) {
		n := w.resale(w.developer(eur(1000)), debitedLater)
		w.placed(n)
		c := debited(n)
		c.To, c.RunAt = []topup.Status{topup.Declined}, time.Time{}
		w.apply(c)
	}},
	{"a developer's debit has no time", 3, func(w *world) {
		o := w.placed(w.resale(w.developer(eur(1000))))
		w.exec(`UPDATE developer_sales SET debited_at = 0 WHERE order_id = ?`, o.ID)
	}},
	{"an instrument is charged for a later holder", 10, func(w *world) {
		o := w.sale()
		w.exec(`UPDATE charges SET holder = 2 WHERE order_id = ?`, o.ID)
		w.exec(`UPDATE customers SET holder = 2, recovered_at = 1 WHERE id = ?`, o.Customer)
		w.exec(`UPDATE instruments SET active = FALSE WHERE customer = ?`, o.Customer)
	}},
	{"an earlier holder's instrument is charged after a recovery", 10, func(w *world) {
		o := w.sale()
		w.recovered(accounts.Customer{ID: o.Customer, Brand: brand, MSISDN: o.MSISDN, Pays: accounts.Instrument{ID: prepaid.InstrumentID(o.Funding.Ref)}},
			start.Add(-2*time.Minute))
	}},
	{"an order is of a holder who came after it", 10, func(w *world) {
		o := w.sale()
		w.exec(`UPDATE customers SET holder = 2, recovered_at = ? WHERE id = ?`, prepaid.Micros(start.Add(2*time.Minute)), o.Customer)
		w.exec(`UPDATE instruments SET holder = 2 WHERE customer = ?`, o.Customer)
		w.exec(`UPDATE charges SET holder = 2 WHERE order_id = ?`, o.ID)
	}},
	{"another customer's instrument is charged", 10, func(w *world) {
		w.exec(`UPDATE orders SET funding_ref = ? WHERE id = ?`, string(w.customer().Pays.ID), w.sale().ID)
	}},
	{"an instrument that was charged is gone", 10, func(w *world) {
		w.exec(`DELETE FROM instruments WHERE customer = ?`, w.sale().Customer)
	}},
	{"a charge is nobody's", 10, func(w *world) {
		w.exec(`UPDATE charges SET holder = 0 WHERE order_id = ?`, w.sale().ID)
	}},
	{"an earlier holder's instrument is active", 10, func(w *world) {
		w.exec(`UPDATE customers SET holder = 2, recovered_at = 1 WHERE id = ?`, w.customer().ID)
	}},
	{"a card is gone", 9, func(w *world) {
		w.card("101-1")
		w.exec(`DELETE FROM cards`)
	}},
}

// breachTests are the breaches, each in a store of its own: the audit finds it, and calls it by its number.
func breachTests() []test {
	tests := make([]test, len(breaches))
	for i, b := range breaches {
		tests[i] = test{b.name, func(w *world) {
			b.make(w)
			numbers := map[int]bool{}
			for _, v := range must[[]operators.Violation](w)(w.db.Audit.Violations(w.Context())) {
				numbers[v.Invariant] = true
			}
			if !numbers[b.invariant] {
				w.Errorf("found breaches of %v; want %d", numbers, b.invariant)
			}
		}}
	}
	return tests
}
