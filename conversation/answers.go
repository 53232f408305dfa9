package conversation

import (
	"context"
	"errors"
	"strings"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/topup"
)

// fail ends the turn without an answer: what it needs does not answer. The provider sends the message again.
func (t *Turn) fail(err error) Event {
	if t.err == nil {
		t.err = err
	}
	return noEvent
}

// note logs what went wrong without spoiling the turn.
func (t *Turn) note(err error) {
	if err != nil {
		t.notes = append(t.notes, err)
	}
}

func (t *Turn) labels(ids []ChoiceID) []channels.Choice {
	if len(ids) == 0 {
		return nil
	}
	choices := make([]channels.Choice, len(ids))
	for i, id := range ids {
		choices[i] = channels.Choice{ID: string(id), Label: t.prompts.text(id.label())}
	}
	return choices
}

// readLanguage finds a language by its code or its name.
func (t *Turn) readLanguage(text string) (string, bool) {
	for _, c := range t.prompts.languages {
		if strings.EqualFold(text, c.ID) || strings.EqualFold(text, c.Label) {
			return c.ID, true
		}
	}
	return "", false
}

func (t *Turn) setLanguage(language string) {
	t.session.Language = language
	t.prompts = t.all.ByLanguage[language]
}

// saveLanguage keeps the choice with the customer, if the sender is one.
func (t *Turn) saveLanguage(ctx context.Context, s *Services) {
	c, err := t.who(ctx, s)
	switch {
	case errors.Is(err, accounts.ErrNoCustomer):
	case err != nil:
		t.fail(err)
	case c.Language != t.prompts.Language:
		t.note(s.Accounts.SetLanguage(ctx, c.ID, t.prompts.Language))
	}
}

// switchLanguage takes the language that stands behind LANG, or says which there are.
func (t *Turn) switchLanguage() {
	language, ok := t.readLanguage(t.command.Rest)
	if !ok {
		names := make([]string, len(t.prompts.languages))
		for i, c := range t.prompts.languages {
			names[i] = strings.ToUpper(c.ID)
		}
		t.Say("lang.usage", "languages", strings.Join(names, ", "))
		return
	}
	t.setLanguage(language)
	t.newLanguage = true
	t.Say("lang.done")
}

// sayStatus answers STATUS: how the newest order that the sender made or was given stands, and where our messages reach them
// no more. Of what they were given they hear no more than that.
func sayStatus(ctx context.Context, s *Services, t *Turn) {
	number, _ := t.number()
	c, err := t.who(ctx, s)
	if err == nil {
		number = c.MSISDN
	}
	if t.err != nil {
		return
	}
	defer t.tellStopped(ctx, s)
	whose := topup.Whose{Customer: c.ID, Address: t.in.Address, MSISDN: number}
	o, err := s.Topups.Latest(ctx, t.brand.Name, whose)
	switch {
	case errors.Is(err, topup.ErrNoOrder):
		t.Say("status.none")
	case err != nil:
		t.fail(err)
	case !whose.Made(o):
		t.sayGift(o)
	default:
		telling, err := t.telling(ctx, s, o)
		if err != nil {
			t.fail(err)
			return
		}
		telling.say(t)
		if telling.pin != nil {
			t.session.toldBefore(telling)
		}
		if telling.prompt != pinComing {
			ids, err := s.Held.HeldOf(ctx, o.ID) // nobody else could tell it
			t.note(err)
			t.told = append(t.told, ids...)
		}
	}
}
