package term

import (
	"fmt"
	"io"
	"strings"
)

// Progress is a progress bar. It draws on a terminal only. It is not safe for concurrent use.
type Progress struct {
	out     io.Writer // nil if Stderr is not a terminal
	columns func() int
	what    string
	drawn   string
}

// Progress returns a bar on Stderr for work that what names: "importing".
func (e Env) Progress(what string) *Progress {
	p := &Progress{what: what}
	if e.isTerminal(e.Stderr) {
		p.out = e.Stderr
		p.columns = func() int { return e.columns(e.Stderr) }
	}
	return p
}

// Show draws the bar if it has changed. A total of 0 means that the work is still being checked.
func (p *Progress) Show(done, total int64) {
	if p.out == nil || done+total == 0 {
		return
	}
	if line := barLine(p.what, done, total, p.columns()); line != p.drawn {
		p.drawn = line
		fmt.Fprintf(p.out, "\r%s\x1b[K", line)
	}
}

// End leaves the bar's line, if one was drawn.
func (p *Progress) End() {
	if p.drawn != "" {
		fmt.Fprintln(p.out)
	}
}

// barLine is shorter than the terminal's columns, because a line that wraps cannot be overwritten.
func barLine(what string, done, total int64, columns int) string {
	line := fmt.Sprintf("%s: %d checked", what, done)
	if total > 0 {
		numbers := fmt.Sprintf("%d of %d", done, total)
		line = what + " " + numbers
		const widest, narrowest = 30, 5
		if width := min(widest, columns-1-len(line)-len(" []")); width >= narrowest {
			full := int(min(done, total) * int64(width) / total)
			line = fmt.Sprintf("%s [%s%s] %s", what, strings.Repeat("#", full), strings.Repeat(".", width-full), numbers)
		}
	}
	return line[:min(len(line), max(columns-1, 0))]
}
