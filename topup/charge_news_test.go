package topup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/accounts"
	"pulsa/topup"
)

// wantCustomer compares the customer's status.
func (w *world) wantCustomer(want accounts.Status) {
	w.Helper()
	c, err := w.db.Customers.CustomerByMSISDN(context.Background(), "demo", msisdn)
	if err != nil || c.Status != want {
		w.Errorf("customer is %s (%v), want %s", c.Status, err, want)
	}
}

func TestPendingDebitSettlesOnceItsBankSaysSo(t *testing.T) {
	w := newWorld(t)
	w.gateway.pending = true
	o := w.place(w.sepa())
	h := w.wantStatus(o.ID, topup.Delivered)
	if h.Charge.Status != topup.ChargePending {
		t.Fatalf("charge is %s", h.Charge.Status)
	}
	w.hint(h.Charge.ID) // still pending
	w.gateway.of(h.Charge.ID).state = topup.Done
	w.hint(h.Charge.ID)
	h = w.wantStatus(o.ID, topup.Delivered)
	if h.Charge.Status != topup.ChargeCaptured {
		t.Errorf("charge is %s", h.Charge.Status)
	}
	if diff := cmp.Diff(map[string]int64{"psp:sim": 1000, "airtime_sold": -40, "wallet:net": -960}, w.balances(o.ID)); diff != "" {
		t.Error(diff)
	}
	w.wantCustomer(accounts.Active)
}

