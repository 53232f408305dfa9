package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// recovered gives the customer's number to the next holder.
func (w *world) recovered(c accounts.Customer, at time.Time) accounts.Customer {
	w.Helper()
	return must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), next(c, at)))
}

func next(c accounts.Customer, at time.Time) accounts.NewHolder {
	return accounts.NewHolder{Customer: c.ID, MSISDN: c.MSISDN, PINHash: "hash", Places: []accounts.Place{{Address: c.MSISDN.Tel()}},
		OperationKey: prepaid.NewToken(), At: at}
}

// paysAnew sets up a way to pay on a page.
func (w *world) paysAnew(c accounts.Customer) accounts.Customer {
	w.Helper()
	must[prepaid.InstrumentID](w)(Instrument(w.Context(), w.db, c, start))
	return w.read(c)
}

// signs sets up a mandate given by text.
func (w *world) signs(c accounts.Customer) accounts.Customer {
	w.Helper()
	must[prepaid.InstrumentID](w)(Mandate(w.Context(), w.db, c))
	return w.read(c)
}

var holderTests = []test{
	{"a setup is its holder's, and so is what it makes", func(w *world) {
		c := w.recovered(w.customer(), start)
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "second")))
		same(w, "setup", s.Holder, 2)
		ms, m := mandate(c, "mandate/1")
		same(w, "mandate", must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), ms, m)).Holder, 2)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), "n1", start))
		same(w, "on the page", w.read(c).Pays.ByText, false)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), ms.ID, instrument(c), "n2", start))
		same(w, "by text", w.read(c).Pays.ByText, true)
		w.placed(w.purchase(w.read(c)))
		w.clean()
	}},
	{"what an earlier holder began on a page is nobody's way to pay, and nobody is told", func(w *world) {
		w.tooLate(func(c accounts.Customer) payments.Setup {
			return must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "page")))
		})
	}},
	{"a mandate that an earlier holder gave is nobody's way to pay, and nobody is told", func(w *world) {
		w.tooLate(func(c accounts.Customer) payments.Setup {
			s, m := mandate(c, "mandate/1")
			return must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		})
		same(w, "due", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), time.Time{})
	}},
	{"an unfinished registration that is recovered is finished by its new holder alone", func(w *world) {
		pending := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{ID: "p", Brand: brand,
			MSISDN: "31687654321", CreatedAt: start}, nil))
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(pending, "key")))
		w.recovered(pending, start)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(pending), "n1", start))
		same(w, "by the earlier", w.read(pending).Status, accounts.Pending)
		same(w, "by the present", w.paysAnew(pending).Status, accounts.Active)
	}},
	{"nothing is charged to what has ended or an earlier holder has set up", func(w *world) {
		refused := func(what string, n topup.NewOrder) {
			w.Helper()
			if _, _, err := w.db.Orders.Create(w.Context(), n); !errors.Is(err, topup.ErrInstrumentEnded) {
				w.Errorf("%s: %v; want ErrInstrumentEnded", what, err)
			}
			if _, err := w.db.Orders.Order(w.Context(), n.Order.ID); !errors.Is(err, topup.ErrNoOrder) {
				w.Errorf("%s: the order is there all the same: %v", what, err)
			}
		}
		c, other := w.customer(), w.paysAnew(w.customer())
		stranger := w.purchase(c)
		stranger.Order.Funding.Ref = string(other.Pays.ID)
		refused("another customer's", stranger)
		nothing := w.purchase(c)
		nothing.Order.Funding.Ref = ""
		refused("none", nothing)
		changed := w.paysAnew(c)
		refused("replaced", w.purchase(c))
		taken := w.recovered(changed, start)
		refused("an earlier holder's", w.purchase(changed))
		w.exec(`UPDATE instruments SET active = TRUE WHERE id = ?`, changed.Pays.ID) // whatever else went wrong
		refused("an earlier holder's, though active", w.purchase(changed))
		w.exec(`UPDATE instruments SET active = FALSE WHERE id = ?`, changed.Pays.ID)
		mine := w.paysAnew(taken)
		n := w.purchase(mine)
		w.apply(declined(w.placed(n)))
		token := must[payments.Instrument](w)(w.db.Payments.Instrument(w.Context(), mine.Pays.ID)).Token
		must[bool](w)(w.db.Payments.EndInstrument(w.Context(), token, "n9", start))
		refused("revoked", w.purchase(mine))
		if _, existing, err := w.db.Orders.Create(w.Context(), n); err != nil || !existing {
			w.Errorf("a replay: existing %v, %v", existing, err)
		}
		w.clean()
	}},
	{"a gateway's book tells whose setup was charged", func(w *world) {
		c := w.recovered(w.customer(), start)
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "mine")))
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), "n", start))
		n := w.purchase(w.read(c))
		o := w.placed(n)
		other := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(w.customer(), "theirs")))
		for id, want := range map[prepaid.SetupID]prepaid.OrderID{s.ID: "", other.ID: o.ID, "nobody's": o.ID} {
			same(w, string(id), must[prepaid.OrderID](w)(w.db.Audit.ChargedForOthers(w.Context(), n.Charge.ID, id)), want)
		}
		same(w, "no charge of ours", must[prepaid.OrderID](w)(w.db.Audit.ChargedForOthers(w.Context(), "none", other.ID)), "")
		w.exec(`UPDATE payment_setups SET holder = 1 WHERE id = ?`, s.ID)
		same(w, "an earlier holder's", must[prepaid.OrderID](w)(w.db.Audit.ChargedForOthers(w.Context(), n.Charge.ID, s.ID)), o.ID)
	}},
	{"a recovery makes what waits for the earlier holder due, and nothing else", func(w *world) {
		c := w.customer()
		confirming := w.placed(w.purchase(c))
		w.apply(topup.Change{Order: confirming.ID, From: topup.Charging, To: []topup.Status{topup.Confirming}, At: start, RunAt: start.Add(time.Hour)})
		other := w.placed(w.purchase(w.customer()))
		w.apply(topup.Change{Order: other.ID, From: topup.Charging, To: []topup.Status{topup.Confirming}, At: start, RunAt: start.Add(time.Hour)})
		w.recovered(c, start.Add(time.Minute))
		same(w, "due", w.claim(start.Add(time.Minute), 9), []prepaid.OrderID{confirming.ID})
	}},
	{"a recovery and orders that meet wait for each other", func(w *world) {
		for range 5 {
			c := w.customer()
			var ended atomic.Int32
			together(8, func(i int) {
				if i == 3 {
					_, err := w.db.Customers.RecoverCustomer(w.Context(), next(c, start.Add(time.Hour)))
					if err != nil {
						w.Error(err)
					}
					return
				}
				_, _, err := w.db.Orders.Create(w.Context(), w.purchaseNo(c, i))
				switch {
				case errors.Is(err, topup.ErrInstrumentEnded):
					ended.Add(1)
				case err != nil && !errors.As(err, new(*topup.InFlightError)):
					w.Error(err)
				}
			})
			w.Logf("%d came too late", ended.Load())
			if _, _, err := w.db.Orders.Create(w.Context(), w.purchaseNo(c, 9)); !errors.Is(err, topup.ErrInstrumentEnded) && !errors.As(err, new(*topup.InFlightError)) {
				w.Errorf("afterwards: %v", err)
			}
		}
		w.clean()
	}},
	{"a frozen customer buys nothing, but a replay is answered", func(w *world) {
		c := w.customer()
		n := w.purchase(c)
		w.apply(declined(w.placed(n)))
		w.exec(`UPDATE customers SET frozen_at = 1 WHERE id = ?`, c.ID)
		for _, again := range []topup.NewOrder{w.purchase(c), w.purchase(c, byCard("101-1"))} {
			if _, _, err := w.db.Orders.Create(w.Context(), again); !errors.Is(err, topup.ErrFrozen) {
				w.Errorf("%v; want ErrFrozen", err)
			}
		}
		if _, existing, err := w.db.Orders.Create(w.Context(), n); err != nil || !existing {
			w.Errorf("replay: existing %v, %v", existing, err)
		}
	}},
	{"a recovered number buys within its limits for as long as it is held", func(w *world) {
		held := func(at time.Time) func(*topup.NewOrder) {
			return func(n *topup.NewOrder) {
				limited(prepaid.Limits{DaySum: eur(9000)}, at)(n)
				n.HoldLimits, n.Hold = prepaid.Limits{DaySum: eur(2000)}, 2*time.Hour
			}
		}
		c := w.customer()
		buy := func(at time.Time) {
			o := w.placed(w.purchase(c, held(at)))
			w.apply(charged(o))
			w.apply(delivered(o))
		}
		buy(start)
		c = w.paysAnew(w.recovered(c, start.Add(time.Minute)))
		buy(start.Add(2 * time.Minute)) // what the earlier holder bought counts
		_, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, held(start.Add(121*time.Minute-time.Microsecond))))
		var limit *topup.LimitError
		if !errors.As(err, &limit) || limit.Name != "day_sum" || limit.Money != eur(2000) {
			w.Errorf("just before the end: %v", err)
		}
		w.placed(w.purchase(c, held(start.Add(121*time.Minute))))
	}},
	{"a mandate given by text after a recovery is debited first, until a debit has settled", func(w *world) {
		later := start
		sepa := func(n *topup.NewOrder) {
			later = later.Add(2 * time.Minute)
			n.Order.Funding.Method, n.Order.CreatedAt, n.Since = "sepa", later, later.Add(-time.Minute)
			n.Limits.SEPAExposure = eur(1000)
		}
		waits := func(what string, c accounts.Customer, want bool) topup.Order {
			w.Helper()
			o := w.placed(w.purchase(c, sepa))
			same(w, what, o.AfterDebit, want)
			same(w, what+", as read", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).AfterDebit, want)
			return o
		}
		pending := func(o topup.Order) {
			w.apply(topup.Change{Order: o.ID, From: topup.Charging, Charge: topup.ChargePending, RunAt: start.Add(24 * time.Hour), At: start,
				Postings: []topup.Entry{transfer("capture", "psp:sim", "refunds_due", o.Amount)}})
		}
		settled := func(o topup.Order) {
			c := charged(o)
			c.Postings = nil
			w.apply(c)
			w.apply(delivered(o))
		}
		w.apply(declined(waits("a first registration", w.signs(w.customer()), false)))
		c := w.recovered(w.customer(), start)
		w.apply(declined(waits("authenticated on a page", w.paysAnew(c), false)))
		c = w.signs(c)
		first := waits("by text", c, true)
		var flight *topup.InFlightError
		if _, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, sepa)); !errors.As(err, &flight) {
			w.Errorf("while the gateway has not answered: %v; want in flight", err)
		}
		pending(first)
		second := waits("while that has not settled", c, true) // in nobody's way, and nobody's risk
		pending(second)
		w.clean()
		same(w, "open orders", must[map[string]map[topup.Status]int](w)(w.db.Orders.OpenOrders(w.Context(), later)), map[string]map[topup.Status]int{})
		settled(first)
		w.clean()
		third := waits("once one has settled", c, false) // the second, which waits on, is no risk
		p := charged(third)
		p.Charge = topup.ChargePending
		w.apply(p)
		w.apply(delivered(third))
		w.clean()
		var limit *topup.LimitError
		if _, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, sepa)); !errors.As(err, &limit) || limit.Name != "exposure" {
			w.Errorf("%v; want the exposure limit", err)
		}
		w.apply(returned(third))
	}},
	{"an order that comes to wait for an earlier holder's confirmation is due at once", func(w *world) {
		c := w.customer()
		o, other := w.placed(w.purchase(c)), w.placed(w.purchase(w.customer()))
		w.recovered(c, start)
		for _, o := range []topup.Order{o, other} {
			w.apply(topup.Change{Order: o.ID, From: topup.Charging, To: []topup.Status{topup.Confirming}, At: start.Add(time.Second),
				RunAt: start.Add(time.Hour)})
		}
		h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID))
		if !h.Charge.Former || !h.RunAt.Equal(start.Add(time.Second)) {
			w.Errorf("former %v, due at %s", h.Charge.Former, h.RunAt)
		}
		h = must[topup.History](w)(w.db.Orders.Order(w.Context(), other.ID))
		if h.Charge.Former || !h.RunAt.Equal(start.Add(time.Hour)) {
			w.Errorf("another's: former %v, due at %s", h.Charge.Former, h.RunAt)
		}
	}},
}

