package ui

import (
	"cmp"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// Tone is what a status means. The piece "status" shows it as a shape, a word and a colour, in that order of trust.
type Tone string

// The tones of orders and all else that goes on, shown as circles, and those of cards, shown as squares.
const (
	Good Tone = "good" // ● delivered
	Wait Tone = "wait" // ◐ waiting
	Bad  Tone = "bad"  // ✕ refused
	Idle Tone = "idle" // ◇ nothing goes on

	CardNew     Tone = "card-new"     // green: unused
	CardDone    Tone = "card-done"    // grey: activated
	CardExpired Tone = "card-expired" // yellow
	CardBad     Tone = "card-bad"     // red: locked, void
)

// Shape is the sign that stands before the status's word.
func (t Tone) Shape() string {
	switch t {
	case Good:
		return "●"
	case Wait:
		return "◐"
	case Bad:
		return "✕"
	case Idle:
		return "◇"
	}
	return "■"
}

// Status is where something stands: {{template "status" .Status}}. The zero value shows nothing.
type Status struct {
	Tone Tone
	Word string
}

// Time is a time as pages show it: {{template "time" .At}}. The zero value shows nothing.
type Time struct {
	Short string // "14:32" today, "12 Nov" else
	Full  string // date and time with the zone's name
	ISO   string // for programs
}

// Link leads somewhere.
type Link struct {
	Href, Text string
	Current    bool
	Key        string // the letter that goes there, after g; may be empty
}

// Head begins a page: {{template "head" .}}.
type Head struct {
	Title    string
	Code     string // an id that is read aloud, in mono, beside the title
	Status   Status
	Sentence string // what its reader came for
	Action   *Link  // the main action; nil for none
	More     []Link // other actions
}

// Column is a column of a table.
type Column struct {
	Name  string
	Money bool   // right-aligned figures
	Sort  string // the address that sorts by it; "" where it can't
	Order string // "ascending", "descending" where the table is sorted by it
	Wide  bool   // left out under 900 px
}

// Cell is a cell of a row. The first cell of a row is its link.
type Cell struct {
	Text   string
	Second string // a second line: a reason
	Status Status
	Time   Time
	Mono   bool
	To     string // where a cell beside the first leads; "" for nowhere
}

// Row is one row of a table.
type Row struct {
	Href  string // where its first cell leads; "" for nowhere
	ID    string // of its tick box; "" for none
	Cells []Cell
}

// Table is rows under headings: {{template "table" .}}. Under 700 px a row has two lines.
type Table struct {
	Caption string // for those who hear the page
	Columns []Column
	Rows    []Row
	Tick    string // the name of the tick boxes; "" for none
	First   string // the address of the first page; "" on it
	Next    string // the address of the next page; "" on the last
	Empty   State  // shown where there is no row
}

// Zip pairs the row's cells with their columns, for the template.
func (t Table) Zip(r Row) []ColumnCell {
	all := make([]ColumnCell, len(r.Cells))
	for i, c := range r.Cells {
		all[i] = ColumnCell{Column: t.Columns[i], Cell: c, First: i == 0, Href: r.Href}
	}
	return all
}

// ColumnCell is a cell with its column.
type ColumnCell struct {
	Column
	Cell
	First bool
	Href  string
}

// Chip is a filter that is set.
type Chip struct {
	Text   string // "Status: live"
	Remove string // the address without it
}

// Choice is a filter that can be set: one of several values, or a field to type into.
type Choice struct {
	Name, Label string
	Options     []Option // none: it is a field
	Type        string   // of the field: "date"; "" is text
	Value       string
	Hint        string
}

// Option is one of several to choose from.
type Option struct {
	Value, Label string
	Chosen       bool
}

// Filters stand over a table: {{template "filters" .}}. They are the address's query, so that they are a link; what people paste into
// Search may be secret, so that it posts.
type Filters struct {
	Action  string // of the form that adds filters, by GET
	Chips   []Chip
	Choices []Choice
	Open    bool   // the form stands open
	Search  *Field // nil for none
	Post    string // where Search posts to
	CSV     string // the address of the same list as CSV; "" for none
}

// State is what stands where content can't: first day, nothing found, no right, too slow, failed. {{template "state" .}}.
type State struct {
	Title, Text string
	Link        *Link // what to do
}

// Event is one line of a timeline.
type Event struct {
	At      Time
	Tone    Tone
	Text    string // in plain words
	Quote   string // what was texted
	Details [][2]string
}

// Timeline is what happened: {{template "timeline" .}}.
type Timeline struct {
	Events []Event
	Ahead  string // what comes next: "Next look at 14:32."
}

// MoneyRow is a row of a money table.
type MoneyRow struct {
	Label  string
	Amount string
	Note   string
	Total  bool
}

// Money is a money table with the ledger's lines folded under it: {{template "money" .}}.
type Money struct {
	Currency string
	Rows     []MoneyRow
	Ledger   [][3]string // entry, account, amount
}

// Figure is a number with its last hours: {{template "figure" .}}.
type Figure struct {
	Label  string
	Number string
	Unit   string
	Since  string // "today", "last hour"
	Tone   Tone   // "" where it means nothing good or bad
	Href   string // the list behind it; "" for none
	Points []Point
}

// Point is one value of a figure's line.
type Point struct {
	Label string // "14:00"
	Value float64
	Text  string // as people read it; "" is the value
}

// Shown is the value as people read it.
func (p Point) Shown() string {
	return cmp.Or(p.Text, strconv.FormatFloat(p.Value, 'f', -1, 64))
}

// the size of a spark line, in pixels
const sparkWidth, sparkHeight = 120, 28

// Line is the spark line: an SVG polyline's points.
func (f Figure) Line() string {
	most := 0.0
	for _, p := range f.Points {
		most = max(most, p.Value)
	}
	var line strings.Builder
	for i, p := range f.Points {
		x, y := 0.0, float64(sparkHeight-2)
		if len(f.Points) > 1 {
			x = float64(i) * sparkWidth / float64(len(f.Points)-1)
		}
		if most > 0 {
			y = sparkHeight - 2 - p.Value/most*(sparkHeight-4)
		}
		fmt.Fprintf(&line, "%.1f,%.1f ", x, y)
	}
	return strings.TrimSpace(line.String())
}

// Banner says what came of something that was done: {{template "banner" .}}. With Undo it has a button that undoes it.
type Banner struct {
	Tone Tone
	Text string
	Link *Link
	Undo *UndoForm
}

// UndoForm undoes what was done.
type UndoForm struct {
	Action string // where it posts to
	Key    string // the form's key
	Token  string // names what is undone
	Until  Time
}

// Confirm is the panel before something is done: {{template "confirm" .}}.
type Confirm struct {
	Title   string // "Refund €10.00"
	Does    string // one sentence: what will happen
	Reads   string // what the customer will read; "" for nothing
	Asks    string // who else must agree; "" where nobody
	Changed string // what changed since the person last looked; "" for nothing
	Before  string // with Changed: the sentence that they saw
	Action  string // where it posts to
	Key     string // the form's key
	Seen    string // what the person was told, so that what changed meanwhile is told
	Fields  []Input
	Hidden  [][2]string
	Errors  []FieldError // the summary
	Reason  Field        // without a name: none is asked
	Code    *Field       // of the second factor; nil where it is fresh
	Button  string       // verb and number
	Danger  bool
	Back    string // where Cancel leads
	Ready   bool   // what will happen is known: else the form is sent by GET to find out
	Post    bool   // it is posted, too, to find that out: its fields may stand in no address
}

// Input is a field, or a choice of several.
type Input struct {
	Field
	Options []Option // radio buttons
	Rows    int      // of a text area; 0 is one line
}

// FieldError is a line of the error summary.
type FieldError struct{ Field, Text string }

// ID is the id of the field's input.
func (e FieldError) ID() string { return Field{Name: e.Field}.ID() }

// Note is what a person wrote down.
type Note struct {
	Who, Text string
	At        Time
}

// Job is work that goes on: {{template "job" .}}.
type Job struct {
	What, By    string
	Done, Of    int64
	Text        string // "4,200 of 10,000"
	Ended       bool
	Stop, GoOn  string // where the buttons post to; "" for none
	Key         string
	Refresh     string // where the piece is read again while it has not ended
	StartedAt   Time
	FailureText string
}

// Fresh is a part that is read again while it has not ended. {{template "fresh" .}} goes around it.
type Fresh struct {
	ID    string // of its element
	From  string // where it is read
	Every time.Duration
	Ended bool
	AsOf  Time
	Body  template.HTML
}

// Trigger is htmx's.
func (f Fresh) Trigger() string { return "every " + strconv.Itoa(int(f.Every/time.Second)) + "s" }
