package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"pulsa/cards"
	"pulsa/channels"
	"pulsa/payments"
)

// take answers one message: it understands the text, makes the transitions, and lets the acting states ask
// their services, until the flow asks something or has ended.
func (h *Handler) take(ctx context.Context, t *Turn) error {
	s := &h.c.Services
	if err := h.chooseLanguage(ctx, t); err != nil {
		return err
	}
	if err := t.readOptOut(ctx, s); err != nil {
		return err
	}
	if h.answerChannel(ctx, t) {
		return t.err
	}
	t.session.judge(t.now, h.engine.table)
	if t.over || t.in.Button != "" && t.session.State == idle && t.command.Action == ActNone {
		h.isOver(t)
		return t.err
	}
	if t.opens {
		return h.open(ctx, t)
	}
	if answer := h.engine.actions.named(t.command.Action).Answers; answer != nil {
		answer(ctx, s, t)
		h.again(t)
		return t.err
	}
	t.readBareCode()
	event := h.engine.understand(t)
	if err := h.walk(ctx, t, event); err != nil {
		return err
	}
	if t.newLanguage {
		t.saveLanguage(ctx, s)
	}
	return t.err
}

// chooseLanguage finds the language of a conversation that has none yet: the customer's, else what the
// messenger hints at, else the brand's first.
func (h *Handler) chooseLanguage(ctx context.Context, t *Turn) error {
	if t.session.Language != "" {
		return nil
	}
	wanted := t.in.Language
	if c, err := t.who(ctx, &h.c.Services); err == nil {
		wanted = c.Language
	}
	t.setLanguage(t.brand.Language(wanted))
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
	unanswerable := t.in.Can.Push && t.out.At(t.channel.Name) // a dialled screen is no message that a carrier stops
	if t.out.ByWord && !t.silent && t.command.Action != ActStop && t.command.Action != ActStart && !unanswerable {
		h.tellHeld(ctx, t)
	}
	switch {
	case t.silent && t.command.Action == ActHelp: // the provider has helped
	case answer != nil:
		answer(ctx, &h.c.Services, t)
		h.again(t)
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

// again puts the present question once more.
func (h *Handler) again(t *Turn) {
	if t.session.Expired {
		return
	}
	h.engine.repeat(t, h.engine.table.states[t.session.State])
}

// readButton finds out whether a button that was tapped belongs to an earlier question.
func (t *Turn) readButton() {
	if t.in.Button != "" {
		question, _, ok := channels.ReadButton(t.in.Button)
		t.over = !ok || question != t.session.Question || t.session.State == idle
	}
}

// isOver answers a button of an earlier question: nothing is done, and the present question is put once more.
func (h *Handler) isOver(t *Turn) {
	t.result = "over"
	t.Say("session.question_over")
	if t.session.Expired {
		t.askToGoOn()
		return
	}
	h.again(t)
}

// sayHelp answers HELP.
func sayHelp(_ context.Context, _ *Services, t *Turn) {
	if t.session.State == idle || isMenu(t.session.State) {
		t.Say("help.idle")
		return
	}
	t.Say("help.within")
}

// walk fires an event and carries out the acting states behind it.
func (h *Handler) walk(ctx context.Context, t *Turn, event Event) error {
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
		t.command = Command{Action: ActRedeem, Rest: tidy(t.in.Text)}
	}
}

// isCardCode reports whether the whole text looks like the code of one of the brand's cards.
func (t *Turn) isCardCode() bool { return cards.Looks(t.brand, tidy(t.in.Text)) }

// standsAlone reports whether the message is served while sessions can't be kept: see action.StandsAlone.
func (t *Turn) standsAlone() bool {
	return t.in.Signal != channels.NoSignal || t.isCardCode() || t.all.actions.named(t.command.Action).StandsAlone(t)
}

// degraded answers while sessions can't be kept: what stands in one text is done on SQL alone, and nothing is asked.
// The operation keys of the message keep a repeated one from having a second effect.
func (h *Handler) degraded(ctx context.Context, c channels.Channel, in channels.Inbound) (memo, error) {
	session := Session{State: idle}
	t := h.newTurn(ctx, c, in, &session)
	t.degraded = true
	if !t.standsAlone() {
		t.tryLater()
	} else if err := h.take(ctx, t); err != nil {
		session = Session{State: idle}
		t = h.newTurn(ctx, c, in, &session)
		if !t.takeBack(err) {
			return memo{}, err
		}
		h.c.Log.Warn("message not taken", "channel", c.ID(), "error", err)
	}
	if session.State != idle { // what was said is true; what was asked can't be answered
		t.unask(h.engine.table)
		t.Say("session.try_later")
		session.State = idle
	}
	m := h.remember(t)
	t.keepNews()
	h.finish(t, idle)
	return m, nil
}

// tryLater takes back what was said: nothing of it is remembered.
func (t *Turn) tryLater() {
	t.result = "later"
	t.said, t.texts, t.choices, t.contact = nil, nil, nil, false
	t.told, t.pins, t.shows = nil, nil, ""
	t.Say("session.try_later")
}

// unask takes the present question out of the reply: it can't be answered.
func (t *Turn) unask(tb *table) {
	state := tb.states[t.session.State]
	t.said = slices.DeleteFunc(t.said, func(p Part) bool { return p.Key == state.Prompt || state.Short != nil && p.Key == state.short(t) })
	t.choices, t.contact = nil, false
}

// entry is one turn as it is kept for support.
type entry struct {
	In    string   `json:"in"`
	Out   []string `json:"out,omitempty"`
	From  string   `json:"from"`
	To    string   `json:"to"`
	Kind  string   `json:"kind"`
	Keys  []Key    `json:"prompts,omitempty"`
	Steps []string `json:"events,omitempty"`
}

// transcript writes a turn down with its secrets masked.
func transcript(t *Turn, from string) []byte {
	e := entry{From: from, To: t.session.State, Kind: string(t.in.Can.Kind), In: maskDigits(t.in.Text)}
	if _, err := payments.ParseIBAN(tidy(t.in.Text)); t.secret || !errors.Is(err, payments.ErrNoIBAN) {
		e.In = "****"
	}
	for _, p := range t.said {
		if p.Secret {
			p.Text = "****"
		}
		e.Out = append(e.Out, maskDigits(p.Text))
		e.Keys = append(e.Keys, p.Key)
	}
	for _, s := range t.path {
		e.Steps = append(e.Steps, string(s.Event))
	}
	data, _ := json.Marshal(e) // strings only: it can't fail
	return data
}
