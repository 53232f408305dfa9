package conversation

import (
	"context"
	"strings"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/payments"
	"pulsa/prepaid"
)

// accountMenu offers what customers do with their account, but seldom.
const accountMenu = "account.ask"

// behindPIN are the states in which a flow that changes an account finds the customer and checks the PIN, which askPIN asks for.
func behindPIN(flow string, askPIN Key) []State {
	return []State{
		{Name: flow + ".identify", Act: identifyCustomer},
		{Name: flow + ".ask_pin", Prompt: askPIN, Accept: acceptPIN, Secret: true, Timeout: pinTimeout},
		{Name: flow + ".check_pin", Act: checkPIN},
	}
}

// behindPINTransitions lead through them to the next state.
func behindPINTransitions(flow, next string) []Transition {
	return []Transition{
		{From: flow + ".identify", Event: "stranger", To: idle, Say: "account.nobody"},
		{From: flow + ".identify", Event: "locked", To: idle},
		{From: flow + ".identify", Event: "hard_locked", To: idle, Say: "pin.hard_locked"},
		{From: flow + ".identify", Event: "frozen", To: idle, Say: "account.frozen"},
		{From: flow + ".identify", Event: "has_pin", To: flow + ".ask_pin"}, // has no way to pay, and an account all the same
		{From: flow + ".identify", Event: "registered", To: flow + ".ask_pin"},
		{From: flow + ".ask_pin", Event: "typed", To: flow + ".check_pin"},
		{From: flow + ".check_pin", Event: "right", To: next},
		{From: flow + ".check_pin", Event: "wrong", To: flow + ".ask_pin", Instead: true},
		{From: flow + ".check_pin", Event: "locked", To: idle},
	}
}

// authorised returns the customer whom the flow is about, whose PIN was right in it. Else the turn fails.
func (t *Turn) authorised(ctx context.Context, s *Services) (accounts.Customer, error) {
	c, err := t.still(ctx, s)
	if err == nil && !t.session.Authorised {
		t.fail(errNotAuthorised)
		err = errNotAuthorised
	}
	return c, err
}

// unpayFlow removes how the customer pays.
func unpayFlow() Flow {
	return Flow{
		Name: "unpay",
		States: append(behindPIN("unpay", "unpay.ask_pin"),
			State{Name: "unpay.look", Act: lookUnpay},
			State{Name: "unpay.ask", Prompt: "unpay.ask", Fill: fillUnpay, Accept: acceptUnpay, Choices: []ChoiceID{ChoiceID(ActUnpay), "no"}, Public: true, Resume: "unpay.ask_pin"},
			State{Name: "unpay.remove", Act: removeInstrument},
		),
		Transitions: append(behindPINTransitions("unpay", "unpay.look"),
			Transition{From: "unpay.look", Event: "nothing", To: idle, Say: "unpay.nothing"},
			Transition{From: "unpay.look", Event: "pays", To: "unpay.ask"},
			Transition{From: "unpay.ask", Event: "yes", To: "unpay.remove"},
			Transition{From: "unpay.ask", Event: "no", To: idle, Say: "unpay.kept"},
			Transition{From: "unpay.remove", Event: "removed", To: idle, Say: "unpay.done"},
		),
	}
}

// lookUnpay notes what is to be removed: what is set up meanwhile stays.
func lookUnpay(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	switch {
	case err != nil:
		return noEvent
	case c.Pays.ID == "":
		return "nothing"
	}
	t.session.Instrument, t.session.Method, t.session.Display = c.Pays.ID, c.Pays.Method, c.Pays.Display
	return "pays"
}

func fillUnpay(t *Turn) []string {
	method, what := t.prompts.text(ChoiceID(t.session.Method).label()), t.session.Display
	if !strings.HasPrefix(what, method) { // as "PayPal j***@example.com" does
		what += " (" + method + ")"
	}
	return []string{"what", what}
}

func acceptUnpay(t *Turn) (Event, Key) { return acceptYes(t, ChoiceID(ActUnpay)) }

