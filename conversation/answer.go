package conversation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"pulsa/channels"
)

// answerMessage makes the reply to a customer's message. The first of these that understands it has it:
//
//  1. the channel itself: a carrier's signal, STOP, START, HELP; and nothing is done for who has stopped our messages there
//  2. a button of an earlier question, and a dialled session that says nothing yet
//  3. words that are answered at once, wherever the customer is: STATUS
//  4. the state, if it can use the input; then words that begin a flow or move within one; else what was wrong with the input
//
// In 4 the event leads through acting states until the flow asks something or has ended.
func (h *Handler) answerMessage(ctx context.Context, t *Turn) error {
	s := &h.c.Services
	if err := h.chooseLanguage(ctx, t); err != nil {
		return err
	}
	if err := t.readOptOut(ctx, s); err != nil {
		return err
	}
	if t.isOver() {
		t.Say("brand.withdrawn")
		return t.err
	}
	if h.isBlocked(t) {
		t.Say("blocked.address")
		return t.err
	}
	h.engine.answersFirst(t)
	t.readCancel(h.engine.table)
	t.readMeantAnswer(h.engine.table)
	if h.answerChannel(ctx, t) {
		return t.err
	}
	t.session.expire(t.now, h.engine.table)
	if t.staleButton || t.in.Button != "" && t.session.State == idle && t.command.Action == ActNone {
		h.answerOldButton(t)
		return t.err
	}
	if t.opensDial {
		return h.answerDialling(ctx, t)
	}
	if answer := h.engine.actions.named(t.command.Action).Answers; answer != nil {
		answer(ctx, s, t)
		h.repeatQuestion(t)
		return t.err
	}
	t.readBareCode()
	t.readAmountFirst()
	event := h.engine.understand(t)
	if h.answerPaused(t, event) {
		return t.err
	}
	if err := h.follow(ctx, t, event); err != nil {
		return err
	}
	if t.newLanguage {
		t.saveLanguage(ctx, s)
	}
	return t.err
}

// isOver reports whether nothing but the news of withdrawal answers the message, and ends what was under way: a withdrawn brand still
// takes STOP and START and tells of orders.
func (t *Turn) isOver() bool {
	if !t.brand.Withdrawn || t.in.Signal != channels.NoSignal {
		return false
	}
	t.session.endFlow()
	t.session.State = idle
	return !slices.Contains([]Action{ActStop, ActStart, ActStatus}, t.command.Action)
}

// isBlocked reports whether an operator has blocked the sender: nothing is done for them but what they say about our messages.
func (h *Handler) isBlocked(t *Turn) bool {
	if h.c.Blocked == nil || t.in.Signal != channels.NoSignal || slices.Contains([]Action{ActStop, ActStart}, t.command.Action) ||
		!h.c.Blocked(t.brand.Name, t.in.Address) {
		return false
	}
	t.session.endFlow()
	t.session.State = idle
	return true
}

// answerPaused says why nothing is sold, where the brand is paused and the message begins or goes on with a purchase, a registration or a
// card.
func (h *Handler) answerPaused(t *Turn, event Event) bool {
	if h.c.Paused == nil {
		return false
	}
	flow, _, _ := strings.Cut(t.session.State, ".")
	begins := slices.Contains([]Event{Event(ActTopUp), Event(ActRedeem), Event(ActRegister)}, event)
	goesOn := slices.Contains([]string{"topup", "redeem", "registration"}, flow) && !slices.Contains([]Event{evExit, evBack, evMenu, evAskStop}, event)
	if !begins && !(goesOn && t.command.Action == ActNone) {
		return false
	}
	err := h.c.Paused(t.brand.Name)
	if err == nil {
		return false
	}
	if a, values, ok := t.answerOf(err); ok {
		t.session.endFlow()
		t.session.State = idle
		t.Say(a.Say, values...)
		return true
	}
	return false
}

