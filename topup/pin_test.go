package topup_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

const pinCode = "773709733097662"

// wantPIN checks that an order was delivered by a PIN, which is kept and in no log.
func (w *world) wantPIN(id prepaid.OrderID) {
	w.Helper()
	h := w.wantStatus(id, topup.Delivered)
	if !h.ByPIN {
		w.Errorf("order %s was not delivered by PIN", id)
	}
	p, err := w.service.PIN(context.Background(), id)
	if err != nil || p == nil || p.Code.Reveal() != pinCode || p.Serial != "558111" {
		w.Errorf("kept %+v, %v", p, err)
	}
	if strings.Contains(w.log.String(), pinCode) {
		w.Errorf("the log tells it:\n%s", w.log)
	}
}

func TestPINOfADeliveryIsKeptWithIt(t *testing.T) {
	pin := &topup.PINDetail{Code: prepaid.NewSecret(pinCode), Serial: "558111"}
	t.Run("answered at once", func(t *testing.T) {
		w := newWorld(t)
		w.network.pin = pin
		o := w.place(w.request())
		if !o.ByPIN {
			t.Error("whoever placed it is not told that it is a PIN")
		}
		w.wantPIN(o.ID)
	})
	t.Run("found by a look-up", func(t *testing.T) {
		w := newWorld(t)
		w.network.pin = pin
		w.network.credits.then(act{answer: topup.Unknown, effect: true})
		o := w.place(w.request())
		w.work(time.Hour)
		w.wantPIN(o.ID)
	})
	t.Run("found when an operator says that it was delivered", func(t *testing.T) {
		w := newWorld(t)
		w.network.pin = pin
		w.network.credits.then(act{answer: topup.Unknown, effect: true})
		o := w.place(w.request())
		if err := w.resolve(o.ID, topup.WasDelivered); err != nil {
			t.Fatal(err)
		}
		w.wantPIN(o.ID)
	})
	t.Run("not of airtime", func(t *testing.T) {
		w := newWorld(t)
		o := w.place(w.request())
		if p, err := w.service.PIN(t.Context(), o.ID); o.ByPIN || p != nil || err != nil {
			t.Errorf("by PIN: %v, %+v, %v", o.ByPIN, p, err)
		}
	})
}
