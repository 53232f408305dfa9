package storetest

import (
	"errors"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/conversation"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
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

func (w *world) pin(c accounts.Customer) accounts.PIN {
	w.Helper()
	return w.read(c).PIN
}

// tried is how the PIN's tries stand, whenever the month began.
func (w *world) tried(c accounts.Customer) accounts.PIN {
	w.Helper()
	p := w.pin(c)
	p.MonthStart = time.Time{}
	return p
}

// count counts a PIN try and expects it to count.
func (w *world) count(c accounts.Customer, key string) accounts.PIN {
	w.Helper()
	p, counted, err := w.db.PINs.CountPINTry(w.Context(), c.ID, key, start)
	if err != nil || !counted {
		w.Fatalf("try %s: counted %v, %v", key, counted, err)
	}
	return p
}

var pinTests = []test{
	{"three tries in a row are counted", func(w *world) {
		c := w.customer()
		for i := range 3 {
			if p := w.count(c, fmt.Sprint(i)); p.Tries != i+1 || p.Hash != "hash" {
				w.Errorf("try %d: %+v", i+1, p)
			}
		}
		p, counted, err := w.db.PINs.CountPINTry(w.Context(), c.ID, "fourth", start)
		if err != nil || counted || p.Tries != 3 {
			w.Errorf("fourth: %+v counted %v, %v", p, counted, err)
		}
	}},
	{"an operation key counts once, even after the lock", func(w *world) {
		c := w.customer()
		w.count(c, "a")
		same(w, "again", w.count(c, "a").Tries, 1)
		w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start.Add(time.Hour), false))
		if p := w.count(c, "a"); !p.Locked(start) {
			w.Errorf("after the lock: %+v", p)
		}
	}},
	{"a locked PIN is not tried", func(w *world) {
		c := w.customer()
		w.count(c, "a")
		w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start.Add(time.Minute), false))
		w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start.Add(time.Hour), false)) // somebody has locked it: nothing happens
		p, counted, err := w.db.PINs.CountPINTry(w.Context(), c.ID, "b", start.Add(time.Minute-1))
		if err != nil || counted || p.Locks != 1 || !p.LockedUntil.Equal(start.Add(time.Minute)) {
			w.Errorf("locked: %+v counted %v, %v", p, counted, err)
		}
		p, counted, err = w.db.PINs.CountPINTry(w.Context(), c.ID, "c", start.Add(time.Minute))
		if err != nil || !counted || p.Tries != 1 || p.MonthTries != 2 {
			w.Errorf("lapsed: %+v counted %v, %v", p, counted, err)
		}
	}},
	{"ten tries are counted in 30 days", func(w *world) {
		c := w.customer()
		for i := range 10 {
			w.count(c, fmt.Sprint(i))
			w.ok(w.db.PINs.KeepPINTry(w.Context(), c.ID, fmt.Sprint(i), start))
			if i%3 == 2 {
				w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start, false))
			}
		}
		p, counted, err := w.db.PINs.CountPINTry(w.Context(), c.ID, "eleventh", start.Add(30*24*time.Hour))
		if err != nil || counted || p.MonthTries != 10 {
			w.Errorf("eleventh: %+v counted %v, %v", p, counted, err)
		}
		p, counted, err = w.db.PINs.CountPINTry(w.Context(), c.ID, "next month", start.Add(30*24*time.Hour+time.Microsecond))
		if err != nil || !counted || p.MonthTries != 1 {
			w.Errorf("a month later: %+v counted %v, %v", p, counted, err)
		}
	}},
	{"a right PIN forgives the row and itself, and undoes a lock", func(w *world) {
		c := w.customer()
		w.count(c, "wrong")
		w.ok(w.db.PINs.KeepPINTry(w.Context(), c.ID, "wrong", start))
		w.count(c, "right")
		w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start.Add(time.Hour), true))
		for range 2 {
			w.ok(w.db.PINs.ForgivePIN(w.Context(), c.ID, "right"))
			same(w, "forgiven", w.tried(c), accounts.PIN{Hash: "hash", MonthTries: 1})
		}
	}},
	{"right PINs at once leave nothing counted", func(w *world) {
		c := w.customer()
		for _, key := range []string{"a", "b", "c"} {
			w.count(c, key)
		}
		for _, key := range []string{"b", "a", "c"} {
			w.ok(w.db.PINs.ForgivePIN(w.Context(), c.ID, key))
		}
		same(w, "counted", w.tried(c), accounts.PIN{Hash: "hash"})
	}},
	{"a try that was never judged is uncounted, one that was is not", func(w *world) {
		c := w.customer()
		w.count(c, "wrong")
		w.ok(w.db.PINs.KeepPINTry(w.Context(), c.ID, "wrong", start))
		w.count(c, "cut off")
		for range 2 {
			w.ok(w.db.PINs.UncountPINTry(w.Context(), c.ID, "cut off"))
			w.ok(w.db.PINs.UncountPINTry(w.Context(), c.ID, "wrong"))
			same(w, "counted", w.tried(c), accounts.PIN{Hash: "hash", Tries: 1, MonthTries: 1})
		}
		same(w, "tried again", w.count(c, "cut off").Tries, 2)
	}},
	{"a wrong try counts, also where another delivery of its message has uncounted it", func(w *world) {
		c := w.customer()
		w.count(c, "a")
		w.ok(w.db.PINs.UncountPINTry(w.Context(), c.ID, "a"))
		for range 2 {
			w.ok(w.db.PINs.KeepPINTry(w.Context(), c.ID, "a", start))
			same(w, "counted", w.tried(c), accounts.PIN{Hash: "hash", Tries: 1, MonthTries: 1})
		}
	}},
	{"tries whose turns died lapse after two minutes", func(w *world) {
		c := w.customer()
		w.count(c, "wrong")
		w.ok(w.db.PINs.KeepPINTry(w.Context(), c.ID, "wrong", start))
		w.count(c, "died")
		w.count(c, "died too")
		p, counted, err := w.db.PINs.CountPINTry(w.Context(), c.ID, "at once", start.Add(2*time.Minute))
		if err != nil || counted || p.Unjudged != 2 {
			w.Errorf("at once: %+v counted %v, %v", p, counted, err)
		}
		p, counted, err = w.db.PINs.CountPINTry(w.Context(), c.ID, "later", start.Add(2*time.Minute+time.Microsecond))
		if err != nil || !counted || p.Tries != 2 || p.MonthTries != 2 || p.Unjudged != 0 {
			w.Errorf("later: %+v counted %v, %v", p, counted, err)
		}
	}},
	{"a hard lock stays", func(w *world) {
		c := w.customer()
		w.count(c, "a")
		w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start, true))
		if _, counted, err := w.db.PINs.CountPINTry(w.Context(), c.ID, "b", start.AddDate(9, 0, 0)); err != nil || counted {
			w.Errorf("counted %v, %v", counted, err)
		}
	}},
	{"a one-time code is replaced, tried and used", func(w *world) {
		code := oneTimeCode("first")
		same(w, "saved", w.saveCode(code), accounts.NoCap)
		same(w, "tried", w.tryCode("a").Tries, 1)
		same(w, "same key", w.tryCode("a").Tries, 1)
		same(w, "tried again", w.tryCode("b").Tries, 2)
		code = oneTimeCode("second")
		same(w, "saved", w.saveCode(code), accounts.NoCap)
		got := w.tryCode("a")
		code.Tries = 1
		same(w, "replaced", got, code)
		w.ok(w.db.Codes.UseCode(w.Context(), brand, code.Address, code.MSISDN))
		same(w, "its own key again", w.tryCode("a").Hash, "second")
		if _, err := w.db.Codes.TryCode(w.Context(), brand, code.Address, code.MSISDN, "c"); !errors.Is(err, accounts.ErrCodeExpired) {
			w.Errorf("used: %v", err)
		}
		if _, err := w.db.Codes.TryCode(w.Context(), brand, "telegram:other", code.MSISDN, "c"); !errors.Is(err, accounts.ErrCodeExpired) {
			w.Errorf("never sent: %v", err)
		}
	}},
	{"codes are counted by address, number, block, channel and brand", func(w *world) {
		ask := func(key, channel string, a prepaid.Address, m prepaid.MSISDN) accounts.CodeCap {
			code := oneTimeCode(key)
			code.Channel, code.Address, code.MSISDN = channel, a, m
			return w.saveCode(code)
		}
		for i := range codeCaps.Budget.PerAddress {
			same(w, "by one address", ask(fmt.Sprint("a", i), "one", "telegram:1", prepaid.MSISDN(fmt.Sprint(31610000000+i*100))), accounts.NoCap)
		}
		same(w, "one more of it", ask("more", "one", "telegram:1", "31610009900"), accounts.CapAddress)
		same(w, "the first again", ask("a0", "one", "telegram:1", "31610000000"), accounts.NoCap)
		same(w, "to one number", ask("n1", "one", "telegram:2", "31610000000"), accounts.NoCap)
		same(w, "one more to it", ask("n2", "one", "telegram:3", "31610000000"), accounts.CapNumber)
		same(w, "to a neighbour", ask("b1", "one", "telegram:3", "31610000099"), accounts.NoCap)
		same(w, "one more of the block", ask("b2", "one", "telegram:4", "31610000050"), accounts.CapBlock)
		same(w, "on the channel", ask("c1", "one", "telegram:4", "31610000100"), accounts.NoCap)
		same(w, "one more on it", ask("c2", "one", "telegram:5", "31610000200"), accounts.CapChannel)
		same(w, "on another", ask("d1", "two", "telegram:5", "31610000200"), accounts.NoCap)
		same(w, "one more of the brand", ask("d2", "two", "telegram:6", "31610000300"), accounts.CapBrand)
		same(w, "what was refused, again", ask("more", "two", "telegram:1", "31610009900"), accounts.CapAddress)
		late := oneTimeCode("an hour later")
		late.Address, late.Channel = "telegram:1", "one"
		by, err := w.db.Codes.SaveCode(w.Context(), late, accounts.CodeCaps{Since: start.Add(time.Microsecond), Budget: codeCaps.Budget})
		w.ok(err)
		same(w, "an hour later", by, accounts.NoCap)
	}},
	{"what became of codes is told by channel", func(w *world) {
		for i := range 3 {
			code := oneTimeCode(fmt.Sprint(i))
			code.Channel, code.MSISDN = []string{"one", "two", "two"}[i], msisdn(i*1000)
			same(w, "saved", w.saveCode(code), accounts.NoCap)
		}
		w.ok(w.db.Codes.UseCode(w.Context(), brand, "telegram:3527", msisdn(2000)))
		figures := must[[]accounts.CodeFigures](w)(w.db.Codes.CodeFigures(w.Context(), start))
		same(w, "figures", figures, []accounts.CodeFigures{
			{Brand: brand, Channel: "one", Sent: 1}, {Brand: brand, Channel: "two", Sent: 2, Used: 1},
		})
		same(w, "later", len(must[[]accounts.CodeFigures](w)(w.db.Codes.CodeFigures(w.Context(), start.Add(time.Microsecond)))), 0)
	}},
	{"equal keys of two senders are two codes, and two tries", func(w *world) {
		first, second := oneTimeCode("message 1"), oneTimeCode("message 1")
		second.Address, second.MSISDN, second.Hash = "telegram:3528", msisdn(1), "second"
		for _, code := range []accounts.Code{first, second} {
			same(w, "saved", w.saveCode(code), accounts.NoCap)
		}
		for _, code := range []accounts.Code{first, second} {
			got := must[accounts.Code](w)(w.db.Codes.TryCode(w.Context(), brand, code.Address, code.MSISDN, "message 2"))
			code.Tries = 1
			same(w, "code of "+string(code.Address), got, code)
		}
	}},
}

