package conversation

import (
	"context"

	"pulsa/channels"
)

// pinFlow changes the PIN. One that is forgotten or locked for good is replaced by proving the number anew: a recovery.
func pinFlow() Flow {
	return Flow{
		Name: "pin",
		States: []State{
			{Name: "pin.identify", Act: identifyCustomer},
			{Name: "pin.ask_current", Prompt: "pin.ask_current", Accept: acceptPIN, Secret: true, Timeout: pinTimeout},
			{Name: "pin.check_current", Act: checkPIN},
			{Name: "pin.forgot", Act: identifyForgetful},
			{Name: "pin.send_code", Act: sendPINCode},
			{Name: "pin.ask_code", Prompt: "pin.ask_code", Accept: acceptCode, Secret: true, Timeout: pinTimeout},
			{Name: "pin.check_code", Act: checkCode},
			{Name: "pin.ask_new", Prompt: "pin.ask_new", Accept: acceptNewPIN, Secret: true, Timeout: pinTimeout, Resume: "pin.ask_current"},
			{Name: "pin.ask_new_again", Prompt: "pin.ask_new_again", Accept: acceptPINAgain, Secret: true, Timeout: pinTimeout, Resume: "pin.ask_current"},
			{Name: "pin.save", Act: savePIN},
		},
		Transitions: []Transition{
			{From: "pin.identify", Event: "stranger", To: "registration.ask_msisdn", Say: "topup.not_registered"},
			{From: "pin.identify", Event: "has_pin", To: "registration.ask_known_pin"},
			{From: "pin.identify", Event: "locked", To: idle},
			{From: "pin.identify", Event: "hard_locked", To: "pin.send_code"},
			{From: "pin.identify", Event: "frozen", To: idle, Say: "account.frozen"},
			{From: "pin.identify", Event: "registered", To: "pin.ask_current"},
			{From: "pin.forgot", Event: "stranger", To: "registration.ask_msisdn", Say: "pin.forgot_unknown"},
			{From: "pin.forgot", Event: "frozen", To: idle, Say: "account.frozen"},
			{From: "pin.forgot", Event: "known", To: "pin.send_code"},
			{From: "pin.ask_current", Event: "typed", To: "pin.check_current"},
			{From: "pin.check_current", Event: "right", To: "pin.ask_new"},
			{From: "pin.check_current", Event: "wrong", To: "pin.ask_current", Instead: true},
			{From: "pin.check_current", Event: "locked", To: idle},
			{From: "pin.send_code", Event: "sent", To: "pin.ask_code"},
			{From: "pin.send_code", Event: "not_sent", To: idle},
			{From: "pin.send_code", Event: "not_there", To: idle},
			{From: "pin.ask_code", Event: "typed", To: "pin.check_code"},
			{From: "pin.check_code", Event: "right", To: "pin.ask_new"},
			{From: "pin.check_code", Event: "wrong", To: "pin.ask_code", Instead: true},
			{From: "pin.check_code", Event: "expired", To: idle},
			{From: "pin.ask_new", Event: "typed", To: "pin.ask_new_again"},
			{From: "pin.ask_new_again", Event: "same", To: "pin.save"},
			{From: "pin.ask_new_again", Event: "differs", To: "pin.ask_new", Say: "pin.differs", Instead: true},
			{From: "pin.ask_new_again", Event: evBack, To: "pin.ask_new"},
			{From: "pin.save", Event: "saved", To: idle, Say: "pin.changed"},
			{From: "pin.save", Event: "recovered", To: "pay.ask_method", Say: "pin.recovered"},
			{From: "pin.save", Event: "recovered_cards", To: idle, Say: "pin.recovered_cards"},
		},
	}
}

