package topup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

func (w *world) goodwill(id prepaid.OrderID) error {
	w.Helper()
	return w.goodwillOf(id, prepaid.Money{})
}

func (w *world) goodwillOf(id prepaid.OrderID, part prepaid.Money) error {
	w.Helper()
	var err error
	w.run(func(ctx context.Context) { _, err = w.service.Goodwill(ctx, id, part, anna) })
	return err
}

// wantPartAway checks that a part of an order's money was given away once.
func (w *world) wantPartAway(id prepaid.OrderID, part int64) {
	w.Helper()
	h := w.wantStatus(id, topup.Delivered)
	m := w.gateway.of(h.Charge.ID)
	if m.taken != 1 || m.given != 0 || m.part != part || h.Charge.Status != topup.ChargePartly || h.Charge.GivenAway.Minor != part || !h.RunAt.IsZero() {
		w.Errorf("%+v; the charge is %+v, next due %s", m, h.Charge, h.RunAt)
	}
	b := w.balances(id)
	got := map[string]int64{"psp:sim": b["psp:sim"], "loss": b["loss"], "refunds_due": b["refunds_due"]}
	if diff := cmp.Diff(map[string]int64{"psp:sim": h.Amount.Minor - part, "loss": part, "refunds_due": 0}, got); diff != "" {
		w.Errorf("%s", diff)
	}
	w.wantClean()
}

// some is a part of what every order of these tests costs.
var some = prepaid.Money{Minor: 250, Currency: "EUR"}

func TestGoodwillMayBeAPart(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	for _, wrong := range []prepaid.Money{{Minor: o.Amount.Minor + 1, Currency: "EUR"}, {Minor: -1, Currency: "EUR"}, {Minor: 100, Currency: "USD"}} {
		if err := w.goodwillOf(o.ID, wrong); !errors.Is(err, topup.ErrNotPart) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if err := w.goodwillOf(o.ID, some); err != nil {
		t.Fatal(err)
	}
	w.wantPartAway(o.ID, some.Minor)
	for _, more := range []prepaid.Money{{}, some} {
		if err := w.goodwillOf(o.ID, more); !errors.Is(err, topup.ErrNotGoodwill) {
			t.Errorf("again: %v", err)
		}
	}
	w.work(time.Hour)
	w.wantPartAway(o.ID, some.Minor)

	whole := w.place(w.request())
	if err := w.goodwillOf(whole.ID, whole.Amount); err != nil {
		t.Fatal(err)
	}
	w.wantAway(whole.ID)
}

func TestAPartIsGivenBackOnceWhateverTheGatewayAnswers(t *testing.T) {
	for name, acts := range map[string][]act{
		"unknown, done":       {{answer: topup.Unknown, effect: true}},
		"unknown, not done":   {{answer: topup.Unknown}, {answer: topup.Unknown}},
		"panics, done":        {{panics: true, effect: true}},
		"answers after leave": {{answer: topup.Done, effect: true, after: 200 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := w.place(w.request())
			w.gateway.givesBack.then(acts...)
			_ = w.goodwillOf(o.ID, some)
			w.work(3 * time.Hour)
			w.wantPartAway(o.ID, some.Minor)
		})
	}
}

func TestAnotherAmountIsRefusedWhileGoodwillHasNoAnswer(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.gateway.givesBack.then(act{answer: topup.Unknown}, act{answer: topup.Unknown})
	if err := w.goodwillOf(o.ID, some); err != nil {
		t.Fatal(err)
	}
	w.clock.AdvanceTo(w.clock.Now().Add(time.Hour)) // nobody works on it
	for _, other := range []prepaid.Money{{}, {Minor: 100, Currency: "EUR"}} {
		if err := w.goodwillOf(o.ID, other); !errors.Is(err, topup.ErrWorkedOn) {
			t.Errorf("%s: %v", other, err)
		}
	}
	if err := w.goodwillOf(o.ID, some); err != nil {
		t.Error("the same once more:", err)
	}
	w.work(3 * time.Hour)
	w.wantPartAway(o.ID, some.Minor)
}

func TestAPartSurvivesACrash(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.crashAt = "refund"
	_ = w.goodwillOf(o.ID, some)
	if !w.crashed {
		t.Fatal("nothing was given back")
	}
	w.crashAt, w.crashed = "", false
	w.start()
	w.work(3 * time.Hour)
	w.wantPartAway(o.ID, some.Minor)
}

func TestReversalAfterAPartGivesTheRestBack(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	if err := w.goodwillOf(o.ID, some); err != nil {
		t.Fatal(err)
	}
	w.network.lookUps.then(act{answer: topup.Refused})
	w.run(func(ctx context.Context) { _ = w.service.DeliveryChanged(ctx, o.ID) })
	h := w.wantStatus(o.ID, topup.Refunded)
	if m := w.gateway.of(h.Charge.ID); m.given != 1 || m.part != some.Minor || h.Charge.Status != topup.ChargeRefunded {
		t.Errorf("%+v, %s", m, h.Charge.Status)
	}
	for account, minor := range w.balances(o.ID) {
		if minor != 0 {
			t.Errorf("%s stands at %d", account, minor)
		}
	}
	w.wantClean()
}

func TestABankThatTakesTheDebitBackAfterAPartLeavesTheCustomerOwing(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.sepa())
	if err := w.goodwillOf(o.ID, some); err != nil {
		t.Fatal(err)
	}
	w.gateway.with(w.history(o.ID).Charge.ID, "", func(m *money) { m.returned = true })
	w.run(func(ctx context.Context) { _ = w.service.ChargeChanged(ctx, w.history(o.ID).Charge.ID) })
	h := w.history(o.ID)
	b := w.balances(o.ID)
	got := map[string]int64{"psp:sim": b["psp:sim"], "loss": b["loss"], "customer_owes": b["customer_owes"]}
	if diff := cmp.Diff(map[string]int64{"psp:sim": -some.Minor, "loss": some.Minor, "customer_owes": h.Amount.Minor}, got); diff != "" {
		t.Errorf("%s: %s", h.Charge.Status, diff)
	}
	w.wantClean()
}

