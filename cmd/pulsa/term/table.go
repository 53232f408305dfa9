package term

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"pulsa/prepaid"
)

// Output holds the flags of commands that print tables.
type Output struct {
	Format string `help:"text, json or csv." enum:"text,json,csv" default:"text"`
	JSON   bool   `help:"The same as --format json: one object a line."`
}

// IsText reports whether the output is for people: neither JSON nor CSV.
func (o Output) IsText() bool { return !o.JSON && (o.Format == "" || o.Format == "text") }

// Beside is where what is said about rows goes: programs read rows only.
func (o Output) Beside(e Env) io.Writer {
	if o.IsText() {
		return e.Stdout
	}
	return e.Stderr
}

// Table prints rows of type T, a struct whose fields have json tags:
//
//   - JSON is one object a line, as encoding/json writes it.
//   - CSV has a column for each field, named by its tag.
//   - Text has the columns that the row's method Cells returns, each a name and its text, or else those of CSV.
//
// Fields of embedded structs count as T's own. A table needs the same memory for any number of rows: text columns are as
// wide as the first thousand rows need, and wider from where a row needs it. It is not safe for concurrent use.
type Table[T any] struct {
	output  Output
	out     io.Writer
	csv     *csv.Writer
	fields  []reflect.StructField
	names   []string // of the fields
	nothing string   // what a text without rows says

	colour  bool // the terminal shows colours
	painted string
	colours map[string]string // by the text of the column painted

	columns []column
	first   [][]string // rows of text that wait for the widths
	rows    int
	failing bool     // a row needs somebody
	width   int      // of the terminal in columns; 0 if there is none
	narrow  bool     // the terminal has no room for the whole table
	least   []string // the columns that are left out first where the terminal is too narrow
}

type column struct {
	name   string
	width  int
	filled bool // some row has something in it
	hidden bool // the terminal has no room for it
}

const (
	firstRows = 1000
	// widest is what fields are cut to where the terminal is narrower than the table. Serials and ids fit. The last column is
	// not cut: the terminal wraps it.
	widest = 26
	gap    = "  " // between columns
)

// ErrFailing is returned for a table that was printed whole, where the method Failing of a row says that somebody must see to it.
var ErrFailing = errors.New("something needs somebody")

// NewTable returns a table on e's Stdout. The caller calls Row for each row, and then End.
func NewTable[T any](e Env, o Output) *Table[T] {
	t := &Table[T]{output: o, out: e.Stdout, width: e.columns(e.Stdout), colour: e.colours(), nothing: "Nothing found."}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" && f.IsExported() {
			t.fields, t.names = append(t.fields, f), append(t.names, name)
		}
	}
	if !o.JSON && o.Format == "csv" {
		t.csv = csv.NewWriter(t.out)
		_ = t.csv.Write(t.names) // a csv.Writer keeps its error until Flush
	}
	return t
}

// Paint colours a text column by what stands in it: ANSI sequences such as "\x1b[32m".
func (t *Table[T]) Paint(name string, colours map[string]string) *Table[T] {
	t.painted, t.colours = name, colours
	return t
}

// Least names the columns that matter least. Where the terminal is too narrow, empty columns are left out first, and then
// these in their order.
func (t *Table[T]) Least(names ...string) *Table[T] {
	t.least = names
	return t
}

// Nothing sets what a text without rows says.
func (t *Table[T]) Nothing(text string) *Table[T] {
	t.nothing = text
	return t
}

// Print prints the rows that a call has returned and ends the table, unless the call has failed.
func (t *Table[T]) Print(rows []T, err error) error {
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := t.Row(row); err != nil {
			return err
		}
	}
	return t.End()
}

// Record prints alone the one row that a call has returned, unless the call has failed. Its text has a line for each fact that the
// row's method Facts returns, a label and what is said under it in columns; or else for each column.
func (t *Table[T]) Record(row T, err error) error {
	if err != nil || !t.output.IsText() {
		return t.Print([]T{row}, err)
	}
	var facts [][]string
	if f, ok := any(row).(interface{ Facts() [][]string }); ok {
		facts = f.Facts()
	} else {
		names, texts := t.cells(row)
		for i, name := range names {
			facts = append(facts, []string{heading(name), t.paint(name, texts[i])})
		}
	}
	lines := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, fact := range facts {
		fmt.Fprintln(lines, strings.Join(fact, "\t"))
	}
	return lines.Flush()
}

