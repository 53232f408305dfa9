package talk

import (
	"fmt"
	"slices"
	"strings"
)

// replyLines writes a message as the lines of a script that it matches: its prompts where they are known,
// else its text.
func (m matcher) replyLines(msg Message) []string {
	if msg.Parts != nil {
		lines := make([]string, len(msg.Parts))
		for i, key := range keysOf(msg) {
			lines[i] = "  " + key
		}
		if known := !slices.ContainsFunc(msg.Parts, func(p Part) bool { return p.Key == "" }); known && len(lines) > 0 {
			lines[0] = "<" + lines[0][1:]
			if m.matchesLines(lines, msg) {
				return lines
			}
		}
	}
	var lines []string
	for l := range strings.SplitSeq(msg.Text, "\n") {
		l = escape(fold(l))
		switch {
		case l == "":
		case len(lines) == 0:
			lines = append(lines, "< "+l)
		case strings.HasPrefix(l, "#"): // would be a comment
			lines[len(lines)-1] += " " + l
		default:
			lines = append(lines, "  "+l)
		}
	}
	switch {
	case len(lines) == 0:
		return []string{"< *"}
	case len(lines) == 1 && lines[0] == "< nothing":
		return []string{"< nothing*"}
	}
	return lines
}

// escape makes text plain in a reply's line.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `{`, `\{`).Replace(text)
}

// matchesLines reports whether a message is what lines of a script expect.
func (m matcher) matchesLines(lines []string, msg Message) bool {
	e := expectOf(lines)
	return e != nil && m.matches(e, msg)
}

// expectOf reads lines that the package wrote itself; nil where they can't be read.
func expectOf(written []string) *expect {
	var lines []line
	for i, text := range written {
		lines = append(lines, line{pos: pos{"", i + 1}, text: text})
	}
	e, err := parseExpect(lines)
	if err == nil {
		err = (&nameReader{kept: map[string]bool{}}).reply(e)
	}
	if err != nil {
		return nil
	}
	return e
}

// edit replaces lines of a file: from first up to, and without, end. Lines count from 1.
type edit struct {
	first, end int
	lines      []string
}

// apply returns the lines with the edits made. The edits are in order and do not overlap.
func apply(lines []string, edits []edit) []string {
	var out []string
	at := 1
	for _, e := range edits {
		out = append(out, lines[at-1:e.first-1]...)
		out = append(out, e.lines...)
		at = e.end
	}
	return append(out, lines[at-1:]...)
}

// unified shows edits of a file as a unified diff with three lines of context.
func unified(file string, lines []string, edits []edit) string {
	const context = 3
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", file, file)
	shift := 0
	for i := 0; i < len(edits); {
		j := i + 1
		for j < len(edits) && edits[j].first-edits[j-1].end <= 2*context {
			j++
		}
		hunk := edits[i:j]
		first := max(1, hunk[0].first-context)
		end := min(len(lines)+1, hunk[len(hunk)-1].end+context)
		var body strings.Builder
		at, grown := first, 0
		plain := func(to int) {
			for ; at < to; at++ {
				body.WriteString(" " + lines[at-1] + "\n")
			}
		}
		for _, e := range hunk {
			plain(e.first)
			for ; at < e.end; at++ {
				body.WriteString("-" + lines[at-1] + "\n")
			}
			for _, l := range e.lines {
				body.WriteString("+" + l + "\n")
			}
			grown += len(e.lines) - (e.end - e.first)
		}
		plain(end)
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n%s", first, end-first, first+shift, end-first+grown, body.String())
		shift += grown
		i = j
	}
	return out.String()
}
