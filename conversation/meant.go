package conversation

import (
	"context"
	"errors"
	"strings"

	"pulsa/accounts"
	"pulsa/cards"
)

// meantQuestion asks whether a keyword was meant that the text was one slip away from. Nothing is done for a slip before that.
const meantQuestion = "meant.ask"

// evMeant is a text that is a slip of a keyword.
const evMeant Event = "meant"

// meantFlow asks what was meant. A PIN that was typed with it is judged at once, counts as a try like any other, and is not kept: the
// session remembers for five minutes that it was right, as at "buy it again?".
func meantFlow() Flow {
	return Flow{
		Name: "meant",
		States: []State{
			{Name: "meant.read", Act: readMeant},
			{Name: "meant.check_pin", Act: checkPIN},
			{Name: meantQuestion, Prompt: "meant.ask", Help: "help.meant", Fill: fillMeant, Accept: acceptMeant, Choices: []ChoiceID{"yes", "no"}, Timeout: againTimeout},
		},
		Transitions: []Transition{
			{From: "meant.read", Event: "ask", To: meantQuestion},
			{From: "meant.read", Event: "stop", To: stopQuestion},
			{From: "meant.read", Event: "refused", To: idle},
			{From: "meant.read", Event: "has_pin", To: "meant.check_pin"},
			{From: "meant.check_pin", Event: "right", To: meantQuestion},
			{From: "meant.check_pin", Event: "wrong", To: "topup.ask_pin", Instead: true},
			{From: "meant.check_pin", Event: "locked", To: idle},
			{From: meantQuestion, Event: "authorised", To: "topup.place"},
			{From: meantQuestion, Event: "no", To: idle, Say: "meant.no"},
		},
	}
}

// beginMeant notes a slip where no answers could be lost, and gives its event.
func (e *engine) beginMeant(t *Turn) (Event, bool) {
	s, ok := t.readSlip()
	if !ok {
		return noEvent, false
	}
	t.session.endFlow()
	t.session.Key = t.in.ID
	t.session.Meant, t.session.Word = s.Name, s.word
	t.command = Command{Action: s.Name, Rest: s.rest, Line: s.rest}
	return evMeant, true
}

func (t *Turn) readSlip() (slip, bool) {
	return t.all.Words.readSlip(t.tidied(), t.takesRest)
}

// takesRest reports whether something may follow a keyword that is only meant: a text that goes on otherwise is none of our business.
func (t *Turn) takesRest(a *action, rest string) bool {
	switch {
	case rest == "":
		return true
	case a.Joins:
		return strings.ContainsAny(rest, "0123456789")
	case a.Name == ActLanguage:
		_, ok := t.readLanguage(rest)
		return ok
	}
	return false
}

// readMeant reads what the text would mean: a purchase with its amount, and its PIN.
func readMeant(ctx context.Context, s *Services, t *Turn) Event {
	switch t.session.Meant {
	case ActStop:
		return "stop"
	case ActRedeem:
		if t.brand.Cards.NoRedeem {
			return t.answerError(cards.ErrNoRedeem) // no answer would lead further
		}
	case ActTopUp:
		return t.readMeantPurchase(ctx, s)
	}
	return "ask"
}

func (t *Turn) readMeantPurchase(ctx context.Context, s *Services) Event {
	p := t.readPurchase()
	c, err := t.sender(ctx, s)
	switch {
	case err != nil && !errors.Is(err, accounts.ErrNoCustomer):
		return t.fail(err)
	case p.Unclear:
		t.Say("topup.unclear")
		return "refused"
	case p.Amount.Zero():
		return "ask"
	case t.amountError(p.Amount) != "":
		t.Say(t.amountError(p.Amount), "amount", t.prompts.writes.money(p.Amount))
		return "refused"
	}
	t.session.Amount = p.Amount.Minor
	if err != nil || !c.Registered() || c.Frozen() || c.Status == accounts.Blocked || c.Pays.ID == "" || c.PIN.Locked(t.now) {
		return "ask" // what stands in the way is said after the yes
	}
	t.setCustomer(c)
	if p.PIN.Empty() || p.BadPIN {
		return "ask"
	}
	t.pin = p.PIN
	return "has_pin"
}

// fillMeant says what is asked for: the word, and what would be charged for.
func fillMeant(t *Turn) []string {
	what := t.session.Word
	switch {
	case t.session.Amount > 0 && t.session.MSISDN != "":
		what = t.prompts.Part("meant.purchase", append(fillPurchase(t), "word", what)...).Text
	case t.session.Amount > 0:
		what += " " + t.prompts.writes.money(t.amount())
	}
	return []string{"what", what}
}

// acceptMeant takes "yes" where the PIN was right, and "no": readMeantAnswer has made a command of any other yes.
func acceptMeant(t *Turn) (Event, Key) {
	if t.command.Action != ActNone {
		return noEvent, ""
	}
	event, wrong := acceptYes(t, "yes")
	if event == "yes" {
		event = "authorised"
	}
	return event, wrong
}

// readMeantAnswer takes yes for the word that it says yes to.
func (t *Turn) readMeantAnswer(tb *table) {
	s := t.session
	if s.State != meantQuestion || s.Authorised || t.command.Action != ActNone || t.staleButton || s.restsAt(t.now, tb) {
		return
	}
	if event, _ := acceptYes(t, "yes"); event != "yes" {
		return
	}
	t.command = Command{Action: s.Meant}
	t.wanted = s.Amount
	if t.all.actions.named(s.Meant).Begins == "" { // it is answered where nothing is going on
		s.endFlow()
		s.State = idle
	}
}
