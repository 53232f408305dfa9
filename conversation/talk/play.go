package talk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// player plays one story.
type player struct {
	story      *Story
	maker      Maker
	vocabulary *Vocabulary
	matcher    matcher // and what names have kept
	hunter     *hunter
	secrets    []string // that the hunter hunts
	fixing     bool     // go on where another reply comes or a fact does not hold
	timeout    time.Duration

	program  Program
	customer Customer
	phones   map[prepaid.Address]*phone
	last     *Inbound // the last message, for "again"
	sameID   bool     // the next message has its id
	at       pos      // the line being played
	turn     int
	result   Result
}

// offer is the choices of one message.
type offer struct {
	choices []Choice
	buttons bool
}

// errStop ends a story whose failure is written down.
var errStop = errors.New("stop")

func (p *player) play(ctx context.Context) {
	p.at = pos{p.story.File, p.story.Line}
	err := p.begin(ctx)
	if err == nil {
		defer p.close()
		for i := range p.story.turns {
			p.turn = i
			if err = p.play1(ctx, &p.story.turns[i]); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrNotOffered) {
			p.hunt(ctx)
		}
		if walker, ok := p.program.(Walker); ok {
			p.result.walked = walker.Walked()
		}
	}
	p.end(ctx, err)
}

// end writes down why a story did not come to its last line.
func (p *player) end(ctx context.Context, err error) {
	switch {
	case err == nil || errors.Is(err, errStop):
	case errors.Is(ctx.Err(), context.Canceled):
		p.result.Outcome, p.result.Reason = NotRun, "interrupted"
	case errors.Is(err, ErrNotOffered) && p.result.Outcome == Passed:
		p.result.Outcome = NotRun
		p.result.Reason = p.hunter.hide(fmt.Sprintf("%s: %s", p.at, err))
	case errors.Is(err, prepaid.ErrNeverEnds):
		p.fail(p.at, Failure{Problem: fmt.Sprintf("the story %q can't end: this line %s", p.story.Name, prepaid.ErrNeverEnds), Came: err.Error()})
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		p.fail(p.at, Failure{Problem: fmt.Sprintf("the story %q took longer than %s", p.story.Name, p.timeout), Came: err.Error()})
	case errors.Is(err, ErrCantHappen):
		p.fail(p.at, Failure{Problem: "this event can't happen now", Came: err.Error()})
	default:
		p.fail(p.at, Failure{Problem: "the program failed", Came: err.Error()})
	}
}

func (p *player) begin(ctx context.Context) (err error) {
	if p.customer, err = p.story.customer(p.maker); err != nil {
		return fmt.Errorf("fresh number: %w", err)
	}
	p.program, err = p.maker.New(ctx, Setup{
		Story: p.story.Name, Brand: p.story.Brand, Language: p.story.Language,
		Customer: p.customer, Givens: slices.Clone(p.story.givens), Now: p.story.now,
	})
	if err != nil {
		return fmt.Errorf("make a program: %w", err)
	}
	return nil
}

func (p *player) close() {
	if err := p.program.Close(); err != nil {
		p.fail(pos{p.story.File, p.story.Line}, Failure{Problem: "the program did not end well", Came: err.Error()})
	}
}

// play1 plays one turn: what happens, the replies to it, and the facts.
func (p *player) play1(ctx context.Context, t *turn) error {
	var came []Message
	if t.step != nil {
		p.at = t.step.pos
		var err error
		if came, err = p.step(ctx, t.step); err != nil {
			return err
		}
		for _, m := range came {
			p.hear(m)
		}
	}
	failed := len(p.result.Failures)
	if p.fixing {
		p.result.came = append(p.result.came, cameIn{came, p.matcher})
		p.matcher, _ = p.matcher.listed(t.replies, came)
	} else {
		p.checkReplies(ctx, t, came)
	}
	for _, m := range came {
		p.proofread(ctx, t, m)
	}
	for i := range t.facts {
		p.at = t.facts[i].pos
		if err := p.check(ctx, &t.facts[i]); err != nil {
			return err
		}
	}
	if !p.fixing && len(p.result.Failures) > failed {
		return errStop
	}
	return nil
}

// step does what a line says and returns what the present customer is sent.
func (p *player) step(ctx context.Context, s *step) ([]Message, error) {
	if s.crowd != nil {
		return p.together(ctx, s)
	}
	s, err := p.read(s)
	if err != nil {
		return nil, err
	}
	if s.say != nil {
		in, err := p.inbound(s.say)
		if err != nil {
			return nil, err
		}
		p.said(TheCustomer, Said{Text: s.say.shown})
		p.last = in
		return p.send(ctx, *in)
	}
	p.said(TheScript, Said{Text: s.event.String()})
	switch s.event.Kind {
	case Again:
		return p.send(ctx, *p.last)
	case Wait:
		return p.wait(ctx, s.event.For)
	case SameID, AnotherCustomer, CustomerIs:
		if err := p.arrange(s.event); err != nil {
			return nil, err
		}
	default:
		if err := p.program.Do(ctx, p.customer, *s.event); err != nil {
			return nil, fmt.Errorf("%s: %w", s.event, err)
		}
	}
	return p.settle(ctx, nil)
}

func (p *player) inbound(s *say) (*Inbound, error) {
	in := &Inbound{
		ID: prepaid.NewID[string](), From: p.customer, Language: p.story.Language,
		Text: s.text, Contact: s.contact, Attachment: s.attachment,
	}
	if p.sameID && p.last != nil {
		in.ID = p.last.ID
	}
	p.sameID = false
	if s.button != "" {
		if err := p.tap(in, s); err != nil {
			return nil, err
		}
	}
	p.dial(in, s)
	return in, nil
}

