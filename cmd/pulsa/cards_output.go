package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"pulsa/cards"
)

// output is the flag of commands that print tables.
type output struct {
	Format string `help:"text, json or csv." enum:"text,json,csv" default:"text"`
}

// table prints rows of named columns. A long listing needs no memory: JSON is one object a line, and the columns of text
// are as wide as the first rows want them, or wider from where a row needs it.
type table struct {
	format string
	out    io.Writer
	names  []string
	csv    *csv.Writer
	first  [][]string // rows of text that wait for the widths
	widths []int
}

const firstRows = 1000

func (o output) table(w io.Writer, names ...string) *table {
	t := &table{format: o.Format, out: w, names: names, widths: make([]int, len(names))}
	switch o.Format {
	case "csv":
		t.csv = csv.NewWriter(w)
		_ = t.csv.Write(names) // a csv.Writer keeps its error until Flush
	case "text":
		t.add(names)
	}
	return t
}

func (t *table) add(row []string) {
	t.first = append(t.first, row)
	for i, field := range row {
		t.widths[i] = max(t.widths[i], width(field))
	}
}

// width is how many letters of a text are seen: colours are not.
func width(text string) int {
	for _, c := range cardColours {
		if rest, coloured := strings.CutPrefix(text, c.code); coloured {
			text = strings.TrimSuffix(rest, noColour)
			break
		}
	}
	return utf8.RuneCountInString(text)
}

// row prints one row; shown replaces fields where people read the table.
func (t *table) row(fields []string, shown map[int]string) error {
	switch t.format {
	case "csv":
		return t.csv.Write(fields)
	case "json":
		object := make(map[string]string, len(fields))
		for i, field := range fields {
			object[t.names[i]] = field
		}
		return json.NewEncoder(t.out).Encode(object)
	}
	people := slices.Clone(fields)
	for i, field := range shown {
		people[i] = field
	}
	if t.add(people); len(t.first) < firstRows {
		return nil
	}
	return t.print()
}

// print prints the rows that wait.
func (t *table) print() error {
	var lines strings.Builder
	for _, row := range t.first {
		line := ""
		for i, field := range row {
			line += field + strings.Repeat(" ", t.widths[i]+2-width(field))
		}
		lines.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	t.first = t.first[:0]
	_, err := io.WriteString(t.out, lines.String())
	return err
}

func (t *table) end() error {
	switch t.format {
	case "csv":
		t.csv.Flush()
		return t.csv.Error()
	case "text":
		return t.print()
	}
	return nil
}

// The colours of the source's status column; the other states are red.
var cardColours = []struct{ shown, code string }{
	{"new", "\x1b[32m"}, {"activated", "\x1b[90m"}, {"expired", "\x1b[33m"}, {"locked", "\x1b[31m"}, {"void", "\x1b[31m"},
}

const noColour = "\x1b[0m"

// coloured is the status as it is shown on a terminal.
func coloured(shown string, colours bool) string {
	for _, c := range cardColours {
		if colours && c.shown == shown {
			return c.code + shown + noColour
		}
	}
	return shown
}

// onTerminal reports whether people see what is written to w, on a terminal that knows colours.
func (e environ) onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && e.getenv("TERM") != "dumb"
}

func (e environ) colours() bool { return e.onTerminal(e.stdout) && e.getenv("NO_COLOR") == "" }

var cardNames = []string{"status", "serial", "amount", "currency", "reseller", "activated", "customer", "created", "expires", "state", "batch", "order"}

func cardFields(c cards.Card, now time.Time) []string {
	return []string{
		c.Shown(now), c.Serial, c.Amount.Number(), string(c.Amount.Currency), c.Reseller, stamp(c.ActivatedAt), c.ActivatedBy.String(),
		stamp(c.CreatedAt), stamp(c.ExpiresAt), string(c.State), string(c.Batch), string(c.Order),
	}
}

// stamp shows a time to people and programs; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// progressBar draws on a terminal, and nowhere else.
type progressBar struct {
	out     io.Writer
	columns func() int
	what    string
	drawn   string
}

func (e environ) progress(what string) *progressBar {
	b := &progressBar{what: what}
	if e.onTerminal(e.stderr) {
		b.out = e.stderr
		b.columns = func() int {
			columns, _, err := term.GetSize(int(e.stderr.(*os.File).Fd()))
			if err != nil || columns < 1 {
				return 80
			}
			return columns
		}
	}
	return b
}

// show implements cards.Progress. It draws where the picture changes.
func (b *progressBar) show(done, total int64) {
	if b.out == nil || done+total == 0 {
		return
	}
	if line := barLine(b.what, done, total, b.columns()); line != b.drawn {
		b.drawn = line
		fmt.Fprintf(b.out, "\r%s\x1b[K", line)
	}
}

// barLine fits so many columns: a line that wraps could not be drawn again. Without a total
// what is to be done is still being checked.
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

func (b *progressBar) end() {
	if b.drawn != "" {
		fmt.Fprintln(b.out)
	}
}
