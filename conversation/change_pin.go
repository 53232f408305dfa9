package conversation

import (
	"context"
)

// pinFlow changes the PIN. One that is forgotten or locked for good is replaced by proving the number anew: a recovery.
func pinFlow() Flow {
	return Flow{
		Name: "pin",
		States: []State{
			{Name: "pin.identify", Act: identifyCustomer},
			{Name: "pin.ask_current", Prompt: "pin.ask_current", Help: "help.pin", Accept: acceptPIN, Secret: true, Timeout: pinTimeout},
			{Name: "pin.check_current", Act: checkPIN},
			{Name: "pin.forgot", Act: identifyForgetful},
			{Name: "pin.send_code", Act: sendPINCode},
			{Name: "pin.ask_code", Prompt: "pin.ask_code", Help: "help.code", Accept: acceptCode, Secret: true, Timeout: pinTimeout},
			{Name: "pin.check_code", Act: checkCode},
			{Name: "pin.ask_new", Prompt: "pin.ask_new", Help: "help.new_pin", Accept: acceptNewPIN, Secret: true, Timeout: pinTimeout, Resume: "pin.ask_current"},
			{Name: "pin.ask_new_again", Prompt: "pin.ask_new_again", Help: "help.pin_again", Accept: acceptPINAgain, Secret: true, Timeout: pinTimeout, Resume: "pin.ask_current"},
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
			{From: "pin.check_code", Event: "expired", To: idle, Say: "pin.code_expired"},
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

func identifyCustomer(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.sender(ctx, s)
	if err != nil {
		return "stranger"
	}
	t.setCustomer(c)
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
		return t.recoverPIN(ctx, s)
	}
	c, err := t.flowCustomer(ctx, s)
	if err != nil {
		return noEvent
	}
	if err := s.Accounts.ChangePIN(ctx, c, t.pin); err != nil {
		return t.fail(err)
	}
	return "saved"
}
