package storetest

import (
	"errors"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/topup"
)

var limitTests = []test{
	{"each limit lets the last through and stops the next", func(w *world) {
		for name, l := range map[string]prepaid.Limits{
			"day_count":   {DayCount: 2},
			"day_sum":     {DaySum: eur(2000)},
			"month_count": {MonthCount: 2},
			"month_sum":   {MonthSum: eur(2000)},
		} {
			c := w.customer()
			for range 2 {
				w.bought(c, l, start)
			}
			_, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, limited(l, start)))
			var limit *topup.LimitError
			if !errors.As(err, &limit) || limit.Name != name {
				w.Errorf("%s: %v", name, err)
				continue
			}
			if limit.Spent != eur(2000) {
				w.Errorf("%s: %s counts towards it, want all that was bought", name, limit.Spent)
			}
			if limit.Count != max(l.DayCount, l.MonthCount) || limit.Money.Minor != max(l.DaySum.Minor, l.MonthSum.Minor) {
				w.Errorf("%s says %+v", name, limit)
			}
		}
	}},
	{"a day ends after 24 hours, a month after 30 days", func(w *world) {
		for name, l := range map[string]struct {
			limits prepaid.Limits
			lasts  time.Duration
		}{
			"day":   {prepaid.Limits{DayCount: 1}, 24 * time.Hour},
			"month": {prepaid.Limits{MonthCount: 1}, 30 * 24 * time.Hour},
		} {
			c := w.customer()
			w.bought(c, l.limits, start)
			_, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, limited(l.limits, start.Add(l.lasts-time.Microsecond))))
			var limit *topup.LimitError
			if !errors.As(err, &limit) {
				w.Errorf("just before the %s ends: %v", name, err)
			}
			if limit != nil && !limit.Until.Equal(start.Add(l.lasts)) {
				w.Errorf("the %s is said to end at %s", name, limit.Until)
			}
			w.bought(c, l.limits, start.Add(l.lasts))
		}
	}},
	{"a limit's error says when enough is too old to count", func(w *world) {
		c, l := w.customer(), prepaid.Limits{DaySum: eur(3000)}
		for i := range 3 {
			w.bought(c, l, start.Add(time.Duration(i)*time.Hour))
		}
		for minor, want := range map[int64]time.Time{1000: start.Add(24 * time.Hour), 2000: start.Add(25 * time.Hour), 3001: {}} {
			n := w.purchase(c, limited(l, start.Add(3*time.Hour)))
			n.Order.Amount = eur(minor)
			_, _, err := w.db.Orders.Create(w.Context(), n)
			var limit *topup.LimitError
			if !errors.As(err, &limit) || !limit.Until.Equal(want) {
				w.Errorf("%d is possible at %s: %v", minor, limit.Until, err)
			}
		}
	}},
	{"declined and refunded orders, cards and other customers do not count", func(w *world) {
		c, l := w.customer(), prepaid.Limits{DayCount: 1, DaySum: eur(1000)}
		w.apply(declined(w.placed(w.purchase(c, limited(l, start)))))
		refunded := w.placed(w.purchase(c, limited(l, start)))
		w.apply(charged(refunded))
		w.apply(topup.Change{Order: refunded.ID, From: topup.Delivering, To: []topup.Status{topup.Refunding, topup.Refunded}, At: start})
		w.placed(w.purchase(c, limited(l, start), byCard("101-1")))
		w.bought(w.customer(), l, start)
		w.bought(c, l, start)
	}},
	{"pending debits stay within the exposure", func(w *world) {
		c := w.customer()
		sepa := func(n *topup.NewOrder) {
			limited(prepaid.Limits{SEPAExposure: eur(2000)}, start)(n)
			n.Order.Funding.Method = "sepa"
		}
		first := w.placed(w.purchase(c, sepa))
		pending := charged(first)
		pending.Charge = topup.ChargePending
		w.apply(pending)
		w.apply(delivered(first))
		second := w.placed(w.purchase(c, sepa))
		unclear := charged(second) // its charge is not answered yet: it may become pending
		unclear.Charge = topup.ChargeUnclear
		w.apply(unclear)
		w.apply(delivered(second))
		_, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, sepa))
		var limit *topup.LimitError
		if !errors.As(err, &limit) || limit.Name != "exposure" {
			w.Fatalf("%v; want the exposure limit", err)
		}
		byCreditCard := w.placed(w.purchase(c, limited(prepaid.Limits{SEPAExposure: eur(2000)}, start)))
		w.apply(declined(byCreditCard))
		w.apply(topup.Change{Order: second.ID, From: topup.Delivered, Charge: topup.ChargeCaptured, At: start})
		w.placed(w.purchase(c, sepa))
	}},
}

// limited makes a purchase for a number of its own, so that only limits can stop it.
func limited(l prepaid.Limits, at time.Time) func(*topup.NewOrder) {
	return func(n *topup.NewOrder) {
		n.Limits = l
		n.Order.CreatedAt = at
		n.Order.MSISDN = prepaid.MSISDN("4" + n.Order.OperationKey)
	}
}

// bought is an order that limits count.
func (w *world) bought(c accounts.Customer, l prepaid.Limits, at time.Time) {
	w.Helper()
	o := w.placed(w.purchase(c, limited(l, at)))
	w.apply(charged(o))
	w.apply(delivered(o))
}
