package topup_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
	"pulsa/topup"
)

func TestOrderIsChargedAndDeliveredWithinThePatience(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	if o.Status != topup.Delivered || o.Cost != eur(960) || o.NetworkRef != "ref" {
		t.Errorf("placed order is %+v", o)
	}
	h := w.wantStatus(o.ID, topup.Delivered)
	if diff := cmp.Diff(o, h.Order); diff != "" {
		t.Errorf("stored order differs from the one answered:\n%s", diff)
	}
	w.wantBooks(h, 1, 0, 1)
	if h.Charge.Status != topup.ChargeCaptured || h.Charge.ProviderRef != "ref" {
		t.Errorf("charge is %+v", h.Charge)
	}
	if diff := cmp.Diff(map[string]int64{"psp:sim": 1000, "airtime_sold": -40, "wallet:net": -960}, w.balances(o.ID)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"order at 13s"}, w.notices(o.ID)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"order", "charge", "charged", "delivery", "delivered"}, w.reached); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"requested > charging", "charging > charged", "charged > delivering", "delivering > delivered"}, w.moves); diff != "" {
		t.Error(diff)
	}
	for _, a := range h.Attempts {
		if a.Outcome != topup.Done || a.EndedAt.IsZero() {
			t.Errorf("attempt %+v has no answer", a)
		}
		if a.Step == topup.StepCredit && a.Reference != string(o.ID) {
			t.Errorf("credit's reference is %q", a.Reference)
		}
	}
	if !w.work(time.Hour) {
		t.Error("a delivered order is still due")
	}
}

func TestMailAccountIsToppedUpInsteadOfANumber(t *testing.T) {
	w := newWorld(t)
	r := w.request()
	r.MSISDN, r.Email = "", "anyone@nauta.com.cu"
	o := w.place(r)
	h := w.wantStatus(o.ID, topup.Delivered)
	if h.Email != r.Email || h.MSISDN != "" || w.network.recipient != "/anyone@nauta.com.cu" {
		t.Errorf("order of %q %q, the network was asked for %s", h.MSISDN, h.Email, w.network.recipient)
	}
	w.wantBooks(h, 1, 0, 1)
	if again := w.place(r); again.ID != o.ID {
		t.Errorf("repeated, it is order %s", again.ID)
	}
	r.Email = "other@nauta.com.cu"
	if _, err := w.service.Place(t.Context(), r); !errors.Is(err, topup.ErrKeyReused) {
		t.Errorf("the key with another account: %v", err)
	}
	if strings.Contains(w.log.String(), "anyone") || !strings.Contains(w.log.String(), "email=a****@nauta.com.cu") {
		t.Errorf("the account is not masked:\n%s", w.log)
	}
}

func TestTransitionsAreLoggedOnceEachAndNumbersMasked(t *testing.T) {
	w := newWorld(t)
	w.place(w.request())
	log := w.log.String()
	if n := strings.Count(log, "order moved"); n != 4 {
		t.Errorf("%d transitions logged, want 4:\n%s", n, log)
	}
	if strings.Contains(log, string(msisdn)) || !strings.Contains(log, msisdn.Masked()) {
		t.Errorf("the number is not masked:\n%s", log)
	}
	for _, part := range []string{"brand=demo", "from=charging", "to=charged", "step=credit", "outcome=done", "code=CODE_done"} {
		if !strings.Contains(log, part) {
			t.Errorf("log lacks %s:\n%s", part, log)
		}
	}
}

