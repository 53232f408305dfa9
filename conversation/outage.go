package conversation

import (
	"context"
	"slices"

	"pulsa/cards"
	"pulsa/channels"
	"pulsa/prepaid"
)

// standsAlone reports whether the message is served while sessions can't be kept: see action.StandsAlone.
func (t *Turn) standsAlone() bool {
	return t.in.Signal != channels.NoSignal || t.isCardCode() || t.all.actions.named(t.command.Action).StandsAlone(t)
}

// isCardCode reports whether the whole text looks like the code of one of the brand's cards.
func (t *Turn) isCardCode() bool { return cards.Looks(t.brand, t.tidied()) }

// answerWithoutSession answers a message while sessions can't be kept: what stands alone is done on SQL alone, and whatever else
// is put off. Nothing is asked, for the answer would find no question. No memo is kept either: the message's operation keys keep
// a repeated one from having a second effect.
func (h *Handler) answerWithoutSession(ctx context.Context, c channels.Channel, in channels.Inbound) (memo, error) {
	session := Session{State: idle}
	t := h.newTurn(ctx, c, in, &session)
	t.sessionless = true
	if !t.standsAlone() {
		t.tryLater()
	} else if err := h.answerMessage(ctx, t); err != nil {
		session = Session{State: idle}
		t = h.newTurn(ctx, c, in, &session)
		if !t.takeBack(err) {
			return memo{}, err
		}
		h.c.Log.Warn("message not taken", "channel", c.ID(), "error", err)
	}
	if session.State != idle { // what was said is true; what was asked can't be answered
		t.withdrawQuestion(h.engine.table)
		t.Say("session.try_later")
		session.State = idle
	}
	m := h.render(t)
	t.keepNoticesDue()
	h.finish(t, idle)
	return m, nil
}

// tryLater replaces the reply by "try again in a minute".
func (t *Turn) tryLater() {
	t.result = "later"
	t.said, t.texts, t.choices, t.contact = nil, nil, nil, false
	t.told, t.shows = prepaid.Told{}, ""
	t.Say("session.try_later")
}

// withdrawQuestion takes the present question out of the reply: it can't be answered.
func (t *Turn) withdrawQuestion(tb *table) {
	state := tb.states[t.session.State]
	t.said = slices.DeleteFunc(t.said, func(p Part) bool { return p.Key == state.Prompt || state.Short != nil && p.Key == state.short(t) })
	t.choices, t.contact = nil, false
}

// keepNoticesDue leaves a PIN that was shown to its notice as well, because no memo answers the message when it comes again.
func (t *Turn) keepNoticesDue() {
	if t.shows != "" {
		t.told = prepaid.Told{}
	}
}
