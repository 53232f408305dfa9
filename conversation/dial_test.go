package conversation

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
)

func TestWhatIsDialled(t *testing.T) {
	b := demoBrand()
	all := mustPrompts(t, b)
	topUp := func(rest string) Command { return Command{Action: ActTopUp, Rest: rest, Line: rest} }
	redeem := func(code string) Command { return Command{Action: ActRedeem, Rest: code, Line: code} }
	for _, test := range []struct {
		name    string
		session Session
		inputs  []string // of a session named "s"
		command Command
		text    string
		opens   bool
	}{
		{"nothing", Session{}, nil, Command{}, "", true},
		{"amount and PIN", Session{}, []string{"10", "4821"}, topUp("10 4821"), "*10*4821#", false},
		{"an amount", Session{Dial: "r"}, []string{"10"}, topUp("10"), "*10#", false},
		{"an amount that is not sold", Session{}, []string{"12"}, topUp("12"), "*12#", false},
		{"a card", Session{}, []string{"12345678901234"}, redeem("12345678901234"), "*12345678901234#", false},
		{"a card with a digit too few", Session{}, []string{"1234567890123"}, redeem("1234567890123"), "*1234567890123#", false},
		{"a number of the menu", Session{}, []string{"3"}, Command{Action: ActStatus}, "*3#", false},
		{"no number of the menu", Session{}, []string{"9"}, Command{}, "*9#", true},
		{"a word", Session{}, []string{"KOOP 10"}, topUp("10"), "KOOP 10", false},
		{"a PIN where the amount belongs", Session{}, []string{"4821"}, Command{}, "*4821#", true},
		{"an amount that is not sold, and a PIN", Session{}, []string{"12", "4821"}, Command{}, "*12*4821#", true},
		{"a number of the menu and a PIN", Session{}, []string{"5", "4821"}, Command{}, "*5*4821#", true},
		{"no PIN", Session{}, []string{"10", "482"}, Command{}, "*10*482#", true},
		{"the menu, an amount and a PIN", Session{}, []string{"1", "10", "4821"}, topUp("10 4821"), "*1*10*4821#", false},
		{"the menu and an amount", Session{}, []string{"1", "10"}, topUp("10"), "*1*10#", false},
		{"the menu and a card", Session{}, []string{"2", "12345678901234"}, redeem("12345678901234"), "*2*12345678901234#", false},
		{"a menu within the menu", Session{}, []string{"5", "2"}, Command{Action: ActPay}, "*5*2#", false},
		{"the menu's card where an amount belongs", Session{}, []string{"1", "12345678901234"}, Command{}, "*1*12345678901234#", true},
		{"the menu and a PIN where the amount belongs", Session{}, []string{"1", "4821"}, Command{}, "*1*4821#", true},
		{"more than that", Session{}, []string{"1", "10", "4821", "7"}, Command{}, "*1*10*4821*7#", true},
		{"letters", Session{}, []string{"ten"}, Command{}, "*ten#", true},
		{"in the same session only the new part counts", Session{Dial: "s"}, []string{"10", "4821"}, Command{Rest: "4821"}, "4821", false},
		{"a choice of the menu", Session{Dial: "s", State: menu}, []string{"2"}, Command{Action: ActRedeem}, "2", false},
		{"a number where there is no menu", Session{Dial: "s", State: "topup.ask_amount"}, []string{"2"}, Command{Rest: "2"}, "2", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := ""
			if n := len(test.inputs); n > 0 {
				text = test.inputs[n-1]
			}
			turn := bareTurn(t, b, all, &test.session, text)
			turn.in.Dial = &channels.Dial{Session: "s", Inputs: test.inputs}
			turn.readDial()
			turn.readMenu()
			if diff := cmp.Diff(test.command, turn.command); diff != "" || turn.in.Text != test.text || turn.opensDial != test.opens {
				t.Errorf("%s text %q, opens %v", diff, turn.in.Text, turn.opensDial)
			}
			if turn.session.Dial != "s" {
				t.Errorf("the session %q is remembered", turn.session.Dial)
			}
		})
	}
}

