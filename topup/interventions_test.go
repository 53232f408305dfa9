package topup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/topup"
)

var anna = prepaid.By{Who: "anna", Why: "the provider's statement of 21 November"}

func (w *world) resolve(id prepaid.OrderID, v topup.Verdict) error {
	w.Helper()
	var err error
	w.run(func(ctx context.Context) { _, err = w.service.Resolve(ctx, id, v, anna) })
	return err
}

func (w *world) refund(id prepaid.OrderID) error {
	w.Helper()
	var err error
	w.run(func(ctx context.Context) { _, err = w.service.Refund(ctx, id, anna) })
	return err
}

// wantClean audits the store.
func (w *world) wantClean() {
	w.Helper()
	violations, err := w.db.Audit.Violations(context.Background())
	if err != nil {
		w.Fatalf("audit: %v", err)
	}
	for _, v := range violations {
		w.Errorf("audit: %s", v)
	}
}

// silent makes every look-up of the network and the gateway unclear.
func (w *world) silent() {
	unclear := act{answer: topup.Unknown}
	for range 1000 {
		w.network.lookUps.then(unclear)
		w.gateway.lookUps.then(unclear)
		w.gateway.lookUpsBack.then(unclear)
	}
}

// stuck places an order that comes to stand in an unclear status for a day.
func (w *world) stuck(status topup.Status) prepaid.OrderID {
	w.Helper()
	lost := act{answer: topup.Unknown}
	switch status {
	case topup.ChargeUnknown:
		w.gateway.takes.then(lost)
	case topup.DeliveryUnknown:
		w.network.credits.then(lost)
	case topup.RefundUnknown:
		w.network.credits.then(act{answer: topup.Refused})
		w.gateway.givesBack.then(lost)
	}
	w.silent()
	o := w.place(w.request())
	w.work(25 * time.Hour)
	if h := w.wantStatus(o.ID, status); !h.NeedsHuman {
		w.Errorf("%s is not on the operator's list", status)
	}
	return o.ID
}

func TestAnOperatorSettlesWhatIsUnknown(t *testing.T) {
	race.Skip(t)
	for _, c := range []struct {
		stuck                       topup.Status
		verdict                     topup.Verdict
		want                        topup.Status
		charged, refunded, credited int
	}{
		{topup.ChargeUnknown, topup.WasCharged, topup.Delivered, 0, 0, 1},
		{topup.ChargeUnknown, topup.NotCharged, topup.Declined, 0, 0, 0},
		{topup.DeliveryUnknown, topup.WasDelivered, topup.Delivered, 1, 0, 0},
		{topup.DeliveryUnknown, topup.NotDelivered, topup.Refunded, 1, 1, 0},
		{topup.RefundUnknown, topup.WasRefunded, topup.Refunded, 1, 0, 0},
		{topup.RefundUnknown, topup.NotRefunded, topup.RefundFailed, 1, 0, 0},
	} {
		t.Run(string(c.verdict), func(t *testing.T) {
			w := newWorld(t)
			id := w.stuck(c.stuck)
			if err := w.resolve(id, c.verdict); err != nil {
				t.Fatal(err)
			}
			w.work(time.Hour)
			w.wantBooks(w.wantStatus(id, c.want), c.charged, c.refunded, c.credited)
			w.wantClean()
			done, err := w.db.Deeds.Of(t.Context(), operators.Object{Brand: "demo", Kind: prepaid.OnOrder, ID: string(id)})
			if err != nil || len(done) != 1 || done[0].By != anna || done[0].What != "resolve "+string(c.verdict) ||
				done[0].Outcome != string(c.want) || done[0].EndedAt.IsZero() {
				t.Errorf("kept %+v, %v", done, err)
			}
		})
	}
}

func TestAProvidersClearAnswerWinsOverAnOperator(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Unknown, effect: true})
	w.network.lookUps.then(act{answer: topup.Unknown})
	o := w.place(w.request())
	w.work(11 * time.Second)
	w.wantStatus(o.ID, topup.DeliveryUnknown)
	if err := w.resolve(o.ID, topup.NotDelivered); !errors.Is(err, topup.ErrContradicted) {
		t.Errorf("got %v", err)
	}
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}

func TestAChargeThatHappenedAfterAllIsNotDeclinedByHand(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Unknown, effect: true})
	w.gateway.lookUps.then(act{answer: topup.Unknown}, act{answer: topup.Unknown})
	o := w.place(w.request())
	w.work(11 * time.Second)
	if err := w.resolve(o.ID, topup.NotCharged); !errors.Is(err, topup.ErrContradicted) {
		t.Errorf("got %v", err)
	}
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
	w.wantClean()
}

