package talk

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// checkReplies compares what came in a turn with what the script lists, in order.
func (p *player) checkReplies(ctx context.Context, t *turn, came []Message) {
	if m, ok := p.matcher.listed(t.replies, came); ok {
		p.matcher = m
		return
	}
	for _, e := range t.replies {
		if name := p.unkept(e); name != "" {
			p.failNow(ctx, e.pos, Failure{Problem: "nothing is kept as $" + name, Expected: "a reply before this line that keeps it"})
			return
		}
	}
	next := 0
	for _, e := range t.replies {
		var after matcher
		matches := false
		if next < len(came) && !e.nothing {
			after, matches = p.matcher.match(e, came[next])
		}
		switch {
		case matches:
			p.matcher = after
			next++
		case e.nothing && next == len(came), e.optional:
		case e.nothing:
			p.failNow(ctx, e.pos, Failure{Problem: "a reply came where there should be none", Expected: "nothing", Came: shown(came[next])})
			return
		case next == len(came):
			p.failNow(ctx, e.pos, Failure{Problem: "no reply came", Expected: p.wanted(e), Came: "nothing"})
			return
		default:
			p.failNow(ctx, e.pos, Failure{Problem: "another reply came", Expected: p.wanted(e), Came: shown(came[next])})
			return
		}
	}
	at := p.at
	if n := len(t.replies); n > 0 {
		at = t.replies[n-1].pos
	}
	if next < len(came) {
		p.failNow(ctx, at, Failure{Problem: "a reply came that no line lists", Expected: "nothing more", Came: shown(came[next])})
	}
}

// unkept returns a name that a reply needs and that has kept nothing, "" for none.
func (p *player) unkept(e *expect) string {
	needs := func(tokens []token) string {
		for _, t := range tokens {
			if _, kept := p.matcher.kept[t.name]; t.name != "" && !kept {
				return t.name
			}
		}
		return ""
	}
	if name := needs(e.tokens); name != "" {
		return name
	}
	for _, t := range e.tokens {
		for _, v := range t.values {
			if name := needs(v.pattern); name != "" && len(v.pattern) > 1 {
				return name
			}
		}
	}
	return ""
}

// shown is a message for people: its text, its buttons, and the prompts it was made of.
func shown(m Message) string {
	text := m.Text
	if m.Buttons {
		for _, c := range m.Choices {
			text += "\n[" + c.Label + "]"
		}
	}
	if keys := strings.Join(keysOf(m), " "); keys != "" {
		text += "\n= " + keys
	}
	return text
}

func keysOf(m Message) []string {
	keys := make([]string, len(m.Parts))
	for i, part := range m.Parts {
		keys[i] = "{" + part.Key + "}"
	}
	return keys
}

// wanted is an expected reply for people: as written, and the texts of its prompts.
func (p *player) wanted(e *expect) string {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(e.raw, "<"), "?"))
	const most = 10 // prompts; nobody writes more into one reply
	for _, t := range e.tokens[:min(most, len(e.tokens))] {
		if template, ok := p.matcher.prompt(t.key); ok && t.key != "" {
			text += "\n= " + template
		}
	}
	return text
}

var leftover = regexp.MustCompile(`\{[a-zA-Z_][a-zA-Z0-9_.]*\}`)

// proofread finds what is wrong with a message whatever the script says.
func (p *player) proofread(ctx context.Context, t *turn, m Message) {
	at := p.at
	if len(t.replies) > 0 {
		at = t.replies[0].pos
	}
	var found []string
	if proofreader, ok := p.program.(Proofreader); ok {
		found = proofreader.Problems(p.customer, m)
	}
	if strings.TrimSpace(m.Text) == "" {
		found = append(found, "it says nothing")
	}
	if hole := leftover.FindString(m.Text); hole != "" {
		found = append(found, "it misses a prompt or value: "+hole)
	}
	if len(p.hunter.leaks(m.Text)) > 0 {
		found = append(found, "it shows a secret")
	}
	for _, problem := range found {
		p.failNow(ctx, at, Failure{Problem: "the reply is not fit to be sent: " + problem, Came: shown(m)})
	}
}

func (p *player) check(ctx context.Context, f *factLine) error {
	fact, err := p.readFact(f)
	if err != nil {
		return err
	}
	found, err := p.program.Check(ctx, p.customer, fact)
	if err != nil {
		return fmt.Errorf("%s: %w", fact, err)
	}
	if !found.Holds {
		actual := found.Actual
		if actual == "" {
			actual = "it is not so"
		}
		p.failNow(ctx, f.pos, Failure{Problem: "a fact does not hold", Expected: fact.String(), Came: actual})
	}
	return nil
}

// hunt looks for the story's secrets in all that the program wrote down.
func (p *player) hunt(ctx context.Context) {
	witness, ok := p.program.(Witness)
	hunter, secrets := p.hunter, p.secrets
	if h, hands := p.program.(HandsOut); hands {
		if codes := h.HandedOut(); len(codes) > 0 {
			secrets = append(slices.Clone(secrets), codes...)
			hunter = newHunter(secrets)
		}
	}
	if !ok || len(secrets) == 0 {
		return
	}
	at := pos{p.story.File, p.story.Line}
	evidence, err := witness.Evidence(ctx)
	if errors.Is(err, ErrNotOffered) {
		return
	}
	if err != nil {
		p.fail(at, Failure{Problem: "can't look for secrets", Came: err.Error()})
	}
	const most = 5 // of each place
	for _, e := range evidence {
		lines := hunter.leaks(e.Text)
		for _, l := range lines[:min(most, len(lines))] {
			p.fail(at, Failure{Problem: "a secret of the story stands in the " + e.Where, Came: clip(l)})
		}
	}
}

// failNow is fail with the state of the present customer.
func (p *player) failNow(ctx context.Context, at pos, f Failure) {
	if stater, ok := p.program.(Stater); ok {
		if state, err := stater.State(ctx, p.customer); err == nil {
			f.State = state
		}
	}
	p.fail(at, f)
}

// fail writes a failure down, with the last three turns and without secrets.
func (p *player) fail(at pos, f Failure) {
	f.File, f.Line = at.file, at.line
	for _, text := range []*string{&f.Problem, &f.Expected, &f.Came} {
		*text = shorten(p.hunter.hide(*text), 8000)
	}
	from := len(p.result.Said)
	for from > 0 && p.result.Said[from-1].turn > p.turn-3 {
		from--
	}
	f.Before = slices.Clone(p.result.Said[from:])
	p.result.Failures = append(p.result.Failures, f)
	p.result.Outcome = Failed
}
