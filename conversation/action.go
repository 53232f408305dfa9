package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Action is what a customer asks for with a word, whatever its language: "topup".
type Action string

// The actions. Each has one row in [actions].
const (
	ActNone      Action = ""
	ActTopUp     Action = "topup"
	ActRedeem    Action = "redeem"
	ActRegister  Action = "register"
	ActStatus    Action = "status"
	ActPIN       Action = "pin"
	ActPay       Action = "pay"
	ActLanguage  Action = "lang"
	ActHelp      Action = "help"
	ActStop      Action = "stop"
	ActStart     Action = "start"
	ActExit      Action = "exit"
	ActCancel    Action = "cancel"
	ActBack      Action = "back"
	ActMenu      Action = "menu"
	ActAgree     Action = "agree"
	ActMandate   Action = "mandate"
	ActForgot    Action = "forgot"
	ActAccount   Action = "account"
	ActUnpay     Action = "unpay"
	ActNumber    Action = "newnumber" // the {number} of prompts is a phone number
	ActAddresses Action = "addresses"
	ActClose     Action = "close"
	ActNotMe     Action = "notme"
	ActHello     Action = "hello"
	ActThanks    Action = "thanks"
)

// The events that lead into flows and out of them from every question. An action that begins a flow has an event of its name.
const (
	evExit Event = Event(ActExit)
	evBack Event = Event(ActBack)
	evMenu Event = Event(ActMenu)
	// evAskStop asks whether our messages are to stop, where that may have been meant.
	evAskStop Event = "ask_stop"
)

// action is all that the program knows of a word that customers text. Its words stand under its name in the "keywords" of
// each prompt file, and its label for menus is the prompt "choice.NAME".
type action struct {
	Name Action

	// What the word does. A row has one of these; only Within may stand beside Begins.

	// Begins is the state in which its flow begins, from wherever the customer is.
	Begins string
	// Answers replies at once. The question that stood before is put again.
	Answers func(ctx context.Context, s *Services, t *Turn)
	// Channel is Answers for what concerns the channel itself: it comes before everything else, and is obeyed where our
	// messages were stopped.
	Channel func(ctx context.Context, s *Services, t *Turn)
	// Within moves inside the present flow. ok is false where the word means what Begins says.
	Within func(e *engine, t *Turn, state *State) (event Event, ok bool)
	// ForState is set for a word that only the states which ask for it understand.
	ForState bool

	// StandsAlone reports whether a message is served while sessions can't be kept: it says all that is needed, and no
	// question follows. Any other is answered "try again in a minute", and nothing is done. Required: never is an answer.
	StandsAlone func(t *Turn) bool

	// Menu is the state whose choices offer the action, in the order of the table; "" for none.
	Menu string
	// Bare is set for a word that means nothing with more behind it: "close the window".
	Bare bool
	// Wordless is set for an action that a language may have no word for.
	Wordless bool
	// SmallTalk is set for a word that is one only where nothing is asked.
	SmallTalk bool
	// Joins is set for a word that digits may touch: "KOOP10 1234".
	Joins bool
}

// actions is the table of all words that customers text. To add one, see the package's documentation.
type actions []*action

