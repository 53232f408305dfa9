package conversation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pulsa/channels"
)

// readOptOut looks up how the sender has opted out. Where a customer who has blocked us can't write, a message undoes that
// opt-out.
func (t *Turn) readOptOut(ctx context.Context, s *Services) (err error) {
	if t.optedOut, err = s.Accounts.OptedOut(ctx, t.brand.Name, t.in.Address); err != nil {
		return fmt.Errorf("look up opt-out: %w", err)
	}
	if t.in.Can.MutualBlock && t.in.Signal == channels.NoSignal && t.optedOut.At(t.channel.Name) {
		if err := s.Accounts.OptInAt(ctx, t.brand.Name, t.channel.Name, t.in.Address); err != nil {
			return fmt.Errorf("undo opt-out: %w", err)
		}
		if err := s.Held.Release(ctx, t.brand.Name, t.in.Address); err != nil {
			return err
		}
		t.optedOut.AtCarrier = slices.DeleteFunc(t.optedOut.AtCarrier, func(name string) bool { return name == t.channel.Name })
	}
	if !t.in.Can.Push && t.optedOut.At(t.sms) {
		t.sms = "" // the SMS would not arrive: show it on the screen
	}
	return nil
}

// stopQuestion asks whether our messages are to stop.
const stopQuestion = "stop.ask"

// stopFlow asks who may have meant to stop our messages, with CANCEL or in other words.
func stopFlow() Flow {
	return Flow{
		Name: "stop",
		States: []State{
			{Name: stopQuestion, Prompt: "stop.ask", Help: "help.stop", Accept: acceptStop, Choices: []ChoiceID{"yes", "no"}},
			{Name: "stop.opt_out", Act: optOutAsked},
		},
		Transitions: []Transition{
			{From: stopQuestion, Event: "yes", To: "stop.opt_out"},
			{From: stopQuestion, Event: "no", To: idle, Say: "stop.kept"},
			{From: stopQuestion, Event: "no_and_stopped", To: idle, Say: "stop.still"},
			{From: "stop.opt_out", Event: "done", To: idle, Say: "stop.done"},
		},
	}
}

// acceptStop takes yes or no. A no does not undo that our messages were stopped before.
func acceptStop(t *Turn) (Event, Key) {
	event, wrong := acceptYes(t, "yes")
	if event == "no" && (t.optedOut.ByWord || t.optedOut.At(t.channel.Name)) {
		event = "no_and_stopped"
	}
	return event, wrong
}

func optOutAsked(ctx context.Context, s *Services, t *Turn) Event {
	if err := s.Accounts.OptOut(ctx, t.brand.Name, t.in.Address); err != nil {
		return t.fail(err)
	}
	return "done"
}

// readCancel takes CANCEL for STOP, where nothing is going on and the brand's country asks for that.
func (t *Turn) readCancel(tb *table) {
	if t.command.Action == ActCancel && t.command.Rest == "" && t.brand.CancelOptsOut && t.session.restsAt(t.now, tb) {
		t.command.Action = ActStop
	}
}

// mentionsStop reports whether a text that is not understood has a word in it that stops our messages.
func (t *Turn) mentionsStop() bool {
	words := strings.FieldsFunc(t.tidied(), func(r rune) bool { return !isWordRune(r) && r != '\'' })
	return len(words) <= longestSentence && slices.ContainsFunc(words, func(word string) bool {
		k := t.all.Words.keywords[word]
		return k.action != nil && k.Name == ActStop
	})
}

// optOut answers STOP: it opts the sender out, and ends whatever was under way. Where the carrier
// acts on the word itself, the reply goes through the provider's API and not into the response, which would be dropped silently:
// the API's error says that the carrier has opted the customer out.
func optOut(ctx context.Context, s *Services, t *Turn) {
	var err error
	if t.in.Signal == channels.OptedOut {
		err = s.Accounts.OptOutAt(ctx, t.brand.Name, t.channel.Name, t.in.Address)
	} else {
		err = s.Accounts.OptOut(ctx, t.brand.Name, t.in.Address)
	}
	if err != nil {
		t.fail(err)
		return
	}
	t.session.endFlow()
	t.session.State = idle
	t.viaOutbox = t.in.Can.OwnsOptOut
	t.Say("stop.done")
}

// optIn answers START: it opts the sender in again, and lets them hear what has waited. A customer who
// unblocks us has not taken back a STOP that they have texted.
func optIn(ctx context.Context, s *Services, t *Turn) {
	if !t.optedOut.ByWord && !t.optedOut.At(t.channel.Name) {
		t.Say("start.welcome")
		return
	}
	in := s.Accounts.OptIn
	if t.in.Text == "" {
		in = s.Accounts.OptInAt
	}
	if err := in(ctx, t.brand.Name, t.channel.Name, t.in.Address); err != nil {
		t.fail(err)
		return
	}
	if err := s.Held.Release(ctx, t.brand.Name, t.in.Address); err != nil {
		t.fail(err)
		return
	}
	t.Say("start.done")
}

// sayHeldNotices tells a customer what has waited for their next message, before that is answered: they have texted STOP, or no message of
// ours has reached them. What begins a conversation of its own stays for an operator.
func (h *Handler) sayHeldNotices(ctx context.Context, t *Turn) {
	held, err := h.c.Services.Held.Held(ctx, t.brand.Name, t.in.Address)
	if err != nil {
		t.fail(err)
		return
	}
	for _, n := range held {
		kind, err := noticeKindOf(n.About)
		if err == nil && kind.Begins != nil {
			continue
		}
		if err == nil {
			err = h.sayNotice(ctx, t, n, kind)
		}
		if err != nil {
			t.fail(err)
			return
		}
		t.told.Notices = append(t.told.Notices, n.ID)
	}
}
