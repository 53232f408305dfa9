package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"pulsa/cards"
)

// output is the flag of commands that print tables.
type output struct {
	Format string `help:"text, json or csv." enum:"text,json,csv" default:"text"`
}

// table prints rows of named columns. JSON is one object a line, so that a long listing needs no memory.
type table struct {
	format string
	out    io.Writer
	names  []string
	text   *tabwriter.Writer
	csv    *csv.Writer
}

func (o output) table(w io.Writer, names ...string) *table {
	t := &table{format: o.Format, out: w, names: names}
	switch o.Format {
	case "csv":
		t.csv = csv.NewWriter(w)
		_ = t.csv.Write(names) // a csv.Writer keeps its error until Flush
	case "text":
		t.text = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		t.line(names)
	}
	return t
}

func (t *table) line(fields []string) {
	for _, field := range fields {
		_, _ = fmt.Fprint(t.text, field, "\t") // a tabwriter keeps its error until Flush
	}
	_, _ = fmt.Fprintln(t.text)
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
	people := append([]string(nil), fields...)
	for i, field := range shown {
		people[i] = field
	}
	t.line(people)
	return nil
}

func (t *table) end() error {
	switch t.format {
	case "csv":
		t.csv.Flush()
		return t.csv.Error()
	case "text":
		return t.text.Flush()
	}
	return nil
}

// The colours of the source's status column, all codes of one width; the other states are red.
var cardColours = []struct{ shown, code string }{
	{"new", "\x1b[32m"}, {"activated", "\x1b[90m"}, {"expired", "\x1b[33m"}, {"locked", "\x1b[31m"}, {"void", "\x1b[31m"},
}

// coloured is the status as it is shown on a terminal.
func coloured(shown string, colours bool) string {
	for _, c := range cardColours {
		if colours && c.shown == shown {
			return c.code + shown + "\x1b[0m"
		}
	}
	return shown
}

// onTerminal reports whether people see what is written to w.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (e environ) colours() bool { return onTerminal(e.stdout) && e.getenv("NO_COLOR") == "" }

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
	out   io.Writer
	what  string
	drawn string
}

func (e environ) progress(what string) *progressBar {
	b := &progressBar{what: what}
	if onTerminal(e.stderr) {
		b.out = e.stderr
	}
	return b
}

// show implements cards.Progress. It draws where the picture changes.
func (b *progressBar) show(done, total int64) {
	if b.out == nil {
		return
	}
	line := fmt.Sprintf("%s %d", b.what, done)
	if total > 0 {
		const width = 30
		full := int(min(done, total) * width / total)
		line = fmt.Sprintf("%s [%s%s] %d of %d", b.what, strings.Repeat("#", full), strings.Repeat(".", width-full), done, total)
	}
	if line != b.drawn {
		b.drawn = line
		fmt.Fprintf(b.out, "\r%s\x1b[K", line)
	}
}

func (b *progressBar) end() {
	if b.drawn != "" {
		fmt.Fprintln(b.out)
	}
}