func TestAnswersOfTheFirstCallsMoveTheOrder(t *testing.T) {
	answer := func(o topup.Outcome) act { return act{answer: o} }
	for name, c := range map[string]struct {
		take, credit, back act
		sepa               bool
		want               topup.Status
		reason             string
		calls              [3]int // charged, refunded, credited
	}{
		"charge declined":                                   {take: answer(topup.Refused), want: topup.Declined, reason: "CODE_refused"},
		"charge to be confirmed":                            {take: answer(topup.Action), want: topup.Confirming},
		"charge unknown":                                    {take: answer(topup.Unknown), want: topup.ChargeUnknown},
		"charge answered with nonsense":                     {take: answer(topup.Absent), want: topup.ChargeUnknown},
		"a pending charge that is no debit is not yet paid": {take: act{answer: topup.Pending, effect: true}, want: topup.ChargeUnknown, calls: [3]int{1, 0, 0}},
		"a pending debit is delivered upon":                 {take: act{answer: topup.Pending, effect: true}, sepa: true, credit: well, want: topup.Delivered, calls: [3]int{1, 0, 1}},
		"delivery refused":                                  {take: well, credit: answer(topup.Refused), back: well, want: topup.Refunded, reason: "CODE_refused", calls: [3]int{1, 1, 0}},
		"delivery refused, refund unknown":                  {take: well, credit: answer(topup.Refused), back: answer(topup.Unknown), want: topup.RefundUnknown, reason: "CODE_refused", calls: [3]int{1, 0, 0}},
		"delivery and refund refused":                       {take: well, credit: answer(topup.Refused), back: answer(topup.Refused), want: topup.RefundFailed, reason: "CODE_refused", calls: [3]int{1, 0, 0}},
		"delivery refused for now":                          {take: well, credit: answer(topup.Passing), want: topup.Held, reason: "CODE_passing", calls: [3]int{1, 0, 0}},
		"delivery unknown":                                  {take: well, credit: answer(topup.Unknown), want: topup.DeliveryUnknown, calls: [3]int{1, 0, 0}},
		"delivery under way":                                {take: well, credit: answer(topup.Pending), want: topup.DeliveryUnknown, calls: [3]int{1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gateway.takes.then(c.take)
			w.network.credits.then(c.credit)
			w.gateway.givesBack.then(c.back)
			r := w.request()
			if c.sepa {
				r = w.sepa()
			}
			o := w.place(r)
			h := w.wantStatus(o.ID, c.want)
			if o.Status != c.want || h.Reason != c.reason {
				t.Errorf("placed order is %s, stored reason %q; want %s, %q", o.Status, h.Reason, c.want, c.reason)
			}
			w.wantBooks(h, c.calls[0], c.calls[1], c.calls[2])
			if c.want == topup.Confirming && o.ActionURL == "" {
				t.Error("nobody can confirm without a page")
			}
			silent := c.want == topup.ChargeUnknown || c.want == topup.DeliveryUnknown
			if got := len(w.notices(o.ID)); (got == 0) != silent || got > 1 {
				t.Errorf("%d notices", got)
			}
			if c.want == topup.RefundFailed && !h.NeedsHuman {
				t.Error("a failed refund is on nobody's list")
			}
		})
	}
}

func TestCardOrderIsRedeemedOutsideRangeAndLimits(t *testing.T) {
	w := newWorld(t)
	r := w.request()
	r.Customer, r.Amount, r.Funding = "", eur(750), topup.FundingRef{Kind: topup.ByCard, Ref: "101-00000042"}
	w.network.credits.then(act{answer: topup.Refused})
	o := w.place(r)
	w.wantBooks(w.wantStatus(o.ID, topup.Refunded), 1, 1, 0)
	if got := w.balances(o.ID); len(got) != 0 {
		t.Errorf("a released card leaves %v", got)
	}
}

func TestRepeatedPlaceAnswersTheOrderWithoutWorkingOnIt(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Unknown})
	r := w.request()
	first := w.place(r)
	second := w.place(r)
	if first.ID != second.ID || second.Status != topup.ChargeUnknown {
		t.Errorf("repeated: %s %s, want %s again", second.ID, second.Status, first.ID)
	}
	if diff := cmp.Diff([]string{"take"}, w.gateway.calls); diff != "" {
		t.Error(diff)
	}
	r.Amount = eur(1500)
	w.run(func(ctx context.Context) {
		if _, err := w.service.Place(ctx, r); !errors.Is(err, topup.ErrKeyReused) {
			t.Errorf("same key, other request: %v", err)
		}
	})
}

