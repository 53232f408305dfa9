package conversation

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
)

// servedAlone are the words that are served while sessions can't be kept, each with all that such a message must say. A new
// word is none of these unless it stands here: what is served without a session is decided twice.
var servedAlone = map[Action]string{
	ActTopUp:  " 10 4821",
	ActRedeem: " 12345678901234",
	ActStatus: "",
	ActHelp:   "",
	ActStop:   "",
	ActStart:  "",
	ActHello:  "",
	ActThanks: "",
}

func TestEveryWordStandsAloneOrWaitsWhileSessionsAreLost(t *testing.T) {
	b := demoBrand()
	h := handlerWithoutSessions(t, b)
	for _, language := range b.Languages {
		words := mustLanguages(t).Words(language)
		for _, a := range h.engine.actions {
			if len(words[string(a.Name)]) == 0 {
				t.Errorf("%s.yaml has no word for %s", language, a.Name)
			}
			rest, alone := servedAlone[a.Name]
			for _, word := range words[string(a.Name)] {
				said, err := replyTo(t, h, b, word+rest)
				switch waits := err == nil && said == "session.try_later"; {
				case alone && !errors.Is(err, errAsked):
					t.Errorf("%s is not served: said %q, error %v", word+rest, said, err)
				case !alone && !waits:
					t.Errorf("%s does not wait for sessions: said %q, error %v. See servedAlone", word, said, err)
				}
				if alone && rest == "" {
					continue
				}
				if said, err := replyTo(t, h, b, word); err != nil || said != "session.try_later" {
					t.Errorf("%s alone must wait for sessions, because it asks a question (or servedAlone lacks it): said %q, error %v", word, said, err)
				}
			}
		}
	}
}

// Whoever adds a word that answers at once will copy a row: the answer to "does it need a session?" must not be copied with it.
func TestWhatAnswersAtOnceNeedsNoSession(t *testing.T) {
	needless := map[Action]string{ActNotMe: "it changes an account for 72 hours: there is time to say it again"}
	for _, a := range newActions() {
		if a.Answers == nil && a.Channel == nil || needless[a.Name] != "" {
			continue
		}
		if _, alone := servedAlone[a.Name]; !alone {
			t.Errorf("%s answers at once: add it to servedAlone (and StandsAlone: always to its row), or to needless with a reason", a.Name)
		}
	}
}

func TestRowsOfActionsAreChecked(t *testing.T) {
	answer := func(context.Context, *Services, *Turn) {}
	for want, rows := range map[string]actions{
		"":                              {{Name: "a", Answers: answer, StandsAlone: always}},
		"does not say when":             {{Name: "a", Answers: answer}},
		"must do one thing":             {{Name: "a", Answers: answer, Begins: "topup.identify", StandsAlone: never}},
		"must do one thing: begin":      {{Name: "a", StandsAlone: never}},
		"is there twice":                {{Name: "a", ForState: true, StandsAlone: never}, {Name: "a", ForState: true, StandsAlone: never}},
		"topup.ask_pin, which is no me": {{Name: "a", Answers: answer, StandsAlone: always, Menu: "topup.ask_pin"}},
	} {
		if err := rows.check(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// errAsked is what services without a database answer: whoever hears of it has asked them.
var errAsked = errors.New("a service was asked")

type noCustomers struct{ accounts.Customers }

func (noCustomers) CustomerByAddress(context.Context, string, prepaid.Address) (accounts.Customer, error) {
	return accounts.Customer{}, errAsked
}

type noSessions struct{ Sessions }

func (noSessions) Begin(context.Context, Begin) (Begun, error) {
	return Begun{}, errors.New("the sessions are lost")
}

// handlerWithoutSessions is one whose sessions fail, and whose services fail at the first question.
func handlerWithoutSessions(t *testing.T, b *prepaid.Brand) *Handler {
	t.Helper()
	brands := prepaid.NewBrands(b)
	clock := prepaid.NewVirtualClock(time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC))
	service, err := accounts.New(accounts.Config{
		Customers: noCustomers{}, Brands: brands, Clock: clock, Peppers: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("p", 32))}),
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{
		Brands: brands, Prompts: map[string]*BrandPrompts{b.Name: mustPrompts(t, b)}, Sessions: noSessions{}, Services: Services{Accounts: service}, Clock: clock, Log: slog.New(slog.DiscardHandler),
		Pushes: func(context.Context, string, string) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// replyTo returns the key of the only prompt that answers a text; "" where there are several.
func replyTo(t *testing.T, h *Handler, b *prepaid.Brand, text string) (key Key, err error) {
	t.Helper()
	h.c.Observe = func(r Record) {
		if len(r.Parts) == 1 {
			key = r.Parts[0].Key
		}
	}
	can, _ := channels.Of(channels.SMS)
	_, err = h.Turn(t.Context(), channels.Channel{Brand: b, Name: "fake", Type: "fake"},
		channels.Inbound{ID: "m", Address: "tel:+31612345678", Text: text, Can: can})
	return key, err
}
