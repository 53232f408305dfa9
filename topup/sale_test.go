package topup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
)

const developer = "bcdfghjklmnpqrstvwxz"

func usd(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "USD"} }

// resale is a request by a developer whose account holds USD 50: EUR 10 for USD 11, less one.
func (w *world) resale() topup.Request {
	w.Helper()
	k := developers.Key{ID: developer, Brand: "demo", Name: "shop", Balance: usd(0), CreatedAt: noon}
	d := developers.Deed{Key: developer, What: "credit", By: topup.By{Who: "ops", Why: "test"}, At: noon}
	err := w.db.CreateKey(context.Background(), k, d)
	if err == nil {
		_, err = w.db.CreditKey(context.Background(), usd(5000), "", d)
	}
	if err != nil && !errors.Is(err, developers.ErrNameTaken) {
		w.Fatalf("make a key: %v", err)
	}
	r := w.request()
	r.Customer, r.ReplyTo, r.AuthorisedBy, r.Confirmed = "", topup.ReplyTo{}, "api", false
	r.Funding = topup.FundingRef{Kind: topup.ByDeveloper, Ref: developer}
	r.Sale = &topup.Sale{Asked: "what was asked", Operator: 1349, Requested: usd(1100), Discount: usd(100), Price: usd(1000), Delivered: eur(1000)}
	return r
}

func (w *world) left() prepaid.Money {
	w.Helper()
	k, err := w.db.Key(context.Background(), developer)
	if err != nil {
		w.Fatalf("read key: %v", err)
	}
	return k.Balance
}

func TestDevelopersOrdersAreDebitedDeliveredAndRefunded(t *testing.T) {
	for name, c := range map[string]struct {
		script func(*world)
		placed topup.Status // at the end of the patience
		rest   topup.Status
		left   int64
		ledger map[string]int64
	}{
		"delivered": {func(*world) {}, topup.Delivered, topup.Delivered, 4000,
			map[string]int64{"developer:" + developer: 1000, "discount": 100, "fx:USD": -100, "airtime_sold": -1000}},
		"refused": {func(w *world) { w.network.credits.then(act{answer: topup.Refused}) }, topup.Refunded, topup.Refunded, 5000, map[string]int64{}},
		"held, then delivered": {func(w *world) { w.network.credits.then(act{answer: topup.Passing}) }, topup.Held, topup.Delivered, 4000,
			map[string]int64{"developer:" + developer: 1000, "discount": 100, "fx:USD": -100, "airtime_sold": -1000}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.resale()
			c.script(w)
			o := w.place(r)
			w.wantStatus(o.ID, c.placed)
			if !w.work(2 * time.Hour) {
				t.Error("not at rest")
			}
			h := w.wantStatus(o.ID, c.rest)
			if w.left() != usd(c.left) {
				t.Errorf("left %s", w.left())
			}
			ledger := w.balances(o.ID)
			delete(ledger, "wallet:net") // what the network takes is its own affair
			if cost := h.Cost; cost.Currency == "EUR" {
				ledger["airtime_sold"] -= cost.Minor
			} else {
				delete(ledger, "fx:"+string(cost.Currency))
			}
			if ledger["airtime_sold"] == 0 {
				delete(ledger, "airtime_sold")
			}
			if diff := cmp.Diff(c.ledger, ledger); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
			if again := w.place(r); again.ID != o.ID || w.left() != usd(c.left) {
				t.Errorf("repeated: order %s, left %s", again.ID, w.left())
			}
			if got, err := w.service.Placed(t.Context(), r); err != nil || got.ID != o.ID {
				t.Errorf("placed before: %s, %v", got.ID, err)
			}
			if w.gateway.of(h.Charge.ID).taken != 0 || len(w.notices(o.ID)) != 0 {
				t.Error("a gateway or a customer heard of it")
			}
			w.wantClean()
		})
	}
}

func TestACrashOfADevelopersOrderLosesNothing(t *testing.T) {
	for _, c := range []struct {
		point  string
		refuse bool
		want   topup.Status
		left   int64
	}{
		{"order", false, topup.Delivered, 4000}, {"delivery", false, topup.Delivered, 4000}, {"delivered", false, topup.Delivered, 4000},
		{"delivery", true, topup.Refunded, 5000}, {"refund", true, topup.Refunded, 5000},
	} {
		for _, sever := range []bool{false, true} {
			t.Run(c.point, func(t *testing.T) {
				w := newWorld(t)
				r := w.resale()
				if c.refuse {
					w.network.credits.then(act{answer: topup.Refused}, act{answer: topup.Refused})
				}
				w.crashAt, w.sever = c.point, sever
				first := w.place(r)
				if !w.crashed {
					t.Fatalf("never came to %q", c.point)
				}
				w.start()
				w.crashed = false
				if again := w.place(r); again.ID != first.ID {
					t.Error("the repeated request made another order")
				}
				if !w.work(time.Hour) {
					t.Error("not at rest after an hour")
				}
				h := w.wantStatus(first.ID, c.want)
				if credited := w.network.credited[string(h.ID)]; w.left() != usd(c.left) || credited > 1 || (credited == 1) != (c.want == topup.Delivered) {
					t.Errorf("left %s, credited %d times", w.left(), credited)
				}
				w.wantClean()
			})
		}
	}
}

func TestANetworksReversalGivesADeveloperTheMoneyBack(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.resale())
	w.wantStatus(o.ID, topup.Delivered)
	w.network.lookUps.then(act{answer: topup.Refused})
	w.run(func(ctx context.Context) {
		if err := w.service.DeliveryChanged(ctx, o.ID); err != nil {
			t.Error(err)
		}
	})
	w.wantStatus(o.ID, topup.Refunded)
	if w.left() != usd(5000) || len(w.balances(o.ID)) != 0 {
		t.Errorf("left %s, ledger %v", w.left(), w.balances(o.ID))
	}
	w.wantClean()
}

func TestWhatIsNoSaleIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*topup.Request){
		"no sale":                func(r *topup.Request) { r.Sale = nil },
		"no price":               func(r *topup.Request) { r.Sale.Price, r.Sale.Discount = usd(0), usd(1100) },
		"a negative discount":    func(r *topup.Request) { r.Sale.Price, r.Sale.Discount = usd(1200), usd(-100) },
		"a wrong sum":            func(r *topup.Request) { r.Sale.Discount = usd(99) },
		"another currency":       func(r *topup.Request) { r.Sale.Discount = eur(100) },
		"nothing to deliver":     func(r *topup.Request) { r.Amount = eur(0) },
		"two amounts of one":     func(r *topup.Request) { r.Amount = usd(1000) },
		"nobody to be topped up": func(r *topup.Request) { r.MSISDN = "" },
	} {
		r := w.resale()
		sale := *r.Sale
		r.Sale = &sale
		change(&r)
		if _, err := w.service.Place(t.Context(), r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	r := w.resale()
	r.Sale.Price, r.Sale.Requested = usd(5001), usd(5101)
	if _, err := w.service.Place(t.Context(), r); !errors.Is(err, topup.ErrNoFunds) {
		t.Errorf("more than there is: %v", err)
	}
	if w.left() != usd(5000) {
		t.Errorf("left %s", w.left())
	}
}
