package harness

import (
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"

	simgateway "pulsa/sim/gateway"
)

// knows has the program learn of what operators have blocked and paused.
func (s *scene) knows(err error) {
	s.t.Helper()
	s.ok(err)
	s.ok(s.p.Gate.Load(s.t.Context()))
}

func TestWhatOperatorsBlockIsAnsweredWithOneSentence(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		by := prepaid.By{Who: "ben", Why: "stolen cards"}
		blocks := func(k operators.BlockKind, what string) (unblock func()) {
			value := s.p.Accounts.BlockValues(string(k), "demo", what)[0]
			b := operators.Block{Brand: "demo", ID: value, Batch: value, Blocked: operators.Blocked{Kind: k, Value: value, Shows: "it"}, By: by, At: s.clock.Now()}
			d := prepaid.Deed{Brand: "demo", What: "block", Kind: prepaid.OnBlock, Object: value, By: by, At: b.At}
			_, err := s.p.DB.Blocks.AddBlocks(t.Context(), []operators.Block{b}, d)
			s.knows(err)
			return func() {
				_, err := s.p.DB.Blocks.EndBlocks(t.Context(), "demo", value, "", s.clock.Now(), d)
				s.knows(err)
			}
		}
		number, _ := bySMS.Address().Tel()
		unblock := blocks(operators.BlockNumber, string(number))
		s.same("a number that is blocked", s.says(bySMS, "KOOP 10 "+storyPIN), "blocked.number")
		unblock()
		unblock = blocks(operators.BlockAddress, string(bySMS.Address()))
		s.same("an address that is blocked", s.says(bySMS, "KOOP 10 "+storyPIN), "blocked.address")
		s.same("HELP", s.says(bySMS, "HELP"), "blocked.address")
		s.charged(0)
		unblock()
		s.same("unblocked", s.says(bySMS, "KOOP 10 "+storyPIN), "order.delivered")
	})
}

func TestPausedBrandSaysSo(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		pauses := func(until time.Time, texts map[string]string) {
			p := operators.Pause{Brand: "demo", Until: until, Texts: texts, By: prepaid.By{Who: "ben", Why: "the network is down"}, At: s.clock.Now()}
			s.knows(s.p.DB.Blocks.SetPause(t.Context(), p, prepaid.Deed{Brand: "demo", What: "pause brand", Kind: prepaid.OnBrand, Object: "demo", By: p.By, At: p.At}))
		}
		pauses(time.Time{}, nil)
		s.same("until somebody resumes", s.says(bySMS, "KOOP 10 "+storyPIN), "paused.open")
		pauses(time.Time{}, map[string]string{"en": "We are back at noon.", "nl": "We zijn er om 12 uur weer."})
		s.same("with a text", s.says(bySMS, "KOOP 10 "+storyPIN), "paused.text")
		pauses(s.clock.Now().Add(time.Hour), nil)
		s.same("for an hour", s.says(bySMS, "KOOP 10 "+storyPIN), "paused.until")
		s.charged(0)
		s.after(time.Hour)
		s.same("after it", s.says(bySMS, "KOOP 10 "+storyPIN), "order.delivered")
	})
}

func TestGoodwillIsTold(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		s.same("KOOP", s.says(bySMS, "KOOP 10 "+storyPIN), "order.delivered")
		orders, err := s.p.DB.Orders.List(t.Context(), operators.OrderFilter{Brand: "demo", Limit: 1})
		if s.ok(err); len(orders) != 1 {
			t.Fatalf("%d orders", len(orders))
		}
		h, err := s.p.Topups.Goodwill(t.Context(), orders[0].ID, euros(5), prepaid.By{Who: "anna", Why: "a long wait"})
		if s.ok(err); h.Charge.Status != topup.ChargePartly {
			t.Errorf("the charge is %s", h.Charge.Status)
		}
		s.same("told", s.hears(), "to "+string(bySMS.Address())+": order.goodwill")
		if n := len(s.sims.Gateway.Refunded(simgateway.Filter{})); n != 1 {
			t.Errorf("refunded %d times", n)
		}
	})
}
