package conversation

import (
	"context"
	"errors"
	"strconv"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// numberFlow gives the customer another number, once a code on the old and one on the new have proven both.
func numberFlow() Flow {
	states := behindPIN("number", "number.ask_pin")
	states[0].Act = identifyMover
	return Flow{
		Name: "number",
		States: append(states,
			State{Name: "number.look", Act: lookNumber},
			State{Name: "number.ask_new", Prompt: "number.ask_new", Accept: acceptNewNumber, Public: true, Resume: "number.ask_pin"},
			State{Name: "number.ask_new_again", Prompt: "number.ask_new_again", Accept: acceptNewNumberAgain, Public: true, Resume: "number.ask_pin"},
			State{Name: "number.check_new", Act: checkNewNumber},
			State{Name: "number.send_old", Act: sendOldCode},
			State{Name: "number.ask_old", Prompt: "number.ask_old", Fill: fillNumberKept, Accept: acceptCode, Secret: true, Timeout: pinTimeout, Resume: "number.ask_pin"},
			State{Name: "number.check_old", Act: checkOldCode},
			State{Name: "number.send_code", Act: sendNewCode},
			State{Name: "number.ask_code", Prompt: "number.ask_code", Fill: fillNewNumber, Accept: acceptCode, Secret: true, Timeout: pinTimeout, Resume: "number.ask_pin"},
			State{Name: "number.check_code", Act: checkNewCode},
			State{Name: "number.save", Act: saveNumber},
		),
		Transitions: append(behindPINTransitions("number", "number.look"),
			Transition{From: "number.look", Event: "refused", To: idle},
			Transition{From: "number.look", Event: "ready", To: "number.ask_new"},
			Transition{From: "number.ask_new", Event: "typed", To: "number.ask_new_again"},
			Transition{From: "number.ask_new_again", Event: "same", To: "number.check_new"},
			Transition{From: "number.ask_new_again", Event: "differs", To: "number.ask_new", Say: "number.differs", Instead: true},
			Transition{From: "number.ask_new_again", Event: evBack, To: "number.ask_new"},
			Transition{From: "number.check_new", Event: "unknown", To: "number.ask_new", Say: "number.unknown", Instead: true},
			Transition{From: "number.check_new", Event: "recognised", To: "number.send_old"},
			Transition{From: "number.send_old", Event: "sent", To: "number.ask_old"},
			Transition{From: "number.send_old", Event: "refused", To: idle},
			Transition{From: "number.ask_old", Event: "typed", To: "number.check_old"},
			Transition{From: "number.check_old", Event: "right", To: "number.send_code"},
			Transition{From: "number.check_old", Event: "wrong", To: "number.ask_old", Instead: true},
			Transition{From: "number.check_old", Event: "expired", To: idle},
			Transition{From: "number.send_code", Event: "sent", To: "number.ask_code"},
			Transition{From: "number.send_code", Event: "refused", To: idle},
			Transition{From: "number.ask_code", Event: "typed", To: "number.check_code"},
			Transition{From: "number.ask_code", Event: evBack, To: "number.ask_new"},
			Transition{From: "number.check_code", Event: "right", To: "number.save"},
			Transition{From: "number.check_code", Event: "wrong", To: "number.ask_code", Instead: true},
			Transition{From: "number.check_code", Event: "expired", To: idle},
			Transition{From: "number.save", Event: "moved", To: idle},
			Transition{From: "number.save", Event: "refused", To: idle},
		),
	}
}

func identifyMover(ctx context.Context, s *Services, t *Turn) Event {
	e := identifyCustomer(ctx, s, t)
	if (e == "registered" || e == "has_pin") && t.sms == "" {
		return t.fail(errNoNumberCode)
	}
	return e
}

func lookNumber(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	if err := s.Accounts.MayMove(ctx, c.ID); err != nil {
		return t.answerError(err)
	}
	return "ready"
}

// acceptNewNumber reads the number that the account is to have. What was proven for another one is not for this.
func acceptNewNumber(t *Turn) (Event, Key) {
	m, wrong := readMSISDN(t)
	if wrong != "" {
		return noEvent, wrong
	}
	if m == t.session.MSISDN {
		return noEvent, "number.present"
	}
	t.session.Number, t.session.OldProven, t.session.NewProven = m, false, false
	return "typed", ""
}

func acceptNewNumberAgain(t *Turn) (Event, Key) {
	m, wrong := readMSISDN(t)
	if wrong != "" {
		return noEvent, wrong
	}
	if m != t.session.Number {
		t.session.Number = ""
		return "differs", ""
	}
	return "same", ""
}

// checkNewNumber asks the network for the number; while that does not answer, the first purchase does. Whether it is another
// customer's is said to nobody who has not proven that it is theirs.
func checkNewNumber(ctx context.Context, s *Services, t *Turn) Event {
	err := s.Topups.Recognise(ctx, t.brand.Name, t.session.Number)
	t.session.Recognised = err == nil
	if errors.Is(err, topup.ErrUnknownNumber) {
		t.session.Number = ""
		return "unknown"
	}
	return "recognised"
}

func fillNewNumber(t *Turn) []string { return []string{"number", t.session.Number.String()} }

func sendOldCode(ctx context.Context, s *Services, t *Turn) Event {
	return t.sendMoveCode(ctx, s, t.session.MSISDN)
}

func sendNewCode(ctx context.Context, s *Services, t *Turn) Event {
	return t.sendMoveCode(ctx, s, t.session.Number)
}

func (t *Turn) sendMoveCode(ctx context.Context, s *Services, m prepaid.MSISDN) Event {
	e := t.sendCodeTo(ctx, s, m)
	if e == "not_sent" || e == "not_there" { // it has said why
		return "refused"
	}
	return e
}

func checkOldCode(ctx context.Context, s *Services, t *Turn) Event {
	e := t.judgeCode(ctx, s, t.session.MSISDN)
	t.session.OldProven = e == "right"
	return e
}

func checkNewCode(ctx context.Context, s *Services, t *Turn) Event {
	e := t.judgeCode(ctx, s, t.session.Number)
	t.session.NewProven = e == "right"
	return e
}

func saveNumber(ctx context.Context, s *Services, t *Turn) Event {
	if !t.session.Authorised || !t.session.OldProven || !t.session.NewProven {
		return t.fail(errNotAuthorised)
	}
	c, err := s.Accounts.Move(ctx, accounts.Move{
		Customer: t.session.Customer, Holder: max(t.session.Holder, 1), From: t.session.MSISDN, To: t.session.Number,
		Recognised: t.session.Recognised, Asked: t.in.Address, SMS: t.brand.SMSChannel, OperationKey: t.key("number"),
	})
	if err != nil {
		return t.answerError(err)
	}
	t.customer = nil
	t.Say("number.done", "number", c.MSISDN.String())
	return "moved"
}

// addressesFlow shows where the customer is known, and takes one of these from them.
func addressesFlow() Flow {
	return Flow{
		Name: "addresses",
		States: append(behindPIN("addresses", "addresses.ask_pin"),
			State{Name: "addresses.list", Act: listAddresses},
			State{Name: "addresses.ask", Prompt: "addresses.ask", Fill: fillPresent, Accept: acceptLinked, Offer: offerLinked, Public: true, Resume: "addresses.ask_pin"},
			State{Name: "addresses.unlink", Act: unlinkAddress},
		),
		Transitions: append(behindPINTransitions("addresses", "addresses.list"),
			Transition{From: "addresses.list", Event: "only", To: idle},
			Transition{From: "addresses.list", Event: "several", To: "addresses.ask"},
			Transition{From: "addresses.ask", Event: "chosen", To: "addresses.unlink"},
			Transition{From: "addresses.unlink", Event: "unlinked", To: idle},
		),
	}
}

// Linked is an address of the customer's as it was listed.
type Linked struct {
	Address prepaid.Address `json:"address"`
	Kind    string          `json:"kind,omitempty"`
	At      int64           `json:"at"` // microseconds: when it was linked
}

func listAddresses(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	known, err := s.Accounts.AddressesOf(ctx, c.ID)
	if err != nil {
		return t.fail(err)
	}
	t.session.Linked, t.session.Present = nil, Linked{Address: t.in.Address, Kind: string(t.in.Can.Kind)}
	for _, k := range known {
		l := Linked{Address: k.Address, Kind: k.Kind, At: prepaid.Micros(k.LinkedAt)}
		if k.Address == t.in.Address {
			t.session.Present.At = l.At
			continue
		}
		t.session.Linked = append(t.session.Linked, l)
	}
	if len(t.session.Linked) == 0 {
		t.Say("addresses.only", "place", t.placeAndDay(t.session.Present))
		return "only"
	}
	return "several"
}

func fillPresent(t *Turn) []string { return []string{"place", t.placeAndDay(t.session.Present)} }

// placeAndDay names an address to its owner, masked, and when it was linked: "SMS +316****5678, 2026-11-12".
func (t *Turn) placeAndDay(l Linked) string {
	return t.prompts.Part("addresses.place", "place", masked(l), "date", prepaid.FromMicros(l.At).Format(time.DateOnly)).Text
}

func masked(l Linked) string {
	m, ok := l.Address.Tel()
	if !ok {
		return placeOf(l.Address)
	}
	kind := channels.SMS
	if l.Kind != "" {
		kind = channels.Kind(l.Kind)
	}
	return kind.Title() + " " + m.Masked()
}

// offerLinked numbers the addresses that can be taken from the customer: all but the present one.
func offerLinked(t *Turn) []channels.Choice {
	var choices []channels.Choice
	for i, l := range t.session.Linked {
		choices = append(choices, channels.Choice{ID: strconv.Itoa(i + 1), Label: t.placeAndDay(l)})
	}
	return choices
}

func acceptLinked(t *Turn) (Event, Key) {
	id, ok := channels.ReadChoice(offerLinked(t), t.in)
	if !ok {
		return noEvent, "input.not_a_choice"
	}
	i, _ := strconv.Atoi(id) // offerLinked has made it
	t.session.Unlink = t.session.Linked[i-1]
	return "chosen", ""
}

func unlinkAddress(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	l := t.session.Unlink
	err = s.Accounts.Unlink(ctx, accounts.Unlinking{
		Customer: c.ID, Holder: c.Holder, Address: l.Address, LinkedAt: prepaid.FromMicros(l.At), By: t.place(),
	})
	if err != nil {
		return t.fail(err)
	}
	t.Say("addresses.unlinked", "place", masked(l))
	return "unlinked"
}