func TestWhatIsDialledAnswersNoQuestion(t *testing.T) {
	b := demoBrand()
	all, e := mustPrompts(t, b), mustEngine(t)
	for name, state := range e.table.states {
		if state.Accept == nil {
			continue
		}
		turn := bareTurn(t, b, all, &Session{State: name}, "4821")
		turn.in.Dial = &channels.Dial{Session: "s", Inputs: []string{"10", "4821"}}
		turn.readDial()
		turn.readMenu()
		if event := e.understand(turn); event != Event(ActTopUp) {
			t.Errorf("%s: event %q", name, event)
		}
	}
}

func TestTheMenuFitsOneScreen(t *testing.T) {
	b := demoBrand()
	b.Title = strings.Repeat("M", 30)
	all, e := mustPrompts(t, b), mustEngine(t)
	can, _ := channels.Of(channels.USSD)
	for language, prompts := range all.ByLanguage {
		for state, last := range map[string]string{menu: "\n5 " + prompts.text("choice.account"), accountMenu: "\n7 " + prompts.text("choice.close")} {
			turn := bareTurn(t, b, all, &Session{State: state}, "")
			turn.prompts = prompts
			e.ask(turn, e.table.states[state])
			m := turn.message()
			if parts := channels.Render(m, can); len(parts) != 1 || m.Ends || !strings.HasSuffix(parts[0].Text, last) {
				t.Errorf("%s, %s: ends %v, %+v", language, state, m.Ends, parts)
			}
		}
	}
}

func TestNewsThatCantBeAnsweredAsksNothing(t *testing.T) {
	b := demoBrand()
	all, e := mustPrompts(t, b), mustEngine(t)
	turn := bareTurn(t, b, all, &Session{State: "registration.ask_method"}, "")
	turn.Say("registration.abandoned")
	e.ask(turn, e.table.states["registration.ask_method"])
	turn.withdrawQuestion(e.table)
	want := all.ByLanguage["en"].text("registration.abandoned")
	if m := turn.message(); m.Text != want || m.Choices != nil || m.AskContact {
		t.Errorf("%+v", m)
	}
}

func TestALinkIsTextedOnceInADialledSession(t *testing.T) {
	const link = "https://topup.example/pay/x"
	ussd, _ := channels.Of(channels.USSD)
	sms, _ := channels.Of(channels.SMS)
	s := &Session{State: "pay.await_payment", Answers: Answers{Link: link}}
	ask := func(smsChannel string, can channels.Capabilities, dial string) (shown string, texts []channels.Outbound) {
		b := demoBrand()
		all, e := mustPrompts(t, b), mustEngine(t)
		s.Dial = dial
		turn := bareTurn(t, b, all, s, "")
		turn.sms = smsChannel
		turn.in.Can, turn.in.Address, turn.in.ID = can, "tel:+31612345678", "m1"
		e.ask(turn, e.table.states[s.State])
		turn.textLinks()
		return turn.message().Text, turn.texts
	}
	for _, c := range []struct {
		name, smsChannel string
		can              channels.Capabilities
		dial             string
		shown            bool
		texts            int
	}{
		{"dialled", "twilio", ussd, "1", false, 1},
		{"again in the same session", "twilio", ussd, "1", false, 0},
		{"dialled again", "twilio", ussd, "2", false, 1},
		{"without an SMS channel", "", ussd, "3", true, 0},
		{"by SMS", "twilio", sms, "", true, 0},
	} {
		shown, texts := ask(c.smsChannel, c.can, c.dial)
		if strings.Contains(shown, link) != c.shown || len(texts) != c.texts {
			t.Errorf("%s: shows %q, texts %v", c.name, shown, texts)
		}
		for _, m := range texts {
			if m.Channel != "twilio" || m.Address != "tel:+31612345678" || !strings.Contains(m.Text, link) || m.Can.Kind != channels.SMS {
				t.Errorf("%s: texts %+v", c.name, m)
			}
		}
	}
}
