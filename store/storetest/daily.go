package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

var dailyTests = []test{
	{"what waits for people is listed by age, each once", func(w *world) {
		ws := w.waits()
		unknown, failed, owed, frozen, untold := ws.unknown, ws.failed, ws.owed, ws.frozen, ws.untold
		difference := operators.OpenItem{Provider: "psp:sim", Reference: "r1", Kind: "charge", Order: failed, Currency: "EUR", Ours: 1000, HappenedAt: start}
		back := operators.OpenItem{Provider: "psp:sim", Reference: "r1", Kind: "refund", Order: failed, Currency: "EUR", Theirs: 400, HappenedAt: start}
		w.ok(w.db.Reconciliation.SaveDifferences(w.Context(), []operators.OpenItem{difference, back}, start, start.Add(time.Hour), start.Add(5*time.Hour)))
		w.ok(w.db.Reconciliation.SaveDispute(w.Context(), operators.OpenItem{Provider: "psp:stripe", Reference: "dp_1", Currency: "EUR", Theirs: 700, HappenedAt: start}, start.Add(6*time.Hour)))
		all := operators.WaitFilter{Brands: []string{"", brand}, Limit: 50}
		rows := must[[]operators.Wait](w)(w.db.Waits.Waiting(w.Context(), all))
		var listed []string
		for _, r := range rows {
			listed = append(listed, string(r.Kind)+" "+r.On.ID)
		}
		dispute := rows[len(rows)-1].On.ID
		same(w, "by age", listed, []string{"unknown " + string(unknown), "refund " + string(failed), "debt " + string(owed), "frozen " + string(frozen),
			"news " + string(untold), "difference " + string(failed), "dispute " + dispute})
		same(w, "owed", rows[2].Amount, eur(1000))
		same(w, "netted", rows[5].Amount, eur(-600))
		same(w, "items", len(rows[5].Items), 2)
		same(w, "of the house", rows[6].On.Brand, "")
		var paged []string
		for f := all; ; {
			f.Limit = 2
			page := must[[]operators.Wait](w)(w.db.Waits.Waiting(w.Context(), f))
			for _, r := range page {
				paged = append(paged, string(r.Kind)+" "+r.On.ID)
			}
			if len(page) < 2 {
				break
			}
			f.After = operators.ReadWaitCursor(page[1].Cursor().String())
		}
		same(w, "by pages", paged, listed)
		for _, kind := range operators.WaitKinds() {
			f := all
			f.Kind = kind
			for _, r := range must[[]operators.Wait](w)(w.db.Waits.Waiting(w.Context(), f)) {
				same(w, "kind", r.Kind, kind)
			}
		}
		var counted []string
		for _, c := range must[[]operators.WaitCount](w)(w.db.Waits.CountWaiting(w.Context())) {
			counted = append(counted, fmt.Sprint(c.Kind, " ", c.Brand, " ", c.Count, " ", c.Oldest.Sub(start).Hours()))
		}
		slices.Sort(counted)
		same(w, "counted", counted, []string{"debt demo 1 3", "difference demo 1 5", "dispute  1 6", "frozen demo 1 4", "news demo 1 4.5", "refund demo 1 2", "unknown demo 1 1"})
		other := operators.WaitFilter{Brands: []string{"other"}, Limit: 50}
		same(w, "another's", len(must[[]operators.Wait](w)(w.db.Waits.Waiting(w.Context(), other))), 0)
	}},
	{"what waits is left to somebody, and only to them", func(w *world) {
		ws := w.waits()
		unknown, failed := ws.unknown, ws.failed
		on := operators.Object{Brand: brand, Kind: prepaid.OnOrder, ID: string(unknown)}
		same(w, "nobody", must[operators.Assignment](w)(w.db.Waits.AssignmentOf(w.Context(), on)), operators.Assignment{})
		for _, name := range []string{"Anna", "Bert"} {
			a := operators.Assignment{Person: operators.PersonID(strings.ToLower(name)), Name: name, Note: "asked the bank", At: start}
			w.ok(w.db.Waits.Assign(w.Context(), on, a, by))
			same(w, "kept", must[operators.Assignment](w)(w.db.Waits.AssignmentOf(w.Context(), on)), a)
		}
		same(w, "deeds", w.counts("deeds"), "deeds 2")
		ids := func(f operators.WaitFilter) (ids []string) {
			f.Brands, f.Limit = []string{brand}, 50
			for _, r := range must[[]operators.Wait](w)(w.db.Waits.Waiting(w.Context(), f)) {
				ids = append(ids, r.On.ID)
			}
			return ids
		}
		same(w, "Bert's", ids(operators.WaitFilter{Person: "bert"}), []string{string(unknown)})
		same(w, "Anna's", len(ids(operators.WaitFilter{Person: "anna"})), 0)
		same(w, "nobody's", slices.Contains(ids(operators.WaitFilter{Nobodys: true}), string(failed)), true)
		same(w, "not nobody's", slices.Contains(ids(operators.WaitFilter{Nobodys: true}), string(unknown)), false)
		same(w, "one", ids(operators.WaitFilter{ID: string(failed)}), []string{string(failed)})
	}},
	{"all differences of an order are closed at once, with one deed", func(w *world) {
		o := w.sale()
		for _, reference := range []string{"r1", "r2"} {
			d := operators.OpenItem{Provider: "psp:sim", Reference: reference, Kind: "charge", Order: o.ID, Currency: "EUR", Ours: 1000, HappenedAt: start}
			w.ok(w.db.Reconciliation.SaveDifferences(w.Context(), []operators.OpenItem{d}, start, start, start))
		}
		if _, err := w.db.Waits.CloseItems(w.Context(), "other", string(o.ID), by, start); !errors.Is(err, operators.ErrNoOpenItem) {
			w.Errorf("another brand's: %v", err)
		}
		same(w, "open", len(must[[]operators.OpenItem](w)(w.db.Waits.ItemsOf(w.Context(), brand, string(o.ID)))), 2)
		same(w, "closed", must[int](w)(w.db.Waits.CloseItems(w.Context(), brand, string(o.ID), by, start)), 2)
		same(w, "left", len(must[[]operators.OpenItem](w)(w.db.Waits.ItemsOf(w.Context(), brand, string(o.ID)))), 0)
		same(w, "deeds", w.counts("deeds"), "deeds 1")
	}},
	{"who has a page open is known until they have not said so for a while", func(w *world) {
		o := operators.Object{Brand: brand, Kind: prepaid.OnOrder, ID: "ORDER"}
		seen := func(person string, minute int) string {
			at := start.Add(time.Duration(minute) * time.Minute)
			others := must[[]operators.Present](w)(w.db.Waits.Seen(w.Context(), o, operators.Present{Person: operators.PersonID(person), Name: person, Since: at}, at, at.Add(-90*time.Second)))
			var names []string
			for _, p := range others {
				names = append(names, fmt.Sprint(p.Name, " ", p.Since.Sub(start).Minutes()))
			}
			return strings.Join(names, ", ")
		}
		same(w, "alone", seen("anna", 0), "")
		same(w, "both", seen("bert", 1), "anna 0")
		same(w, "since", seen("anna", 1), "bert 1")
		same(w, "bert is gone", seen("anna", 3), "")
		same(w, "and comes back", seen("bert", 4), "anna 3")
	}},
	{"a day's orders are counted by hour and end", func(w *world) {
		o := w.sale()
		w.apply(declined(w.placed(w.purchase(w.customer()))))
		w.placed(w.purchase(w.customer(), func(n *topup.NewOrder) { n.Order.CreatedAt = start.Add(-3 * time.Hour) }))
		held := w.placed(w.purchase(w.customer()))
		w.apply(charged(held))
		w.apply(topup.Change{Order: held.ID, From: topup.Delivering, To: []topup.Status{topup.Held}, Reason: "WALLET_EMPTY", RunAt: start.Add(time.Hour), At: start.Add(time.Minute)})
		var counted []string
		for _, c := range must[[]operators.OrderCount](w)(w.db.Daily.OrdersSince(w.Context(), start.Add(-time.Hour))) {
			counted = append(counted, fmt.Sprint(c.Brand, " ", c.Hour.Format("15:04"), " ", c.Status, " ", c.Reason, " ", c.Network, " ", c.Count))
		}
		slices.Sort(counted)
		reason := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Reason
		same(w, "reason", reason, "")
		same(w, "counted", len(counted), 3)
		same(w, "delivered", slices.Contains(counted, "demo 09:00 delivered  net 1"), true)
		same(w, "held", must[[]operators.HeldCount](w)(w.db.Daily.HeldNow(w.Context())),
			[]operators.HeldCount{{Brand: brand, Reason: "WALLET_EMPTY", Count: 1, Oldest: start.Add(time.Minute)}})
	}},
	{"locks that hold now are counted", func(w *world) {
		for i, until := range []time.Duration{time.Hour, -time.Hour} {
			w.exec(`UPDATE customers SET pin_locked_until = ? WHERE id = ?`, prepaid.Micros(start.Add(until)), w.customer().ID)
			keys := cards.TryKeys(prepaid.Address(fmt.Sprint("telegram:", i)), "")
			must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, keys, "m", start, func(int) time.Time { return start.Add(until) }))
		}
		same(w, "locked", must[[]operators.LockCount](w)(w.db.Daily.LockedNow(w.Context(), start)), []operators.LockCount{{Brand: brand, PIN: 1, Codes: 1}})
	}},
	{"customers are listed by what is asked, the newest first", func(w *world) {
		var made []accounts.Customer
		for i := range 7 {
			c := w.customer()
			w.exec(`UPDATE customers SET created_at = ? WHERE id = ?`, prepaid.Micros(start.Add(time.Duration(i/2)*time.Minute)), c.ID)
			made = append(made, w.read(c))
		}
		english, locked, frozen, owes, out, broke := made[0], made[1], made[2], made[3], made[4], made[5]
		w.exec(`UPDATE customers SET language = 'en' WHERE id = ?`, english.ID)
		w.exec(`UPDATE customers SET pin_locked_until = ? WHERE id = ?`, prepaid.Micros(start.Add(time.Hour)), locked.ID)
		w.exec(`UPDATE customers SET frozen_at = 1 WHERE id = ?`, frozen.ID)
		blocked := accounts.Blocked
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), owes.ID, accounts.Update{Status: &blocked}))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, out.MSISDN.Tel(), []string{""}, true, start))
		w.exec(`UPDATE instruments SET active = FALSE WHERE customer = ?`, broke.ID)
		ids := func(f operators.CustomerFilter) (ids []prepaid.CustomerID) {
			f.Brands, f.Limit, f.Now = []string{brand, "other"}, 2, start
			for {
				page := must[operators.CustomerPage](w)(w.db.Customers.ListCustomers(w.Context(), f))
				for _, c := range page.Customers {
					ids = append(ids, c.ID)
				}
				if len(page.Customers) < f.Limit {
					return ids
				}
				last := page.Customers[len(page.Customers)-1]
				f.After = operators.ReadCustomerCursor(operators.CustomerCursor{CreatedAt: last.CreatedAt, ID: last.ID}.String())
			}
		}
		all := ids(operators.CustomerFilter{})
		same(w, "all", len(all), 7)
		same(w, "the newest first", all[0], made[6].ID)
		for _, one := range []struct {
			f    operators.CustomerFilter
			want accounts.Customer
		}{
			{operators.CustomerFilter{Language: "en"}, english},
			{operators.CustomerFilter{Locked: true}, locked},
			{operators.CustomerFilter{Frozen: true}, frozen},
			{operators.CustomerFilter{Status: accounts.Blocked}, owes},
			{operators.CustomerFilter{OptedOut: true}, out},
			{operators.CustomerFilter{PaysBy: operators.NoInstrument}, broke},
			{operators.CustomerFilter{From: start.Add(3 * time.Minute), To: start.Add(4 * time.Minute)}, made[6]},
			{operators.CustomerFilter{Status: accounts.Active, PaysBy: string(payments.SEPA), Language: "nl", From: start.Add(3 * time.Minute)}, made[6]},
		} {
			same(w, fmt.Sprintf("%+v", one.f), ids(one.f), []prepaid.CustomerID{one.want.ID})
		}
		same(w, "erased", len(ids(operators.CustomerFilter{Status: accounts.Erased})), 0)
	}},
	{"the runs of the audit are kept", func(w *world) {
		if _, found, err := w.db.Audit.LastAuditRun(w.Context()); found || err != nil {
			w.Errorf("none: %v, %v", found, err)
		}
		r := operators.AuditRun{ID: "r1", StartedAt: start, By: by, Found: []operators.Violation{}}
		w.ok(w.db.Audit.SaveAuditRun(w.Context(), r))
		r.EndedAt, r.Violations, r.Found, r.Failed = start.Add(time.Minute), 1, []operators.Violation{{Invariant: 3, Order: "ORDER", Text: "is wrong"}}, "no"
		w.ok(w.db.Audit.SaveAuditRun(w.Context(), r))
		last, _, err := w.db.Audit.LastAuditRun(w.Context())
		w.ok(err)
		same(w, "last", last, r)
		same(w, "deeds", w.counts("deeds"), "deeds 1")
	}},
}

