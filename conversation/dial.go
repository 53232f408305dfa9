package conversation

import (
	"context"
	"strings"

	"pulsa/cards"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// readDial reads a message of a dialled session. The first one of a session is what was dialled at once:
// "*123*10*1234#" is KOOP 10 1234. A session that was dialled with nothing behind the code is answered with the menu.
func (t *Turn) readDial() {
	d := t.in.Dial
	if d == nil {
		return
	}
	first := d.Session != t.session.Dial
	if d.Single {
		first = d.Opens
	}
	if d.Session != "" {
		t.session.Dial = d.Session
	}
	switch {
	case t.command.Action != ActNone:
	case !first:
	case len(d.Inputs) == 0:
		t.opensDial = true
	default:
		t.command = t.dialled(d.Inputs)
		t.setText("*" + strings.Join(d.Inputs, "*") + "#") // as it was dialled: no question takes that for its answer
		t.opensDial = t.command.Action == ActNone
	}
}

// dialled reads what was dialled behind the code: a number of the menu and what its question is answered with, the code of a card, or
// an amount, with or without the PIN. One digit is never an amount. Four digits alone are taken for nothing: they could be a PIN for a
// question that was lost with its session.
func (t *Turn) dialled(inputs []string) Command {
	first, rest := inputs[0], strings.Join(inputs, " ")
	m, err := prepaid.ParseMoney(first, t.brand.Currency)
	sold := err == nil && topup.CheckAmount(t.brand, m) == nil
	switch {
	case strings.Trim(strings.Join(inputs, ""), "0123456789") != "":
	case len(first) == 1 && len(inputs) > 1:
		return t.walkedMenu(first, inputs[1:])
	case len(inputs) > 2:
	case len(inputs) == 2:
		if sold && len(first) > 1 && len(inputs[1]) == 4 {
			return Command{Action: ActTopUp, Rest: rest, Line: rest}
		}
	case len(first) == 1:
		return t.chosenFromMenu(menu, channels.Inbound{Text: first})
	case len(first) > 4 && !sold || cards.Looks(t.brand, first):
		return Command{Action: ActRedeem, Rest: rest, Line: rest}
	case len(first) != 4:
		return Command{Action: ActTopUp, Rest: rest, Line: rest}
	}
	return Command{}
}

// walkedMenu reads a choice of the menu and what was dialled behind it: "*123*1*20*4821#" is 1, then 20, then the PIN.
func (t *Turn) walkedMenu(choice string, rest []string) Command {
	c := t.chosenFromMenu(menu, channels.Inbound{Text: choice})
	switch {
	case c.Action == ActAccount && len(rest) == 1:
		return t.chosenFromMenu(accountMenu, channels.Inbound{Text: rest[0]})
	case len(rest[0]) == 1:
		return Command{}
	}
	if answered := t.dialled(rest); answered.Action == c.Action {
		return answered
	}
	return Command{}
}

// labelKeys are the prompts of the words that adapters put around an answer.
func labelKeys() map[channels.Label]Key {
	return map[channels.Label]Key{channels.LabelMore: "button.more", channels.LabelBack: "button.back"}
}

// markDialled gives the parts of an answer in a dialled session what only such a session needs: whether it ends, and the
// words that its adapter puts around the answer.
func (t *Turn) markDialled(parts []channels.Outbound) {
	if t.in.Dial == nil {
		return
	}
	var labels map[channels.Label]string
	if len(t.in.Labels) > 0 {
		labels = make(map[channels.Label]string, len(t.in.Labels))
	}
	for _, label := range t.in.Labels {
		labels[label] = t.prompts.text(labelKeys()[label])
	}
	for i := range parts {
		parts[i].Ends, parts[i].Labels = t.ends(), labels
	}
}

// textLinks sends by SMS what holds a link, which can't be opened on a dialled session's screen, and says so there. A
// link is sent once in a session, and again in the next. While no SMS channel is on, the screen shows it.
func (t *Turn) textLinks() {
	_, ok := t.in.Address.Tel()
	if t.in.Can.Push || t.sms == "" || !ok {
		return
	}
	can, _ := channels.Of(channels.SMS)
	for i, p := range t.said {
		link := p.Values["link"]
		if link == "" || !strings.Contains(p.Text, link) {
			continue
		}
		text := p.Text
		t.said[i] = t.prompts.Part("link.sms")
		if p.Key == "mandate.ask_iban" { // the screen takes an IBAN, the SMS would not
			text = t.prompts.Part("pay.await_payment", "link", link).Text
			t.said[i] = t.prompts.Part("mandate.ask_iban_sms")
		}
		if texted := t.session.Dial + " " + link; t.session.Texted != texted {
			t.session.Texted = texted
			t.texts = append(t.texts, channels.Outbound{
				Channel: t.sms, Address: t.in.Address, MessageID: t.key("link"), Text: text, Can: can, Repeatable: true, Answer: true,
			})
		}
	}
}

// answerDialling answers a session that was opened: with the question that stands since an earlier one, else with the menu.
func (h *Handler) answerDialling(ctx context.Context, t *Turn) error {
	s := t.session
	if len(t.in.Dial.Inputs) > 0 {
		t.result = "failed"
		t.Say("input.not_a_choice")
	}
	switch state := h.engine.table.states[s.State]; {
	case s.State == idle || isMenu(s.State):
		s.endFlow()
		return h.follow(ctx, t, evMenu)
	case s.Expired:
		h.engine.resume(t, state)
	default:
		h.engine.repeat(t, state)
	}
	return t.err
}
