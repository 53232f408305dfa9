package conversation

// payFlow changes how the customer pays.
func payFlow() Flow {
	return Flow{
		Name: "pay",
		States: append([]State{
			{Name: "pay.identify", Act: identifyCustomer},
			{Name: "pay.ask_pin", Prompt: "pay.ask_pin", Help: "help.pin", Accept: acceptPIN, Secret: true, Timeout: pinTimeout},
			{Name: "pay.check_pin", Act: checkPIN},
			{Name: "pay.ask_method", Prompt: "pay.ask_method", Help: "help.method", Accept: acceptMethod, Choices: methodChoices(), Resume: "pay.ask_pin"},
			{Name: "pay.open_page", Act: openPage},
			{Name: "pay.await_payment", Prompt: "pay.await_payment", Help: "help.page", Accept: acceptPageWait, Timeout: pageTimeout},
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