// Row prints a row.
func (t *Table[T]) Row(row T) error {
	if f, ok := any(row).(interface{ Failing() bool }); ok {
		t.failing = t.failing || f.Failing()
	}
	switch {
	case t.csv != nil:
		texts := t.texts(row)
		for i, text := range texts {
			texts[i] = prepaid.CSVCell(text)
		}
		return t.csv.Write(texts)
	case !t.output.IsText():
		encoder := json.NewEncoder(t.out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(row)
	}
	names, line := t.cells(row)
	if t.rows == 0 {
		t.columns = make([]column, len(names))
		headings := make([]string, len(names))
		for i, name := range names {
			t.columns[i].name, headings[i] = name, heading(name)
		}
		t.add(headings)
	}
	for i, text := range line {
		t.columns[i].filled = t.columns[i].filled || text != ""
	}
	t.rows++
	if t.add(line); len(t.first) < firstRows {
		return nil
	}
	return t.flush()
}

// cells returns the columns that people see of a row.
func (t *Table[T]) cells(row T) (names, texts []string) {
	c, ok := any(row).(interface{ Cells() [][2]string })
	if !ok {
		return t.names, t.texts(row)
	}
	for _, cell := range c.Cells() {
		names, texts = append(names, cell[0]), append(texts, cell[1])
	}
	return names, texts
}

// texts returns a row's fields.
func (t *Table[T]) texts(row T) []string {
	texts := make([]string, len(t.fields))
	for i, f := range t.fields {
		texts[i] = textOf(reflect.ValueOf(row).FieldByIndex(f.Index))
	}
	return texts
}

// heading is a column's name for people.
func heading(name string) string { return strings.ReplaceAll(name, "_", " ") }

// End prints what waits for the widths of columns. A text without rows says so.
func (t *Table[T]) End() error {
	if err := t.end(); err != nil || !t.failing {
		return err
	}
	return ErrFailing
}

func (t *Table[T]) end() error {
	switch {
	case t.csv != nil:
		t.csv.Flush()
		return t.csv.Error()
	case !t.output.IsText():
		return nil
	case t.rows == 0:
		_, err := fmt.Fprintln(t.out, t.nothing)
		return err
	}
	err := t.flush()
	var missing []string
	for _, c := range t.columns {
		if c.hidden && c.filled {
			missing = append(missing, c.name)
		}
	}
	if err == nil && len(missing) > 0 {
		_, err = fmt.Fprintf(t.out, "The terminal is too narrow for: %s; --format csv has all.\n", strings.Join(missing, ", "))
	}
	return err
}

func (t *Table[T]) add(line []string) {
	t.first = append(t.first, line)
	for i, text := range line {
		t.columns[i].width = max(t.columns[i].width, utf8.RuneCountInString(text))
	}
}

// room is the width that column c is printed with.
func (t *Table[T]) room(c column) int {
	if t.narrow {
		return min(c.width, widest)
	}
	return c.width
}

// used is the width of a whole line.
func (t *Table[T]) used() int {
	used := -len(gap)
	for _, c := range t.columns {
		if !c.hidden {
			used += t.room(c) + len(gap)
		}
	}
	return used
}

// fit hides columns until the rest has room.
func (t *Table[T]) fit() {
	var order []string
	for _, c := range t.columns {
		if !c.filled {
			order = append(order, c.name)
		}
	}
	for _, name := range append(order, t.least...) {
		if t.used() <= t.width {
			return
		}
		if i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name }); i >= 0 {
			t.columns[i].hidden = true
		}
	}
}

// flush prints the rows that wait.
func (t *Table[T]) flush() error {
	if !t.narrow && t.width > 0 && t.used() > t.width {
		t.narrow = true
		if t.rows <= firstRows {
			t.fit()
		}
	}
	var lines strings.Builder
	for _, row := range t.first {
		line := ""
		for i, c := range t.columns {
			if c.hidden {
				continue
			}
			text := row[i]
			if i < len(t.columns)-1 {
				text = cut(text, t.room(c))
			}
			line += t.paint(c.name, text) + strings.Repeat(" ", max(0, t.room(c)-utf8.RuneCountInString(text))) + gap
		}
		lines.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	t.first = t.first[:0]
	_, err := io.WriteString(t.out, lines.String())
	return err
}

// textOf is a field's value as CSV and text have it. What is absent is "".
func textOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return ""
		}
		return textOf(v.Elem())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = textOf(v.Index(i))
		}
		return strings.Join(parts, "; ")
	case reflect.Map:
		if v.Len() == 0 {
			return ""
		}
		text, err := json.Marshal(v.Interface())
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	if at, ok := v.Interface().(time.Time); ok {
		return Stamp(at)
	}
	return fmt.Sprint(v.Interface())
}

// paint returns the text of a column in its colour.
func (t *Table[T]) paint(name, text string) string {
	if colour := t.colours[text]; t.colour && name == t.painted && colour != "" {
		return colour + text + "\x1b[0m"
	}
	return text
}

// cut shortens a text that has more letters than there is room for.
func cut(text string, room int) string {
	if letters := []rune(text); len(letters) > room {
		return string(letters[:room-1]) + "…"
	}
	return text
}
