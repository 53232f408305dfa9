package talk

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Bounds of a script. They are far above what people write, and make a file that no one wrote an error
// soon.
const (
	maxFileBytes = 16 << 20
	maxFileLines = 1_000_000
	maxTurns     = 10_000  // of one story
	maxLines     = 200_000 // of one story, included ones counted
	maxRuns      = 10_000  // of one story: rows, channels and languages multiplied
	maxAllTurns  = 500_000 // of everything in one run
)

// line is one line of a script without its comment; lines that hold nothing else are dropped.
type line struct {
	pos
	text    string
	comment string // with the spaces before it: "  # why"
}

// headLine is one "key: value".
type headLine struct {
	pos
	key, value string
}

// fragment is one story as written, or the lines of a file that is only included.
type fragment struct {
	pos       // of "story:", or of the first line
	name      string
	nameless  bool // no "story:" begins it
	head      []headLine
	body      []line
	examples  *table
	inExample bool // while it is read: table rows are due
}

var headKey = regexp.MustCompile(`^([A-Za-z][A-Za-z_-]*):(?:[ \t]|$)`)

func headKeys() []string {
	return []string{"story", "brand", "channel", "language", "from", "tags", "given", "include", "examples"}
}

// readSource cuts a file into its fragments.
func readSource(file string, data []byte, p *problems) []*fragment {
	if len(data) > maxFileBytes {
		p.add(pos{file, 0}, fmt.Sprintf("the file is larger than %d MB", maxFileBytes>>20), "split it")
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if n := bytes.Count(data, []byte("\n")); n > maxFileLines {
		p.add(pos{file, 0}, fmt.Sprintf("the file has more than %d lines", maxFileLines), "split it")
		return nil
	}
	if !utf8.Valid(data) {
		p.add(pos{file, badLine(data)}, "not UTF-8 text", "save the file as UTF-8")
		return nil
	}
	s := &source{problems: p}
	number := 0
	for rest := string(data); rest != "" && !p.hopeless(file) && !s.tooLong(); {
		var raw string
		raw, rest, _ = strings.Cut(rest, "\n")
		number++
		text, comment := cutComment(strings.TrimSuffix(raw, "\r"))
		if text != "" {
			s.line(line{pos{file, number}, text, comment})
		}
	}
	return s.done
}

// tooLong reports whether the story being read has more lines than any may have.
func (s *source) tooLong() bool {
	if s.now == nil || len(s.now.body) <= maxLines {
		return false
	}
	s.problems.add(s.now.pos, fmt.Sprintf("a story of more than %d lines", maxLines), "split it")
	return true
}

// badLine returns the number of the first line that is not UTF-8.
func badLine(data []byte) int {
	number := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			number++
		}
		data = data[size:]
	}
	return number
}

// cutComment takes a comment off: a whole line that starts with #, or what follows two spaces and "# ".
func cutComment(raw string) (text, comment string) {
	if strings.HasPrefix(raw, "#") {
		return "", raw
	}
	text = raw
	if i := strings.Index(raw, "  # "); i >= 0 {
		text, comment = raw[:i], strings.TrimRight(raw[len(strings.TrimRight(raw[:i], " ")):], " \t")
	}
	return strings.TrimRight(text, " \t"), comment
}

// source is a file being cut.
type source struct {
	problems *problems
	done     []*fragment
	now      *fragment
}

func (s *source) line(l line) {
	if trimmed := strings.TrimLeft(l.text, " \t"); s.now != nil && s.now.inExample {
		if strings.HasPrefix(trimmed, "|") {
			s.now.examples.add(line{l.pos, trimmed, l.comment}, s.problems)
			return
		}
		s.now.inExample = false
	}
	switch l.text[0] {
	case '>', '<', '=', '!':
		f := s.fragment(l.pos)
		f.body = append(f.body, l)
	case ' ':
		s.further(l)
	case '|':
		s.problems.add(l.pos, "a table row with no examples: above it", `write "examples:" on the line before the table`)
	default:
		if found := headKey.FindStringSubmatch(l.text); found != nil {
			s.key(headLine{l.pos, found[1], strings.TrimSpace(l.text[len(found[1])+1:])})
			return
		}
		s.problems.add(l.pos, fmt.Sprintf("can't tell what %q is", clip(l.text)),
			"a line begins with > (the customer texts), < (the reply), = (a fact), ! (an event) or # (a comment)")
	}
}

// further takes a line that begins with spaces: it goes on with a reply.
func (s *source) further(l line) {
	switch {
	case !strings.HasPrefix(l.text, "  "):
		s.problems.add(l.pos, "a line begins with one space", "begin it in the first column, or with two spaces to go on with a reply")
	case s.now == nil || len(s.now.body) == 0 || !goesOn(s.now.body[len(s.now.body)-1].text):
		s.problems.add(l.pos, "only a reply goes on over further lines", "begin the line in the first column")
	default:
		s.now.body = append(s.now.body, l)
	}
}

// goesOn reports whether a line beginning with two spaces may follow.
func goesOn(text string) bool { return text[0] == '<' || text[0] == ' ' }

func (s *source) key(h headLine) {
	switch h.key {
	case "story":
		if h.value == "" {
			s.problems.add(h.pos, "a story without a name", "write story: NAME")
		}
		s.now = &fragment{pos: h.pos, name: h.value}
		s.done = append(s.done, s.now)
	case "examples":
		f := s.fragment(h.pos)
		if f.examples != nil {
			s.problems.add(h.pos, "a second examples: in one story", "put all rows into one table")
		}
		if h.value != "" {
			s.problems.add(h.pos, "nothing may follow examples:", "put the table on the lines under it, like | amount |")
		}
		f.examples, f.inExample = &table{pos: h.pos}, true
	case "brand", "channel", "language", "from", "tags", "given", "include":
		f := s.fragment(h.pos)
		if len(f.body) > 0 {
			s.problems.add(h.pos, h.key+": stands after the first line of the story", "put it under story:, before the first > or !")
			return
		}
		if h.value == "" {
			s.problems.add(h.pos, h.key+": says nothing", "write "+h.key+": "+headExample(h.key))
			return
		}
		f.head = append(f.head, h)
	default:
		s.problems.add(h.pos, fmt.Sprintf("unknown key %q", h.key+":"), instead(h.key, headKeys()))
	}
}

func headExample(key string) string {
	return map[string]string{
		"brand": "demo", "channel": "sms", "language": "en", "from": "+31612345678", "tags": "money slow",
		"given": "customer pin 4821 method sepa", "include": "registered.talk",
	}[key]
}

// fragment returns the one that is being read; lines before any "story:" begin a nameless one.
func (s *source) fragment(at pos) *fragment {
	if s.now == nil {
		s.now = &fragment{pos: at, nameless: true}
		s.done = append(s.done, s.now)
	}
	return s.now
}
