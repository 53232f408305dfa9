package storetest

import (
	"errors"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
)

var customerTests = []test{
	{"a registration is read by number and by proven address", func(w *world) {
		c := accounts.Customer{ID: "a", Brand: brand, MSISDN: "31612345678", Language: "nl", Status: accounts.Pending,
			PIN: accounts.PIN{Hash: "h"}, CreatedAt: start, Recognised: start, Holder: 1,
			RegisteredBy: "m1"}
		got := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), c, []accounts.Place{place("tel:+31612345678"), place("telegram:3527")}))
		same(w, "stored", got, c)
		same(w, "by number", must[accounts.Customer](w)(w.db.Customers.CustomerByMSISDN(w.Context(), brand, c.MSISDN)), c)
		same(w, "by address", must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:3527")), c)
		_, err := w.db.Customers.CustomerByAddress(w.Context(), "other", "telegram:3527")
		if !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("another brand: %v", err)
		}
	}},
	{"a known number stays as it is, whoever registers it again", func(w *world) {
		pending := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{ID: "a", Brand: brand, MSISDN: "31612345678",
			Language: "nl", PIN: accounts.PIN{Hash: "h"}, CreatedAt: start, RegisteredBy: "m1"}, nil))
		locked := w.customer()
		w.count(locked, "wrong")
		w.ok(w.db.PINs.LockPIN(w.Context(), locked.ID, start.Add(time.Hour), true))
		for _, c := range []accounts.Customer{pending, w.customer(), w.read(locked)} {
			for _, key := range []string{"", "m2"} {
				again := c
				again.ID, again.Language, again.PIN, again.RegisteredBy = "other", "en", accounts.PIN{Hash: "new"}, key
				got := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), again, []accounts.Place{place("telegram:1")}))
				same(w, "stored", got, c)
				if _, err := w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:1"); !errors.Is(err, accounts.ErrNoCustomer) {
					w.Errorf("its address was linked: %v", err)
				}
			}
		}
	}},
	{"a registration may correct itself, and keeps id, status and instrument", func(w *world) {
		c := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{ID: "a", Brand: brand, MSISDN: "31612345678",
			Language: "nl", PIN: accounts.PIN{Hash: "h"}, CreatedAt: start, RegisteredBy: "m1"}, nil))
		w.count(c, "wrong")
		again := c
		again.ID, again.Language, again.PIN = "other", "en", accounts.PIN{Hash: "new"}
		got := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), again, []accounts.Place{place("telegram:1")}))
		want := c
		want.Language, want.PIN = "en", accounts.PIN{Hash: "new"}
		same(w, "stored", got, want)
		same(w, "by new address", must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:1")), want)
	}},
	{"an address is one customer's", func(w *world) {
		first, second := w.customer(), w.customer()
		w.ok(w.db.Customers.LinkAddress(w.Context(), first, place("telegram:9"), start))
		w.ok(w.db.Customers.LinkAddress(w.Context(), second, place("telegram:9"), start))
		got := must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:9"))
		same(w, "owner", got.ID, second.ID)
		if err := w.db.Customers.LinkAddress(w.Context(), accounts.Customer{ID: "nobody"}, place("telegram:9"), start); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("nobody: %v", err)
		}
	}},
	{"an update sets what is given", func(w *world) {
		c := w.customer()
		w.count(c, "wrong")
		language, hash, at, status := "en", "new", start.Add(time.Hour), accounts.Erased
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{}))
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{Language: &language}))
		want := w.read(c)
		want.PIN, want.Recognised, want.Status = accounts.PIN{Hash: hash}, at, status
		same(w, "language", want.Language, "en")
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{PINHash: &hash, Recognised: &at, Status: &status}))
		same(w, "customer", w.read(c), want)
		if err := w.db.Customers.UpdateCustomer(w.Context(), "nobody", accounts.Update{Language: &language}); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("nobody: %v", err)
		}
	}},
	{"an opt-out lasts until it is undone, where it was said", func(w *world) {
		const a = prepaid.Address("tel:+31612345678")
		out := func() []string { return w.optedOut(brand, a) }
		same(w, "at first", out(), nil)
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{"twilio"}, true, start))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{""}, true, start))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{""}, true, start.Add(time.Hour)))
		same(w, "twice", out(), []string{"", "twilio"})
		same(w, "since", w.column(`SELECT CAST(MAX(changed_at) AS TEXT) FROM opt_outs`), fmt.Sprint(prepaid.Micros(start)))
		same(w, "another brand's", w.optedOut("other", a), nil)
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{"", "second"}, false, start))
		same(w, "in again by word", out(), []string{"twilio"})
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{"twilio"}, false, start))
		same(w, "in again", out(), nil)
	}},
	{"the addresses of a customer tell how they have opted out, and are the present holder's", func(w *world) {
		c := w.customer()
		w.ok(w.db.Customers.LinkAddress(w.Context(), c, place("telegram:2"), start.Add(-time.Minute)))
		w.ok(w.db.Customers.LinkAddress(w.Context(), c, place("telegram:3"), start.Add(-time.Hour)))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, "telegram:2", []string{"", "bot", "second"}, true, start))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, "telegram:3", []string{"bot"}, false, start))
		known := must[[]accounts.KnownAddress](w)(w.db.OptOuts.AddressesOf(w.Context(), c.ID))
		same(w, "known", known[:2], []accounts.KnownAddress{{Address: "telegram:3", Kind: "telegram", LinkedAt: start.Add(-time.Hour)},
			{Address: "telegram:2", Kind: "telegram", LinkedAt: start.Add(-time.Minute), Out: accounts.OptOut{ByWord: true, AtCarrier: []string{"bot", "second"}}}})
		w.column(`UPDATE customers SET holder = holder + 1 RETURNING id`)
		same(w, "an earlier holder's", len(must[[]accounts.KnownAddress](w)(w.db.OptOuts.AddressesOf(w.Context(), c.ID))), 0)
	}},
	{"an opt-out outlives registering anew and a recovery", func(w *world) {
		c := w.customer()
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, c.MSISDN.Tel(), []string{"", "twilio"}, true, start))
		w.column(`UPDATE customers SET pin_hard_locked = TRUE, holder = holder + 1 RETURNING id`)
		must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), c, []accounts.Place{place(c.MSISDN.Tel())}))
		same(w, "still", w.optedOut(brand, c.MSISDN.Tel()), []string{"", "twilio"})
	}},
}

func (w *world) read(c accounts.Customer) accounts.Customer {
	w.Helper()
	return must[accounts.Customer](w)(w.db.Customers.CustomerByMSISDN(w.Context(), c.Brand, c.MSISDN))
}
