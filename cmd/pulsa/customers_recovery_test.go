package main

import (
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
	"pulsa/store"
)

func TestAnOperatorHasACodeSentAndTheCustomerChoosesThePIN(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		c, err := s.p.Accounts.ByAddress(t.Context(), "demo", bySMS.Address())
		s.ok(err)
		s.ok(s.p.DB.Customers.ResetPIN(t.Context(), c.ID, accounts.Place{Address: c.MSISDN.Tel(), Channel: "fake", Kind: talk.SMS},
			prepaid.By{Who: "anna", Why: "called from the number"}, s.clock.Now()))
		s.same("sent", s.hears(), "to "+string(c.MSISDN.Tel())+": code.sms pin.ask_code")
		s.same("the old PIN until then", s.says(bySMS, "EXIT")+" "+s.says(bySMS, "PIN")+" "+s.says(bySMS, testPIN), "exit.done pin.ask_current pin.ask_new")
		s.ok(s.p.DB.Customers.ResetPIN(t.Context(), c.ID, accounts.Place{Address: c.MSISDN.Tel(), Channel: "fake", Kind: talk.SMS},
			prepaid.By{Who: "anna", Why: "once more"}, s.clock.Now()))
		s.hears()
		for _, step := range [][2]string{
			{"246810", "pin.ask_new"}, {"3917", "pin.ask_new_again"}, {"3917", "pin.recovered pay.ask_method"},
		} {
			s.same(step[0], s.says(bySMS, step[0]), step[1])
		}
	})
}

func TestWhatAnOperatorDecidesOfAFrozenAccount(t *testing.T) {
	freeze := func(t *testing.T, s *scene) accounts.Customer {
		t.Helper()
		c, err := s.p.Accounts.ByAddress(t.Context(), "demo", bySMS.Address())
		s.ok(err)
		s.ok(s.p.Accounts.Link(t.Context(), c, accounts.Place{Address: byTelegram.Address(), Channel: "fake", Kind: talk.Telegram}))
		for _, step := range [][2]string{{"FORGOT", "pin.ask_code"}, {"246810", "pin.ask_new"}, {"3917", "pin.ask_new_again"}} {
			s.says(bySMS, step[0])
		}
		s.same("recovered", s.says(bySMS, "3917"), "pin.recovered pay.ask_method to "+string(byTelegram.Address())+": account.taken")
		s.same("not me", s.says(byTelegram, "NOT ME"), "account.frozen_now")
		return c
	}
	by := prepaid.By{Who: "anna", Why: "asked the provider"}
	t.Run("stays", func(t *testing.T) {
		s := newScene(t, "en")
		c := freeze(t, s)
		s.same("frozen", s.says(bySMS, "PIN"), "account.frozen")
		s.ok(s.p.DB.Customers.Unfreeze(t.Context(), c.ID, by, s.clock.Now()))
		s.same("goes on", s.says(bySMS, "PAY")+" "+s.says(bySMS, "3917"), "pay.ask_pin pay.ask_method")
		s.same("decided", s.says(byTelegram, "NOT ME"), "account.nothing_taken")
	})
	t.Run("ends", func(t *testing.T) {
		s := newScene(t, "en")
		c := freeze(t, s)
		s.ok(s.p.DB.Customers.UnfreezeForNobody(t.Context(), c.ID, by, s.clock.Now()))
		s.same("no news of it", s.hears(), "")
		s.says(bySMS, "EXIT")
		s.same("the thief", s.says(bySMS, "KOOP 10 3917"), "topup.not_registered registration.ask_msisdn")
		s.says(byTelegram, "FORGOT")
		s.says(byTelegram, testNumber)
		s.same("the owner", s.says(byTelegram, testNumber), "registration.ask_code to "+string(c.MSISDN.Tel())+":")
		s.same("proves the number", s.says(byTelegram, "246810"), "registration.ask_pin")
	})
}

func TestOperatorsDecideWhoseAnAccountIs(t *testing.T) {
	o := newOffice(t)
	about := []string{testNumber, "--brand", "demo"}
	why := append(about, "--reason", "asked the provider")
	o.does("never recovered", append([]string{"customers", "show"}, about...)...)
	o.fails("not frozen", append([]string{"customers", "unfreeze"}, why...)...)
	o.fails("say why", append([]string{"customers", "unfreeze"}, about...)...)
	o.does("gets a code by SMS", append([]string{"customers", "reset-pin"}, why...)...)
	o.fails("say why", append([]string{"customers", "reset-pin"}, about...)...)
	freeze := func() {
		t.Helper()
		p := o.program()
		m, _ := prepaid.ParseE164(testNumber)
		c, err := p.Accounts.ByMSISDN(t.Context(), "demo", m)
		if err == nil {
			err = p.Accounts.Link(t.Context(), c, accounts.Place{Address: "telegram:1", Channel: "fake", Kind: talk.Telegram})
		}
		if err == nil {
			_, err = p.Accounts.Recover(t.Context(), accounts.Recovery{Brand: "demo", MSISDN: m, PIN: prepaid.NewSecret("3917"),
				Places: []accounts.Place{{Address: m.Tel(), Channel: "fake", Kind: talk.SMS}}, OperationKey: prepaid.NewToken()})
		}
		if err == nil {
			_, err = p.Accounts.NotMe(t.Context(), "demo", "telegram:1")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
	}
	freeze()
	o.does("frozen since", append([]string{"customers", "show"}, about...)...)
	o.does("+316****5678", "customers", "frozen", "--brand", "demo")
	o.does(`"frozen_at"`, "customers", "frozen", "--brand", "demo", "--json")
	o.fails("frozen", append([]string{"customers", "reset-pin"}, why...)...)
	o.does("stays with", append([]string{"customers", "unfreeze"}, why...)...)
	o.does("asked the provider", append([]string{"customers", "show"}, about...)...)
	freeze()
	o.does("is nobody's", append([]string{"customers", "unfreeze", "--end"}, why...)...)
	o.does("locked until", append([]string{"customers", "show"}, about...)...)
	o.switchOff("fake")
	o.fails("which carries SMS, is off", append([]string{"customers", "reset-pin"}, why...)...)
}

// switchOff switches a channel off, whoever else it reaches.
func (o office) switchOff(channel string) {
	o.Helper()
	db, err := store.Open(o.Context(), "sqlite:"+o.data+"/pulsa.db", store.Options{})
	if err == nil {
		err = db.Channels.SetSwitch(o.Context(), "demo", channel, false, "test", time.Now())
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		o.Fatal(err)
	}
}
