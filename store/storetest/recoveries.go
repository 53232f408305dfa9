package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"pulsa/accounts"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// newHolder is a recovery of a customer's number from a Telegram account.
func newHolder(c accounts.Customer, key string, at time.Time) accounts.NewHolder {
	return accounts.NewHolder{Customer: c.ID, MSISDN: c.MSISDN, PINHash: "new", OperationKey: key, At: at, Until: at.Add(accounts.NotMeFor),
		Places: []accounts.Place{place("telegram:new"), place(c.MSISDN.Tel())}}
}

// taken recovers the number of a customer who wrote from a Telegram account too, and forgets what is told of it.
func (w *world) taken(at time.Time) accounts.Customer {
	w.Helper()
	c := w.customer()
	w.ok(w.db.Customers.LinkAddress(w.Context(), c, place("telegram:old"), start))
	got := must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, "recovery", at)))
	w.due(at)
	return got
}

var recoveryTests = []test{
	{"a recovery ends what the earlier holder has set up, keeps what is the number's, and happens once", func(w *world) {
		c := w.customer()
		w.due(start)
		w.ok(w.db.Customers.LinkAddress(w.Context(), c, place("telegram:old"), start))
		blocked := accounts.Blocked
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{Status: &blocked}))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, c.MSISDN.Tel(), []string{"twilio"}, true, start))
		w.count(c, "wrong")
		w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start.Add(time.Hour), true))
		s, m := mandate(c, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		at := start.Add(30 * time.Second)
		want := w.read(c)
		want.Holder, want.RecoveredAt, want.PIN, want.Pays, want.RegisteredBy = 2, at, accounts.PIN{Hash: "new"}, accounts.Instrument{}, ""
		for range 2 {
			got := must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, "recovery", at)))
			same(w, "recovered", got, want)
		}
		same(w, "stored", w.read(c), want)
		same(w, "setup", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupAbandoned)
		same(w, "due mandates", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), time.Time{})
		same(w, "opt-out", w.optedOut(brand, c.MSISDN.Tel()), []string{"twilio"})
		for _, a := range []prepaid.Address{"telegram:new", c.MSISDN.Tel()} {
			same(w, string(a), must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, a)).ID, c.ID)
		}
		if _, err := w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:old"); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("the earlier holder's address: %v", err)
		}
		told := must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), at, at.Add(time.Minute), 10))
		if len(told) != 1 || told[0].About != "number_taken" || told[0].Address != "telegram:old" || told[0].Channel != "bot" || told[0].Kind != "telegram" {
			w.Errorf("told %+v", told)
		}
		w.clean()
	}},
	{"a recovery's key is one customer's", func(w *world) {
		first, second := w.customer(), w.customer()
		must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), newHolder(first, "key", start)))
		if _, err := w.db.Customers.RecoverCustomer(w.Context(), newHolder(second, "key", start)); !errors.Is(err, topup.ErrKeyReused) {
			w.Errorf("%v; want ErrKeyReused", err)
		}
		same(w, "holder", w.read(second).Holder, 1)
		if _, err := w.db.Customers.RecoverCustomer(w.Context(), newHolder(accounts.Customer{ID: "nobody"}, "none", start)); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("nobody: %v", err)
		}
	}},
	{"recoveries at once each make a holder, and one key one", func(w *world) {
		c := w.customer()
		together(16, func(i int) {
			if _, err := w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, fmt.Sprint("key", i/4), start)); err != nil {
				w.Error(err)
			}
		})
		same(w, "holder", w.read(c).Holder, 5)
	}},
	{"of recoveries that have proven the number of one holder, one makes the next", func(w *world) {
		c := w.customer()
		var made atomic.Int32
		together(8, func(i int) {
			n := newHolder(c, fmt.Sprint("key", i), start)
			n.Holder = 1
			switch _, err := w.db.Customers.RecoverCustomer(w.Context(), n); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, accounts.ErrRecovered):
				w.Error(err)
			}
		})
		same(w, "recoveries", made.Load(), 1)
		same(w, "holder", w.read(c).Holder, 2)
	}},
	{"a recovery uses up every code for the number, and no other's", func(w *world) {
		c, other := w.customer(), w.customer()
		caps := accounts.CodeCaps{Since: start, Budget: prepaid.CodeBudget{}.OrDefault()}
		code := func(m prepaid.MSISDN) {
			by := must[accounts.CodeCap](w)(w.db.Codes.SaveCode(w.Context(), accounts.Code{Brand: brand, Channel: "bot", Address: "telegram:thief",
				MSISDN: m, Hash: "hash", OperationKey: string(m), CreatedAt: start, ExpiresAt: start.Add(time.Hour)}, caps))
			same(w, "cap", by, accounts.NoCap)
		}
		code(c.MSISDN)
		code(other.MSISDN)
		must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, "recovery", start)))
		if _, err := w.db.Codes.TryCode(w.Context(), brand, "telegram:thief", c.MSISDN, "try"); !errors.Is(err, accounts.ErrCodeExpired) {
			w.Errorf("%v; want ErrCodeExpired", err)
		}
		must[accounts.Code](w)(w.db.Codes.TryCode(w.Context(), brand, "telegram:thief", other.MSISDN, "try"))
	}},
	{"who has proven a number takes nothing of a customer who has another by now", func(w *world) {
		c := w.customer()
		must[accounts.Customer](w)(w.db.Moves.MoveCustomer(w.Context(), accounts.Move{Customer: c.ID, From: c.MSISDN, To: "31699999002",
			Asked: c.MSISDN.Tel(), OperationKey: "move", At: start}))
		if _, err := w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, "recovery", start)); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("recovery: %v; want ErrNoCustomer", err)
		}
		if err := w.db.Customers.LinkAddress(w.Context(), c, place("telegram:late"), start); !errors.Is(err, accounts.ErrRecovered) {
			w.Errorf("link: %v; want ErrRecovered", err)
		}
	}},
	{"a registration chooses no PIN again once its customer can pay", func(w *world) {
		c := w.customer()
		must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{ID: c.ID, Brand: brand, MSISDN: c.MSISDN,
			Status: accounts.Pending, RegisteredBy: w.read(c).RegisteredBy, PIN: accounts.PIN{Hash: "again"}, CreatedAt: start}, nil))
		if w.read(c).PIN.Hash == "again" {
			w.Error("the PIN was replaced")
		}
	}},
	{"recoveries and purchases at once charge nobody for an earlier holder", func(w *world) {
		c := w.customer()
		var sold atomic.Int32
		together(8, func(i int) {
			if i%2 == 0 {
				if _, err := w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, fmt.Sprint("key", i), start)); err != nil {
					w.Error(err)
				}
				return
			}
			n := w.purchase(c)
			n.Order.OperationKey, n.Confirmed = fmt.Sprint("buy", i), true
			_, _, err := w.db.Orders.Create(w.Context(), n)
			var flight *topup.InFlightError
			switch {
			case err == nil:
				sold.Add(1)
			case !errors.Is(err, topup.ErrInstrumentEnded) && !errors.As(err, &flight):
				w.Error(err)
			}
		})
		if sold.Load() > 1 {
			w.Errorf("%d sold", sold.Load())
		}
		w.clean()
	}},
	{"an earlier holder links nothing and sets no PIN", func(w *world) {
		c := w.customer()
		must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, "recovery", start)))
		if err := w.db.Customers.LinkAddress(w.Context(), c, place("telegram:old"), start); !errors.Is(err, accounts.ErrRecovered) {
			w.Errorf("link: %v", err)
		}
		hash := "old"
		if err := w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{PINHash: &hash, Holder: c.Holder}); !errors.Is(err, accounts.ErrRecovered) {
			w.Errorf("PIN: %v", err)
		}
		again := c
		again.RegisteredBy, again.PIN = "m1", accounts.PIN{Hash: "registered again"}
		must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), again, []accounts.Place{place("telegram:old")}))
		same(w, "PIN", w.read(c).PIN.Hash, "new")
	}},
	{"a page that an earlier holder has begun is not stored after a recovery, nor any while the account is frozen", func(w *world) {
		c := w.taken(start)
		own := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "own")))
		late := setup(c, "late")
		late.Holder = 1
		if _, err := w.db.Payments.SaveSetup(w.Context(), late); !errors.Is(err, accounts.ErrRecovered) {
			w.Errorf("%v; want ErrRecovered", err)
		}
		same(w, "the present holder's", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), own.ID)).Status, payments.SetupOpen)
		must[accounts.Customer](w)(w.db.Customers.FreezeCustomer(w.Context(), brand, "telegram:old", start))
		if _, err := w.db.Payments.SaveSetup(w.Context(), setup(c, "frozen")); !errors.Is(err, accounts.ErrFrozen) {
			w.Errorf("%v; want ErrFrozen", err)
		}
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), own.ID, instrument(c), "n1", start))
		same(w, "pays", w.read(c).Pays.ID, "")
	}},
	{"NOT ME freezes for 72 hours, and nothing is changed then", func(w *world) {
		c := w.taken(start)
		end := start.Add(accounts.NotMeFor)
		for _, tt := range []struct {
			a  prepaid.Address
			at time.Time
		}{{"telegram:new", start}, {"telegram:old", end}, {"telegram:nobody", start}} {
			if _, err := w.db.Customers.FreezeCustomer(w.Context(), brand, tt.a, tt.at); !errors.Is(err, accounts.ErrNothingTaken) {
				w.Errorf("%s: %v", tt.a, err)
			}
		}
		same(w, "taken", must[accounts.Customer](w)(w.db.Customers.UnlinkedFrom(w.Context(), brand, "telegram:old", end.Add(-1000))).ID, c.ID)
		for _, at := range []time.Time{start.Add(time.Hour), start.Add(2 * time.Hour)} {
			got := must[accounts.Customer](w)(w.db.Customers.FreezeCustomer(w.Context(), brand, "telegram:old", at))
			same(w, "frozen", got.FrozenAt, start.Add(time.Hour))
		}
		hash := "other"
		for what, err := range map[string]error{
			"PIN":   w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{PINHash: &hash}),
			"link":  w.db.Customers.LinkAddress(w.Context(), c, place("telegram:third"), start),
			"reset": w.db.Customers.ResetPIN(w.Context(), c.ID, place(c.MSISDN.Tel()), by, start),
			"recovery": func() error {
				_, err := w.db.Customers.RecoverCustomer(w.Context(), newHolder(c, "another", start))
				return err
			}(),
		} {
			if !errors.Is(err, accounts.ErrFrozen) {
				w.Errorf("%s: %v; want ErrFrozen", what, err)
			}
		}
		same(w, "listed", len(must[[]accounts.Customer](w)(w.db.Customers.Frozen(w.Context(), brand))), 1)
	}},
	{"an operator decides whose a frozen account is", func(w *world) {
		c := w.paysAnew(w.taken(start))
		if err := w.db.Customers.Unfreeze(w.Context(), c.ID, by, start); !errors.Is(err, operators.ErrNotFrozen) {
			w.Errorf("not frozen: %v", err)
		}
		must[accounts.Customer](w)(w.db.Customers.FreezeCustomer(w.Context(), brand, "telegram:old", start))
		w.ok(w.db.Customers.Unfreeze(w.Context(), c.ID, by, start))
		same(w, "the present holder's", w.read(c), c)
		if _, err := w.db.Customers.FreezeCustomer(w.Context(), brand, "telegram:old", start); !errors.Is(err, accounts.ErrNothingTaken) {
			w.Errorf("once decided: %v", err)
		}
		same(w, "written down", w.deeds(prepaid.OnCustomer, string(c.ID))[0].What, "unfreeze")
	}},
	{"an operator decides that a frozen account is nobody's", func(w *world) {
		c := w.paysAnew(w.taken(start))
		must[accounts.Customer](w)(w.db.Customers.FreezeCustomer(w.Context(), brand, "telegram:old", start))
		w.ok(w.db.Customers.UnfreezeForNobody(w.Context(), c.ID, by, start.Add(time.Hour)))
		got := w.read(c)
		if got.Frozen() || got.Holder != 3 || got.Pays.ID != "" || !got.PIN.HardLocked {
			w.Errorf("it is %+v", got)
		}
		if _, err := w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:new"); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("its address: %v", err)
		}
		again := newHolder(c, "the owner", start.Add(2*time.Hour))
		same(w, "the owner's", must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), again)).Holder, 4)
		w.clean()
	}},
	{"a code is sent to the number's own phone on an operator's behalf", func(w *world) {
		c := w.customer()
		w.due(start)
		w.ok(w.db.Customers.ResetPIN(w.Context(), c.ID, place(c.MSISDN.Tel()), by, start))
		same(w, "notices", w.due(start), []string{"pin_reset"})
		same(w, "the PIN stays", w.read(c).PIN, c.PIN)
		if err := w.db.Customers.ResetPIN(w.Context(), "nobody", place(c.MSISDN.Tel()), by, start); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("nobody: %v", err)
		}
	}},
}
