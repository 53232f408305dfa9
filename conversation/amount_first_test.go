package conversation

import (
	"strings"
	"testing"
)

func TestAnAmountMayStandBeforeItsKeyword(t *testing.T) {
	b := demoBrand()
	all := mustPrompts(t, b)
	for text, want := range map[string]struct{ amount, pin string }{
		"kun je 10 opwaarderen 4821":                 {"10.00", "4821"},
		"can you top up 10 4821":                     {"10.00", "4821"},
		"ik wil graag 10 euro opwaarderen 4821":      {"10.00", "4821"},
		"Zou je mij voor € 10,- willen opladen? aub": {"10.00", ""},
		"twenty five euros top-up, please 4821":      {"25.00", "4821"},
		"10 euro koop":                               {"10.00", ""},
		"€10 koop pin 4821":                          {"10.00", "4821"},
		"10 euro koop mum 4821":                      {"10.00", ""}, // the word may mean anything
	} {
		turn := bareTurn(t, b, all, &Session{State: idle}, text)
		turn.readAmountFirst()
		p := turn.readPurchase()
		if turn.command.Action != ActTopUp || p.Amount.Number() != want.amount || p.PIN.Reveal() != want.pin || p.Unclear {
			t.Errorf("%q is %q, %+v", text, turn.command.Action, p)
		}
	}
	for _, text := range []string{
		"niet 10 opwaarderen 4821", "I have 10 top up 4821", "ik wil geen 10 euro opwaarderen 4821", "0612345678 opwaarderen 4821", "10", "10 4821", "kun je opwaarderen",
		"mum 10 koop 4821", "10 euro", "10 pay", "10 redeem 4821", strings.Repeat("10 ", 20) + "koop",
	} {
		turn := bareTurn(t, b, all, &Session{State: idle}, text)
		before := turn.command
		if turn.readAmountFirst(); turn.command != before {
			t.Errorf("%q becomes %+v", text, turn.command)
		}
	}
	for _, text := range []string{"10 koop 20 4821", "kun je 10 opwaarderen voor mama 4821", "10 dollars top up 4821", "my pin is 4821 top up 10", "10 20 koop 4821", "-10 koop 4821"} {
		turn := bareTurn(t, b, all, &Session{State: idle}, text)
		turn.readAmountFirst()
		if p := turn.readPurchase(); p.complete() || !p.Unclear {
			t.Errorf("%q: %+v", text, p)
		}
	}
	turn := bareTurn(t, b, all, &Session{State: "topup.ask_pin"}, "10 euro koop 4821")
	if turn.readAmountFirst(); turn.command.Action != ActNone {
		t.Error("a text is taken for a purchase where a question wants another answer")
	}
}
