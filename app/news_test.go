package app

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
)

// The network takes a delivery back while the turn is about to say that it was delivered: both are told.
func TestWhatHappensBetweenADeliveryAndItsAnswerIsTold(t *testing.T) {
	var takeBack atomic.Pointer[func()]
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, nil, Wiring{Clock: clock, reached: func(point string) {
		if act := takeBack.Load(); act != nil && point == "delivered" {
			(*act)()
		}
	}})
	r.customer(apptest.Number)
	act := func() {
		takeBack.Store(nil)
		number, _ := prepaid.ParseE164(apptest.Number)
		if err := r.Sims.Network.TakeBack(context.Background(), simnetwork.Filter{MSISDN: number}); err != nil {
			t.Error(err)
		}
	}
	takeBack.Store(&act)
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10")
	clock.Skip(time.Minute)
	r.hears("€10 was paid back")
}