// payFlow changes how the customer pays.
func payFlow() Flow {
	return Flow{
		Name: "pay",
		States: append([]State{
			{Name: "pay.identify", Act: identifyCustomer},
			{Name: "pay.ask_pin", Prompt: "pay.ask_pin", Accept: acceptPIN, Secret: true, Timeout: pinTimeout},
			{Name: "pay.check_pin", Act: checkPIN},
			{Name: "pay.ask_method", Prompt: "pay.ask_method", Accept: acceptMethod, Choices: methodChoices(), Public: true, Resume: "pay.ask_pin"},
			{Name: "pay.open_page", Act: openPage},
			{Name: "pay.await_payment", Prompt: "pay.await_payment", Accept: acceptNothing, Timeout: pageTimeout},
		}, mandateStates("pay", "pay.ask_pin")...),
		Transitions: append([]Transition{
			{From: "pay.identify", Event: "stranger", To: "registration.ask_msisdn", Say: "topup.not_registered"},
			{From: "pay.identify", Event: "has_pin", To: "registration.ask_known_pin"},
			{From: "pay.identify", Event: "locked", To: idle},
			{From: "pay.identify", Event: "hard_locked", To: idle, Say: "pin.hard_locked"},
			{From: "pay.identify", Event: "frozen", To: idle, Say: "account.frozen"},
			{From: "pay.identify", Event: "registered", To: "pay.ask_pin"},
			{From: "pay.ask_pin", Event: "typed", To: "pay.check_pin"},
			{From: "pay.check_pin", Event: "right", To: "pay.ask_method"},
			{From: "pay.check_pin", Event: "wrong", To: "pay.ask_pin", Instead: true},
			{From: "pay.check_pin", Event: "locked", To: idle},
			{From: "pay.ask_method", Event: "chosen", To: "pay.open_page"},
			{From: "pay.ask_method", Event: "completed", To: idle, Say: "pay.done"},
			{From: "pay.open_page", Event: "opened", To: "pay.await_payment"},
			{From: "pay.open_page", Event: "failed", To: "pay.ask_method", Say: "registration.page_failed"},
			{From: "pay.await_payment", Event: "completed", To: idle, Say: "pay.done"},
			{From: "pay.await_payment", Event: "abandoned", To: "pay.ask_method", Say: "pay.abandoned"},
			{From: "pay.await_payment", Event: evBack, To: "pay.ask_method"},
		}, mandateTransitions("pay", "pay.done", "pay.abandoned")...),
	}
}

// languageFlow asks in which language the customer wants to be answered.
func languageFlow() Flow {
	return Flow{
		Name: "lang",
		States: []State{
			{Name: "lang.ask", Prompt: "lang.ask", Accept: acceptLanguage, Languages: true, Public: true},
			{Name: "lang.save", Act: saveLanguage},
		},
		Transitions: []Transition{
			{From: "lang.ask", Event: "chosen", To: "lang.save"},
			{From: "lang.save", Event: "saved", To: idle},
		},
	}
}

func identifyCustomer(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.who(ctx, s)
	if err != nil {
		return "stranger"
	}
	t.about(c)
	switch {
	case c.Frozen():
		return "frozen"
	case !c.Registered():
		t.session.Proven = true
		return "has_pin"
	case c.PIN.HardLocked:
		return "hard_locked"
	case c.PIN.Locked(t.now):
		t.sayLocked(c.PIN)
		return "locked"
	}
	return "registered"
}

func savePIN(ctx context.Context, s *Services, t *Turn) Event {
	if !t.session.Authorised {
		return t.recover(ctx, s)
	}
	c, err := t.still(ctx, s)
	if err != nil {
		return noEvent
	}
	if err := s.Accounts.ChangePIN(ctx, c, t.pin); err != nil {
		return t.fail(err)
	}
	return "saved"
}

func acceptLanguage(t *Turn) (Event, Key) {
	id, ok := channels.ReadChoice(t.prompts.languages, t.in)
	if !ok {
		id, ok = t.readLanguage(tidy(t.in.Text))
	}
	if !ok {
		return noEvent, "lang.unknown"
	}
	t.setLanguage(id)
	return "chosen", ""
}

func saveLanguage(ctx context.Context, s *Services, t *Turn) Event {
	t.saveLanguage(ctx, s)
	t.Say("lang.done")
	return "saved"
}