func newActions() actions {
	return actions{
		{Name: ActTopUp, Begins: "topup.identify", StandsAlone: withAmountAndPIN, Menu: menu, Joins: true},
		{Name: ActRedeem, Begins: "redeem.identify", StandsAlone: withCardCode, Menu: menu, Joins: true},
		{Name: ActStatus, Answers: sayStatus, StandsAlone: always, Menu: menu},
		{Name: ActHelp, Channel: sayHelp, StandsAlone: always, Menu: menu},
		{Name: ActAccount, Begins: accountMenu, StandsAlone: never, Menu: menu, Bare: true},

		{Name: ActPIN, Begins: "pin.identify", StandsAlone: never, Menu: accountMenu},
		{Name: ActPay, Begins: "pay.identify", StandsAlone: never, Menu: accountMenu},
		{Name: ActUnpay, Begins: "unpay.identify", StandsAlone: never, Menu: accountMenu},
		{Name: ActNumber, Begins: "number.identify", StandsAlone: never, Menu: accountMenu, Bare: true},
		{Name: ActAddresses, Begins: "addresses.identify", StandsAlone: never, Menu: accountMenu, Bare: true},
		{Name: ActLanguage, Begins: "lang.ask", Within: (*engine).switchLanguage, StandsAlone: never, Menu: accountMenu},
		{Name: ActClose, Begins: "close.identify", StandsAlone: never, Menu: accountMenu, Bare: true},

		{Name: ActRegister, Begins: "registration.begin", StandsAlone: never},
		{Name: ActForgot, Begins: "pin.forgot", StandsAlone: never},
		{Name: ActMenu, Begins: menu, StandsAlone: never},
		{Name: ActExit, Within: (*engine).exit, StandsAlone: never},
		{Name: ActCancel, Within: (*engine).cancel, StandsAlone: never, Wordless: true},
		{Name: ActBack, Within: (*engine).back, StandsAlone: never},
		{Name: ActAgree, ForState: true, StandsAlone: never},
		{Name: ActMandate, ForState: true, StandsAlone: never},
		{Name: ActNotMe, Answers: freezeTakenAccount, StandsAlone: never},
		{Name: ActHello, Answers: greet, StandsAlone: always, Bare: true, SmallTalk: true, Wordless: true},
		{Name: ActThanks, Answers: sayWelcomeTo, StandsAlone: always, Bare: true, SmallTalk: true, Wordless: true},
		{Name: ActStop, Channel: optOut, StandsAlone: always, Bare: true},
		{Name: ActStart, Channel: optIn, StandsAlone: always, Bare: true},
	}
}

func always(*Turn) bool { return true }

func never(*Turn) bool { return false }

// withAmountAndPIN reports whether the message says all that a purchase needs.
func withAmountAndPIN(t *Turn) bool { return t.readPurchase().complete() }

// withCardCode reports whether something stands behind the word that may be a card's code.
func withCardCode(t *Turn) bool { return t.command.Rest != "" }

// check finds rows that do not say what they do.
func (as actions) check() error {
	var errs []error
	for i, a := range as {
		does := 0
		for _, set := range []bool{a.Begins != "" || a.Within != nil, a.Answers != nil, a.Channel != nil, a.ForState} {
			if set {
				does++
			}
		}
		if does != 1 {
			errs = append(errs, fmt.Errorf("action %s must do one thing: begin a flow, answer, move within one, or be for a state", a.Name))
		}
		if a.StandsAlone == nil {
			errs = append(errs, fmt.Errorf("action %s does not say when it stands alone: write never, always or a condition", a.Name))
		}
		if a.Menu != "" && !isMenu(a.Menu) {
			errs = append(errs, fmt.Errorf("action %s is offered by %s, which is no menu", a.Name, a.Menu))
		}
		if slices.ContainsFunc(as[:i], func(b *action) bool { return a.Name == b.Name }) {
			errs = append(errs, fmt.Errorf("action %s is there twice", a.Name))
		}
	}
	return errors.Join(errs...)
}

// named returns the row of an action; one that does nothing where there is none.
func (as actions) named(name Action) *action {
	if i := slices.IndexFunc(as, func(a *action) bool { return a.Name == name }); i >= 0 {
		return as[i]
	}
	return &action{StandsAlone: never}
}

// offeredBy lists the actions that are the choices of a menu.
func (as actions) offeredBy(state string) []ChoiceID {
	var ids []ChoiceID
	for _, a := range as {
		if a.Menu == state {
			ids = append(ids, ChoiceID(a.Name))
		}
	}
	return ids
}

// entries says in which state each event begins a flow: an action's event has its name.
func (as actions) entries() map[Event]string {
	entries := map[Event]string{evResetPIN: "pin.ask_code", evAskStop: stopQuestion, evMeant: "meant.read"}
	for _, a := range as {
		if a.Begins != "" {
			entries[Event(a.Name)] = a.Begins
		}
	}
	return entries
}
