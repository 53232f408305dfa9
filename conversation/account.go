package conversation

import (
	"context"

	"pulsa/accounts"
	"pulsa/channels"
)

// behindPIN are the states in which a flow that changes an account finds the customer and checks the PIN, which askPIN asks for.
func behindPIN(flow string, askPIN Key) []State {
	return []State{
		{Name: flow + ".identify", Act: identifyCustomer},
		{Name: flow + ".ask_pin", Prompt: askPIN, Help: "help.pin", Accept: acceptPIN, Secret: true, Timeout: pinTimeout},
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
		{From: flow + ".identify", Event: "has_pin", To: flow + ".ask_pin"}, // a customer without a way to pay has an account, too
		{From: flow + ".identify", Event: "registered", To: flow + ".ask_pin"},
		{From: flow + ".ask_pin", Event: "typed", To: flow + ".check_pin"},
		{From: flow + ".check_pin", Event: "right", To: next},
		{From: flow + ".check_pin", Event: "wrong", To: flow + ".ask_pin", Instead: true},
		{From: flow + ".check_pin", Event: "locked", To: idle},
	}
}

// authorised returns the flow's customer, once their PIN was right in this flow. Otherwise the turn fails.
func (t *Turn) authorised(ctx context.Context, s *Services) (accounts.Customer, error) {
	c, err := t.flowCustomer(ctx, s)
	if err == nil && !t.session.Authorised {
		t.fail(errNotAuthorised)
		err = errNotAuthorised
	}
	return c, err
}

// acceptYes reads a choice between an id and "no": "1", "yes please".
func acceptYes(t *Turn, yes ChoiceID) (Event, Key) {
	choices := t.labels([]ChoiceID{yes, "no"})
	id, ok := channels.ReadChoice(choices, t.in)
	if !ok {
		in := t.in
		in.Text = t.all.Words.withoutCourtesy(t.tidied(), ActNone)
		id, _ = channels.ReadChoice(choices, in)
	}
	switch ChoiceID(id) {
	case yes:
		return "yes", ""
	case "no":
		return "no", ""
	}
	return noEvent, "input.not_a_choice"
}

// fillNumberKept tells whose account a question is about.
func fillNumberKept(t *Turn) []string { return []string{"number", t.session.MSISDN.String()} }