func TestPlaceRefusesWhatItCannotSell(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		change func(*topup.Request)
		want   error
	}{
		{func(r *topup.Request) { r.Amount = eur(500) }, topup.ErrOutOfRange},
		{func(r *topup.Request) { r.Amount = eur(1100) }, topup.ErrWrongStep},
	} {
		r := w.request()
		c.change(&r)
		w.run(func(ctx context.Context) {
			if _, err := w.service.Place(ctx, r); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	r := w.request()
	r.Brand = "nobody's"
	w.run(func(ctx context.Context) {
		if _, err := w.service.Place(ctx, r); err == nil {
			t.Error("a brand that does not exist sells airtime")
		}
	})
	w.gateway.takes.then(act{answer: topup.Unknown})
	w.place(w.request())
	w.run(func(ctx context.Context) {
		var flying *topup.InFlightError
		if _, err := w.service.Place(ctx, w.request()); !errors.As(err, &flying) {
			t.Errorf("a second order under way: %v", err)
		}
	})
}

func TestTakenOrderIDIsDrawnAgain(t *testing.T) {
	w := newWorld(t)
	w.orders.clash = 2
	w.wantStatus(w.place(w.request()).ID, topup.Delivered)
}

func TestPatienceEndsTheWaitingNotTheCall(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Done, effect: true, after: 40 * time.Second})
	r := w.request()
	var o topup.Order
	w.run(func(ctx context.Context) {
		ctx, hangUp := context.WithCancel(ctx)
		o, _ = w.service.Place(ctx, r)
		hangUp() // the customer's webhook has been answered
	})
	if waited := w.clock.Now().Sub(noon); o.Status != topup.Delivering || waited != 8*time.Second {
		t.Errorf("after %s the order is %s, want delivering after 8s", waited, o.Status)
	}
	w.clock.AdvanceTo(noon.Add(time.Minute))
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
	if diff := cmp.Diff([]string{"order at 40s"}, w.notices(o.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestCallsEndAfterNinetySecondsWhateverTheyAreMadeOf(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Done, after: time.Hour})
	o := w.place(w.request())
	w.clock.AdvanceTo(noon.Add(100 * time.Second))
	h := w.wantStatus(o.ID, topup.DeliveryUnknown)
	if !h.StatusAt.Before(noon.Add(2 * time.Minute)) {
		t.Errorf("unknown only after %s: its lease had lapsed", h.StatusAt.Sub(noon))
	}
}

func TestPanicOfAProviderLeavesTheOrderToItsLease(t *testing.T) {
	for name, script := range map[string]func(*world){
		"gateway": func(w *world) { w.gateway.takes.then(act{effect: true, panics: true}) },
		"network": func(w *world) { w.network.credits.then(act{effect: true, panics: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			script(w)
			o := w.place(w.request())
			if h := w.history(o.ID); h.Status.Ended() || !h.LeaseUntil.Equal(noon.Add(2*time.Minute)) {
				t.Errorf("order is %s, leased until %s", h.Status, h.LeaseUntil)
			}
			if log := w.log.String(); !strings.Contains(log, "panic with a string") || !strings.Contains(log, "providers_test.go") || strings.Contains(log, "foreign implementation") {
				t.Errorf("the panic is not logged, or with its value:\n%s", w.log)
			}
			w.work(time.Hour)
			w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
		})
	}
}

func TestOneKeyPlacedAtOnceIsOneOrder(t *testing.T) {
	w := newWorld(t)
	g, n := &counted{}, &counted{}
	service := topup.New(topup.Config{
		Orders: w.db.Orders, Finder: w.db.Orders, Clock: prepaid.SystemClock{}, Patience: func(string) time.Duration { return 8 * time.Second },
		Networks: map[string]topup.Network{"net": countedNetwork{n}},
		Fundings: map[topup.FundingKind]topup.Funding{topup.ByCharge: countedFunding{g}},
		Brands:   prepaid.NewBrands(&prepaid.Brand{Name: "demo", Network: "net", Currency: "EUR", Amounts: prepaid.AmountRange{Min: eur(1000), Max: eur(5000)}}),
		Log:      discard(),
	})
	r := w.request()
	var all sync.WaitGroup
	ids := make([]prepaid.OrderID, 32)
	for i := range ids {
		all.Go(func() {
			o, err := service.Place(t.Context(), r)
			if err != nil {
				t.Errorf("place: %v", err)
			}
			ids[i] = o.ID
		})
	}
	all.Wait()
	if err := service.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("orders %s and %s of one message", ids[0], id)
		}
	}
	if g.n.Load() != 1 || n.n.Load() != 1 {
		t.Errorf("charged %d times, credited %d", g.n.Load(), n.n.Load())
	}
}

func TestDrainWaitsForCallsAndCutsThemOffAtItsEnd(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Done, effect: true, after: 40 * time.Second})
	o := w.place(w.request())
	w.run(func(ctx context.Context) {
		if err := w.service.Drain(ctx); err != nil {
			t.Errorf("drain: %v", err)
		}
	})
	w.wantStatus(o.ID, topup.Delivered)

	w.network.credits.then(act{answer: topup.Done, effect: true, after: 40 * time.Second})
	o = w.place(w.request())
	w.run(func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if err := w.service.Drain(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("drain cut short: %v", err)
		}
	})
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}

func TestRecogniseAnswersOnlyWhatItPromises(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		known error
		slow  time.Duration
		want  error
	}{
		{known: nil},
		{known: topup.ErrUnknownNumber, want: topup.ErrUnknownNumber},
		{known: errors.New("connection reset"), want: topup.ErrNetworkDown},
		{slow: time.Minute, want: topup.ErrNetworkDown},
	} {
		w.network.known, w.network.slow = c.known, c.slow
		w.run(func(ctx context.Context) {
			if err := w.service.Recognise(ctx, "demo", msisdn); !errors.Is(err, c.want) {
				t.Errorf("network says %v after %s: %v, want %v", c.known, c.slow, err, c.want)
			}
		})
	}
}
