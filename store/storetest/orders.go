package storetest

import (
	"errors"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/topup"
)

var orderTests = []test{
	{"an order is read as it was stored", func(w *world) {
		n := w.purchase(w.customer())
		n.Order.Reason, n.Order.ActionURL, n.Order.NeedsHuman = "why", "https://pay.example/2", true
		n.Order.Absents, n.Order.AbsentAt, n.Order.Tries = 1, start, 2
		n.Order.Cost = prepaid.Money{Minor: 5, Currency: "USD"}
		same(w, "created", w.placed(n), n.Order)
		want := topup.History{Order: n.Order, Charge: n.Charge, Attempts: []topup.Attempt{n.Attempt}}
		same(w, "by id", must[topup.History](w)(w.db.Orders.Order(w.Context(), n.Order.ID)), want)
		same(w, "by charge", must[topup.History](w)(w.db.Orders.ByCharge(w.Context(), n.Charge.ID)), want)
	}},
	{"an order that is not there is ErrNoOrder", func(w *world) {
		_, err := w.db.Orders.Order(w.Context(), "NONE")
		_, errCharge := w.db.Orders.ByCharge(w.Context(), "none")
		_, errApply := w.db.Orders.Apply(w.Context(), topup.Change{Order: "NONE", From: topup.Charging})
		for _, err := range []error{err, errCharge, errApply} {
			if !errors.Is(err, topup.ErrNoOrder) {
				w.Errorf("%v; want ErrNoOrder", err)
			}
		}
	}},
	{"the latest orders are the newest that were made or given", func(w *world) {
		c, other := w.customer(), w.customer()
		latest := func(who topup.Whose, n int) []prepaid.OrderID {
			var ids []prepaid.OrderID
			for _, o := range must[[]topup.Order](w)(w.db.Orders.Latest(w.Context(), brand, who, n)) {
				ids = append(ids, o.ID)
			}
			return ids
		}
		ids := func(orders ...topup.Order) (ids []prepaid.OrderID) {
			for _, o := range orders {
				ids = append(ids, o.ID)
			}
			return ids
		}
		payer, recipient := topup.Whose{Customer: c.ID, MSISDN: c.MSISDN}, topup.Whose{Customer: other.ID, MSISDN: other.MSISDN}
		first := w.placed(w.purchase(c))
		w.apply(declined(first))
		second := w.placed(w.purchase(c, func(n *topup.NewOrder) { n.Order.CreatedAt = start.Add(time.Hour) }))
		same(w, "latest", latest(payer, 1), ids(second))
		same(w, "latest two", latest(payer, 2), ids(second, first))
		w.apply(declined(second))
		gift := w.placed(w.purchase(c, func(n *topup.NewOrder) {
			n.Order.MSISDN, n.Order.CreatedAt = other.MSISDN, start.Add(2*time.Hour)
		}))
		same(w, "made for another", latest(payer, 2), ids(gift, second))
		same(w, "given yet", latest(recipient, 3), nil)
		w.apply(charged(gift))
		w.apply(delivered(gift))
		same(w, "given by another", latest(recipient, 3), ids(gift))
		same(w, "who made it", recipient.Made(gift), false)
		same(w, "who made it", payer.Made(gift), true)
		own := w.placed(w.purchase(other, func(n *topup.NewOrder) { n.Order.CreatedAt = start.Add(3 * time.Hour) }))
		same(w, "made since", latest(recipient, 3), ids(own, gift))
		w.apply(charged(own))
		w.apply(delivered(own))
		same(w, "made for themselves, once", latest(recipient, 3), ids(own, gift))
		same(w, "in all", latest(payer, 9), ids(gift, second, first))
	}},
	{"what a stranger has ordered is found by where they wrote from", func(w *world) {
		from := func(a prepaid.Address) func(*topup.NewOrder) {
			return func(n *topup.NewOrder) {
				byCard("101-3")(n)
				n.Order.ReplyTo.Address = a
			}
		}
		o := w.placed(w.purchase(accounts.Customer{MSISDN: msisdn(77)}, from("telegram:77")))
		who := topup.Whose{Address: "telegram:77"}
		same(w, "theirs", must[[]topup.Order](w)(w.db.Orders.Latest(w.Context(), brand, who, 3))[0].ID, o.ID)
		same(w, "made", who.Made(o), true)
		for _, who := range []topup.Whose{{Address: "telegram:78"}, {MSISDN: msisdn(77)}, {}} {
			if found, err := w.db.Orders.Latest(w.Context(), brand, who, 3); err != nil || len(found) > 0 || who.Made(o) {
				w.Errorf("%+v: %v, %v", who, found, err)
			}
		}
	}},
	{"a repeated operation key returns the first order as it now stands", func(w *world) {
		c := w.customer()
		n := w.purchase(c)
		o := w.placed(n)
		w.apply(declined(o))
		again := w.purchase(c, func(a *topup.NewOrder) { a.Order.OperationKey = n.Order.OperationKey })
		got, existing, err := w.db.Orders.Create(w.Context(), again)
		if err != nil || !existing || got.ID != o.ID || got.Status != topup.Declined {
			w.Errorf("got %s %s, existing %v, %v; want %s declined", got.ID, got.Status, existing, err, o.ID)
		}
	}},
	{"an operation key is not used for another request", func(w *world) {
		c := w.customer()
		n := w.purchase(c)
		w.placed(n)
		other := w.purchase(c, func(a *topup.NewOrder) { a.Order.OperationKey, a.Order.RequestHash = n.Order.OperationKey, "other" })
		if _, _, err := w.db.Orders.Create(w.Context(), other); !errors.Is(err, topup.ErrKeyReused) {
			w.Errorf("%v; want ErrKeyReused", err)
		}
		others := w.purchase(w.customer(), func(a *topup.NewOrder) { a.Order.OperationKey = n.Order.OperationKey })
		if got, _, err := w.db.Orders.Create(w.Context(), others); !errors.Is(err, topup.ErrKeyReused) || got.ID != "" {
			w.Errorf("the same of another customer: %+v, %v; want ErrKeyReused", got, err)
		}
	}},
	{"a taken id is drawn again", func(w *world) {
		n := w.purchase(w.customer())
		w.placed(n)
		other := w.purchase(w.customer(), func(a *topup.NewOrder) { a.Order.ID = n.Order.ID })
		if _, _, err := w.db.Orders.Create(w.Context(), other); !errors.Is(err, topup.ErrOrderIDTaken) {
			w.Errorf("%v; want ErrOrderIDTaken", err)
		}
	}},
	{"a payer has one paid order in flight, whomever it is for", func(w *world) {
		c, other := w.customer(), w.customer()
		first := w.placed(w.purchase(c))
		for _, to := range []prepaid.MSISDN{c.MSISDN, other.MSISDN} {
			_, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, func(n *topup.NewOrder) { n.Order.MSISDN, n.Order.Amount = to, eur(2000) }))
			var inFlight *topup.InFlightError
			if !errors.As(err, &inFlight) || inFlight.Order.ID != first.ID {
				w.Errorf("for %s: %v; want in flight: %s", to, err, first.ID)
			}
		}
		w.apply(declined(first))
		w.placed(w.purchase(c))
	}},
	{"a stranger's gift is not in its recipient's way", func(w *world) {
		giver, c := w.customer(), w.customer()
		to := func(n *topup.NewOrder) { n.Order.MSISDN = c.MSISDN }
		gift := w.placed(w.purchase(giver, to))
		own := w.placed(w.purchase(c)) // while the gift is in flight
		w.apply(charged(own))
		w.apply(delivered(own))
		w.apply(charged(gift))
		w.apply(delivered(gift))
		for who, want := range map[prepaid.CustomerID]prepaid.OrderID{c.ID: own.ID, giver.ID: gift.ID} {
			_, _, err := w.db.Orders.Create(w.Context(), w.purchase(accounts.Customer{ID: who}, to))
			var repeat *topup.RepeatError
			if !errors.As(err, &repeat) || repeat.Order.ID != want {
				w.Errorf("%v; want a repeat of %s, which is the payer's own", err, want)
			}
		}
		w.placed(w.purchase(giver)) // the same amount, and another number
	}},
	{"a purchase for a mail account is asked about again, and one for another is not", func(w *world) {
		c := w.customer()
		to := func(email prepaid.Email) func(*topup.NewOrder) {
			return func(n *topup.NewOrder) { n.Order.MSISDN, n.Order.Email = "", email }
		}
		first := w.placed(w.purchase(c, to("a@nauta.com.cu")))
		same(w, "read", must[topup.History](w)(w.db.Orders.Order(w.Context(), first.ID)).Email, "a@nauta.com.cu")
		w.apply(charged(first))
		w.apply(delivered(first))
		_, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, to("a@nauta.com.cu")))
		var repeat *topup.RepeatError
		if !errors.As(err, &repeat) || repeat.Order.ID != first.ID {
			w.Errorf("%v; want a repeat of %s", err, first.ID)
		}
		w.placed(w.purchase(c, to("c@nauta.com.cu")))
	}},
	{"a card is redeemed while a paid order is in flight", func(w *world) {
		c := w.customer()
		w.placed(w.purchase(c))
		w.placed(w.purchase(c, byCard("101-1")))
	}},
	{"an order that the network reverses is in nobody's way", func(w *world) {
		c := w.customer()
		first := w.placed(w.purchase(c))
		w.apply(charged(first))
		w.apply(delivered(first))
		later := func(n *topup.NewOrder) { n.Confirmed = true }
		w.placed(w.purchase(c, later))
		w.apply(topup.Change{Order: first.ID, From: topup.Delivered, To: []topup.Status{topup.Refunding}, At: start})
	}},
	{"the same again within a minute is asked about", func(w *world) {
		c := w.customer()
		first := w.placed(w.purchase(c))
		w.apply(charged(first))
		w.apply(delivered(first))
		_, _, err := w.db.Orders.Create(w.Context(), w.purchase(c))
		var repeat *topup.RepeatError
		if !errors.As(err, &repeat) || repeat.Order.ID != first.ID {
			w.Errorf("%v; want a repeat of %s", err, first.ID)
		}
		for name, change := range map[string]func(*topup.NewOrder){
			"confirmed":      func(n *topup.NewOrder) { n.Confirmed = true },
			"another amount": func(n *topup.NewOrder) { n.Order.Amount = eur(1500) },
			"later":          func(n *topup.NewOrder) { n.Since = start.Add(time.Microsecond) },
			"by a card":      byCard("101-2"),
		} {
			o, _, err := w.db.Orders.Create(w.Context(), w.purchase(c, change))
			if err != nil {
				w.Errorf("%s: %v", name, err)
				continue
			}
			w.apply(declined(o))
		}
	}},
	{"what was declined may be tried again at once", func(w *world) {
		c := w.customer()
		w.apply(declined(w.placed(w.purchase(c))))
		w.placed(w.purchase(c))
	}},
	{"a blocked customer buys nothing, but a replay is answered", func(w *world) {
		c := w.customer()
		n := w.purchase(c)
		w.apply(declined(w.placed(n)))
		blocked := accounts.Blocked
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{Status: &blocked}))
		if _, _, err := w.db.Orders.Create(w.Context(), w.purchase(c)); !errors.Is(err, topup.ErrBlocked) {
			w.Errorf("%v; want ErrBlocked", err)
		}
		if _, existing, err := w.db.Orders.Create(w.Context(), n); err != nil || !existing {
			w.Errorf("replay: existing %v, %v", existing, err)
		}
	}},
	{"a stranger redeems a card", func(w *world) {
		w.placed(w.purchase(accounts.Customer{MSISDN: msisdn(77)}, byCard("101-3")))
	}},
	{"due orders are claimed once until their lease lapses", func(w *world) {
		first, second := w.placed(w.purchase(w.customer())), w.placed(w.purchase(w.customer(), func(n *topup.NewOrder) {
			n.Order.RunAt = start.Add(-time.Second)
		}))
		same(w, "under lease", w.claim(start.Add(time.Minute), 9), nil)
		at := start.Add(2 * time.Minute)
		same(w, "lease lapsed", w.claim(at, 1), []prepaid.OrderID{second.ID})
		same(w, "the next", w.claim(at, 9), []prepaid.OrderID{first.ID})
		same(w, "all leased", w.claim(at, 9), nil)
		same(w, "lapsed again", w.claim(at.Add(time.Minute), 9), []prepaid.OrderID{second.ID, first.ID})
	}},
	{"a claimed order comes with its history", func(w *world) {
		n := w.purchase(w.customer())
		o := w.placed(n)
		w.apply(charged(o))
		got := must[[]topup.History](w)(w.db.Orders.Claim(w.Context(), start.Add(time.Hour), start.Add(2*time.Hour), 9))
		if len(got) != 1 {
			w.Fatalf("%d claimed; want 1", len(got))
		}
		same(w, "claimed", got[0], must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)))
		if len(got[0].Attempts) != 2 || got[0].Charge.Status != topup.ChargeCaptured || !got[0].LeaseUntil.Equal(start.Add(2*time.Hour)) {
			w.Errorf("claimed %+v", got[0])
		}
	}},
	{"the next due is the later of run_at and lease", func(w *world) {
		same(w, "none", must[time.Time](w)(w.db.Orders.NextDue(w.Context())), time.Time{})
		o := w.placed(w.purchase(w.customer()))
		same(w, "under lease", must[time.Time](w)(w.db.Orders.NextDue(w.Context())), o.LeaseUntil)
		w.apply(declined(o))
		same(w, "ended", must[time.Time](w)(w.db.Orders.NextDue(w.Context())), time.Time{})
	}},
}

func byCard(serial string) func(*topup.NewOrder) {
	return func(n *topup.NewOrder) {
		n.Order.Funding = topup.FundingRef{Kind: topup.ByCard, Ref: serial}
		n.Order.AuthorisedBy = "card"
	}
}

// claim leases orders for a minute and returns which.
func (w *world) claim(now time.Time, n int) []prepaid.OrderID {
	w.Helper()
	var ids []prepaid.OrderID
	for _, h := range must[[]topup.History](w)(w.db.Orders.Claim(w.Context(), now, now.Add(time.Minute), n)) {
		ids = append(ids, h.ID)
	}
	return ids
}
