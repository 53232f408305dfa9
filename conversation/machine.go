package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/looplab/fsm"
)

// machine decides whether an event may happen in a state and where it leads. It keeps no logic of its own and
// no callbacks: looplab/fsm deadlocks on re-entry from them, and poisons itself when an event meets a
// cancelled context, so an instance that returned any error is dropped.
type machine struct {
	events fsm.Events
	pool   sync.Pool
}

func newMachine(tb *table) *machine {
	m := &machine{events: eventsOf(tb, func(string) bool { return true })}
	m.pool.New = func() any { return fsm.NewFSM(idle, m.events, nil) }
	return m
}

// eventsOf lists the transitions out of the states wanted, in a stable order.
func eventsOf(tb *table, wanted func(state string) bool) fsm.Events {
	var events fsm.Events
	for _, from := range tb.names() {
		if !wanted(from) {
			continue
		}
		for _, t := range sorted(tb.transitions[from]) {
			events = append(events, fsm.EventDesc{Name: string(t.Event), Src: []string{from}, Dst: t.To})
		}
	}
	return events
}

func sorted(ts map[Event]*Transition) []*Transition {
	out := make([]*Transition, 0, len(ts))
	for _, t := range ts {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Transition) int { return strings.Compare(string(a.Event), string(b.Event)) })
	return out
}

// next returns the state that an event leads to.
func (m *machine) next(ctx context.Context, state string, e Event) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	f := m.pool.Get().(*fsm.FSM)
	f.SetState(state)
	err := f.Event(context.WithoutCancel(ctx), string(e))
	if err != nil && !errors.As(err, new(fsm.NoTransitionError)) { // a step onto itself is a step
		return "", fmt.Errorf("event %s in state %s: %w", e, state, err)
	}
	to := f.Current()
	if err == nil {
		m.pool.Put(f)
	}
	return to, nil
}

// DiagramFormat is a language for drawings of flows.
type DiagramFormat string

// The formats of Diagram.
const (
	Mermaid DiagramFormat = "mermaid"
	Dot     DiagramFormat = "dot"
)

// Diagram draws one flow of Flows. The EXIT and keyword events, which lead away from every question, are left out.
func Diagram(flow Flow, format DiagramFormat) (string, error) {
	var events fsm.Events
	for _, t := range flow.Transitions {
		events = append(events, fsm.EventDesc{Name: string(t.Event), Src: []string{t.From}, Dst: t.To})
	}
	if len(flow.States) == 0 {
		return "", fmt.Errorf("flow %s has no states", flow.Name)
	}
	f := fsm.NewFSM(flow.States[0].Name, events, nil)
	switch format {
	case Mermaid:
		return fsm.VisualizeWithType(f, fsm.MermaidStateDiagram)
	case Dot:
		return fsm.VisualizeWithType(f, fsm.GRAPHVIZ)
	}
	return "", fmt.Errorf("format %q is unknown: mermaid or dot", format)
}

// Diagrams draws all Flows, or only the one of a name, each below a comment with its name.
func Diagrams(format DiagramFormat, only string) (string, error) {
	comment := "%%"
	if format == Dot {
		comment = "//"
	}
	var drawn strings.Builder
	for _, flow := range Flows() {
		if only != "" && only != flow.Name {
			continue
		}
		text, err := Diagram(flow, format)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&drawn, "%s flow %s\n%s\n", comment, flow.Name, text)
	}
	if drawn.Len() == 0 {
		return "", fmt.Errorf("there is no flow %q: pulsa flows draws all", only)
	}
	return drawn.String(), nil
}
