package storetest

import (
	"errors"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
)

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