func TestReturnedDebitAfterDeliveryIsADebtAndBlocks(t *testing.T) {
	for name, news := range map[string]func(*money){
		"taken back":             func(m *money) { m.returned = true },
		"failed while pending":   func(m *money) { m.state = topup.Refused },
		"settled, returned then": func(m *money) { m.state, m.returned = topup.Done, true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gateway.pending = true
			o := w.place(w.sepa())
			w.tell(o.ID)
			w.work(14 * 24 * time.Hour)
			id := w.history(o.ID).Charge.ID
			news(w.gateway.of(id))
			w.hint(id)
			w.hint(id) // gateways repeat themselves
			h := w.wantStatus(o.ID, topup.Delivered)
			if h.Charge.Status != topup.ChargeReturned {
				t.Errorf("charge is %s", h.Charge.Status)
			}
			if diff := cmp.Diff(map[string]int64{"customer_owes": 1000, "airtime_sold": -40, "wallet:net": -960}, w.balances(o.ID)); diff != "" {
				t.Error(diff)
			}
			w.wantCustomer(accounts.Blocked)
			if diff := cmp.Diff([]string{"order at 13s", "debit_returned at 336h0m0s"}, w.notices(o.ID)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDebitReturnedWhileHeldEndsTheOrderWithoutARefund(t *testing.T) {
	w := newWorld(t)
	w.gateway.pending = true
	w.network.credits.then(act{answer: topup.Passing})
	o := w.place(w.sepa())
	m := w.gateway.of(w.history(o.ID).Charge.ID)
	m.returned = true
	w.hint(w.history(o.ID).Charge.ID)
	w.work(time.Second)
	h := w.wantStatus(o.ID, topup.Refunded)
	w.wantBooks(h, 1, 0, 0)
	if h.Reason != topup.ReasonReturned || h.Charge.Status != topup.ChargeReturned {
		t.Errorf("ended for %q, charge %s", h.Reason, h.Charge.Status)
	}
	if got := w.balances(o.ID); len(got) != 0 {
		t.Errorf("nobody owes anything, but %v", got)
	}
	w.wantCustomer(accounts.Active)
}

func TestDebitReturnedDuringTheDeliveryBlocksWhenItIsDelivered(t *testing.T) {
	w := newWorld(t)
	w.gateway.pending = true
	w.network.credits.then(act{answer: topup.Done, effect: true, after: 40 * time.Second})
	o := w.place(w.sepa())
	h := w.wantStatus(o.ID, topup.Delivering)
	w.gateway.of(h.Charge.ID).returned = true
	w.hint(h.Charge.ID)
	w.clock.AdvanceTo(noon.Add(time.Minute))
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
	w.wantCustomer(accounts.Blocked)
	if got := w.balances(o.ID)["customer_owes"]; got != 1000 {
		t.Errorf("customer owes %d", got)
	}
}

func TestChargeThatTurnsUpAfterDeclinedIsGivenBackAndTheOrderStaysDeclined(t *testing.T) {
	for name, back := range map[string][]act{
		"at once":           nil,
		"when it answers":   {{answer: topup.Unknown}, {answer: topup.Unknown, effect: true}},
		"though it crashes": {{panics: true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gateway.takes.then(act{answer: topup.Refused})
			w.gateway.givesBack.then(back...)
			o := w.place(w.request())
			id := w.history(o.ID).Charge.ID
			w.hint(id) // declined it is
			m := w.gateway.of(id)
			m.state, m.taken = topup.Done, 1
			w.run(func(ctx context.Context) { _ = w.service.ChargeChanged(ctx, id) })
			if !w.work(time.Hour) {
				t.Error("the refund never ends")
			}
			w.hint(id)
			h := w.wantStatus(o.ID, topup.Declined)
			w.wantBooks(h, 1, 1, 0)
			if h.Charge.Status != topup.ChargeRefunded {
				t.Errorf("charge is %s", h.Charge.Status)
			}
			if got := w.balances(o.ID); len(got) != 0 {
				t.Errorf("a charge given back leaves %v", got)
			}
		})
	}
}

func TestLateChargeThatCannotBeGivenBackGoesToAHuman(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Refused})
	w.gateway.givesBack.then(act{answer: topup.Refused})
	o := w.place(w.request())
	id := w.history(o.ID).Charge.ID
	m := w.gateway.of(id)
	m.state, m.taken = topup.Done, 1
	w.hint(id)
	if !w.work(time.Hour) {
		t.Error("a refund refused for good is tried again")
	}
	if h := w.history(o.ID); h.Status != topup.Declined || !h.NeedsHuman {
		t.Errorf("order is %s, needs human %v", h.Status, h.NeedsHuman)
	}
}

func TestNewsThatCannotBeReadIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	w.gateway.pending = true
	o := w.place(w.sepa())
	h := w.history(o.ID)
	w.gateway.lookUps.then(act{answer: topup.Unknown}, act{panics: true}, act{answer: topup.Absent}) // reports may be later than news
	for range 3 {
		w.run(func(ctx context.Context) {
			if err := w.service.ChargeChanged(ctx, h.Charge.ID); err == nil {
				t.Error("the gateway is told that its news was taken")
			}
		})
	}
	w.gateway.of(h.Charge.ID).returned = true
	w.hint(h.Charge.ID)
	w.wantCustomer(accounts.Blocked)
}

func TestNewsOfAChargeThatIsNotOursIsErrNoOrder(t *testing.T) {
	w := newWorld(t)
	w.run(func(ctx context.Context) {
		if err := w.service.ChargeChanged(ctx, "bcdfghjklmnpqrstvwxz"); !errors.Is(err, topup.ErrNoOrder) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNewsWhileTheChargeIsBeingMadeWaitsForItsAnswer(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Done, effect: true, during: func() {
		for id := range w.gateway.charges {
			_ = w.service.ChargeChanged(context.Background(), id)
		}
	}})
	o := w.place(w.request())
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}

// moveAway does what a worker does with an order whose lease has lapsed.
func (w *world) moveAway(to []topup.Status, next *topup.Attempt) {
	latest, err := w.db.Orders.Latest(context.Background(), "demo", topup.Whose{Customer: w.customer}, 1)
	if err != nil || len(latest) == 0 {
		w.Fatalf("latest: %v, %v", latest, err)
	}
	o := latest[0]
	if next != nil {
		next.Order, next.Reference = o.ID, string(o.ID)
	}
	moved, err := w.db.Orders.Apply(context.Background(), topup.Change{
		Order: o.ID, From: o.Status, To: to, Next: next, At: w.clock.Now(),
		RunAt: w.clock.Now().Add(10 * time.Second), LeaseUntil: w.clock.Now().Add(2 * time.Minute),
	})
	if err != nil || !moved {
		w.Fatalf("move away: %v %v", moved, err)
	}
}

func TestLateAnswerMovesTheOrderWhereThatIsStillLegal(t *testing.T) {
	again := func() *topup.Attempt {
		return &topup.Attempt{Number: 3, Step: topup.StepCredit, Outcome: topup.Sending, StartedAt: noon}
	}
	for name, c := range map[string]struct {
		answer topup.Outcome
		to     []topup.Status
		next   *topup.Attempt
		want   topup.Status
	}{
		"done, taken for unknown":            {topup.Done, []topup.Status{topup.DeliveryUnknown}, nil, topup.Delivered},
		"refused, taken for unknown":         {topup.Refused, []topup.Status{topup.DeliveryUnknown}, nil, topup.Refunded},
		"unknown, taken for unknown":         {topup.Unknown, []topup.Status{topup.DeliveryUnknown}, nil, topup.DeliveryUnknown},
		"refused, but it was sent again":     {topup.Refused, []topup.Status{topup.DeliveryUnknown, topup.Delivering}, again(), topup.Delivering},
		"passing, but it was sent again":     {topup.Passing, []topup.Status{topup.DeliveryUnknown, topup.Delivering}, again(), topup.Delivering},
		"refused, but it has been delivered": {topup.Refused, []topup.Status{topup.DeliveryUnknown, topup.Delivered}, nil, topup.Delivered},
		"done, though it was sent again":     {topup.Done, []topup.Status{topup.DeliveryUnknown, topup.Delivering}, again(), topup.Delivered},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.network.credits.then(act{answer: c.answer, effect: c.answer == topup.Done})
			w.stallAt, w.stall = "delivery", func() { // the program stands still for ten minutes, in which another one works
				_ = w.clock.Sleep(context.Background(), 10*time.Minute)
				w.moveAway(c.to, c.next)
			}
			o := w.place(w.request())
			w.clock.AdvanceTo(noon.Add(10 * time.Minute))
			h := w.history(o.ID)
			if h.Status != c.want {
				t.Errorf("order is %s, want %s", h.Status, c.want)
			}
			if h.Attempts[1].Outcome != c.answer {
				t.Errorf("the late answer is not written: %+v", h.Attempts[1])
			}
		})
	}
}

func TestLateChargeOfADeclinedOrderIsGivenBack(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Done, effect: true, during: func() { w.moveAway([]topup.Status{topup.Declined}, nil) }})
	o := w.place(w.request())
	h := w.history(o.ID)
	w.wantBooks(h, 1, 1, 0)
	if h.Status != topup.Declined || h.Charge.Status != topup.ChargeRefunded {
		t.Errorf("order is %s, charge %s", h.Status, h.Charge.Status)
	}
}