// wantAway checks that an order's money was given away once: the gateway has given it back, and it is our loss.
func (w *world) wantAway(id prepaid.OrderID) {
	w.Helper()
	h := w.wantStatus(id, topup.Delivered)
	m := w.gateway.of(h.Charge.ID)
	if m.taken != 1 || m.given != 1 || h.Charge.Status != topup.ChargeRefunded || !h.RunAt.IsZero() || h.NeedsHuman {
		w.Errorf("charged %d times, given back %d; the charge is %s, next due %s", m.taken, m.given, h.Charge.Status, h.RunAt)
	}
	b := w.balances(id)
	got := map[string]int64{"psp:sim": b["psp:sim"], "loss": b["loss"], "refunds_due": b["refunds_due"]}
	if diff := cmp.Diff(map[string]int64{"psp:sim": 0, "loss": h.Amount.Minor, "refunds_due": 0}, got); diff != "" {
		w.Errorf("%s", diff)
	}
	w.wantClean()
}

func TestGoodwillIsABookedLossOnce(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	if err := w.goodwill(o.ID); err != nil {
		t.Fatal(err)
	}
	w.wantAway(o.ID)
	if err := w.goodwill(o.ID); !errors.Is(err, topup.ErrNotGoodwill) {
		t.Errorf("again: %v", err)
	}
	w.work(time.Hour)
	w.wantAway(o.ID)
	done, err := w.db.Deeds.Of(t.Context(), operators.Object{Brand: "demo", Kind: prepaid.OnOrder, ID: string(o.ID)})
	if err != nil || len(done) != 1 || done[0].What != "refund as goodwill" || done[0].By != anna || done[0].Outcome != "delivered" {
		t.Errorf("kept %+v, %v", done, err)
	}
}

