package conversation

import (
	"context"
	"fmt"
	"slices"

	"pulsa/channels"
)

// engine decides what a message means in the state in which a conversation stands, and which question comes next, from the tables
// of actions and flows alone. It asks no service and keeps nothing: all that it changes is the turn and its session.
type engine struct {
	actions actions
	table   *table
	machine *machine
}

func newEngine() (*engine, error) {
	actions := newActions()
	if err := actions.check(); err != nil {
		return nil, err
	}
	tb, err := newTable(Flows(), actions.entries())
	if err != nil {
		return nil, fmt.Errorf("flow tables: %w", err)
	}
	return &engine{actions: actions, table: tb, machine: newMachine(tb)}, nil
}

// answersFirst takes a text for the answer to the open question where that may be any words, and for no keyword: "Status Quo BV" is the
// owner of an account. A keyword that stands alone stays one, and so does whatever stops our messages.
func (e *engine) answersFirst(t *Turn) {
	free := e.table.states[t.session.State].Free
	if free != nil && !t.command.Alone && t.command.Action != ActStop && free(t) {
		t.command = Command{Rest: t.tidied()}
	}
}

// understand gives the event that a message is in the present state. Input that the state can use comes first, so that a name
// or a PIN is never taken for a word; then the words that mean the same everywhere. noEvent: the message was answered where the
// conversation stands, such as BACK where there is no step back, or input that nobody can use.
func (e *engine) understand(t *Turn) Event {
	state := e.table.states[t.session.State]
	if t.session.Expired {
		return e.resume(t, state)
	}
	wrong := Key("")
	if state.Accept != nil && !t.in.Attachment {
		event, why := state.Accept(t)
		if event != noEvent {
			t.secret = state.Secret
			t.session.Failures = 0
			return event
		}
		wrong = why
	}
	if event, ok := e.global(t, state); ok {
		return event
	}
	if (state.Name == idle || isPassing(state.Name)) && !t.in.Attachment {
		if event, ok := e.beginMeant(t); ok {
			return event
		}
	}
	if state.Name == idle && t.mentionsStop() {
		return evAskStop
	}
	t.secret = state.Secret
	e.rejectInput(t, state, wrong)
	return noEvent
}

// global understands the words that mean the same everywhere. ok is false where the text begins with none of them, or with one
// that this state has no use for.
func (e *engine) global(t *Turn, state *State) (event Event, ok bool) {
	a := e.actions.named(t.command.Action)
	if a.Within != nil {
		if event, ok := a.Within(e, t, state); ok {
			return event, true
		}
	}
	return e.begin(t, a)
}

// begin forgets the present flow's answers and gives the event that begins an action's flow; ok is false where it has none.
func (e *engine) begin(t *Turn, a *action) (event Event, ok bool) {
	if a.Begins == "" {
		return noEvent, false
	}
	t.session.endFlow()
	t.session.Key = t.in.ID
	return Event(a.Name), true
}

func (e *engine) exit(t *Turn, state *State) (Event, bool) {
	if state.Name == idle {
		t.Say("exit.nothing")
		return noEvent, true
	}
	return evExit, true
}

// cancel leaves a flow. Where nothing is going on, CANCEL alone may be meant to stop our messages.
func (e *engine) cancel(t *Turn, state *State) (Event, bool) {
	if state.Name == idle && t.command.Rest == "" {
		return evAskStop, true
	}
	return e.exit(t, state)
}

func (e *engine) back(t *Turn, state *State) (Event, bool) {
	switch {
	case e.table.transitions[state.Name][evBack] != nil:
		return evBack, true
	case state.Name == idle:
		t.Say("exit.nothing")
	default:
		t.Say("back.nothing")
		e.repeat(t, state)
	}
	return noEvent, true
}

// switchLanguage answers LANG NL wherever the customer is, and LANG alone within a flow, which it does not leave.
func (e *engine) switchLanguage(t *Turn, state *State) (Event, bool) {
	if t.command.Rest == "" && (state.Name == idle || isMenu(state.Name)) {
		return noEvent, false
	}
	t.switchLanguage()
	e.repeat(t, state)
	return noEvent, true
}

