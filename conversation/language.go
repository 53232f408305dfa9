package conversation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pulsa/accounts"
	"pulsa/channels"
)

// languageFlow asks in which language the customer wants to be answered.
func languageFlow() Flow {
	return Flow{
		Name: "lang",
		States: []State{
			{Name: "lang.ask", Prompt: "lang.ask", Help: "help.lang", Accept: acceptLanguage, Languages: true},
			{Name: "lang.save", Act: saveLanguage},
		},
		Transitions: []Transition{
			{From: "lang.ask", Event: "chosen", To: "lang.save"},
			{From: "lang.save", Event: "saved", To: idle},
		},
	}
}

func acceptLanguage(t *Turn) (Event, Key) {
	id, ok := channels.ReadChoice(t.prompts.languages, t.in)
	if !ok {
		id, ok = t.readLanguage(t.tidied())
	}
	if !ok {
		return noEvent, "lang.unknown"
	}
	t.setLanguage(id)
	t.session.Guessed = false
	return "chosen", ""
}

func saveLanguage(ctx context.Context, s *Services, t *Turn) Event {
	t.saveLanguage(ctx, s)
	t.Say("lang.done")
	return "saved"
}

// readLanguage finds a language by its code or one of its names.
func (t *Turn) readLanguage(text string) (string, bool) {
	for _, c := range t.prompts.languages {
		names := append([]string{c.ID, c.Label}, t.all.ByLanguage[c.ID].also...)
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(text, name) }) {
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
	c, err := t.sender(ctx, s)
	switch {
	case errors.Is(err, accounts.ErrNoCustomer):
	case err != nil:
		t.fail(err)
	case c.Language != t.prompts.Language:
		t.logError(s.Accounts.SetLanguage(ctx, c.ID, t.prompts.Language))
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
	t.session.Guessed = false
	t.newLanguage = true
	t.Say("lang.done")
}
