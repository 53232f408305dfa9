package topup_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/topup"
)

const developer = "bcdfghjklmnpqrstvwxz"

func usd(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "USD"} }

// resale is a request by a developer whose account holds USD 50: EUR 10 for USD 11, less one.
func (w *world) resale() topup.Request {
	w.Helper()
	k := developers.Key{ID: developer, Brand: "demo", Name: "shop", Balance: usd(0), CreatedAt: noon}
	d := prepaid.Deed{Kind: prepaid.OnKey, Object: developer, What: "credit", By: prepaid.By{Who: "ops", Why: "test"}, At: noon}
	err := w.db.Developers.CreateKey(context.Background(), k, d)
	if err == nil {
		_, err = w.db.Developers.CreditKey(context.Background(), usd(5000), "", d)
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

// laterSale is a resale that is debited only when the network has told whose number it is.
func (w *world) laterSale() topup.Request {
	r := w.resale()
	r.DebitLater = true
	return r
}

func (w *world) left() prepaid.Money {
	w.Helper()
	k, err := w.db.Developers.Key(context.Background(), developer)
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

func TestAnOrderThatIsDebitedLaterFailsUndebited(t *testing.T) {
	for name, c := range map[string]struct {
		script func(*world)
		reason string
		left   int64
	}{
		"another operator's number": {func(w *world) { w.network.operators.then(act{answer: topup.Refused}) }, topup.CodeMismatch, 5000},
		"nobody's number":           {func(w *world) { w.network.operators.then(act{answer: topup.Absent}) }, topup.CodeInvalidNumber, 5000},
		"nobody tells":              {func(w *world) { w.network.operators.then(act{answer: topup.Unknown}) }, topup.CodeUnavailable, 5000},
		"spent meanwhile": {func(w *world) {
			w.network.operators.then(act{answer: topup.Done, during: func() { w.spend(4001) }})
		}, topup.CodeNoFunds, 999},
		"revoked meanwhile": {func(w *world) {
			w.network.operators.then(act{answer: topup.Done, during: func() {
				if err := w.db.Developers.RevokeKey(context.Background(), prepaid.Deed{Kind: prepaid.OnKey, Object: developer, What: "revoke", At: noon}); err != nil {
					w.Errorf("revoke: %v", err)
				}
			}})
		}, topup.CodeInactive, 5000},
		"spent while nobody worked on it": {func(w *world) {
			w.crashAt = "order"
			w.network.operators.then(act{answer: topup.Done, during: func() { w.spend(4001) }})
		}, topup.CodeNoFunds, 999},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.laterSale()
			c.script(w)
			o := w.place(r)
			if w.crashed {
				w.crashed = false
				w.start()
			}
			if !w.work(time.Hour) {
				t.Error("not at rest")
			}
			h := w.wantStatus(o.ID, topup.Declined)
			if h.Reason != c.reason || h.Charge.Status != topup.ChargeDeclined || !h.Sale.DebitedAt.IsZero() || w.left() != usd(c.left) {
				t.Errorf("%s, charge %s, debited at %s, left %s", h.Reason, h.Charge.Status, h.Sale.DebitedAt, w.left())
			}
			if len(w.balances(o.ID)) != 0 || w.network.credited[string(o.ID)] != 0 {
				t.Errorf("ledger %v, credited %d times", w.balances(o.ID), w.network.credited[string(o.ID)])
			}
			if again, err := w.service.Placed(t.Context(), r); err != nil || again.ID != o.ID {
				t.Errorf("placed before: %s, %v", again.ID, err)
			}
			w.wantClean()
		})
	}
}

// spend takes money back from the developer's account.
func (w *world) spend(minor int64) {
	_, err := w.db.Developers.CreditKey(context.Background(), usd(-minor), "", prepaid.Deed{Kind: prepaid.OnKey, Object: developer, What: "credit", At: noon})
	if err != nil {
		w.Errorf("spend: %v", err)
	}
}

// Whoever asked too late which operator has the number finds the order delivered or declined, and debits nothing.
func TestALateAnswerDebitsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		second act // of the one who took over
		want   topup.Status
		left   int64
	}{
		"delivered": {act{answer: topup.Done}, topup.Delivered, 4000}, "declined": {act{answer: topup.Refused}, topup.Declined, 5000},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.network.operators.then(act{answer: topup.Done}, c.second)
			r := w.laterSale()
			w.stallAt, w.stall = "charge", func() { _ = w.clock.Sleep(context.Background(), 10*time.Minute) }
			o := w.place(r)
			if !w.work(time.Hour) {
				t.Error("not at rest")
			}
			w.wantStatus(o.ID, c.want)
			if w.left() != usd(c.left) || !strings.Contains(w.log.String(), "late answer moves nothing") {
				t.Errorf("left %s; log %s", w.left(), w.log)
			}
			w.wantClean()
		})
	}
}

func TestACrashOfADevelopersOrderLosesNothing(t *testing.T) {
	race.Skip(t)
	refused, another := act{answer: topup.Refused}, act{answer: topup.Refused}
	for _, c := range []struct {
		point     string
		later     bool
		operators []act
		credits   []act
		want      topup.Status
		left      int64
	}{
		{"order", false, nil, nil, topup.Delivered, 4000},
		{"delivery", false, nil, nil, topup.Delivered, 4000},
		{"delivered", false, nil, nil, topup.Delivered, 4000},
		{"delivery", false, nil, []act{refused, refused}, topup.Refunded, 5000},
		{"refund", false, nil, []act{refused, refused}, topup.Refunded, 5000},

		{"order", true, nil, nil, topup.Delivered, 4000},
		{"charge", true, nil, nil, topup.Delivered, 4000},
		{"charged", true, nil, nil, topup.Delivered, 4000},
		{"delivery", true, nil, nil, topup.Delivered, 4000},
		{"delivered", true, nil, nil, topup.Delivered, 4000},
		{"order", true, []act{another, another}, nil, topup.Declined, 5000},
		{"charge", true, []act{another, another}, nil, topup.Declined, 5000},
		{"refund", true, nil, []act{refused, refused}, topup.Refunded, 5000},
	} {
		for _, sever := range []bool{false, true} {
			t.Run(fmt.Sprint(c.point, " ", c.want, ", later ", c.later, ", severed ", sever), func(t *testing.T) {
				w := newWorld(t)
				r := w.resale()
				r.DebitLater = c.later
				w.network.operators.then(c.operators...)
				w.network.credits.then(c.credits...)
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
