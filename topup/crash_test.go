package topup_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/topup"
)

func TestRestartAfterACrashAtAnyPointReachesRestWithBooksThatAgree(t *testing.T) {
	refused := func(w *world) { w.network.credits.then(act{answer: topup.Refused}, act{answer: topup.Refused}) }
	for _, c := range []struct {
		point  string
		sever  bool
		script func(*world)
		want   topup.Status
		calls  [3]int // charged, refunded, credited
	}{
		{point: "order", want: topup.Declined, calls: [3]int{0, 0, 0}},
		{point: "order", sever: true, want: topup.Delivered, calls: [3]int{1, 0, 1}}, // the charge was made all the same
		{point: "charge", want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "charge", sever: true, want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "charged", want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "charged", sever: true, want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "delivery", want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "delivery", sever: true, want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "delivered", want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "delivered", sever: true, want: topup.Delivered, calls: [3]int{1, 0, 1}},
		{point: "delivery", script: refused, want: topup.Refunded, calls: [3]int{1, 1, 0}},
		{point: "refund", script: refused, want: topup.Refunded, calls: [3]int{1, 1, 0}},
		{point: "refund", sever: true, script: refused, want: topup.Refunded, calls: [3]int{1, 1, 0}},
	} {
		name := c.point
		if c.sever {
			name += ", store cut off"
		}
		if c.script != nil {
			name += ", delivery refused"
		}
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.script != nil {
				c.script(w)
			}
			w.crashAt, w.sever = c.point, c.sever
			r := w.request()
			first := w.place(r)
			if !w.crashed {
				t.Fatalf("never came to %q", c.point)
			}
			w.start()
			w.crashed = false
			if again := w.place(r); again.ID != first.ID {
				t.Errorf("the repeated message made another order")
			}
			if !w.work(time.Hour) {
				t.Error("not at rest after an hour")
			}
			h := w.wantStatus(first.ID, c.want)
			w.wantBooks(h, c.calls[0], c.calls[1], c.calls[2])
			w.check()
		})
	}
}

func TestEveryPointIsReached(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Refused})
	w.place(w.request())
	w.place(w.request())
	want := []string{"order", "charge", "charged", "delivery", "refund", "order", "charge", "charged", "delivery", "delivered"}
	if diff := cmp.Diff(want, w.reached); diff != "" {
		t.Error(diff)
	}
}

func TestCrashOfAWorkerLeavesTheOrderToTheNext(t *testing.T) {
	for _, point := range []string{"delivery", "refund"} {
		w := newWorld(t)
		w.network.credits.then(act{answer: topup.Passing}) // held: the next attempts are a worker's
		if point == "refund" {
			w.network.credits.then(act{answer: topup.Refused})
		}
		o := w.place(w.request())
		w.crashAt = point
		w.work(time.Hour)
		h := w.history(o.ID)
		if h.Status != topup.Delivered && h.Status != topup.Refunded {
			t.Errorf("crash after %s: order is %s", point, h.Status)
		}
		w.wantLedger(h)
	}
}

func TestCallThatWouldOutlastItsLeaseIsNotMade(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Done, effect: true})
	w.stallAt, w.stall = "charged", func() { _ = w.clock.Sleep(context.Background(), time.Minute) }
	o := w.place(w.request())
	w.clock.AdvanceTo(noon.Add(90 * time.Second))
	w.wantBooks(w.wantStatus(o.ID, topup.Delivering), 1, 0, 0)
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}

// wantLedger compares the ledger with the order and with the other sides' books.
func (w *world) wantLedger(h topup.History) {
	w.Helper()
	m, b := w.gateway.of(h.Charge.ID), w.balances(h.ID)
	kept := int64(m.taken-m.given) * h.Amount.Minor
	if m.returned {
		kept = 0
	}
	if b["psp:sim"] != kept {
		w.Errorf("order %s (%s): the ledger has %d at the gateway, the gateway %d", h.ID, h.Status, b["psp:sim"], kept)
	}
	if b["refunds_due"] != 0 {
		w.Errorf("order %s (%s): %d neither delivered nor given back", h.ID, h.Status, b["refunds_due"])
	}
	delivered := h.Status == topup.Delivered
	if got := b["psp:sim"] + b["customer_owes"]; delivered && got != h.Amount.Minor || !delivered && got != 0 {
		w.Errorf("order %s (%s): the customer has paid or owes %d", h.ID, h.Status, got)
	}
}
