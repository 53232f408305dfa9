package conversation

import (
	"context"
	"errors"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/topup"
)

// numberFlow gives the customer another number, once a code on the old and one on the new have proven both.
func numberFlow() Flow {
	states := behindPIN("number", "number.ask_pin")
	states[0].Act = identifyMover
	return Flow{
		Name: "number",
		States: append(states,
			State{Name: "number.look", Act: checkMove},
			State{Name: "number.ask_new", Prompt: "number.ask_new", Help: "help.new_number", Accept: acceptNewNumber, Resume: "number.ask_pin"},
			State{Name: "number.ask_new_again", Prompt: "number.ask_new_again", Help: "help.number_again", Accept: acceptNewNumberAgain, Resume: "number.ask_pin"},
			State{Name: "number.check_new", Act: checkNewNumber},
			State{Name: "number.send_old", Act: sendOldCode},
			State{Name: "number.ask_old", Prompt: "number.ask_old", Help: "help.old_code", Fill: fillNumberKept, Short: shortOldCode, Accept: acceptCode, Secret: true, Timeout: pinTimeout, Resume: "number.ask_pin"},
			State{Name: "number.check_old", Act: checkOldCode},
			State{Name: "number.send_code", Act: sendNewCode},
			State{Name: "number.ask_code", Prompt: "number.ask_code", Help: "help.code", Fill: fillNewNumber, Accept: acceptCode, Secret: true, Timeout: pinTimeout, Resume: "number.ask_pin"},
			State{Name: "number.check_code", Act: checkNewCode},
			State{Name: "number.save", Act: saveNumber},
		),
		Transitions: append(behindPINTransitions("number", "number.look"),
			Transition{From: "number.look", Event: "refused", To: idle},
			Transition{From: "number.look", Event: "ready", To: "number.ask_new"},
			Transition{From: "number.ask_new", Event: "typed", To: "number.ask_new_again"},
			Transition{From: "number.ask_new_again", Event: "same", To: "number.check_new"},
			Transition{From: "number.ask_new_again", Event: "differs", To: "number.ask_new", Say: "number.differs", Instead: true},
			Transition{From: "number.ask_new_again", Event: evBack, To: "number.ask_new"},
			Transition{From: "number.check_new", Event: "unknown", To: "number.ask_new", Say: "number.unknown", Instead: true},
			Transition{From: "number.check_new", Event: "recognised", To: "number.send_old"},
			Transition{From: "number.send_old", Event: "sent", To: "number.ask_old"},
			Transition{From: "number.send_old", Event: "refused", To: idle},
			Transition{From: "number.ask_old", Event: "typed", To: "number.check_old"},
			Transition{From: "number.check_old", Event: "right", To: "number.send_code"},
			Transition{From: "number.check_old", Event: "wrong", To: "number.ask_old", Instead: true},
			Transition{From: "number.check_old", Event: "expired", To: idle, Say: "number.code_expired"},
			Transition{From: "number.send_code", Event: "sent", To: "number.ask_code"},
			Transition{From: "number.send_code", Event: "refused", To: idle},
			Transition{From: "number.ask_code", Event: "typed", To: "number.check_code"},
			Transition{From: "number.ask_code", Event: evBack, To: "number.ask_new"},
			Transition{From: "number.check_code", Event: "right", To: "number.save"},
			Transition{From: "number.check_code", Event: "wrong", To: "number.ask_code", Instead: true},
			Transition{From: "number.check_code", Event: "expired", To: idle, Say: "number.code_expired"},
			Transition{From: "number.save", Event: "moved", To: idle},
			Transition{From: "number.save", Event: "refused", To: idle},
		),
	}
}

func identifyMover(ctx context.Context, s *Services, t *Turn) Event {
	e := identifyCustomer(ctx, s, t)
	if (e == "registered" || e == "has_pin") && t.sms == "" {
		return t.fail(errNoNumberCode)
	}
	return e
}

func checkMove(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	if err := s.Accounts.MayMove(ctx, c.ID); err != nil {
		return t.answerError(err)
	}
	return "ready"
}

// acceptNewNumber reads the number that the account is to have. Codes that were typed for another number do not count for it.
func acceptNewNumber(t *Turn) (Event, Key) {
	m, wrong := readMSISDN(t)
	if wrong != "" {
		return noEvent, wrong
	}
	if m == t.session.MSISDN {
		return noEvent, "number.present"
	}
	t.session.Number, t.session.OldProven, t.session.NewProven = m, false, false
	return "typed", ""
}

func acceptNewNumberAgain(t *Turn) (Event, Key) {
	m, wrong := readMSISDN(t)
	if wrong != "" {
		return noEvent, wrong
	}
	if m != t.session.Number {
		t.session.Number = ""
		return "differs", ""
	}
	return "same", ""
}

// checkNewNumber looks the number up at the network. While the network does not answer, the look-up waits for the first purchase.
// Whether the number is another customer's is said only after its code was typed: nobody can try out numbers.
func checkNewNumber(ctx context.Context, s *Services, t *Turn) Event {
	err := s.Topups.Recognise(ctx, t.brand.Name, t.session.Number)
	t.session.Recognised = err == nil
	if errors.Is(err, topup.ErrUnknownNumber) {
		t.session.Number = ""
		return "unknown"
	}
	return "recognised"
}

// shortOldCode repeats the question without whom to ask, whom HELP has just named.
func shortOldCode(*Turn) Key { return "number.type_old" }

func fillNewNumber(t *Turn) []string { return []string{"number", t.session.Number.String()} }

func sendOldCode(ctx context.Context, s *Services, t *Turn) Event {
	return t.sendMoveCode(ctx, s, t.session.MSISDN)
}

func sendNewCode(ctx context.Context, s *Services, t *Turn) Event {
	return t.sendMoveCode(ctx, s, t.session.Number)
}

func (t *Turn) sendMoveCode(ctx context.Context, s *Services, m prepaid.MSISDN) Event {
	e := t.sendCodeTo(ctx, s, m)
	if e == "not_sent" || e == "not_there" { // it has said why
		return "refused"
	}
	return e
}

func checkOldCode(ctx context.Context, s *Services, t *Turn) Event {
	e := t.verifyCode(ctx, s, t.session.MSISDN)
	t.session.OldProven = e == "right"
	return e
}

func checkNewCode(ctx context.Context, s *Services, t *Turn) Event {
	e := t.verifyCode(ctx, s, t.session.Number)
	t.session.NewProven = e == "right"
	return e
}

func saveNumber(ctx context.Context, s *Services, t *Turn) Event {
	if !t.session.Authorised || !t.session.OldProven || !t.session.NewProven {
		return t.fail(errNotAuthorised)
	}
	c, err := s.Accounts.Move(ctx, accounts.Move{
		Customer: t.session.Customer, Holder: max(t.session.Holder, 1), From: t.session.MSISDN, To: t.session.Number,
		Recognised: t.session.Recognised, Asked: t.in.Address, SMS: t.brand.SMSChannel, OperationKey: t.key("number"),
	})
	if err != nil {
		return t.answerError(err)
	}
	t.customer = nil
	t.Say("number.done", "number", c.MSISDN.String())
	return "moved"
}
