package term

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Output holds the flags of commands that print tables.
type Output struct {
	Format string `help:"text, json or csv." enum:"text,json,csv" default:"text"`
	JSON   bool   `help:"The same as --format json: one object a line."`
}

// IsText reports whether the output is for people: neither JSON nor CSV.
func (o Output) IsText() bool { return o.format() == "text" }

// Beside is where what is said about rows goes: programs read rows only.
func (o Output) Beside(e Env) io.Writer {
	if o.IsText() {
		return e.Stdout
	}
	return e.Stderr
}

func (o Output) format() string {
	switch {
	case o.JSON:
		return "json"
	case o.Format == "":
		return "text"
	}
	return o.Format
}

// Table prints rows of type T, a struct whose fields have json tags:
//
//   - JSON is one object a line, as encoding/json writes it.
//   - CSV has a column for each field, named by its tag.
//   - Text has the same columns, unless Columns names others. Show says how a column reads.
//
// Fields of embedded structs count as T's own. A table needs the same memory for any number of rows: text columns are as
// wide as the first thousand rows need, and wider from where a row needs it. It is not safe for concurrent use.
type Table[T any] struct {
	format  string
	out     io.Writer
	csv     *csv.Writer
	fields  []field
	columns []column[T]
	first   [][]string // rows of text that wait for the widths
	rows    int
	width   int      // of the terminal in columns; 0 if there is none
	narrow  bool     // the terminal has no room for the whole table
	least   []string // the columns that are left out first where the terminal is too narrow
	nothing string   // what a text without rows says
}

type field struct {
	name  string
	index []int
}

func (f field) text(row any) string { return textOf(reflect.ValueOf(row).FieldByIndex(f.index)) }

type column[T any] struct {
	name   string
	text   func(T) string
	width  int
	filled bool // some row has something in it
	hidden bool // the terminal has no room for it
}

const (
	firstRows = 1000
	// widest is what fields are cut to where the terminal is narrower than the table. Serials and ids fit. The last column is
	// not cut: the terminal wraps it.
	widest = 26
)

// NewTable returns a table on e's Stdout. The caller calls Row for each row, and then End.
func NewTable[T any](e Env, o Output) *Table[T] {
	t := &Table[T]{format: o.format(), out: e.Stdout, width: e.columns(e.Stdout), fields: fields(reflect.TypeFor[T]()), nothing: "Nothing found."}
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = f.name
	}
	if t.format == "csv" {
		t.csv = csv.NewWriter(t.out)
		_ = t.csv.Write(names) // a csv.Writer keeps its error until Flush
	}
	return t.Columns(names...)
}

// Columns chooses the columns of the text, by their names. One that is not a field of T needs Show.
func (t *Table[T]) Columns(names ...string) *Table[T] {
	t.columns = make([]column[T], len(names))
	for i, name := range names {
		c := column[T]{name: name, text: func(T) string { return "" }}
		if at := slices.IndexFunc(t.fields, func(f field) bool { return f.name == name }); at >= 0 {
			c.text = func(row T) string { return t.fields[at].text(row) }
		}
		t.columns[i] = c
	}
	return t
}

// Show sets how a column reads in the text.
func (t *Table[T]) Show(name string, text func(T) string) *Table[T] {
	for i := range t.columns {
		if t.columns[i].name == name {
			t.columns[i].text = text
		}
	}
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

// Print prints all rows and ends the table.
func (t *Table[T]) Print(rows []T) error {
	for _, row := range rows {
		if err := t.Row(row); err != nil {
			return err
		}
	}
	return t.End()
}

// PrintResult is Print of what a call has returned, if that is no error.
func (t *Table[T]) PrintResult(rows []T, err error) error {
	if err != nil {
		return err
	}
	return t.Print(rows)
}

// Row prints a row.
func (t *Table[T]) Row(row T) error {
	switch t.format {
	case "csv":
		record := make([]string, len(t.fields))
		for i, f := range t.fields {
			record[i] = f.text(row)
		}
		return t.csv.Write(record)
	case "json":
		encoder := json.NewEncoder(t.out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(row)
	}
	line := make([]string, len(t.columns))
	if t.rows == 0 {
		for i, c := range t.columns {
			line[i] = heading(c.name)
		}
		t.add(slices.Clone(line))
	}
	for i := range t.columns {
		line[i] = t.columns[i].text(row)
		t.columns[i].filled = t.columns[i].filled || line[i] != ""
	}
	t.rows++
	if t.add(line); len(t.first) < firstRows {
		return nil
	}
	return t.flush()
}

// End prints what waits for the widths of columns. A text without rows says so.
func (t *Table[T]) End() error {
	switch t.format {
	case "json":
		return nil
	case "csv":
		t.csv.Flush()
		return t.csv.Error()
	}
	if t.rows == 0 {
		_, err := fmt.Fprintln(t.out, t.nothing)
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	var missing []string
	for _, c := range t.columns {
		if c.hidden && c.filled {
			missing = append(missing, c.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(t.out, "The terminal is too narrow for: %s; --format csv has all.\n", strings.Join(missing, ", "))
	return err
}

// heading is a column's name for people.
func heading(name string) string { return strings.ReplaceAll(name, "_", " ") }

func (t *Table[T]) add(line []string) {
	t.first = append(t.first, line)
	for i, text := range line {
		t.columns[i].width = max(t.columns[i].width, seen(text))
	}
}

// room is the width that column c is printed with.
func (t *Table[T]) room(c column[T]) int {
	if t.narrow {
		return min(c.width, widest)
	}
	return c.width
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
		used := -len("  ")
		for _, c := range t.columns {
			if !c.hidden {
				used += t.room(c) + len("  ")
			}
		}
		if used <= t.width {
			return
		}
		if i := slices.IndexFunc(t.columns, func(c column[T]) bool { return c.name == name }); i >= 0 {
			t.columns[i].hidden = true
		}
	}
}

// flush prints the rows that wait.
func (t *Table[T]) flush() error {
	whole := -len("  ")
	for _, c := range t.columns {
		whole += c.width + len("  ")
	}
	t.narrow = t.width > 0 && whole > t.width
	if t.narrow && t.rows <= firstRows {
		t.fit()
	}
	var lines strings.Builder
	for _, row := range t.first {
		line := ""
		for i, c := range t.columns {
			if !c.hidden {
				text := row[i]
				if i < len(t.columns)-1 {
					text = cut(text, t.room(c))
				}
				line += text + strings.Repeat(" ", max(0, t.room(c)+2-seen(text)))
			}
		}
		lines.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	t.first = t.first[:0]
	_, err := io.WriteString(t.out, lines.String())
	return err
}

// fields lists a struct's fields by their json tags, those of embedded structs included.
func fields(of reflect.Type) []field {
	var list []field
	for _, f := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && f.IsExported() {
			list = append(list, field{name, f.Index})
		}
	}
	return list
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

const noColour = "\x1b[0m"

// Paint returns text in a colour, an ANSI sequence such as "\x1b[32m". It is not for parts of a text.
func Paint(text, colour string) string { return colour + text + noColour }

// seen counts the visible letters of a text, without its colour sequences.
func seen(text string) int {
	if strings.HasPrefix(text, "\x1b[") {
		if _, rest, coloured := strings.Cut(text, "m"); coloured {
			text = strings.TrimSuffix(rest, noColour)
		}
	}
	return utf8.RuneCountInString(text)
}

// cut shortens a text that has more letters than there is room for.
func cut(text string, room int) string {
	if seen(text) <= room {
		return text
	}
	return string([]rune(text)[:room-1]) + "…"
}
