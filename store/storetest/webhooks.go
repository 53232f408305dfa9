package storetest

import (
	"errors"
	"fmt"
	"time"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
)

var webhookTests = []test{
	{"the end of a developer's order is told where the key has a webhook", func(w *world) {
		key, other := w.developer(eur(100000)).ID, w.developer(eur(100000)).ID
		w.hook(key)
		w.boughtBy(key)
		w.boughtBy(other)
		reversed := w.boughtBy(key)
		w.apply(topup.Change{Order: reversed.ID, From: topup.Delivered, To: []topup.Status{topup.Refunding, topup.Refunded}, At: start})
		same(w, "of the key", len(w.told(key)), 3)
		same(w, "of a key without one", len(w.told(other)), 0)
		states := map[string]int{}
		for _, d := range w.told(key) {
			states[string(d.State)]++
			same(w, "waits", d.Status, developers.DeliveryWaiting)
			same(w, "is given up", d.GiveUpAt, d.CreatedAt.Add(developers.DeliverTries))
		}
		same(w, "states", fmt.Sprint(states), "map[REFUNDED:1 SUCCESSFUL:2]")
		same(w, "next", must[time.Time](w)(w.db.Webhooks.NextDelivery(w.Context())).IsZero(), false)
	}},
	{"of a key one delivery is leased at a time, the untried first, and again when the lease lapses", func(w *world) {
		now := start.Add(time.Hour)
		key, other := w.developer(eur(100000)).ID, w.developer(eur(100000)).ID
		w.hook(key)
		w.hook(other)
		w.boughtBy(key)
		w.boughtBy(key)
		w.boughtBy(other)
		a, b := w.claimDelivery(now), w.claimDelivery(now)
		if a.Key == b.Key || a.Attempts != 1 {
			w.Errorf("leased %+v and %+v", a, b)
		}
		same(w, "the rest waits", w.claimDelivery(now).ID, "")
		lapsed := now.Add(time.Minute)
		c := w.claimDelivery(lapsed)
		same(w, "untried first", c.Attempts, 1)
		same(w, "is being sent", must[developers.Delivery](w)(w.db.Webhooks.Delivery(w.Context(), c.ID)).LeaseUntil.After(lapsed), true)
		same(w, "under the API's number", c.Transaction, must[topup.History](w)(w.db.Orders.Order(w.Context(), c.Order)).Sale.Number)
		c.Status, c.Last = developers.DeliveryWaiting, developers.DeliveryTry{At: lapsed, Code: "HTTP 500", HTTPStatus: 500, Excerpt: "a\x00b"}
		c.RunAt = lapsed.Add(time.Hour)
		w.ok(w.db.Webhooks.EndDelivery(w.Context(), c))
		read := must[developers.Delivery](w)(w.db.Webhooks.Delivery(w.Context(), c.ID))
		same(w, "excerpt", read.Last.Excerpt, "ab")
		same(w, "next try", read.RunAt.Equal(c.RunAt), true)
		again := w.claimDelivery(lapsed)
		same(w, "lapsed", again.Attempts, 2)
	}},
	{"what was taken is not sent again, but by hand", func(w *world) {
		now := start.Add(time.Hour)
		key := w.developer(eur(100000)).ID
		w.hook(key)
		w.boughtBy(key)
		w.boughtBy(key)
		d := w.claimDelivery(now)
		d.Status, d.RunAt, d.Last = developers.DeliveryWaiting, now.Add(time.Hour), developers.DeliveryTry{At: now, Code: developers.CodeNotReached}
		w.ok(w.db.Webhooks.EndDelivery(w.Context(), d))
		taken := w.claimDelivery(now)
		taken.Status, taken.Last = developers.DeliveryTaken, developers.DeliveryTry{At: now, HTTPStatus: 200, Code: "taken"}
		w.ok(w.db.Webhooks.EndDelivery(w.Context(), taken))
		back := w.claimDelivery(now)
		same(w, "the receiver is back", back.ID, d.ID)
		back.Status, back.Last = developers.DeliveryTaken, taken.Last
		w.ok(w.db.Webhooks.EndDelivery(w.Context(), back))
		late := back
		late.Status, late.RunAt = developers.DeliveryWaiting, now
		w.ok(w.db.Webhooks.EndDelivery(w.Context(), late))
		same(w, "a late answer", w.claimDelivery(now).ID, "")
		w.ok(w.db.Webhooks.RepeatDelivery(w.Context(), d.ID, prepaid.Deed{Kind: prepaid.OnKey, What: "repeat", By: prepaid.By{Who: "a", Why: "b"}, At: now}))
		same(w, "by hand", w.claimDelivery(now).ID, d.ID)
		err := w.db.Webhooks.RepeatDelivery(w.Context(), "none", prepaid.Deed{Kind: prepaid.OnKey, What: "repeat", At: now})
		same(w, "none", errors.Is(err, developers.ErrNoDelivery), true)
	}},
	{"a webhook takes the place of the one before, and goes", func(w *world) {
		key := w.developer(eur(100000)).ID
		_, err := w.db.Webhooks.Webhook(w.Context(), key)
		same(w, "none yet", errors.Is(err, developers.ErrNoWebhook), true)
		w.hook(key)
		second := developers.Webhook{Key: key, URL: "https://b.example/", Secret: []byte{0, 255}, CreatedAt: start}
		w.ok(w.db.Webhooks.SetWebhook(w.Context(), second, keyDeed(key, "set")))
		same(w, "the second", must[developers.Webhook](w)(w.db.Webhooks.Webhook(w.Context(), key)), second)
		w.ok(w.db.Webhooks.SetWebhook(w.Context(), developers.Webhook{Key: key}, keyDeed(key, "remove")))
		_, err = w.db.Webhooks.Webhook(w.Context(), key)
		same(w, "gone", errors.Is(err, developers.ErrNoWebhook), true)
		same(w, "deeds", len(w.deeds(prepaid.OnKey, key)), 5)
		err = w.db.Webhooks.SetWebhook(w.Context(), developers.Webhook{Key: "nobody"}, keyDeed("nobody", "remove"))
		same(w, "nobody's", errors.Is(err, developers.ErrNoKey), true)
	}},
}

func (w *world) hook(key string) {
	w.Helper()
	h := developers.Webhook{Key: key, URL: "https://a.example/", Secret: []byte("sealed"), CreatedAt: start}
	w.ok(w.db.Webhooks.SetWebhook(w.Context(), h, keyDeed(key, "set")))
}

// boughtBy is an order of a key that was delivered.
func (w *world) boughtBy(key string) topup.Order {
	w.Helper()
	o := w.placed(w.resale(w.key(key)))
	w.apply(sent(o))
	return o
}

func (w *world) told(key string) []developers.Delivery {
	w.Helper()
	return must[[]developers.Delivery](w)(w.db.Webhooks.Deliveries(w.Context(), key, "", 100))
}

// claimDelivery leases one for a minute; none has no id.
func (w *world) claimDelivery(now time.Time) developers.Delivery {
	w.Helper()
	d, due, err := w.db.Webhooks.ClaimDelivery(w.Context(), now, now.Add(time.Minute))
	w.ok(err)
	if !due {
		return developers.Delivery{}
	}
	return d
}