func TestAnOperatorRefundsWhereThatIsLegal(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Passing})
	held := w.place(w.request())
	w.wantStatus(held.ID, topup.Held)
	if err := w.refund(held.ID); err != nil {
		t.Fatal(err)
	}
	w.wantBooks(w.wantStatus(held.ID, topup.Refunded), 1, 1, 0)

	w.network.credits.then(act{answer: topup.Refused})
	w.gateway.givesBack.then(act{answer: topup.Refused})
	failed := w.place(w.request())
	w.wantStatus(failed.ID, topup.RefundFailed)
	if err := w.refund(failed.ID); err != nil {
		t.Fatal(err)
	}
	w.wantBooks(w.wantStatus(failed.ID, topup.Refunded), 1, 1, 0)

	delivered := w.place(w.request())
	for id, want := range map[prepaid.OrderID]error{
		held.ID: topup.ErrNotLegal, delivered.ID: topup.ErrNotReversed, "NOBODY": topup.ErrNoOrder,
	} {
		if err := w.refund(id); !errors.Is(err, want) {
			t.Errorf("refund of %s: got %v, want %v", id, err, want)
		}
	}
	w.wantBooks(w.wantStatus(delivered.ID, topup.Delivered), 1, 0, 1)
	w.wantClean()
}

func TestMoneyPaidBackByOtherMeansStandsInSuspense(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Refused})
	w.gateway.givesBack.then(act{answer: topup.Refused})
	o := w.place(w.request())
	w.wantStatus(o.ID, topup.RefundFailed)
	if err := w.resolve(o.ID, topup.WasRefunded); err != nil {
		t.Fatal(err)
	}
	w.wantStatus(o.ID, topup.Refunded)
	if diff := cmp.Diff(map[string]int64{"psp:sim": 1000, "suspense": -1000}, w.balances(o.ID)); diff != "" {
		t.Error(diff)
	}
	w.wantClean()
}

func TestNothingIsDoneByHandWithoutAReasonOrMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Passing})
	o := w.place(w.request())
	if _, err := w.service.Refund(t.Context(), o.ID, prepaid.By{Who: "anna"}); !errors.Is(err, topup.ErrNoReason) {
		t.Errorf("without a reason: %v", err)
	}
	now := w.clock.Now().Add(time.Hour)
	if _, err := w.db.Orders.Claim(t.Context(), now, now.Add(2*time.Minute), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Refund(t.Context(), o.ID, anna); !errors.Is(err, topup.ErrWorkedOn) {
		t.Errorf("while somebody works on it: %v", err)
	}
	w.wantBooks(w.wantStatus(o.ID, topup.Held), 1, 0, 0)
}

func TestTheNetworksReversalGivesTheMoneyBack(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.wantStatus(o.ID, topup.Delivered)
	changed := func() {
		t.Helper()
		var err error
		w.run(func(ctx context.Context) { err = w.service.DeliveryChanged(ctx, o.ID) })
		if err != nil {
			t.Fatal(err)
		}
	}
	changed() // the network says that it is delivered
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)

	w.network.lookUps.then(act{answer: topup.Unknown}, act{answer: topup.Refused})
	changed() // it does not tell: it is asked again
	w.work(5 * time.Minute)
	if h := w.history(o.ID); h.Status != topup.Delivered || h.RunAt.IsZero() {
		t.Errorf("is %s, next at %s", h.Status, h.RunAt)
	}
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Refunded), 1, 1, 1)
	if got := w.balances(o.ID); len(got) != 0 {
		t.Errorf("left in the books: %v", got)
	}
	w.wantClean()
	changed() // news of what has ended
	w.wantStatus(o.ID, topup.Refunded)
}

func TestAReversalReportedByWebhookIsReadByAWorker(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.network.lookUps.then(act{answer: topup.Refused})
	w.hintCredit(o.ID)
	if h := w.history(o.ID); h.Status != topup.Delivered {
		t.Errorf("moved by the hint itself: %s", h.Status)
	}
	w.work(time.Second)
	w.wantBooks(w.wantStatus(o.ID, topup.Refunded), 1, 1, 1)
	w.wantClean()
}

func TestAReversalOfAReturnedDebitClearsTheDebt(t *testing.T) {
	w := newWorld(t)
	w.gateway.pending = true
	o := w.place(w.sepa())
	h := w.wantStatus(o.ID, topup.Delivered)
	w.gateway.with(h.Charge.ID, "", func(m *money) { m.returned = true })
	w.hint(h.Charge.ID)
	w.network.lookUps.then(act{answer: topup.Refused})
	if err := w.refund(o.ID); err != nil {
		t.Fatal(err)
	}
	w.wantBooks(w.wantStatus(o.ID, topup.Refunded), 1, 0, 1)
	if got := w.balances(o.ID); len(got) != 0 {
		t.Errorf("left in the books: %v", got)
	}
	w.wantClean()
}