// waiting is what waits for people.
type waiting struct {
	unknown, failed prepaid.OrderID
	owed, frozen    prepaid.CustomerID
	untold          prepaid.NoticeID
}

// waits makes one of each thing that waits for people, an hour after another: an unknown, a failed refund, a debt, a frozen account, held news.
func (w *world) waits() (all waiting) {
	w.Helper()
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	o := w.placed(w.purchase(w.customer()))
	w.apply(topup.Change{Order: o.ID, From: topup.Charging, To: []topup.Status{topup.ChargeUnknown}, NeedsHuman: true, RunAt: at(9), At: at(1)})
	all.unknown = o.ID
	o = w.placed(w.purchase(w.customer()))
	w.apply(charged(o))
	w.apply(topup.Change{Order: o.ID, From: topup.Delivering, To: []topup.Status{topup.Refunding}, RunAt: at(9), At: at(1)})
	w.apply(topup.Change{Order: o.ID, From: topup.Refunding, To: []topup.Status{topup.RefundFailed}, Reason: "NO", NeedsHuman: true, At: at(2)})
	all.failed = o.ID
	o = w.sale()
	c := returned(o)
	c.At = at(3)
	w.apply(c)
	all.owed = o.Customer
	holder := w.customer()
	w.exec(`UPDATE customers SET frozen_at = ? WHERE id = ?`, prepaid.Micros(at(4)), holder.ID)
	all.frozen = holder.ID
	n := w.news(w.customer())
	w.ok(w.db.Notices.Hold(w.Context(), n.ID, prepaid.HeldNoWay, start.Add(4*time.Hour+30*time.Minute)))
	all.untold = n.ID
	return all
}
