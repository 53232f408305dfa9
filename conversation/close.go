package conversation

import (
	"context"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// closeFlow closes the account. It asks twice, the second time for the word itself.
func closeFlow() Flow {
	return Flow{
		Name: "close",
		States: append(behindPIN("close", "close.ask_pin"),
			State{Name: "close.look", Act: checkClose},
			State{Name: "close.ask", Prompt: "close.ask", Help: "help.close", Fill: fillNumberKept, Accept: acceptClose, Choices: []ChoiceID{ChoiceID(ActClose), "no"}, Resume: "close.ask_pin"},
			State{Name: "close.ask_again", Prompt: "close.ask_again", Help: "help.close", Fill: fillNumberKept, Accept: acceptCloseAgain, Resume: "close.ask_pin"},
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

func checkClose(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	if err := s.Accounts.MayClose(ctx, c.ID); err != nil {
		return t.answerError(err)
	}
	return "ready"
}

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
		t.logError(s.Forget(ctx, t.brand.Name+"/"+c.Name+"/"+string(a))) // a conversation that stays is a stranger's, and can do nothing
	}
}
