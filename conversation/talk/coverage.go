package talk

import (
	"fmt"
	"io"
	"slices"
)

// Coverage tells which states and transitions of each flow some story entered.
type Coverage struct {
	Flows []FlowCoverage
}

// FlowCoverage is the coverage of one flow.
type FlowCoverage struct {
	Name              string
	States            int
	Transitions       int
	StatesMissed      []string
	TransitionsMissed []Transition
}

// Cover compares the flows with what the stories walked through; programs that are no Walker walk nowhere.
func (r *Report) Cover(flows []Flow) Coverage {
	states, taken := map[string]bool{}, map[Transition]bool{}
	for i := range r.Results {
		for _, t := range r.Results[i].walked {
			states[t.From], states[t.To], taken[t] = true, true, true
		}
	}
	var c Coverage
	for _, f := range flows {
		one := FlowCoverage{Name: f.Name, States: len(f.States), Transitions: len(f.Transitions)}
		for _, s := range f.States {
			if !states[s] {
				one.StatesMissed = append(one.StatesMissed, s)
			}
		}
		for _, t := range f.Transitions {
			if !taken[t] {
				one.TransitionsMissed = append(one.TransitionsMissed, t)
			}
		}
		c.Flows = append(c.Flows, one)
	}
	return c
}

// Complete reports whether every state and transition was entered.
func (c Coverage) Complete() bool {
	return !slices.ContainsFunc(c.Flows, func(f FlowCoverage) bool { return len(f.StatesMissed)+len(f.TransitionsMissed) > 0 })
}

// WriteText lists what no story enters, flow by flow.
func (c Coverage) WriteText(w io.Writer) error {
	t := newTextReport(w, false)
	width := 0
	for _, f := range c.Flows {
		width = max(width, len(f.Name))
	}
	entered, all := 0, 0
	for _, f := range c.Flows {
		entered += f.States - len(f.StatesMissed) + f.Transitions - len(f.TransitionsMissed)
		all += f.States + f.Transitions
		t.printf("%-*s  %d of %d states, %d of %d transitions\n", width, f.Name,
			f.States-len(f.StatesMissed), f.States, f.Transitions-len(f.TransitionsMissed), f.Transitions)
		for _, s := range f.StatesMissed {
			t.printf("  no story enters      %s\n", s)
		}
		for _, m := range f.TransitionsMissed {
			t.printf("  no story goes from   %s by %s to %s\n", m.From, m.Event, m.To)
		}
	}
	if all > 0 { // never rounded up to 100
		t.printf("%-*s  %d %%\n", width, "all", 100*entered/all)
	}
	return t.Flush()
}

// WritePoints lists where "crash after" can strike.
func WritePoints(w io.Writer, points []Point) error {
	width := 0
	for _, p := range points {
		width = max(width, len(p.Name))
	}
	for _, p := range points {
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, p.Name, p.Meaning); err != nil {
			return err
		}
	}
	return nil
}
