package storetest

import (
	"errors"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// pseudonyms are what the erased leave.
var pseudonyms = accounts.Pseudonyms{Number: "erased-1-ab", Address: func(a prepaid.Address) prepaid.Address {
	if a == "telegram:352735" {
		return "erased:1-t"
	}
	return "erased:1-x"
}, Blocks: func(kind, what string) []string {
	return []string{kind + " under the pepper before", kind + " " + what}
}}

func isUnderWay(err error) bool {
	return errors.As(err, new(*accounts.UnderWayError))
}

func (w *world) optedOut(brand string, a prepaid.Address, pseudonyms ...prepaid.Address) []string {
	w.Helper()
	return must[[]string](w)(w.db.OptOuts.OptedOut(w.Context(), brand, a, pseudonyms...))
}

func (w *world) move(c accounts.Customer, to prepaid.MSISDN, key string) accounts.Move {
	return accounts.Move{Customer: c.ID, Holder: c.Holder, From: c.MSISDN, To: to, Recognised: true, Asked: c.MSISDN.Tel(),
		SMS: "fake", OperationKey: key, At: start.Add(time.Hour)}
}

func (w *world) closing(c accounts.Customer, key string) accounts.Closing {
	return accounts.Closing{Customer: c.ID, Holder: c.Holder, Asked: c.MSISDN.Tel(), Pseudonyms: pseudonyms, OperationKey: key, At: start.Add(time.Hour)}
}

// linked is a customer with two addresses.
func (w *world) linked() accounts.Customer {
	w.Helper()
	c := w.customer()
	w.ok(w.db.Customers.LinkAddress(w.Context(), c, place(c.MSISDN.Tel()), start))
	w.ok(w.db.Customers.LinkAddress(w.Context(), c, place("telegram:352735"), start))
	return c
}

// spends makes an order that was charged and delivered.
func (w *world) spends(c accounts.Customer, change ...func(*topup.NewOrder)) topup.Order {
	w.Helper()
	o := w.placed(w.purchase(c, change...))
	w.apply(charged(o))
	w.apply(delivered(o))
	return o
}

// registersAgain registers a customer's number as a stranger would who types it.
func (w *world) registersAgain(c accounts.Customer) (accounts.Customer, error) {
	w.Helper()
	r := accounts.Customer{ID: "anew", Brand: brand, MSISDN: c.MSISDN, Language: "nl", PIN: accounts.PIN{Hash: "new"},
		CreatedAt: start.Add(2 * time.Hour), RegisteredBy: "again"}
	for {
		stored, err := w.db.Customers.SaveRegistration(w.Context(), r, []accounts.Place{place(c.MSISDN.Tel())}, "erased-2-none", pseudonyms.Number)
		if err != nil || stored.ID == r.ID {
			return stored, err
		}
		r.ID = stored.ID
	}
}

const newNumber = prepaid.MSISDN("31687654321")

var moveTests = []test{
	{"a new number takes along all but what is the old one's own", func(w *world) {
		c := w.linked()
		o := w.placed(w.purchase(c, func(n *topup.NewOrder) { n.Order.ReplyTo.Address = c.MSISDN.Tel() }))
		refused := func(m accounts.Move) error { _, err := w.db.Moves.MoveCustomer(w.Context(), m); return err }
		if err := refused(w.move(c, newNumber, "m1")); !isUnderWay(err) {
			w.Errorf("with an order under way: %v", err)
		}
		if err := w.db.Moves.MayMove(w.Context(), c.ID, start); !isUnderWay(err) {
			w.Errorf("it may, with an order under way: %v", err)
		}
		w.apply(declined(o))
		w.ok(w.db.Moves.MayMove(w.Context(), c.ID, start))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, c.MSISDN.Tel(), []string{"", "twilio"}, true, start))

		elsewhere := w.move(c, newNumber, "m1")
		elsewhere.Asked = "telegram:1"
		if err := refused(elsewhere); !errors.Is(err, accounts.ErrRecovered) {
			w.Errorf("asked for where they are not known: %v", err)
		}
		moved := must[accounts.Customer](w)(w.db.Moves.MoveCustomer(w.Context(), w.move(c, newNumber, "m1")))
		same(w, "again", must[accounts.Customer](w)(w.db.Moves.MoveCustomer(w.Context(), w.move(c, newNumber, "m1"))), moved)
		want := c
		want.MSISDN, want.Recognised = newNumber, start.Add(time.Hour)
		same(w, "moved", moved, want)
		same(w, "at the new number", must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, newNumber.Tel())).ID, c.ID)
		same(w, "on the messenger", must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:352735")).ID, c.ID)
		if _, err := w.db.Customers.CustomerByAddress(w.Context(), brand, c.MSISDN.Tel()); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("at the old number: %v", err)
		}
		same(w, "out at the new", w.optedOut(brand, newNumber.Tel()), []string{""})
		same(w, "out at the old", w.optedOut(brand, c.MSISDN.Tel()), []string{"twilio"})
		same(w, "news goes to", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).ReplyTo.Address, newNumber.Tel())
		same(w, "told at the new number, not where it was asked for", w.noticesOf("number_moved"), 1)

		next, err := w.registersAgain(c)
		w.ok(err)
		if next.ID != "anew" || next.Pays.ID != "" || next.Holder != 1 || next.Status != accounts.Pending {
			w.Errorf("the old number's next owner: %+v", next)
		}
		if err := refused(w.move(moved, c.MSISDN, "m2")); !errors.Is(err, accounts.ErrRegistered) {
			w.Errorf("to a customer's number: %v", err)
		}
		w.clean()
	}},
	{"a number whose earlier holder may say NOT ME neither moves nor is closed, and a frozen account does not", func(w *world) {
		c := w.linked()
		r := must[accounts.Customer](w)(w.db.Customers.RecoverCustomer(w.Context(), accounts.NewHolder{Customer: c.ID, MSISDN: c.MSISDN, PINHash: "h",
			Places: []accounts.Place{place(c.MSISDN.Tel())}, OperationKey: "r1", At: start, Until: start.Add(accounts.NotMeFor)}))
		contested := new(*accounts.ContestedError)
		if _, err := w.db.Moves.MoveCustomer(w.Context(), w.move(r, newNumber, "m1")); !errors.As(err, contested) {
			w.Errorf("moved: %v", err)
		}
		if _, err := w.db.Moves.CloseCustomer(w.Context(), w.closing(r, "c1")); !errors.As(err, contested) {
			w.Errorf("closed: %v", err)
		}
		if _, err := w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")); !errors.Is(err, accounts.ErrRecovered) {
			w.Errorf("closed by the earlier holder: %v", err)
		}
		must[accounts.Customer](w)(w.db.Customers.FreezeCustomer(w.Context(), brand, "telegram:352735", start))
		if _, err := w.db.Moves.CloseCustomer(w.Context(), w.closing(r, "c1")); !errors.Is(err, accounts.ErrFrozen) {
			w.Errorf("closed while frozen: %v", err)
		}
		if _, err := w.db.Moves.MoveByHand(w.Context(), w.move(r, newNumber, "m1"), by); !errors.Is(err, accounts.ErrFrozen) {
			w.Errorf("moved while frozen: %v", err)
		}
		w.exec(`UPDATE customers SET frozen_at = 0 WHERE id = ?`, c.ID)
		must[accounts.Customer](w)(w.db.Moves.MoveByHand(w.Context(), w.move(r, newNumber, "m1"), by)) // the operator has decided
	}},
	{"whoever closes and registers again is the same customer, and sheds nothing", func(w *world) {
		c := w.linked()
		o := w.spends(c)
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, c.MSISDN.Tel(), []string{"twilio"}, true, start))
		lock := func(int) time.Time { return start.Add(90 * time.Minute) }
		must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, cards.TryKeys(c.MSISDN.Tel(), c.ID), "k1", start, lock))
		code := accounts.Code{Brand: brand, Channel: "fake", Address: c.MSISDN.Tel(), MSISDN: c.MSISDN, OperationKey: "c1", CreatedAt: start, ExpiresAt: start}
		caps := accounts.CodeCaps{Since: start.Add(-time.Hour), Budget: prepaid.CodeBudget{PerAddress: 1, PerNumber: 1, PerBlock: 9, PerChannel: 9, PerBrand: 9}}
		must[accounts.CodeCap](w)(w.db.Codes.SaveCode(w.Context(), code, caps))

		addresses := must[[]prepaid.Address](w)(w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")))
		same(w, "addresses", addresses, []prepaid.Address{"tel:" + prepaid.Address(c.MSISDN.String()), "telegram:352735"})
		same(w, "closed again", len(must[[]prepaid.Address](w)(w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")))), 0)
		same(w, "out, for all we know", w.optedOut(brand, c.MSISDN.Tel()), nil)
		same(w, "out, by the pseudonym", w.optedOut(brand, c.MSISDN.Tel(), "erased:2-none", "erased:1-x"), []string{"twilio"})
		w.apply(returned(o)) // weeks later

		back, err := w.registersAgain(c)
		w.ok(err)
		if back.ID != c.ID || back.Holder != 2 || !back.RecoveredAt.Equal(start.Add(2*time.Hour)) || back.Pays.ID != "" || back.Status != accounts.Blocked {
			w.Errorf("came back as %+v", back)
		}
		left := accounts.Left{Addresses: []prepaid.Address{"erased:1-x"}, Numbers: []prepaid.MSISDN{pseudonyms.Number}}
		for range 2 {
			w.ok(w.db.Moves.RememberAddress(w.Context(), brand, c.MSISDN.Tel(), left))
		}
		same(w, "out", w.optedOut(brand, c.MSISDN.Tel()), []string{"twilio"})
		for _, keys := range [][]string{cards.TryKeys(c.MSISDN.Tel(), ""), cards.TryKeys("telegram:1", c.ID)} {
			wrong, until, err := w.db.CardTries.CardTries(w.Context(), brand, keys)
			w.ok(err)
			if wrong != 1 || !until.Equal(start.Add(90*time.Minute)) {
				w.Errorf("%v: %d wrong, locked until %s", keys, wrong, until)
			}
		}
		code.OperationKey = "c2"
		same(w, "codes", must[accounts.CodeCap](w)(w.db.Codes.SaveCode(w.Context(), code, caps)), accounts.CapAddress)
		code.Address = "telegram:9"
		same(w, "codes to the number", must[accounts.CodeCap](w)(w.db.Codes.SaveCode(w.Context(), code, caps)), accounts.CapNumber)
		w.clean()
	}},
	{"a debit that is returned while its customer comes back is owed", func(w *world) {
		c := w.linked()
		o := w.spends(c)
		must[[]prepaid.Address](w)(w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")))
		back, err := w.registersAgain(c)
		w.ok(err)
		same(w, "came back", back.Status, accounts.Pending)
		w.apply(returned(o))
		same(w, "owes", w.read(c).Status, accounts.Blocked)
		w.clean()
	}},
	{"what was spent counts on after a closing, and a frozen account stays frozen", func(w *world) {
		c := w.linked()
		w.spends(c)
		must[[]prepaid.Address](w)(w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")))
		back, err := w.registersAgain(c)
		w.ok(err)
		back = w.paysAnew(back)
		same(w, "status", back.Status, accounts.Active)
		n := w.purchase(back, func(n *topup.NewOrder) {
			n.Order.ID, n.Order.OperationKey, n.Charge.ID, n.Order.CreatedAt = "SECONDORDR", "second", "charge2", start.Add(3*time.Hour)
			n.Confirmed, n.Limits = true, prepaid.Limits{DayCount: 1}
		})
		if _, _, err := w.db.Orders.Create(w.Context(), n); !errors.As(err, new(*topup.LimitError)) {
			w.Errorf("over the day's limit: %v", err)
		}
		w.exec(`UPDATE customers SET frozen_at = 1 WHERE id = ?`, c.ID)
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}, start))
		if _, err := w.registersAgain(c); !errors.Is(err, accounts.ErrFrozen) {
			w.Errorf("frozen: %v", err)
		}
	}},
	{"an account is not closed while a debit is pending or money is owed", func(w *world) {
		c := w.linked()
		o := w.placed(w.purchase(c))
		if _, err := w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")); !isUnderWay(err) {
			w.Errorf("under way: %v", err)
		}
		if err := w.db.Moves.MayClose(w.Context(), c.ID, start); !isUnderWay(err) {
			w.Errorf("it may: %v", err)
		}
		w.apply(charged(o))
		w.apply(delivered(o))
		w.exec(`UPDATE charges SET status = 'pending' WHERE order_id = ?`, o.ID)
		var underWay *accounts.UnderWayError
		if _, err := w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")); !errors.As(err, &underWay) || !underWay.Debit || underWay.Order != o.ID {
			w.Errorf("debit pending: %v", err)
		}
		w.exec(`UPDATE charges SET status = 'captured' WHERE order_id = ?`, o.ID)
		blocked := accounts.Blocked
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{Status: &blocked}))
		if _, err := w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")); !errors.Is(err, accounts.ErrInDebt) {
			w.Errorf("in debt: %v", err)
		}
	}},
	{"a closing leaves alone what is another customer's by now", func(w *world) {
		c := w.linked()
		w.spends(c, func(n *topup.NewOrder) { n.Order.ReplyTo.Address = "telegram:352735" })
		other := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{ID: "other", Brand: brand,
			MSISDN: newNumber, CreatedAt: start}, []accounts.Place{place("telegram:352735")}))
		must[[]prepaid.Address](w)(w.db.Moves.CloseCustomer(w.Context(), w.closing(c, "c1")))
		same(w, "linked to", must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, "telegram:352735")).ID, other.ID)
	}},
	{"an unlinked address is told once, hears nothing more and may not say NOT ME", func(w *world) {
		c := w.linked()
		o := w.placed(w.purchase(c, func(n *topup.NewOrder) { n.Order.ReplyTo.Address = "telegram:352735" }))
		u := accounts.Unlinking{Customer: c.ID, Holder: c.Holder, Address: "telegram:352735", LinkedAt: start.Add(time.Hour),
			By: place(c.MSISDN.Tel()), At: start}
		w.ok(w.db.Moves.UnlinkAddress(w.Context(), u)) // it was linked anew since
		same(w, "linked", must[accounts.Customer](w)(w.db.Customers.CustomerByAddress(w.Context(), brand, u.Address)).ID, c.ID)
		u.LinkedAt = start
		for range 2 {
			w.ok(w.db.Moves.UnlinkAddress(w.Context(), u))
		}
		if _, err := w.db.Customers.CustomerByAddress(w.Context(), brand, u.Address); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("linked: %v", err)
		}
		same(w, "told", w.noticesOf("address_unlinked"), 1)
		same(w, "news goes to", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).ReplyTo.Address, c.MSISDN.Tel())
		if _, err := w.db.Customers.UnlinkedFrom(w.Context(), brand, u.Address, start); !errors.Is(err, accounts.ErrNothingTaken) {
			w.Errorf("NOT ME: %v", err)
		}
	}},
	{"a removed instrument ends with what is open, and one set up since stays", func(w *world) {
		c := w.customer()
		r := payments.Removal{Instrument: c.Pays.ID, Customer: c.ID, Holder: c.Holder, At: start}
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "open")))
		w.ok(w.db.Payments.RemoveInstrument(w.Context(), r))
		same(w, "pays", w.read(c).Pays, accounts.Instrument{})
		same(w, "setup", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupAbandoned)
		if _, _, err := w.db.Orders.Create(w.Context(), w.purchase(c)); !errors.Is(err, topup.ErrInstrumentEnded) {
			w.Errorf("charged: %v", err)
		}
		c = w.paysAnew(c)
		w.ok(w.db.Payments.RemoveInstrument(w.Context(), r))
		same(w, "pays anew", w.read(c).Pays.ID, c.Pays.ID)
		r.Holder = 7
		if err := w.db.Payments.RemoveInstrument(w.Context(), r); !errors.Is(err, accounts.ErrRecovered) {
			w.Errorf("another holder: %v", err)
		}
	}},
}

// noticesOf counts the notices about something.
func (w *world) noticesOf(about prepaid.NoticeKind) int {
	w.Helper()
	n := 0
	for _, notice := range must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), start.Add(time.Hour), start, 100)) {
		if notice.About == about {
			n++
		}
	}
	return n
}