// dial says in which session a message is typed, where sessions are dialled: "*123#" begins one, which lasts until an
// answer ends it.
func (p *player) dial(in *Inbound, s *say) {
	if in.From.Kind != USSD {
		return
	}
	phone := p.phone(in.From.Address())
	if s.dials {
		phone.session = prepaid.NewID[string]()
	}
	in.Session, in.Typed = phone.session, !s.dials
}

// tap chooses what a label says: of the newest question that offers it, or of an older one.
func (p *player) tap(in *Inbound, s *say) error {
	offered := p.phone(p.customer.Address()).offered
	skip := s.of - 1
	for i, o := range offered {
		if i > 0 && !o.buttons && s.of == 0 {
			continue // numbered lines count only in the last message; a button stays
		}
		n := findChoice(o.choices, s.button)
		switch {
		case n < 0:
			continue
		case skip > 0:
			skip--
			continue
		case !o.buttons:
			in.Text = fmt.Sprint(n + 1)
		case o.choices[n].Button != "":
			in.Button = o.choices[n].Button
		default:
			in.Text = o.choices[n].Label
		}
		return nil
	}
	expected, came := s.button, "there is none"
	if s.of > 1 {
		expected = fmt.Sprintf("%s of %d", s.button, s.of)
	}
	var labels []string
	if len(offered) > 0 {
		for _, c := range offered[0].choices {
			labels = append(labels, fmt.Sprintf("%q", c.Label))
		}
	}
	if len(labels) > 0 {
		came = strings.Join(labels, ", ")
	}
	p.fail(p.at, Failure{Problem: "no such button", Expected: expected, Came: came})
	return errStop
}

// findChoice returns the choice with the label, or with the id, which is the same in every language, or
// else the only one whose label begins with these words; -1 for none.
func findChoice(choices []Choice, label string) int {
	label = strings.ToLower(fold(label))
	for _, text := range []func(Choice) string{
		func(c Choice) string { return c.Label },
		func(c Choice) string { return c.ID },
	} {
		same := func(c Choice) bool { return strings.ToLower(fold(text(c))) == label }
		if i := slices.IndexFunc(choices, same); i >= 0 {
			return i
		}
	}
	begins := func(c Choice) bool { return strings.HasPrefix(strings.ToLower(fold(c.Label)), label+" ") }
	i := slices.IndexFunc(choices, begins)
	if i < 0 || slices.ContainsFunc(choices[i+1:], begins) {
		return -1
	}
	return i
}

func (p *player) send(ctx context.Context, in Inbound) ([]Message, error) {
	answer, err := p.program.Send(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	return p.settle(ctx, p.answered(in, answer))
}

// answered says to whom an answer goes, and takes note of a dialled session that it ends.
func (p *player) answered(in Inbound, answer []Message) []Message {
	answer = slices.Clone(answer)
	for i := range answer {
		if answer[i].To == "" {
			answer[i].To = in.From.Address()
		}
		if phone := p.phone(in.From.Address()); answer[i].Ends && phone.session == in.Session {
			phone.session = ""
		}
	}
	return answer
}

// settle lets the program finish what is due, and returns the messages to the present customer.
func (p *player) settle(ctx context.Context, came []Message) ([]Message, error) {
	pushed, err := p.program.Settle(ctx)
	if err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	here := p.customer.Address()
	return slices.DeleteFunc(slices.Concat(came, pushed), func(m Message) bool { return m.To != here }), nil
}

// wait lets time pass and stops at every timer on the way.
func (p *player) wait(ctx context.Context, d time.Duration) ([]Message, error) {
	program, ok := p.program.(TimeTraveller)
	if !ok {
		return nil, fmt.Errorf("wait: %w", ErrNotOffered)
	}
	const mostAtOneTime = 1000 // a timer that sets itself anew without time passing never ends
	var came []Message
	until, still := program.Now().Add(d), 0
	for {
		at, any, err := program.Next(ctx)
		if err != nil {
			return nil, fmt.Errorf("wait: %w", err)
		}
		if !any || at.After(until) {
			at = until
		}
		before := program.Now()
		if err := program.AdvanceTo(ctx, at); err != nil {
			return nil, fmt.Errorf("wait: %w", err)
		}
		if came, err = p.settle(ctx, came); err != nil {
			return nil, err
		}
		if !program.Now().Before(until) && at.Equal(until) {
			if next, any, err := program.Next(ctx); err != nil || !any || next.After(until) {
				return came, err
			}
		}
		still++
		if program.Now().After(before) {
			still = 0
		}
		if still > mostAtOneTime {
			return nil, fmt.Errorf("wait: work at %s is due again and again: %w", program.Now().Format(time.DateTime), prepaid.ErrNeverEnds)
		}
	}
}

// hear writes a message down and remembers what it offers.
func (p *player) hear(m Message) {
	said := Said{Text: m.Text}
	for _, part := range m.Parts {
		said.Keys = append(said.Keys, part.Key)
	}
	o := offer{m.Choices, m.Buttons}
	if o.choices == nil {
		o.choices, _ = numberedChoices(m.Text)
	}
	if m.Buttons {
		for _, c := range m.Choices {
			said.Buttons = append(said.Buttons, c.Label)
		}
	}
	to := p.phone(m.To)
	to.offered = slices.Insert(to.offered, 0, o)
	if len(to.offered) > 20 {
		to.offered = to.offered[:20]
	}
	p.said(TheProgram, said)
}

func (p *player) said(by Speaker, s Said) {
	s.By, s.Line, s.turn = by, p.at.line, p.turn
	s.Text = p.hunter.hide(s.Text)
	p.result.Said = append(p.result.Said, s)
}