// acceptYes reads a choice between an id and "no".
func acceptYes(t *Turn, yes ChoiceID) (Event, Key) {
	switch id, _ := channels.ReadChoice(t.labels([]ChoiceID{yes, "no"}), t.in); ChoiceID(id) {
	case yes:
		return "yes", ""
	case "no":
		return "no", ""
	}
	return noEvent, "input.not_a_choice"
}

func removeInstrument(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	err = s.Payments.Remove(ctx, payments.Removal{Instrument: t.session.Instrument, Customer: c.ID, Holder: c.Holder})
	if err != nil {
		return t.fail(err)
	}
	return "removed"
}

// closeFlow ends the account: asked twice, the second time for the word itself.
func closeFlow() Flow {
	return Flow{
		Name: "close",
		States: append(behindPIN("close", "close.ask_pin"),
			State{Name: "close.look", Act: lookClose},
			State{Name: "close.ask", Prompt: "close.ask", Fill: fillNumberKept, Accept: acceptClose, Choices: []ChoiceID{ChoiceID(ActClose), "no"}, Public: true, Resume: "close.ask_pin"},
			State{Name: "close.ask_again", Prompt: "close.ask_again", Fill: fillNumberKept, Accept: acceptCloseAgain, Public: true, Resume: "close.ask_pin"},
			State{Name: "close.close", Act: closeAccount},
		),
		Transitions: append(behindPINTransitions("close", "close.look"),
			Transition{From: "close.look", Event: "refused", To: idle},
			Transition{From: "close.look", Event: "ready", To: "close.ask"},
			Transition{From: "close.ask", Event: "yes", To: "close.ask_again"},
			Transition{From: "close.ask", Event: "no", To: idle, Say: "close.kept"},
			Transition{From: "close.ask_again", Event: "again", To: "close.close"},
			Transition{From: "close.ask_again", Event: evBack, To: "close.ask"},
			Transition{From: "close.close", Event: "closed", To: idle, Say: "close.done"},
			Transition{From: "close.close", Event: "refused", To: idle},
		),
	}
}

func lookClose(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	if err := s.Accounts.MayClose(ctx, c.ID); err != nil {
		return t.answerError(err)
	}
	return "ready"
}

// fillNumberKept tells whose account a question is about.
func fillNumberKept(t *Turn) []string { return []string{"number", t.session.MSISDN.String()} }

func acceptClose(t *Turn) (Event, Key) {
	if t.command.Action == ActClose { // else it would begin the flow anew
		return "yes", ""
	}
	return acceptYes(t, ChoiceID(ActClose))
}

// acceptCloseAgain takes nothing but the word.
func acceptCloseAgain(t *Turn) (Event, Key) {
	if t.command.Action != ActClose {
		return noEvent, "close.only"
	}
	return "again", ""
}

// closeAccount ends the account, and forgets the conversations that its addresses had. Repeated after a crash it finds the
// account closed by this very message.
func closeAccount(ctx context.Context, s *Services, t *Turn) Event {
	if !t.session.Authorised {
		return t.fail(errNotAuthorised)
	}
	addresses, err := s.Accounts.Close(ctx, accounts.Customer{
		ID: t.session.Customer, Brand: t.brand.Name, MSISDN: t.session.MSISDN, Holder: max(t.session.Holder, 1),
	}, t.in.Address, t.key("close"))
	if err != nil {
		return t.answerError(err)
	}
	for _, a := range addresses {
		t.forget(ctx, s, a)
	}
	*t.session = Session{State: t.session.State, Language: t.session.Language, Question: t.session.Question, Dial: t.session.Dial}
	t.customer = nil
	return "closed"
}

// forget drops the conversations that an address has on the brand's channels, but for the present one.
func (t *Turn) forget(ctx context.Context, s *Services, a prepaid.Address) {
	for _, c := range t.brand.Channels {
		if c.Name == t.channel.Name && a == t.in.Address {
			continue
		}
		t.note(s.Forget(ctx, t.brand.Name+"/"+c.Name+"/"+string(a))) // what stays is a stranger's, and can do nothing
	}
}
