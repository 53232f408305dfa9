package topup_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/store/storetest"
	"pulsa/topup"
)

// recover gives the customer's number to its next holder: what the earlier one has set up ends.
func (w *world) recover() {
	w.Helper()
	w.holder++
	_, err := w.db.Customers.RecoverCustomer(context.Background(), accounts.NewHolder{Customer: w.customer, MSISDN: msisdn, PINHash: "hash",
		Places: []accounts.Place{{Address: msisdn.Tel()}}, OperationKey: prepaid.NewToken(), At: w.clock.Now()})
	if err != nil {
		w.Fatalf("recover: %v", err)
	}
}

// setUp lets the present holder set up a way to pay on a page.
func (w *world) setUp() {
	w.Helper()
	c, err := w.db.Customers.CustomerByMSISDN(context.Background(), "demo", msisdn)
	if err == nil {
		var id prepaid.InstrumentID
		id, err = storetest.Instrument(context.Background(), w.db, c, w.clock.Now())
		w.instrument = string(id)
		w.setUpBy[w.instrument] = w.holder
	}
	if err != nil {
		w.Fatalf("set up: %v", err)
	}
}

func TestAfterARecoveryNothingIsChargedToTheEarlierHolder(t *testing.T) {
	w := newWorld(t)
	earlier := w.request()
	w.recover()
	for range 2 {
		w.run(func(ctx context.Context) {
			if _, err := w.service.Place(ctx, earlier); !errors.Is(err, topup.ErrInstrumentEnded) {
				t.Errorf("%v; want ErrInstrumentEnded", err)
			}
		})
		w.setUp()
	}
	if len(w.gateway.calls) > 0 {
		t.Errorf("the gateway was asked to %v", w.gateway.calls)
	}
	w.wantBooks(w.wantStatus(w.place(w.request()).ID, topup.Delivered), 1, 0, 1)
	w.check()
}

func TestARecoveryDeclinesWhatTheEarlierHolderHasNotConfirmed(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Action})
	o := w.place(w.request())
	w.work(time.Minute)
	w.tell(o.ID)
	w.recover()
	w.work(0)
	h := w.wantStatus(o.ID, topup.Declined)
	w.wantBooks(h, 0, 0, 0)
	if h.Reason != topup.ReasonRecovered || !slices.Contains(w.gateway.calls, "cancel") {
		t.Errorf("reason %q, calls %v", h.Reason, w.gateway.calls)
	}
	if told := w.notices(o.ID); len(told) != 2 { // to be confirmed, and declined
		t.Errorf("told %v", told)
	}
}

func TestARecoveryDeclinesWhatComesToBeConfirmedAfterIt(t *testing.T) {
	for name, first := range map[string]act{
		"at once":                {answer: topup.Action},
		"found out by a look-up": {answer: topup.Unknown},
	} {
		w := newWorld(t)
		first.during = w.recover
		w.gateway.takes.then(first)
		o := w.place(w.request())
		if first.answer == topup.Unknown {
			w.gateway.of(w.history(o.ID).Charge.ID).state = topup.Action
		}
		w.work(time.Minute)
		if h := w.wantStatus(o.ID, topup.Declined); h.Reason != topup.ReasonRecovered {
			t.Errorf("%s: reason %q", name, h.Reason)
		}
	}
}

func TestWhatWasConfirmedBeforeARecoveryRunsOn(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Action})
	o := w.place(w.request())
	m := w.gateway.of(w.history(o.ID).Charge.ID)
	m.state, m.taken = topup.Done, 1 // its news is late
	w.recover()
	w.work(0)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
	w.check()
}

func TestAConfirmationThatCannotBeCancelledEndsWithItsTime(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Action})
	w.gateway.cancels.then(act{answer: topup.Refused})
	o := w.place(w.request())
	w.recover()
	w.work(20 * time.Minute)
	w.wantStatus(o.ID, topup.Confirming)
	if n := len(w.gateway.calls); n > 6 {
		t.Errorf("%d calls: %v", n, w.gateway.calls)
	}
	w.work(time.Hour)
	w.wantStatus(o.ID, topup.Declined)
}

func TestOrdersBegunBeforeARecoveryRunOn(t *testing.T) {
	for name, broken := range map[string]func(*world){
		"charging": func(w *world) { w.gateway.takes.then(act{answer: topup.Done, effect: true, during: w.recover}) },
		"unknown":  func(w *world) { w.gateway.takes.then(act{answer: topup.Unknown, effect: true, during: w.recover}) },
		"held":     func(w *world) { w.network.credits.then(act{answer: topup.Passing, during: w.recover}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			broken(w)
			o := w.place(w.request())
			w.work(time.Hour)
			w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
			w.check()
		})
	}
}

func TestForADayARecoveredNumberBuysForHalf(t *testing.T) {
	w := newWorld(t)
	w.brand.Limits = prepaid.Limits{DaySum: eur(5000), DayCount: 9}
	w.brand.Recovery = prepaid.Recovery{Hold: 24 * time.Hour, DayPercent: 50}
	w.recover()
	w.setUp()
	for range 2 {
		w.place(w.request())
	}
	var limit *topup.LimitError
	w.run(func(ctx context.Context) {
		if _, err := w.service.Place(ctx, w.request()); !errors.As(err, &limit) || limit.Money != eur(2500) {
			t.Errorf("%v; want a limit of EUR 25", err)
		}
	})
	w.clock.AdvanceTo(noon.Add(24*time.Hour + time.Second))
	for range 5 {
		w.place(w.request())
	}
}
