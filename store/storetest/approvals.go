package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
)

// asked is a question of Anna's that waits for an answer.
func asked(id operators.ApprovalID) operators.Approval {
	return operators.Approval{
		ID: id, Brand: brand, Kind: "k", Operation: "{}", Act: operators.ActSettle, Object: operators.Object{Brand: brand, Kind: prepaid.OnOrder, ID: "o"}, Does: "does",
		State: "the order is held", Asker: "anna", Asked: by, AskedAt: start, LapsesAt: start.Add(time.Hour), Status: operators.ApprovalAsked,
	}
}

// agreed is a question that Ben agrees to.
func agreed(id operators.ApprovalID, at time.Time) operators.Approval {
	a := asked(id)
	a.Status, a.Decider, a.Decided, a.DecidedAt, a.LeaseUntil = operators.ApprovalDeciding, "ben", prepaid.By{Who: "ben", Why: "I agree"}, at, at.Add(time.Minute)
	return a
}

var approvalTests = []test{
	{"an approval is read as it was stored", func(w *world) {
		a := filled(func(a *operators.Approval) { a.Object.Brand, a.EndedAt = a.Brand, time.Time{} })
		w.ok(w.db.Approvals.Ask(w.Context(), a, nil, a.Deed("ask", by, start)))
		same(w, "approval", must[operators.Approval](w)(w.db.Approvals.Approval(w.Context(), a.ID)), a)
		same(w, "listed", must[[]operators.Approval](w)(w.db.Approvals.List(w.Context(), operators.ApprovalFilter{Brand: a.Brand, Open: true, Limit: 1})), []operators.Approval{a})
		same(w, "another brand's", len(must[[]operators.Approval](w)(w.db.Approvals.List(w.Context(), operators.ApprovalFilter{Brand: "other", Limit: 1}))), 0)
		same(w, "deeds", w.counts("deeds"), "deeds 1")
		if _, err := w.db.Approvals.Approval(w.Context(), "none"); !errors.Is(err, operators.ErrNoApproval) {
			w.Error(err)
		}
	}},
	{"an approval is decided once, and ended once", func(w *world) {
		w.ok(w.db.Approvals.Ask(w.Context(), asked("a"), nil, asked("a").Deed("ask", by, start)))
		a := agreed("a", start)
		var won atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if must[bool](w)(w.db.Approvals.Decide(w.Context(), a, a.Deed("agree", a.Decided, start))) {
					won.Add(1)
				}
			})
		}
		all.Wait()
		same(w, "decided", won.Load(), 1)
		a.Status, a.Outcome, a.EndedAt, a.LeaseUntil = operators.ApprovalCarried, "done", start.Add(time.Second), time.Time{}
		same(w, "ended", must[bool](w)(w.db.Approvals.End(w.Context(), a, nil)), true)
		same(w, "ended again", must[bool](w)(w.db.Approvals.End(w.Context(), a, nil)), false)
		same(w, "approval", must[operators.Approval](w)(w.db.Approvals.Approval(w.Context(), "a")), a)
		same(w, "deeds", w.counts("deeds"), "deeds 2")
	}},
	{"an approval that nobody decides lapses", func(w *world) {
		w.ok(w.db.Approvals.Ask(w.Context(), asked("a"), nil, asked("a").Deed("ask", by, start)))
		late := start.Add(time.Hour)
		same(w, "too early", must[int](w)(w.db.Approvals.Lapse(w.Context(), late.Add(-1), by, 9)), 0)
		a := agreed("a", late)
		same(w, "decided too late", must[bool](w)(w.db.Approvals.Decide(w.Context(), a, a.Deed("agree", by, late))), false)
		same(w, "lapsed", must[int](w)(w.db.Approvals.Lapse(w.Context(), late, by, 9)), 1)
		same(w, "lapsed again", must[int](w)(w.db.Approvals.Lapse(w.Context(), late, by, 9)), 0)
		same(w, "status", must[operators.Approval](w)(w.db.Approvals.Approval(w.Context(), "a")).Status, operators.ApprovalLapsed)
		same(w, "deeds", w.counts("deeds"), "deeds 2")
	}},
	{"what was agreed to and cut off is taken up once its lease lapses", func(w *world) {
		w.ok(w.db.Approvals.Ask(w.Context(), asked("a"), nil, asked("a").Deed("ask", by, start)))
		a := agreed("a", start)
		w.ok(w.db.Approvals.Ask(w.Context(), asked("other"), nil, asked("other").Deed("ask", by, start)))
		must[bool](w)(w.db.Approvals.Decide(w.Context(), a, a.Deed("agree", by, start)))
		take := func(now time.Time) int {
			return len(must[[]operators.Approval](w)(w.db.Approvals.TakeUp(w.Context(), now, now.Add(time.Minute), 9)))
		}
		same(w, "leased", take(start.Add(59*time.Second)), 0)
		same(w, "lapsed lease", take(start.Add(time.Minute)), 1)
		same(w, "leased again", take(start.Add(time.Minute)), 0)
		same(w, "still asked", must[operators.Approval](w)(w.db.Approvals.Approval(w.Context(), "other")).Status, operators.ApprovalAsked)
	}},
	{"a form is claimed once", func(w *world) {
		f := operators.Form{Person: "anna", Key: "k", Asks: "asks", At: start}
		begin := func(f operators.Form) (operators.SentForm, bool) {
			was, sent, err := w.db.Forms.Begin(w.Context(), f)
			w.ok(err)
			return was, sent
		}
		var claimed atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, sent := begin(f); !sent {
					claimed.Add(1)
				}
			})
		}
		all.Wait()
		same(w, "claimed", claimed.Load(), 1)
		other := f
		other.Person = "ben"
		_, sent := begin(other)
		same(w, "another person's", sent, false)
		w.ok(w.db.Forms.End(w.Context(), f, operators.Result{Text: "done", Asked: "q"}, start.Add(time.Second)))
		was, sent := begin(operators.Form{Person: "anna", Key: "k", Asks: "else", At: start.Add(time.Hour)})
		same(w, "sent", sent, true)
		same(w, "was", was, operators.SentForm{Form: f, EndedAt: start.Add(time.Second), Result: operators.Result{Text: "done", Asked: "q"}})
		w.ok(w.db.Forms.Release(w.Context(), f)) // it has ended
		w.ok(w.db.Forms.Release(w.Context(), other))
		_, sent = begin(f)
		same(w, "sent", sent, true)
		_, sent = begin(other)
		same(w, "released", sent, false)
		same(w, "forgotten", must[int](w)(w.db.Forms.Forget(w.Context(), start.Add(time.Second), 1)), 1)
		same(w, "forgotten", must[int](w)(w.db.Forms.Forget(w.Context(), start, 9)), 0)
	}},
	{"a notice is claimed by one, and again once it is due again", func(w *world) {
		n := filled(func(n *operators.DeskNotice) {
			n.Approval, n.RunAt, n.LeaseUntil, n.Attempts, n.EndedAt = "a", start, time.Time{}, 0, time.Time{}
		})
		w.ok(w.db.Approvals.Ask(w.Context(), asked("a"), []operators.DeskNotice{n}, asked("a").Deed("ask", by, start)))
		claim := func(now time.Time) (operators.DeskNotice, bool) {
			n, due, err := w.db.Approvals.ClaimNotice(w.Context(), now, now.Add(time.Minute))
			w.ok(err)
			return n, due
		}
		_, due := claim(start.Add(-1))
		same(w, "before its time", due, false)
		got, due := claim(start)
		n.LeaseUntil, n.Attempts = start.Add(time.Minute), 1
		same(w, "due", due, true)
		same(w, "claimed", got, n)
		_, due = claim(start)
		same(w, "while it is leased", due, false)
		n.RunAt, n.Code = start.Add(time.Hour), "503"
		w.ok(w.db.Approvals.EndNotice(w.Context(), n))
		_, due = claim(start.Add(time.Hour - 1))
		same(w, "before its next time", due, false)
		got, due = claim(start.Add(time.Hour))
		same(w, "again", due, true)
		same(w, "attempts", got.Attempts, 2)
		got.EndedAt = start.Add(time.Hour)
		w.ok(w.db.Approvals.EndNotice(w.Context(), got))
		_, due = claim(start.Add(9 * time.Hour))
		same(w, "after its end", due, false)
		same(w, "forgotten", must[int](w)(w.db.Approvals.ForgetNotices(w.Context(), start.Add(2*time.Hour), 9)), 1)
	}},
	{"one deed has an operation's key", func(w *world) {
		d := prepaid.Deed{Brand: brand, What: "w", Kind: prepaid.OnOrder, Object: "o", By: by, At: start}
		w.ok(w.db.Deeds.Record(w.Context(), d))
		w.ok(w.db.Deeds.Record(w.Context(), d)) // no key
		d.Operation = "form/anna/k"
		same(w, "carried", must[bool](w)(w.db.Deeds.Carried(w.Context(), d.Operation)), false)
		w.ok(w.db.Deeds.Record(w.Context(), d))
		same(w, "carried", must[bool](w)(w.db.Deeds.Carried(w.Context(), d.Operation)), true)
		if err := w.db.Deeds.Record(w.Context(), d); !errors.Is(err, prepaid.ErrDone) {
			w.Error(err)
		}
		d.Of = "first"
		w.ok(w.db.Deeds.Record(w.Context(), d))
		same(w, "no key", must[bool](w)(w.db.Deeds.Carried(w.Context(), "")), false)
		same(w, "deeds", w.counts("deeds"), "deeds 4")
	}},
	{"erasing a customer erases what approvals say of them", func(w *world) {
		c := w.customer()
		o := w.placed(w.purchase(c))
		w.apply(declined(o))
		for id, on := range map[operators.ApprovalID]operators.Object{
			"customer": {Kind: prepaid.OnCustomer, ID: string(c.ID)}, "order": {Kind: prepaid.OnOrder, ID: string(o.ID)}, "erase": {Kind: prepaid.OnCustomer, ID: string(c.ID)},
			"move": {Kind: prepaid.OnCustomer, ID: string(c.ID)}, "another": {Kind: prepaid.OnCustomer, ID: "another"}, "block": {Kind: prepaid.OnBlock, ID: "b"},
		} {
			a := asked(id)
			on.Brand = brand
			a.Object, a.Does, a.Reads, a.Operation = on, "moves "+c.MSISDN.Masked(), "reads "+c.MSISDN.Masked(), `{"To":"`+c.MSISDN.Masked()+`"}`
			if id == "erase" {
				a.Kind = operators.EraseCustomer{}.Kind()
			}
			w.ok(w.db.Approvals.Ask(w.Context(), a, nil, a.Deed("ask", by, start)))
		}
		for _, id := range []operators.ApprovalID{"erase", "move"} {
			a := agreed(id, start)
			must[bool](w)(w.db.Approvals.Decide(w.Context(), a, a.Deed("agree", by, start)))
		}
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}, start))
		ids := func(where string) (all []string) {
			w.ok(w.db.Writer().SelectContext(w.Context(), &all, `SELECT id FROM approvals WHERE `+where+` ORDER BY id`))
			return all
		}
		same(w, "say something", ids(`does LIKE '%+31%' OR reads <> '' AND object_kind <> 'block'`), []string{"another"})
		same(w, "can be finished", ids(`operation LIKE '%+31%'`), []string{"another", "erase"})
		same(w, "lapsed", ids(`status = 'lapsed' AND ended_at > 0`), []string{"customer", "order"})
	}},
	{"approvals that have ended are forgotten with the deeds", func(w *world) {
		w.ok(w.db.Approvals.Ask(w.Context(), asked("a"), nil, asked("a").Deed("ask", by, start)))
		w.ok(w.db.Approvals.Ask(w.Context(), asked("open"), nil, asked("open").Deed("ask", by, start)))
		ended := func(at time.Time) {
			w.exec(`UPDATE approvals SET status = 'refused', ended_at = ? WHERE id = 'a'`, prepaid.Micros(at))
			w.forgetAll(start, prepaid.Retention{})
		}
		ended(start.AddDate(-9, 0, 0))
		same(w, "within ten years", w.counts("approvals"), "approvals 2")
		ended(start.AddDate(-11, 0, 0))
		same(w, "left", w.column(`SELECT id FROM approvals`), "open")
	}},
}
