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

// output are the flags of commands that print tables.
type output struct {
	Format string `help:"text, json or csv." enum:"text,json,csv" default:"text"`
	JSON   bool   `help:"The same as --format json."`
}

func (o output) format() string {
	if o.JSON {
		return "json"
	}
	return o.Format
}

// table prints rows of named columns. A long listing needs no memory: JSON is one object a line, and the columns of text
// are as wide as the first rows want them, or wider from where a row needs it.
type table struct {
	format string
	out    io.Writer
	names  []string
	counts []string // the columns that hold whole numbers
	csv    *csv.Writer
	first  [][]string // rows of text that wait for the widths
	widths []int
	filled []bool // which columns have something in any row
	rows   int
	// Of a terminal: how wide it is (0: there is none), the columns of the table that matter least, and those that there
	// was no room for.
	columns int
	least   []string
	hidden  []bool
}

const (
	firstRows = 1000
	// widest is what fields are cut to where the terminal is narrower than the table. Serials and ids fit.
	widest = 26
)

// table is for e's stdout. On a terminal that is too narrow columns are left out: first those with nothing in them, then
// the least ones in their order.
func (o output) table(e environ, names []string, least ...string) *table {
	t := &table{format: o.format(), out: e.stdout, names: names, least: least, columns: e.columns(e.stdout),
		widths: make([]int, len(names)), filled: make([]bool, len(names)), hidden: make([]bool, len(names))}
	switch t.format {
	case "csv":
		t.csv = csv.NewWriter(t.out)
		_ = t.csv.Write(names) // a csv.Writer keeps its error until Flush
	case "text":
		t.add(names)
	}
	return t
}

// counting says which columns hold whole numbers: they are numbers in JSON too.
func (t *table) counting(names ...string) *table {
	t.counts = names
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
		return t.object(fields)
	}
	people := slices.Clone(fields)
	for i, field := range shown {
		people[i] = field
	}
	for i, field := range people {
		t.filled[i] = t.filled[i] || field != ""
	}
	t.rows++
	if t.add(people); len(t.first) < firstRows {
		return nil
	}
	return t.print()
}

// object prints a row as JSON, in the order of the columns.
func (t *table) object(fields []string) error {
	line := []byte("{")
	for i, field := range fields {
		value := []byte(field)
		if !slices.Contains(t.counts, t.names[i]) {
			var err error
			if value, err = json.Marshal(field); err != nil {
				return err
			}
		}
		line = fmt.Appendf(line, "%q:%s,", t.names[i], value)
	}
	line[len(line)-1] = '}'
	_, err := t.out.Write(append(line, '\n'))
	return err
}

// wide is how wide column i is printed.
func (t *table) wide(i int) int {
	switch {
	case t.hidden[i]:
		return 0
	case t.narrow():
		return min(t.widths[i], widest)
	}
	return t.widths[i]
}

// narrow reports whether the terminal has no room for all that the table holds.
func (t *table) narrow() bool {
	whole := -len("  ")
	for _, w := range t.widths {
		whole += w + len("  ")
	}
	return t.columns > 0 && whole > t.columns
}

// fit leaves columns out until the others fit.
func (t *table) fit() {
	leave := []string{}
	for i := range t.names {
		if !t.filled[i] {
			leave = append(leave, t.names[i])
		}
	}
	for _, name := range append(leave, t.least...) {
		used := -len("  ")
		for i := range t.names {
			if !t.hidden[i] {
				used += t.wide(i) + len("  ")
			}
		}
		if t.columns == 0 || used <= t.columns {
			return
		}
		t.hidden[slices.Index(t.names, name)] = true
	}
}

// print prints the rows that wait.
func (t *table) print() error {
	if t.rows <= firstRows {
		t.fit()
	}
	var lines strings.Builder
	for _, row := range t.first {
		line := ""
		for i, field := range row {
			if !t.hidden[i] {
				field = cut(field, t.wide(i))
				line += field + strings.Repeat(" ", t.wide(i)+2-width(field))
			}
		}
		lines.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	t.first = t.first[:0]
	_, err := io.WriteString(t.out, lines.String())
	return err
}

// cut shortens a text that has more letters than there is room for.
func cut(text string, room int) string {
	if width(text) <= room {
		return text
	}
	return string([]rune(text)[:room-1]) + "…"
}

func (t *table) end() error {
	switch t.format {
	case "csv":
		t.csv.Flush()
		return t.csv.Error()
	case "text":
		return t.endText()
	}
	return nil
}

func (t *table) endText() error {
	if t.rows == 0 {
		_, err := fmt.Fprintln(t.out, "Nothing found.")
		return err
	}
	if err := t.print(); err != nil {
		return err
	}
	var missing []string
	for i, name := range t.names {
		if t.hidden[i] && t.filled[i] {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(t.out, "The terminal is too narrow for: %s; --format csv has all.\n", strings.Join(missing, ", "))
	return err
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

// columns is how wide the terminal is that w writes to; 0 where it is none.
func (e environ) columns(w io.Writer) int {
	if !e.onTerminal(w) {
		return 0
	}
	columns, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil || columns < 1 {
		return 80
	}
	return columns
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
		b.columns = func() int { return e.columns(e.stderr) }
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