var codeCaps = accounts.CodeCaps{Since: start, Budget: prepaid.CodeBudget{PerAddress: 3, PerNumber: 2, PerBlock: 3, PerChannel: 6, PerBrand: 7}}

func oneTimeCode(key string) accounts.Code {
	return accounts.Code{Brand: brand, Address: "telegram:3527", MSISDN: "31612345678", Hash: key, OperationKey: key,
		CreatedAt: start, ExpiresAt: start.Add(10 * time.Minute)}
}

func (w *world) saveCode(c accounts.Code) accounts.CodeCap {
	w.Helper()
	return must[accounts.CodeCap](w)(w.db.Codes.SaveCode(w.Context(), c, codeCaps))
}

func (w *world) tryCode(key string) accounts.Code {
	w.Helper()
	return must[accounts.Code](w)(w.db.Codes.TryCode(w.Context(), brand, "telegram:3527", "31612345678", key))
}

var paymentTests = []test{
	{"a repeated setup returns the first", func(w *world) {
		c := w.customer()
		first := setup(c, "key")
		same(w, "stored", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), first)), first)
		same(w, "again", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "key"))), first)
		same(w, "by id", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), first.ID)), first)
		if _, err := w.db.Payments.Setup(w.Context(), "none"); !errors.Is(err, payments.ErrNoSetup) {
			w.Errorf("%v; want ErrNoSetup", err)
		}
	}},
	{"nobody gets a setup or a mandate of another's key", func(w *world) {
		one, two := w.customer(), w.customer()
		must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(one, "key")))
		if s, err := w.db.Payments.SaveSetup(w.Context(), setup(two, "key")); !errors.Is(err, topup.ErrKeyReused) || s.ID != "" {
			w.Errorf("setup: %+v, %v", s, err)
		}
		s, m := mandate(one, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		s, m = mandate(two, "mandate/1")
		if s, err := w.db.Mandates.SaveMandate(w.Context(), s, m); !errors.Is(err, topup.ErrKeyReused) || s.ID != "" {
			w.Errorf("mandate: %+v, %v", s, err)
		}
		same(w, "mandates", len(must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), two.ID))), 0)
	}},
	{"a completed setup makes the customer able to pay, once", func(w *world) {
		pending := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{ID: "p", Brand: brand,
			MSISDN: "31687654321", CreatedAt: start}, nil))
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(pending, "key")))
		i := instrument(pending)
		if !must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, i, "n1", start)) {
			w.Error("not ended")
		}
		if must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(pending), "n2", start)) {
			w.Error("ended twice")
		}
		got := w.read(pending)
		same(w, "status", got.Status, accounts.Active)
		same(w, "pays", got.Pays, accounts.Instrument{ID: i.ID, Gateway: "sim", Method: "sepa", Display: "NL** **** 4300"})
		same(w, "instrument", must[payments.Instrument](w)(w.db.Payments.Instrument(w.Context(), i.ID)), *i)
		same(w, "setup", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupCompleted)
		same(w, "notices", w.due(start), []string{"registered"})
	}},
	{"a new instrument is the only active one", func(w *world) {
		c := w.customer()
		w.due(start)
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "second")))
		i := instrument(c)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, i, "n1", start))
		same(w, "notices", w.due(start), []string{"setup_completed"})
		same(w, "pays", w.read(c).Pays.ID, i.ID)
		must[payments.Instrument](w)(w.db.Payments.Instrument(w.Context(), c.Pays.ID)) // the former is kept
	}},
	{"a setup without an address is told to nobody", func(w *world) {
		c := w.customer()
		w.due(start)
		quiet := setup(c, "quiet")
		quiet.ReplyTo = topup.ReplyTo{}
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), quiet))
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), "n1", start))
		if got := w.due(start); len(got) != 0 {
			w.Errorf("told %v", got)
		}
	}},
	{"an abandoned setup is told and changes nothing else", func(w *world) {
		c := w.customer()
		w.due(start)
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "second")))
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, nil, "n1", start))
		same(w, "customer", w.read(c), c)
		same(w, "notices", w.due(start), []string{"setup_abandoned"})
		same(w, "setup", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupAbandoned)
	}},
	{"a newer setup abandons the earlier one, whose page then completes nothing", func(w *world) {
		c := w.customer()
		w.due(start)
		s, m := mandate(c, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		page := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "page")))
		same(w, "the mandate", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupAbandoned)
		same(w, "its IBAN", must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID))[0].Sealed, "")
		same(w, "its work", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), time.Time{})
		same(w, "open", must[payments.Setup](w)(w.db.Payments.OpenSetup(w.Context(), c.ID)), page)
		newest := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "newest")))
		same(w, "the page, asked for again", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "page"))).Status, payments.SetupAbandoned)
		same(w, "open", must[payments.Setup](w)(w.db.Payments.OpenSetup(w.Context(), c.ID)), newest)
		if got := w.due(start); len(got) != 0 {
			w.Errorf("told %v", got)
		}
		for range 2 {
			if must[bool](w)(w.db.Payments.EndSetup(w.Context(), page.ID, instrument(c), "n1", start)) {
				w.Error("an abandoned setup was completed")
			}
		}
		same(w, "pays", w.read(c).Pays, c.Pays)
		same(w, "told once", w.due(start), []string{"setup_over"})
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), newest.ID, instrument(c), "n2", start))
		if _, err := w.db.Payments.OpenSetup(w.Context(), c.ID); !errors.Is(err, payments.ErrNoSetup) {
			w.Errorf("%v; want ErrNoSetup", err)
		}
		same(w, "another's is left alone", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(w.customer(), "other"))).Status, payments.SetupOpen)
	}},
	{"a mandate is kept with its setup, and drops the IBAN when that ends", func(w *world) {
		c := w.customer()
		w.due(start)
		s, m := mandate(c, "mandate/1")
		same(w, "stored", must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m)), s)
		again, other := mandate(c, "mandate/1")
		same(w, "again", must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), again, other)), s)
		same(w, "kept", must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID)), []payments.Mandate{m})
		same(w, "by reference", must[[]payments.Mandate](w)(w.db.Mandates.MandatesByReference(w.Context(), m.Reference[:12])), []payments.Mandate{m})
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), "n1", start))
		kept := must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID))[0]
		m.Sealed, m.RunAt = "", time.Time{}
		same(w, "ended", kept, m)
		same(w, "told at once", w.due(start), nil)
		same(w, "told later", w.due(m.TellAt), []string{"setup_completed"})
		same(w, "due", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), time.Time{})
	}},
	{"a mandate that is due is claimed once, and put off", func(w *world) {
		c := w.customer()
		w.due(start)
		s, m := mandate(c, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		claim := func(now time.Time) int {
			return len(must[[]payments.Mandate](w)(w.db.Mandates.ClaimMandates(w.Context(), now, now.Add(time.Minute), 10)))
		}
		same(w, "before", claim(m.RunAt.Add(-time.Second)), 0)
		same(w, "due", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), m.RunAt)
		same(w, "claimed", claim(m.RunAt), 1)
		same(w, "claimed twice", claim(m.RunAt), 0)
		same(w, "its lease has lapsed", claim(m.RunAt.Add(time.Minute)), 1)
		w.ok(w.db.Mandates.PutOffMandate(w.Context(), s.ID, m.RunAt.Add(time.Hour)))
		same(w, "put off", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), m.RunAt.Add(time.Hour))
		same(w, "tries", must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID))[0].Tries, 1)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, nil, "n1", m.TellAt))
		w.ok(w.db.Mandates.PutOffMandate(w.Context(), s.ID, m.RunAt))
		same(w, "ended", claim(m.RunAt.Add(24*time.Hour)), 0)
		same(w, "notices", w.due(m.TellAt), []string{"mandate_refused"})
	}},
	{"an instrument that was revoked ends, and its owner is told where they wrote from last", func(w *world) {
		c := w.customer()
		w.due(start)
		late := setup(c, "later")
		late.CreatedAt, late.ReplyTo.Address = start.Add(time.Hour), "telegram:352735"
		must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), late))
		if must[bool](w)(w.db.Payments.EndInstrument(w.Context(), prepaid.NewSecret("tok_2"), "n1", start)) {
			w.Error("another token's has ended")
		}
		if !must[bool](w)(w.db.Payments.EndInstrument(w.Context(), prepaid.NewSecret("tok_1"), "n2", start)) || must[bool](w)(w.db.Payments.EndInstrument(w.Context(), prepaid.NewSecret("tok_1"), "n3", start)) {
			w.Error("not ended once")
		}
		same(w, "pays", w.read(c).Pays.ID, "")
		told := must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), start, start.Add(time.Minute), 10))
		if len(told) != 1 || told[0].About != "instrument_ended" || told[0].Address != "telegram:352735" {
			w.Errorf("told %+v", told)
		}
	}},
	{"what is not there is said so", func(w *world) {
		if _, err := w.db.Payments.EndSetup(w.Context(), "none", nil, "n", start); !errors.Is(err, payments.ErrNoSetup) {
			w.Errorf("%v; want ErrNoSetup", err)
		}
		if _, err := w.db.Payments.Instrument(w.Context(), "none"); !errors.Is(err, payments.ErrNoInstrument) {
			w.Errorf("%v; want ErrNoInstrument", err)
		}
	}},
}
