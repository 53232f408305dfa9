package harness

import (
	"errors"
	"testing"

	"pulsa/accounts"
	"pulsa/conversation/talk"
	"pulsa/operators"
	"pulsa/prepaid"
)

func TestAnOperatorHasACodeSentAndTheCustomerChoosesThePIN(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		c, err := s.p.Accounts.ByAddress(t.Context(), "demo", bySMS.Address())
		s.ok(err)
		s.ok(s.p.DB.Customers.ResetPIN(t.Context(), c.ID, accounts.Place{Address: c.MSISDN.Tel(), Channel: "fake", Kind: talk.SMS},
			prepaid.By{Who: "anna", Why: "called from the number"}, s.clock.Now()))
		s.same("sent", s.hears(), "to "+string(c.MSISDN.Tel())+": code.sms pin.ask_code")
		s.same("the old PIN until then", s.says(bySMS, "EXIT")+" "+s.says(bySMS, "PIN")+" "+s.says(bySMS, storyPIN), "exit.done pin.ask_current pin.ask_new")
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

func TestACallerReadsBackTheCodeThatTheDeskHasSent(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		c, err := s.p.Accounts.ByAddress(t.Context(), "demo", bySMS.Address())
		s.ok(err)
		check := operators.CallerCheck{ID: "check", Brand: "demo", Customer: c.ID, Person: "ola", Fact: operators.FactCode, Outcome: operators.CallerSent,
			Code: "thecode", At: s.clock.Now()}
		phone := accounts.Place{Address: c.MSISDN.Tel(), Channel: "fake", Kind: talk.SMS}
		s.ok(s.p.DB.Desk.SaveCheck(t.Context(), check, phone, operators.CallerLimits{}, prepaid.By{Who: "ola", Why: "called"}))
		s.same("sent", s.hears(), "to "+string(c.MSISDN.Tel())+": code.caller")
		reads := func(code, key string, desk prepaid.NoticeID) error {
			return s.p.Accounts.CheckCode(t.Context(), "demo", prepaid.CallerAddress(desk), c.MSISDN, prepaid.NewSecret(code), key)
		}
		if err := reads("246811", "first", "thecode"); !errors.Is(err, accounts.ErrWrongCode) {
			t.Errorf("a wrong code: %v", err)
		}
		if err := reads("246810", "other", "another"); !errors.Is(err, accounts.ErrCodeExpired) {
			t.Errorf("for another check: %v", err)
		}
		s.ok(reads("246810", "second", "thecode"))
		if err := reads("246810", "third", "thecode"); !errors.Is(err, accounts.ErrCodeExpired) {
			t.Errorf("twice: %v", err)
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
		s.says(byTelegram, storyNumber)
		s.same("the owner", s.says(byTelegram, storyNumber), "registration.ask_code to "+string(c.MSISDN.Tel())+":")
		s.same("proves the number", s.says(byTelegram, "246810"), "registration.ask_pin")
	})
}
