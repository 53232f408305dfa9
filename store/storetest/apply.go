package storetest

import (
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

var applyTests = []test{
	{"a change that asks for the charge's status moves nothing once that is another", func(w *world) {
		o := w.sale()
		w.apply(givenAway(o))
		again := givenAway(o)
		again.Postings[0].Kind = "refund again"
		if moved, err := w.db.Orders.Apply(w.Context(), again); err != nil || moved {
			w.Errorf("moved %v, %v", moved, err)
		}
		if n := len(must[[]topup.Entry](w)(w.db.Ledger.Entries(w.Context(), o.ID))); n != 3 {
			w.Errorf("%d ledger entries", n)
		}
	}},
	{"a change writes everything it holds", func(w *world) {
		n := w.purchase(w.customer())
		o := w.placed(n)
		w.apply(charged(o))
		w.apply(delivered(o))
		h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID))
		want := o
		want.Status, want.StatusAt, want.RunAt, want.LeaseUntil = topup.Delivered, start.Add(2*time.Second), time.Time{}, time.Time{}
		want.InFlight, want.NetworkRef, want.Cost = false, "net-1", prepaid.Money{Minor: 960, Currency: "USD"}
		same(w, "order", h.Order, want)
		same(w, "charge", h.Charge, topup.Charge{ID: n.Charge.ID, Order: o.ID, Status: topup.ChargeCaptured, ProviderRef: "pi_1"})
		same(w, "attempts", h.Attempts, []topup.Attempt{
			{Order: o.ID, Number: 1, Step: topup.StepCharge, Reference: "ch1", Outcome: topup.Done, ProviderRef: "pi_1",
				StartedAt: start, EndedAt: start.Add(time.Second)},
			{Order: o.ID, Number: 2, Step: topup.StepCredit, Reference: string(o.ID), Outcome: topup.Done, ProviderRef: "net-1",
				StartedAt: start.Add(time.Second), EndedAt: start.Add(2 * time.Second)},
		})
		same(w, "entries", must[[]topup.Entry](w)(w.db.Ledger.Entries(w.Context(), o.ID)),
			append(charged(o).Postings, delivered(o).Postings...))
		same(w, "ledger", must[[]topup.Posting](w)(w.db.Ledger.Balances(w.Context(), brand)), []topup.Posting{
			{Account: "airtime_sold", Amount: eur(-1000)}, {Account: "psp:sim", Amount: eur(1000)}, {Account: "refunds_due", Amount: eur(0)},
		})
		same(w, "steps", w.steps(o.ID), "charging charged delivering delivered")
		w.clean()
	}},
	{"a change that comes too late moves nothing but its answer", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(topup.Change{Order: o.ID, From: topup.Charging, To: []topup.Status{topup.ChargeUnknown},
			Answered: &topup.Attempt{Number: 1, Outcome: topup.Unknown}, RunAt: start, At: start})
		moved, err := w.db.Orders.Apply(w.Context(), charged(o))
		if err != nil || moved {
			w.Fatalf("moved %v, %v", moved, err)
		}
		h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID))
		if h.Status != topup.ChargeUnknown || h.Charge.Status != topup.ChargeSending || len(h.Attempts) != 1 {
			w.Errorf("%+v", h)
		}
		if a := h.Attempts[0]; a.Outcome != topup.Done || a.ProviderRef != "pi_1" {
			w.Errorf("late answer %+v", a)
		}
		same(w, "entries", must[[]topup.Entry](w)(w.db.Ledger.Entries(w.Context(), o.ID)), nil)
	}},
	{"a final answer is never overwritten", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(declined(o))
		late := topup.Change{Order: o.ID, From: topup.Charging, Answered: &topup.Attempt{Number: 1, Outcome: topup.Unknown, Code: "late"}}
		must[bool](w)(w.db.Orders.Apply(w.Context(), late))
		h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID))
		same(w, "outcome", h.Attempts[0].Outcome, topup.Refused)
		same(w, "code", h.Attempts[0].Code, "insufficient_funds")
	}},
	{"a change without a status keeps it and writes the rest", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		later := start.Add(time.Hour)
		w.apply(topup.Change{Order: o.ID, From: topup.Charging, RunAt: later, Absents: 1, AbsentAt: start, Tries: 3, NeedsHuman: true,
			Reason: "slow", ActionURL: "https://pay.example/3", At: start.Add(time.Minute)})
		want := o
		want.RunAt, want.LeaseUntil, want.Absents, want.AbsentAt, want.Tries = later, time.Time{}, 1, start, 3
		want.NeedsHuman, want.Reason, want.ActionURL = true, "slow", "https://pay.example/3"
		same(w, "order", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Order, want)
		same(w, "steps", w.steps(o.ID), "charging")
	}},
	{"illegal steps are errors", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		for _, to := range [][]topup.Status{{topup.Delivered}, {topup.Charged, topup.Delivered}, {topup.Charging}} {
			if moved, err := w.db.Orders.Apply(w.Context(), topup.Change{Order: o.ID, From: topup.Charging, To: to}); err == nil || moved {
				w.Errorf("charging to %v: moved %v", to, moved)
			}
		}
	}},
	{"entries that do not balance are errors", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		for name, entry := range map[string]topup.Entry{
			"one sided": {Kind: "capture", Postings: []topup.Posting{{Account: "psp:sim", Amount: eur(1000)}}},
			"two currencies": {Kind: "capture", Postings: []topup.Posting{
				{Account: "psp:sim", Amount: eur(1000)}, {Account: "refunds_due", Amount: prepaid.Money{Minor: -1000, Currency: "USD"}}}},
			"empty":    {Kind: "capture"},
			"overflow": {Kind: "capture", Postings: []topup.Posting{{Account: "a", Amount: eur(1<<63 - 1)}, {Account: "b", Amount: eur(1)}}},
		} {
			c := charged(o)
			c.Postings = []topup.Entry{entry}
			if moved, err := w.db.Orders.Apply(w.Context(), c); err == nil || moved {
				w.Errorf("%s: moved %v", name, moved)
			}
		}
		same(w, "status", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Status, topup.Charging)
	}},
	{"repeated news without a status changes nothing", func(w *world) {
		c := w.customer()
		o := w.placed(w.purchase(c))
		w.apply(charged(o))
		w.apply(delivered(o))
		w.apply(returned(o))
		if moved, err := w.db.Orders.Apply(w.Context(), returned(o)); err != nil || moved {
			w.Errorf("again: moved %v, %v", moved, err)
		}
		same(w, "customer", must[accounts.Customer](w)(w.db.Customers.CustomerByMSISDN(w.Context(), brand, c.MSISDN)).Status, accounts.Blocked)
		same(w, "ledger", must[[]topup.Posting](w)(w.db.Ledger.Balances(w.Context(), brand)), []topup.Posting{
			{Account: "airtime_sold", Amount: eur(-1000)}, {Account: "customer_owes", Amount: eur(1000)},
			{Account: "psp:sim", Amount: eur(0)}, {Account: "refunds_due", Amount: eur(0)},
		})
		w.clean()
	}},
	{"a second entry of one kind is an error with a status", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(charged(o))
		c := delivered(o)
		c.Postings = charged(o).Postings
		if moved, err := w.db.Orders.Apply(w.Context(), c); err == nil || moved {
			w.Errorf("moved %v, %v", moved, err)
		}
	}},
	{"the ledger cannot be changed", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(charged(o))
		for _, query := range []string{
			`UPDATE ledger_postings SET minor = 0`, `DELETE FROM ledger_postings`,
			`UPDATE ledger_entries SET at = 0`, `DELETE FROM ledger_entries`,
		} {
			if _, err := w.hand.ExecContext(w.Context(), query); err == nil || !strings.Contains(err.Error(), "append-only") {
				w.Errorf("%s: %v", query, err)
			}
		}
	}},
	{"a delivered order spends its card in the same transaction", func(w *world) {
		c := w.card("101-1")
		o := w.placed(w.purchase(w.customer(), byCard(c.Serial)))
		if !must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, c.Serial, o.ID, start)) {
			w.Fatal("not reserved")
		}
		w.apply(charged(o))
		w.apply(delivered(o))
		c.State, c.Order, c.ActivatedAt, c.ActivatedBy = cards.Spent, o.ID, start.Add(2*time.Second), o.MSISDN
		same(w, "card", must[cards.Card](w)(w.db.Cards.CardBySerial(w.Context(), brand, c.Serial)), c)
		w.clean()
	}},
}

// returned says that the bank took back the money of a delivered order.
func returned(o topup.Order) topup.Change {
	return topup.Change{Order: o.ID, From: topup.Delivered, Charge: topup.ChargeReturned, Debt: true, At: start.Add(time.Hour),
		Postings: []topup.Entry{transfer("return", "customer_owes", "psp:sim", o.Amount)},
		Notice:   &topup.NewNotice{ID: prepaid.NewID[prepaid.NoticeID](), Kind: "debit_returned", DueAt: start.Add(time.Hour)}}
}

// steps are the statuses that an order has taken.
func (w *world) steps(id prepaid.OrderID) string {
	w.Helper()
	var steps []string
	w.ok(w.db.Writer().SelectContext(w.Context(), &steps,
		w.db.Writer().Rebind(`SELECT to_status FROM order_history WHERE order_id = ? ORDER BY number`), id))
	return strings.Join(steps, " ")
}