// purchaseNo is a purchase that goroutines may make at once.
func (w *world) purchaseNo(c accounts.Customer, i int) topup.NewOrder {
	return (&world{T: w.T, db: w.db}).purchase(c, func(n *topup.NewOrder) {
		n.Order.OperationKey = fmt.Sprint(c.ID, " message ", i)
	})
}

// tooLate ends a setup in both ways after a recovery.
func (w *world) tooLate(begin func(accounts.Customer) payments.Setup) {
	w.Helper()
	for _, completed := range []bool{true, false} {
		c := w.customer()
		w.exec(`UPDATE notices SET told_at = 1`)
		s := begin(c)
		w.recovered(c, start)
		var i *payments.Instrument
		if completed {
			i = instrument(c)
		}
		if must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, i, payments.NoticeOf(s.ID), start)) {
			w.Error("ended after the recovery, which ends it")
		}
		w.exec(`UPDATE payment_setups SET status = 'open' WHERE id = ?`, s.ID) // whatever else went wrong
		if !must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, i, payments.NoticeOf(s.ID), start)) {
			w.Error("not ended")
		}
		same(w, "setup", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupAbandoned)
		same(w, "pays", w.read(c).Pays, accounts.Instrument{})
		same(w, "told", w.due(start.Add(time.Hour)), nil)
		w.exec(`UPDATE payment_setups SET operation_key = id WHERE id = ?`, s.ID) // free for the other way
	}
}
