package talk

import (
	"fmt"
	"slices"
	"strings"
)

// turnReader reads the lines under a story's head.
type turnReader struct {
	*builder
	turns   []turn
	secrets []string
	names   nameReader
	crowd   *crowdReader // between "! together" and "! end"
}

func (b *turnReader) lines(body []line) {
	for i := 0; i < len(body); i++ {
		l := body[i]
		if len(b.turns) > maxTurns || b.problems.hopeless(l.file) {
			return
		}
		switch {
		case l.text[0] == '>':
			if text, ok := b.content(l, ">"); ok {
				b.say(l, text)
			}
		case l.text[0] == '!':
			if text, ok := b.content(l, "!"); ok {
				b.event(l, text)
			}
		case l.text[0] == '=':
			if text, ok := b.content(l, "="); ok {
				b.fact(l, text)
			}
		case l.text[0] == '<':
			end := i + 1
			for end < len(body) && body[end].text[0] == ' ' {
				end++
			}
			b.reply(body[i:end])
			i = end - 1
		}
	}
}

// content returns what stands behind a line's mark.
func (b *turnReader) content(l line, mark string) (string, bool) {
	text := strings.TrimPrefix(l.text, mark)
	if text != "" && text[0] != ' ' {
		b.problems.add(l.pos, fmt.Sprintf("no space behind %s", mark), "write "+mark+" "+clip(text))
		return "", false
	}
	return strings.TrimPrefix(text, " "), true
}

// current returns the turn that replies and facts belong to.
func (b *turnReader) current() *turn {
	if len(b.turns) == 0 {
		b.turns = append(b.turns, turn{})
	}
	return &b.turns[len(b.turns)-1]
}

// end finds what can be said only when all lines are read.
func (b *turnReader) end() {
	if b.crowd != nil {
		b.problems.add(b.crowd.pos, "! together without its end", "write ! end below the last of its messages")
		b.crowd = nil
	}
	for i, t := range b.turns {
		if t.step != nil && t.step.event != nil && t.step.event.Kind == SameID && !slices.ContainsFunc(b.turns[i:], turn.says) {
			b.problems.add(t.step.pos, "no message follows that could have the same id", "write a > line below it")
		}
	}
	b.names.check(b.problems)
}

// says reports whether a customer texts in the turn.
func (t turn) says() bool {
	return t.step != nil && (t.step.say != nil || len(t.step.crowd) > 0)
}

func (b *turnReader) say(l line, text string) {
	late := b.names.used(l.pos, text)
	s, err := parseSay(text)
	if err != nil {
		if !late {
			b.problems.add(l.pos, err.problem, err.want)
		}
		s = &say{}
	}
	b.secrets = append(b.secrets, slices.DeleteFunc(slices.Clone(s.secrets), nameRef.MatchString)...)
	b.step(step{pos: l.pos, raw: l.text, late: late, say: s})
}

func (b *turnReader) event(l line, text string) {
	if b.names.used(l.pos, text) {
		b.step(step{pos: l.pos, raw: l.text, late: true, event: &Event{}})
		return
	}
	e, err := parseEvent(text, b.vocabulary.points())
	said := b.crowd != nil && b.crowd.says() || slices.ContainsFunc(b.turns, turn.says)
	switch {
	case err != nil:
		b.problems.add(l.pos, err.problem, err.want)
	case e.Kind == Again && !said:
		b.problems.add(l.pos, "nothing was sent that could come again", "write a > line before it")
	case e.Kind == SameID && !said:
		b.problems.add(l.pos, "nothing was sent whose id a message could have", "write a > line before it")
	}
	b.step(step{pos: l.pos, raw: l.text, event: &e})
}

// step adds a turn, or a line to what happens together.
func (b *turnReader) step(s step) {
	switch kind := s.kind(); {
	case kind == Together && b.crowd != nil:
		b.problems.add(s.pos, "! together within ! together", "write ! end before it")
	case kind == Together:
		b.crowd = &crowdReader{pos: s.pos}
	case kind == End && b.crowd == nil:
		b.problems.add(s.pos, "! end without ! together", "write ! together above the messages that are sent at one instant")
	case kind == End:
		b.turns = append(b.turns, b.crowd.turn(s, b.problems))
		b.crowd = nil
	case b.crowd != nil:
		b.crowd.add(s, b.problems)
	default:
		b.turns = append(b.turns, turn{step: &s})
	}
}

// kind is what happens in an event's line; "" in others.
func (s *step) kind() EventKind {
	if s.event == nil {
		return ""
	}
	return s.event.Kind
}

func (b *turnReader) fact(l line, text string) {
	if b.crowd != nil {
		b.problems.add(l.pos, "a fact within ! together", "write it below ! end")
		return
	}
	late := b.names.used(l.pos, text)
	var f Fact
	if !late {
		var err *wrong
		if f, err = parseFact(text, b.vocabulary); err != nil {
			b.problems.add(l.pos, err.problem, err.want)
			return
		}
	}
	t := b.current()
	t.facts = append(t.facts, factLine{l.pos, l.text, late, f})
}

func (b *turnReader) reply(lines []line) {
	l := lines[0]
	if b.crowd == nil && len(b.turns) == 0 || b.crowd == nil && b.turns[len(b.turns)-1].step == nil {
		b.problems.add(l.pos, "a reply to nothing", "write a > or ! line before it")
		return
	}
	e, err := parseExpect(lines)
	if err != nil {
		b.problems.add(err.at, err.problem, err.want)
		return
	}
	if err := b.names.reply(e); err != nil {
		b.problems.add(e.pos, err.problem, err.want)
	}
	if b.crowd != nil {
		b.crowd.reply(e, b.problems)
		return
	}
	t := b.current()
	if n := len(t.replies); n > 0 && t.replies[n-1].nothing {
		b.problems.add(l.pos, "a reply after < nothing", "take one of the two out")
	}
	t.replies = append(t.replies, e)
}

// wrong is why a line can't be read.
type wrong struct {
	problem, want string
	at            pos // where it is not the line itself
}

func wrongf(want, problem string, args ...any) *wrong {
	return &wrong{problem: fmt.Sprintf(problem, args...), want: want}
}
