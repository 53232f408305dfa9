package conversation

import (
	"fmt"
	"testing"

	"pulsa/accounts"
)

func TestAPINThatIsNotJudgedInTimeIsAskedForAgain(t *testing.T) {
	b := demoBrand()
	s := &Session{State: "topup.ask_pin", Answers: Answers{Key: "m0", Amount: 1000}}
	turn := bareTurn(t, b, mustPrompts(t, b), s, "4821")
	if !turn.takeBack(fmt.Errorf("check PIN: %w", accounts.ErrNotJudged)) {
		t.Fatal("not taken back")
	}
	if len(turn.said) != 1 || turn.said[0].Key != "pin.busy" || s.State != "topup.ask_pin" || s.Amount != 1000 {
		t.Errorf("said %+v in %+v", turn.said, s)
	}
}

func TestForgottenPINsAreUnderstood(t *testing.T) {
	b := demoBrand()
	all := mustPrompts(t, b)
	for text, want := range map[string]Action{
		"FORGOT": ActForgot, "Vergeten.": ActForgot, "PIN FORGOT": ActForgot, "pincode, vergeten": ActForgot, "ik ben mijn pin vergeten": ActForgot,
		"I've lost my PIN": ActForgot, "pin": ActPIN, "PIN please": ActPIN, "4821": ActNone, "pin 4821": ActPIN, "forget it": ActNone,
		"KOOP 10 pin vergeten": ActTopUp, "niet ik": ActNotMe, "NOT ME!!": ActNotMe, "not": ActNone, "Niet.": ActNone,
	} {
		turn := bareTurn(t, b, all, &Session{State: idle}, text)
		turn.readSentence()
		if turn.command.Action != want {
			t.Errorf("%q: %q, want %q", text, turn.command.Action, want)
		}
	}
}