// rejectInput answers input that nobody can use: what is wrong with it, and the question again. After three in a row it offers a
// way out.
func (e *engine) rejectInput(t *Turn, state *State, wrong Key) {
	t.result = "failed"
	switch {
	case t.in.Attachment:
		wrong = "input.text_only"
	case state.Name == idle && looksLikePaymentCard(t.in.Text):
		wrong = "input.card_number"
	case wrong == "":
		wrong = "input.not_understood"
	}
	t.Say(wrong, t.wrong...)
	if state.Name == idle {
		return
	}
	if !t.in.Attachment {
		t.session.Failures++
	}
	if s, ok := t.readSlip(); ok && s.rest == "" && !t.in.Attachment {
		t.Say("input.meant", "word", s.word)
	}
	if t.session.Failures >= 3 {
		t.Say("input.offer_exit")
	}
	e.repeat(t, state)
}

// resume reads the answer to "shall we go on?", which is asked first where an expired conversation gets its next message. A word
// that begins a flow answers it too.
func (e *engine) resume(t *Turn, state *State) Event {
	id, ok := channels.ReadChoice(t.resumeChoices(), t.in)
	switch {
	case ok && t.session.Failures > 0 && id == "continue":
		t.session.Expired = false
		t.session.Failures = 0
		t.session.newQuestion()
		e.ask(t, state)
		return noEvent
	case ok && t.session.Failures > 0:
		return evExit
	}
	if event, ok := e.begin(t, e.actions.named(t.command.Action)); ok {
		return event
	}
	if t.command.Action == ActExit || t.command.Action == ActCancel {
		return evExit
	}
	t.askToResume()
	return noEvent
}

func (t *Turn) resumeChoices() []channels.Choice { return t.labels([]ChoiceID{"continue", "leave"}) }

// askToResume asks whether an expired conversation is to go on. Session.Failures is 1 once that was asked.
func (t *Turn) askToResume() {
	if t.session.Failures == 0 {
		t.session.Failures = 1
		t.session.newQuestion()
	}
	what := t.prompts.text("session.what")
	if t.buys() {
		what = t.prompts.Part("session.purchase", fillPurchase(t)...).Text
	}
	t.Say("session.expired", "what", what)
	t.choices = t.resumeChoices()
}

// fire makes the transition of an event and says what the table has for it. Where it leads to a state that asks, it puts that
// question; to idle, it ends the flow. An event that the table does not allow here is an error: no customer causes one.
func (e *engine) fire(ctx context.Context, t *Turn, event Event) (*State, error) {
	from := t.session.State
	if wished := event + wishSuffix; t.session.Wish > 0 && e.table.transitions[from][wished] != nil {
		event = wished
	}
	to, err := e.machine.next(ctx, from, event)
	if err != nil {
		return nil, err
	}
	t.path = append(t.path, Step{From: from, Event: event, To: to})
	t.session.State = to
	tr := e.table.transitions[from][event]
	if tr.Say != "" {
		t.Say(tr.Say)
	}
	state := e.table.states[to]
	switch {
	case to == idle:
		t.session.endFlow()
	case state.Act == nil && tr.Instead:
		t.session.newQuestion()
		e.offer(t, state)
	case state.Act == nil:
		t.session.newQuestion()
		e.ask(t, state)
	}
	return state, nil
}

// ask puts a state's question.
func (e *engine) ask(t *Turn, state *State) {
	if state.Prompt == "" {
		return
	}
	switch {
	case state.Fill != nil:
		t.Say(state.Prompt, state.Fill(t)...)
	case t.session.Link != "":
		t.Say(state.Prompt, "link", t.session.Link)
	default:
		t.Say(state.Prompt)
	}
	e.offer(t, state)
}

// repeat puts the present question once more: in short, where it has a short form that was not said in this reply yet.
func (e *engine) repeat(t *Turn, state *State) {
	short := state.short(t)
	switch {
	case short == "":
		e.ask(t, state)
		return
	case !slices.ContainsFunc(t.said, func(p Part) bool { return p.Key == short }):
		t.Say(short)
	}
	e.offer(t, state)
}

func (s *State) short(t *Turn) Key {
	if s.Short == nil {
		return ""
	}
	return s.Short(t)
}

func (e *engine) offer(t *Turn, state *State) {
	t.choices = t.availableChoices(state.Choices)
	if state.Offer != nil {
		t.choices = state.Offer(t)
	}
	if state.Languages {
		t.choices = slices.Clone(t.prompts.languages) // they are numbered
	}
	t.contact = state.AskContact && t.in.Can.Contact
}
