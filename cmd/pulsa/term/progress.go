package term

import (
	"fmt"
	"strings"
)

// Progress is a progress bar. It draws on a terminal only. It is not safe for concurrent use.
type Progress struct {
	env         Env
	what, drawn string
}

// Progress returns a bar on Stderr for work that what names: "importing".
func (e Env) Progress(what string) *Progress {
	return &Progress{e, what, ""}
}

// Show draws the bar if it has changed. A total of 0 means that the work is still being checked.
func (p *Progress) Show(done, total int64) {
	if done+total == 0 || !p.env.isTerminal(p.env.Stderr) {
		return
	}
	if line := barLine(p.what, done, total, p.env.columns(p.env.Stderr)); line != p.drawn {
		p.drawn = line
		fmt.Fprintf(p.env.Stderr, "\r%s\x1b[K", line)
	}
}

// End leaves the bar's line, if one was drawn.
func (p *Progress) End() {
	if p.drawn != "" {
		fmt.Fprintln(p.env.Stderr)
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
