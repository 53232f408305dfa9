package talk

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// Terminal reports whether w is a terminal: then a text report may have colours, and progress be shown.
func Terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Progress returns a function for Options that keeps one line of a terminal up to date.
func Progress(w io.Writer) func(done, total int, r *Result) {
	failed := 0
	return func(done, total int, r *Result) {
		if r.Outcome == Failed {
			failed++
		}
		text := fmt.Sprintf("%d/%d stories, %d failed  %s", done, total, failed, r.Story.Name)
		if runes := []rune(text); len(runes) > 78 {
			text = string(runes[:78])
		}
		if done == total {
			text = ""
		}
		_, _ = fmt.Fprint(w, "\r\x1b[K", text)
	}
}

// WriteText writes the report for people: one line for each story, then the failures, then the sum.
func (r *Report) WriteText(w io.Writer, colour bool) error {
	t := newTextReport(w, colour)
	var where, name int
	for i := range r.Results {
		story := r.Results[i].Story
		where = max(where, len(place(story.File, story.Line)))
		name = max(name, min(60, utf8.RuneCountInString(story.Name)))
	}
	for i := range r.Results {
		one := &r.Results[i]
		t.printf("%s  %-*s  %-*s  %s\n", t.mark(one.Outcome), where, place(one.Story.File, one.Story.Line), name, one.Story.Name, one.Story.Variant())
	}
	for i := range r.Results {
		t.story(&r.Results[i])
	}
	t.printf("\n%s\n", r.sum())
	return t.Flush()
}

// sum says how the run went in one line.
func (r *Report) sum() string {
	text := fmt.Sprintf("%d passed, %d failed", r.Count(Passed), r.Count(Failed))
	if n := r.Count(NotRun); n > 0 {
		text += fmt.Sprintf(", %d not run", n)
	}
	return text + fmt.Sprintf(" in %.1fs", r.Took.Seconds())
}

func place(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }

type textReport struct {
	*bufio.Writer
	colour bool
}

func newTextReport(w io.Writer, colour bool) *textReport {
	return &textReport{bufio.NewWriter(w), colour}
}

func (t *textReport) printf(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) }

func (t *textReport) paint(code, text string) string {
	if !t.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *textReport) mark(o Outcome) string {
	switch o {
	case Passed:
		return t.paint("32", "ok     ")
	case Failed:
		return t.paint("31;1", "FAILED ")
	}
	return t.paint("33", "not run")
}

func (t *textReport) story(r *Result) {
	switch r.Outcome {
	case NotRun:
		t.printf("\n%s  %s\n    %s\n", t.mark(NotRun), r.Story.Title(), r.Reason)
	case Failed:
		t.printf("\n%s  %s\n", t.mark(Failed), t.paint("1", r.Story.Title()))
		t.failures(r)
	}
}

// failures lists what failed, and under the last the turns before it: a story ends in the turn that fails.
func (t *textReport) failures(r *Result) {
	for i, f := range r.Failures {
		t.failure(f)
		if i+1 == len(r.Failures) {
			t.turnsBefore(f)
		}
	}
}

func (t *textReport) failure(f Failure) {
	t.printf("  %s: %s\n", place(f.File, f.Line), f.Problem)
	t.field("expected", f.Expected, "32")
	t.field("came", f.Came, "31")
	t.field("state", f.State, "36")
}

func (t *textReport) turnsBefore(f Failure) {
	for i, s := range f.Before {
		label := ""
		if i == 0 {
			label = "before"
		}
		t.field(label, said(s), "2")
	}
}

// field writes a name and a text, whose further lines stand under the first.
func (t *textReport) field(name, text, code string) {
	if text == "" {
		return
	}
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			name = ""
		}
		t.printf("    %-8s  %s\n", name, t.paint(code, printable(l)))
	}
}

// said is one line of a conversation, as a script would have it.
func said(s Said) string {
	mark := map[Speaker]string{TheCustomer: ">", TheProgram: "<", TheScript: "!"}[s.By]
	text := mark + " " + strings.ReplaceAll(s.Text, "\n", "\n  ")
	if len(s.Buttons) > 0 {
		text += "\n  [" + strings.Join(s.Buttons, "] [") + "]"
	}
	return text
}

// printable keeps what a customer or program says from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return utf8.RuneError
		}
		return r
	}, text)
}

// seconds shows a duration as reports for machines want it.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