// chooseLanguage finds the language of a conversation that has none yet: the customer's, else what the messenger or browser says, else
// that of the word that was texted, else what the brand says of numbers like the sender's, else the brand's first. Until it is
// known better, a word of one language changes it.
func (h *Handler) chooseLanguage(ctx context.Context, t *Turn) error {
	if t.session.Language != "" && (!t.session.Guessed || t.command.Language == "") {
		return nil
	}
	hint := t.brand.Speaks(t.in.Language)
	wanted := cmp.Or(hint, t.command.Language)
	t.session.Guessed = hint == ""
	if c, err := t.sender(ctx, &h.c.Services); err == nil {
		wanted, t.session.Guessed = c.Language, false
	}
	t.setLanguage(t.brand.Language(wanted, t.brand.LanguageOf(t.in.Address)))
	return t.err
}

// answerChannel answers what is about the channel itself, before anything else is understood: STOP, START, HELP. It reports
// whether the turn has ended with that. A signal was acted on, and answered, by the provider. What comes from where nothing
// can be answered is told so and has no effect: the customer would not know what became of their money.
func (h *Handler) answerChannel(ctx context.Context, t *Turn) bool {
	if t.silent = t.in.Signal != channels.NoSignal; t.silent {
		t.command = Command{Action: signalled(t.in.Signal)}
	}
	answer := h.engine.actions.named(t.command.Action).Channel
	unanswerable := t.in.Can.Push && t.optedOut.At(t.channel.Name) // a dialled screen is no message that a carrier stops
	if !t.silent && t.command.Action != ActStop && t.command.Action != ActStart && !unanswerable {
		h.sayHeldNotices(ctx, t)
	}
	switch {
	case t.silent && t.command.Action == ActHelp: // the provider has helped
	case answer != nil:
		t.help = h.engine.table.states[t.session.State].Help
		answer(ctx, &h.c.Services, t)
		h.repeatQuestion(t)
	case unanswerable:
		t.result = "opted_out"
		t.Say("stop.is_out")
	default:
		return t.err != nil
	}
	return true
}

// signalled is the word that a provider has understood itself.
func signalled(s channels.OptSignal) Action {
	switch s {
	case channels.OptedOut:
		return ActStop
	case channels.OptedIn:
		return ActStart
	case channels.AskedHelp:
		return ActHelp
	}
	return ActNone
}

// repeatQuestion puts the present question once more.
func (h *Handler) repeatQuestion(t *Turn) {
	if t.session.Expired {
		return
	}
	h.engine.repeat(t, h.engine.table.states[t.session.State])
}

// readButton finds out whether a button that was tapped belongs to an earlier question.
func (t *Turn) readButton() {
	if t.in.Button != "" {
		question, _, ok := channels.ReadButton(t.in.Button)
		t.staleButton = !ok || question != t.session.Question || t.session.State == idle
	}
}

// answerOldButton answers a button of an earlier question: nothing is done, and the present question is put once more.
func (h *Handler) answerOldButton(t *Turn) {
	t.result = "over"
	t.Say("session.question_over")
	if t.session.Expired {
		t.askToResume()
		return
	}
	h.repeatQuestion(t)
}

// sayHelp answers HELP: within a flow it explains the open question, which is then put once more.
func sayHelp(_ context.Context, _ *Services, t *Turn) {
	switch {
	case t.session.Expired:
		t.Say("help.within", "explanation", t.prompts.text("help.expired"))
		t.askToResume()
	case t.help == "":
		t.Say("help.idle")
	default:
		t.Say("help.within", "explanation", t.prompts.text(t.help))
	}
}

// follow makes the transition of an event, and of the events that the acting states behind it answer with, until a state asks
// the customer something. noEvent does nothing: the message was answered where it stands.
func (h *Handler) follow(ctx context.Context, t *Turn, event Event) error {
	for range maxSteps {
		if event == noEvent || t.err != nil {
			return t.err
		}
		state, err := h.engine.fire(ctx, t, event)
		if err != nil {
			return err
		}
		if state.Act == nil {
			return nil
		}
		if event = state.Act(ctx, &h.c.Services, t); event == noEvent && t.err == nil {
			return fmt.Errorf("state %s acted without an event", state.Name)
		}
	}
	return fmt.Errorf("turn from %s takes more than %d steps", t.path[0].From, maxSteps)
}

// readBareCode takes a text that is nothing but a number of the length that the brand issues for a card's code,
// where no question wants it.
func (t *Turn) readBareCode() {
	if (t.session.State == idle || isMenu(t.session.State)) && t.command.Action == ActNone && t.isCardCode() {
		t.command = Command{Action: ActRedeem, Rest: t.tidied()}
	}
}
