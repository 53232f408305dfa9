package topup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

func (w *world) hintCredit(id prepaid.OrderID) {
	w.Helper()
	var err error
	w.run(func(ctx context.Context) { err = w.service.CreditChanged(ctx, id) })
	if err != nil {
		w.Errorf("credit changed: %v", err)
	}
}

func TestNewsOfAnUnclearDeliveryMakesItsLookUpDueAtOnce(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Unknown, effect: true})
	w.network.lookUps.then(act{answer: topup.Pending})
	o := w.place(w.request())
	w.work(11 * time.Second) // the first look-up; the next is due at 30 s
	w.wantStatus(o.ID, topup.DeliveryUnknown)
	w.hintCredit(o.ID)
	w.work(time.Second)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}

// The network tells of a delivery and, while somebody reads it, that it took it back.
func TestNewsWhileADeliveryIsReadIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	w.hintCredit(o.ID)
	now := w.clock.Now()
	if reading, err := w.db.Orders.Claim(t.Context(), now, now.Add(2*time.Minute), 1); err != nil || len(reading) != 1 {
		t.Fatal(reading, err)
	}
	if err := w.service.CreditChanged(t.Context(), o.ID); !errors.Is(err, topup.ErrWorkedOn) {
		t.Errorf("while it is read: got %v", err)
	}
	w.work(3 * time.Minute)
	w.network.lookUps.then(act{answer: topup.Refused})
	w.hintCredit(o.ID)
	w.work(time.Second)
	w.wantStatus(o.ID, topup.Refunded)
}

func TestNewsOfACreditMovesNothingByItself(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	before := w.wantStatus(o.ID, topup.Delivered)
	w.hintCredit(o.ID)
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
	if after := w.history(o.ID); !after.RunAt.Equal(before.RunAt) {
		t.Errorf("a delivered order is due at %s", after.RunAt)
	}
	if err := w.service.CreditChanged(t.Context(), "NOBODY"); !errors.Is(err, topup.ErrNoOrder) {
		t.Errorf("an unknown reference: got %v", err)
	}
}
