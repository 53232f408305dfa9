package conversation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/channels"
)

// Event is what happened in a state and decides where a flow goes: "msisdn_differs".
type Event string

// noEvent says that a state can't use the input, or that a turn has ended.
const noEvent Event = ""

// State is one place in a conversation. It either asks (Prompt and Accept) or acts (Act), never both.
type State struct {
	Name   string // flow and place: "registration.ask_pin"
	Prompt Key    // its question
	Help   Key    // explains the question: what is wanted, why, an example; menus have none, HELP there is help.idle
	// Fill gives what the question's {names} stand for, names and texts in turn, and may note what was shown.
	Fill func(t *Turn) []string
	// Short is the prompt that repeats a long question in few words, after an error, HELP or a notice; "" where the question must
	// be put whole. Only states that can be asked for the whole question have it.
	Short func(t *Turn) Key
	// Accept reads the customer's input. It is pure but for the answers it notes in the session. Input
	// that does not fit returns noEvent and the key of the prompt that says what is wrong.
	Accept func(t *Turn) (e Event, wrong Key)
	// Free reports whether a text may be the answer whatever words it begins with, such as a name: then a keyword counts only where it
	// stands alone.
	Free func(t *Turn) bool
	// Act asks a service and returns what came of it.
	Act func(ctx context.Context, s *Services, t *Turn) Event
	// Choices are the ids of the answers that are offered; their labels are the prompts "choice.ID".
	Choices []ChoiceID
	// Offer gives choices that are no prompts instead.
	Offer func(t *Turn) []channels.Choice
	// Languages offers the brand's languages as choices instead.
	Languages bool
	// AskContact offers a button that shares the customer's own number.
	AskContact bool
	// Secret input is replaced before anything is stored or logged. Of any other, runs of four or more digits are masked.
	Secret bool
	// Timeout is how long the question stands, 15 min where it is zero.
	Timeout time.Duration
	// Resume is where an expired conversation goes on, where it is not here: a PIN is never kept.
	Resume string
}

// Transition says where an event leads.
type Transition struct {
	From  string
	Event Event
	To    string
	// Say is a prompt said on the way; with Instead it takes the place of To's question.
	Say     Key
	Instead bool
}

// Flow is one conversation with a purpose.
type Flow struct {
	Name        string
	States      []State
	Transitions []Transition
}

const (
	idle           = "idle" // where every conversation begins and ends
	defaultTimeout = 15 * time.Minute
	maxSteps       = 8 // of one turn: more are a loop in the table
)

// table is all flows together, checked.
type table struct {
	flows       []Flow
	states      map[string]*State
	transitions map[string]map[Event]*Transition
}

// newTable joins the flows and adds the transitions that all asking states have: EXIT leads to idle, and a keyword's event
// leads to the first state of its flow from everywhere. All that is wrong is reported at once.
func newTable(flows []Flow, entries map[Event]string) (*table, error) {
	tb := &table{flows: flows, states: map[string]*State{idle: {Name: idle}}, transitions: map[string]map[Event]*Transition{}}
	var errs []error
	for _, f := range flows {
		for i := range f.States {
			s := &f.States[i]
			if tb.states[s.Name] != nil {
				errs = append(errs, fmt.Errorf("flow %s: state %s is there twice", f.Name, s.Name))
			}
			tb.states[s.Name] = s
		}
	}
	for _, f := range flows {
		for i := range f.Transitions {
			errs = append(errs, tb.add(f.Name, &f.Transitions[i]))
		}
	}
	for name, s := range tb.states {
		if s.Act != nil {
			continue
		}
		if name != idle {
			errs = append(errs, tb.add("all", &Transition{From: name, Event: evExit, To: idle, Say: "exit.done"}))
		}
		for event, to := range entries {
			errs = append(errs, tb.add("all", &Transition{From: name, Event: event, To: to}))
		}
	}
	errs = append(errs, tb.check()...)
	return tb, errors.Join(errs...)
}

func (tb *table) add(flow string, t *Transition) error {
	for _, name := range []string{t.From, t.To} {
		if tb.states[name] == nil {
			return fmt.Errorf("flow %s: transition %s from %s to %s: no state %s", flow, t.Event, t.From, t.To, name)
		}
	}
	if tb.transitions[t.From] == nil {
		tb.transitions[t.From] = map[Event]*Transition{}
	}
	if tb.transitions[t.From][t.Event] != nil {
		return fmt.Errorf("flow %s: event %s leads two ways from %s", flow, t.Event, t.From)
	}
	tb.transitions[t.From][t.Event] = t
	return nil
}

// check finds states that can't be entered, can't be left, or do not say what they are for.
func (tb *table) check() []error {
	var errs []error
	reached := map[string]bool{}
	tb.walk(idle, reached)
	for _, name := range tb.names() {
		s := tb.states[name]
		switch {
		case !reached[name]:
			errs = append(errs, fmt.Errorf("state %s can't be reached from idle", name))
		case name == idle:
		case len(tb.transitions[name]) == 0:
			errs = append(errs, fmt.Errorf("state %s is a dead end", name))
		case (s.Act == nil) == (s.Accept == nil):
			errs = append(errs, fmt.Errorf("state %s must either ask (Accept) or act (Act)", name))
		case s.Accept != nil && s.Prompt == "":
			errs = append(errs, fmt.Errorf("state %s has no prompt", name))
		case s.Accept != nil && s.Help == "" && !isMenu(name):
			errs = append(errs, fmt.Errorf("state %s has no Help that explains its question", name))
		case s.Resume != "" && tb.states[s.Resume] == nil:
			errs = append(errs, fmt.Errorf("state %s resumes at %s, which is no state", name, s.Resume))
		case !strings.Contains(name, "."):
			errs = append(errs, fmt.Errorf("state %s does not name its flow", name))
		}
	}
	return errs
}

func (tb *table) walk(name string, reached map[string]bool) {
	if reached[name] {
		return
	}
	reached[name] = true
	for _, t := range tb.transitions[name] {
		tb.walk(t.To, reached)
	}
}

// timeoutOf is how long the question of a state stands.
func (tb *table) timeoutOf(state string) time.Duration {
	return cmp.Or(tb.states[state].Timeout, defaultTimeout)
}

func (tb *table) names() []string {
	names := make([]string, 0, len(tb.states))
	for name := range tb.states {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
