package topup_test

import (
	"context"
	"testing"
	"time"

	"pulsa/store/storetest"
	"pulsa/topup"
)

// sign lets the present holder give a mandate by text.
func (w *world) sign() {
	w.Helper()
	c, err := w.db.Customers.CustomerByMSISDN(context.Background(), "demo", msisdn)
	if err == nil {
		id, failed := storetest.Mandate(context.Background(), w.db, c)
		w.instrument, err = string(id), failed
		w.setUpBy[w.instrument] = w.holder
	}
	if err != nil {
		w.Fatalf("sign: %v", err)
	}
}

// debitedFirst is a world in which an order waits until its debit has settled, and the debit.
func debitedFirst(t *testing.T) (*world, topup.Order, *money) {
	t.Helper()
	w := newWorld(t)
	w.gateway.pending = true
	w.recover()
	w.sign()
	o := w.place(w.sepa())
	return w, o, w.gateway.of(w.history(o.ID).Charge.ID)
}

func TestAfterARecoveryAMandateByTextIsDebitedFirst(t *testing.T) {
	for name, told := range map[string]bool{"told by the gateway": true, "found out within a day": false} {
		t.Run(name, func(t *testing.T) {
			w, o, debit := debitedFirst(t)
			if o.Status != topup.Charging || !o.AfterDebit {
				t.Errorf("placed as %s, after its debit: %v", o.Status, o.AfterDebit)
			}
			if day := o.SettlesBy().Format(time.DateOnly); day != "2026-12-10" { // noon is a Saturday
				t.Errorf("settles by %s", day)
			}
			w.tell(o.ID)
			w.work(5 * 24 * time.Hour)
			h := w.wantStatus(o.ID, topup.Charging)
			w.wantBooks(h, 1, 0, 0)
			if looked := len(w.gateway.calls) - 1; looked != 5 || h.NeedsHuman {
				t.Errorf("looked up %d times in 5 days, needs human: %v", looked, h.NeedsHuman)
			}
			if b := w.balances(o.ID); b["psp:sim"] != 1000 || b["refunds_due"] != -1000 {
				t.Errorf("booked %v", b)
			}
			debit.state = topup.Done
			if told {
				w.hint(h.Charge.ID)
			} else {
				w.work(24 * time.Hour)
			}
			w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
			w.check()
			if told := w.notices(o.ID); len(told) != 2 { // that it is debited, and that it is delivered
				t.Errorf("told %v", told)
			}
			// One debit under the mandate has settled: the next is delivered at once.
			w.wantBooks(w.wantStatus(w.place(w.sepa()).ID, topup.Delivered), 1, 0, 1)
			w.check()
		})
	}
}

func TestAFirstRegistrationByTextIsDeliveredAtOnce(t *testing.T) {
	w := newWorld(t)
	w.gateway.pending = true
	w.sign()
	w.wantStatus(w.place(w.sepa()).ID, topup.Delivered)
	w.recover()
	w.setUp() // authenticated on a page
	w.wantStatus(w.place(w.sepa()).ID, topup.Delivered)
	w.check()
}

func TestAWaitingDebitThatFailsDeclinesAndIsNobodysDebt(t *testing.T) {
	for name, fails := range map[string]func(*money){
		"returned": func(m *money) { m.returned = true },
		"refused":  func(m *money) { m.state, m.taken = topup.Refused, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			w, o, debit := debitedFirst(t)
			fails(debit)
			w.hint(w.history(o.ID).Charge.ID)
			h := w.wantStatus(o.ID, topup.Declined)
			if b := w.balances(o.ID); len(b) > 0 || h.Charge.Status != topup.ChargeReturned {
				t.Errorf("booked %v, charge %s", b, h.Charge.Status)
			}
			w.hint(h.Charge.ID) // once more
			w.work(30 * 24 * time.Hour)
			w.wantStatus(o.ID, topup.Declined)
			w.wantClean()
			w.place(w.sepa()) // not blocked, and still debited first
			if n := w.network.credited; len(n) > 0 {
				t.Errorf("delivered %v", n)
			}
		})
	}
}

func TestOrdersWaitForTheirDebitsBesideOneAnother(t *testing.T) {
	w, first, debit := debitedFirst(t)
	second := w.place(w.sepa())
	w.wantStatus(second.ID, topup.Charging)
	debit.state = topup.Done
	w.hint(w.history(first.ID).Charge.ID)
	w.wantStatus(first.ID, topup.Delivered)
	w.wantStatus(second.ID, topup.Charging) // its own debit has not settled
	w.gateway.of(w.history(second.ID).Charge.ID).state = topup.Done
	w.work(24 * time.Hour)
	w.wantStatus(second.ID, topup.Delivered)
	w.check()
}

func TestADebitWhoseAnswerIsLostIsWaitedForAllTheSame(t *testing.T) {
	for name, take := range map[string]act{
		"no answer": {answer: topup.Unknown, effect: true}, "a crash": {effect: true, panics: true},
		"a late answer": {answer: topup.Done, effect: true, after: 85 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gateway.pending = true
			w.recover()
			w.sign()
			w.gateway.takes.then(take)
			o := w.place(w.sepa())
			w.work(time.Hour)
			h := w.wantStatus(o.ID, topup.Charging)
			if h.Charge.Status != topup.ChargePending || h.RunAt.Sub(w.clock.Now()) < 22*time.Hour {
				t.Errorf("charge %s, due in %s", h.Charge.Status, h.RunAt.Sub(w.clock.Now()))
			}
			w.gateway.of(h.Charge.ID).state = topup.Done
			w.work(24 * time.Hour)
			w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
			w.check()
		})
	}
}

func TestADebitThatNeverSettlesGoesToAnOperator(t *testing.T) {
	for verdict, want := range map[topup.Verdict]topup.Status{topup.WasCharged: topup.Delivered, topup.NotCharged: topup.Declined} {
		t.Run(string(verdict), func(t *testing.T) {
			w, o, debit := debitedFirst(t)
			w.work(20 * 24 * time.Hour)
			if h := w.wantStatus(o.ID, topup.Charging); h.NeedsHuman {
				t.Error("on the operator's list a day after its debit should have settled")
			}
			if err := w.resolve(o.ID, verdict); err == nil {
				t.Error("settled by hand although nothing is wrong")
			}
			debit.state = topup.Unknown
			w.work(4 * 24 * time.Hour)
			h := w.wantStatus(o.ID, topup.Charging)
			if !h.NeedsHuman || h.RunAt.Sub(w.clock.Now()) > time.Hour {
				t.Errorf("needs human %v, due in %s", h.NeedsHuman, h.RunAt.Sub(w.clock.Now()))
			}
			if err := w.resolve(o.ID, verdict); err != nil {
				t.Fatal(err)
			}
			w.wantStatus(o.ID, want)
			w.wantClean()
		})
	}
}