func TestGoodwillGivesBackOnceWhateverTheGatewayAnswers(t *testing.T) {
	for name, acts := range map[string][]act{
		"unknown, done":       {{answer: topup.Unknown, effect: true}},
		"unknown, not done":   {{answer: topup.Unknown}, {answer: topup.Unknown}},
		"panics, done":        {{panics: true, effect: true}},
		"answers late, done":  {{answer: topup.Unknown, effect: true, after: 80 * time.Second}},
		"answers after leave": {{answer: topup.Done, effect: true, after: 200 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := w.place(w.request())
			w.gateway.givesBack.then(acts...)
			_ = w.goodwill(o.ID)
			w.work(3 * time.Hour)
			w.wantAway(o.ID)
		})
	}
}

func TestGoodwillSurvivesACrash(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.crashAt = "refund"
	_ = w.goodwill(o.ID)
	if !w.crashed {
		t.Fatal("nothing was given back")
	}
	w.crashAt, w.crashed = "", false
	w.start()
	w.work(3 * time.Hour)
	w.wantAway(o.ID)
}

func TestGoodwillThatIsRefusedChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.gateway.givesBack.then(act{answer: topup.Refused})
	o := w.place(w.request())
	if err := w.goodwill(o.ID); !errors.Is(err, topup.ErrRefusedBack) {
		t.Errorf("got %v", err)
	}
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
	w.wantClean()
	if err := w.goodwill(o.ID); err != nil {
		t.Fatal(err)
	}
	w.wantAway(o.ID)
}

func TestGoodwillIsForDeliveredOrdersThatAreFinallyPaid(t *testing.T) {
	w := newWorld(t)
	w.gateway.pending = true
	pending := w.place(w.sepa())
	w.wantStatus(pending.ID, topup.Delivered)
	w.network.credits.then(act{answer: topup.Passing})
	held := w.place(w.request())
	w.wantStatus(held.ID, topup.Held)
	for id, want := range map[prepaid.OrderID]error{held.ID: topup.ErrNotLegal, pending.ID: topup.ErrNotGoodwill, "NOBODY": topup.ErrNoOrder} {
		if err := w.goodwill(id); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", id, err, want)
		}
	}
	var err error
	w.run(func(ctx context.Context) {
		_, err = w.service.Goodwill(ctx, pending.ID, prepaid.Money{}, prepaid.By{Who: "anna"})
	})
	if !errors.Is(err, topup.ErrNoReason) {
		t.Errorf("without a reason: %v", err)
	}
}

func TestReversalAfterGoodwillIsNoLoss(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	if err := w.goodwill(o.ID); err != nil {
		t.Fatal(err)
	}
	w.network.lookUps.then(act{answer: topup.Refused})
	w.run(func(ctx context.Context) { _ = w.service.DeliveryChanged(ctx, o.ID) })
	h := w.wantStatus(o.ID, topup.Refunded)
	if m := w.gateway.of(h.Charge.ID); m.given != 1 {
		t.Errorf("given back %d times", m.given)
	}
	for account, minor := range w.balances(o.ID) {
		if minor != 0 {
			t.Errorf("%s stands at %d", account, minor)
		}
	}
	w.wantClean()
}

func TestGoodwillForWhatTheNetworkTookBackIsARefund(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.network.lookUps.then(act{answer: topup.Refused})
	if err := w.goodwill(o.ID); err != nil {
		t.Fatal(err)
	}
	h := w.wantStatus(o.ID, topup.Refunded)
	if b := w.balances(h.ID); b["loss"] != 0 || b["psp:sim"] != 0 {
		t.Errorf("balances %v", b)
	}
	w.wantClean()
}

func TestReversalThatIsNotReportedYetIsReadAgain(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.network.lookUps.then(act{answer: topup.Absent}, act{answer: topup.Refused})
	w.run(func(ctx context.Context) { _ = w.service.DeliveryChanged(ctx, o.ID) })
	if h := w.history(o.ID); h.Status != topup.Delivered || h.RunAt.IsZero() {
		t.Errorf("it is %s, next due %s", h.Status, h.RunAt)
	}
	w.work(time.Hour)
	w.wantStatus(o.ID, topup.Refunded)
	w.wantClean()
}
