package conversation

import (
	"context"
	"strings"

	"pulsa/payments"
)

// unpayFlow removes how the customer pays.
func unpayFlow() Flow {
	return Flow{
		Name: "unpay",
		States: append(behindPIN("unpay", "unpay.ask_pin"),
			State{Name: "unpay.look", Act: checkUnpay},
			State{Name: "unpay.ask", Prompt: "unpay.ask", Help: "help.unpay", Fill: fillUnpay, Accept: acceptUnpay, Choices: []ChoiceID{ChoiceID(ActUnpay), "no"}, Resume: "unpay.ask_pin"},
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

// checkUnpay notes which instrument is to be removed, so that one that is set up meanwhile stays.
func checkUnpay(ctx context.Context, s *Services, t *Turn) Event {
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
