package main

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/app"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
)

// The network takes a delivery back while the turn is about to say that it was delivered: both are told.
func TestWhatHappensBetweenADeliveryAndItsAnswerIsTold(t *testing.T) {
	var takeBack atomic.Pointer[func()]
	clock := newSkipClock()
	r := runWired(t, nil, nil, app.Wiring{Clock: clock, Reached: func(point string) {
		if act := takeBack.Load(); act != nil && point == "delivered" {
			(*act)()
		}
	}})
	r.customer(testNumber)
	act := func() {
		takeBack.Store(nil)
		number, _ := prepaid.ParseE164(testNumber)
		if err := r.Sims.Network.TakeBack(context.Background(), simnetwork.Filter{MSISDN: number}); err != nil {
			t.Error(err)
		}
	}
	takeBack.Store(&act)
	r.wants(testNumber, "KOOP 10 "+testPIN, "EUR 10.00")
	clock.skip(time.Minute)
	r.hears("EUR 10.00 was paid back")
}
