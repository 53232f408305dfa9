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

func (b *turnReader) say(l line, text string) {
	s, err := parseSay(text)
	if err != nil {
		b.problems.add(l.pos, err.problem, err.want)
		s = &say{}
	}
	b.secrets = append(b.secrets, s.secrets...)
	b.turns = append(b.turns, turn{step: &step{pos: l.pos, raw: l.text, say: s}})
}

func (b *turnReader) event(l line, text string) {
	e, err := parseEvent(text, b.vocabulary.points())
	if err != nil {
		b.problems.add(l.pos, err.problem, err.want)
	} else if e.Kind == Again && !slices.ContainsFunc(b.turns, func(t turn) bool { return t.step != nil && t.step.say != nil }) {
		b.problems.add(l.pos, "nothing was sent that could come again", "write a > line before it")
	}
	b.turns = append(b.turns, turn{step: &step{pos: l.pos, raw: l.text, event: &e}})
}

func (b *turnReader) fact(l line, text string) {
	f, err := parseFact(text, b.vocabulary)
	if err != nil {
		b.problems.add(l.pos, err.problem, err.want)
		return
	}
	t := b.current()
	t.facts = append(t.facts, factLine{l.pos, l.text, f})
}

func (b *turnReader) reply(lines []line) {
	l := lines[0]
	if len(b.turns) == 0 || b.turns[len(b.turns)-1].step == nil {
		b.problems.add(l.pos, "a reply to nothing", "write a > or ! line before it")
		return
	}
	e, err := parseExpect(lines)
	if err != nil {
		b.problems.add(err.at, err.problem, err.want)
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
