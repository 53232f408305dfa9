package term

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestATableFitsItsTerminal(t *testing.T) {
	type row struct {
		Serial   string `json:"serial"`
		Reseller string `json:"reseller"`
		Why      string `json:"why"`
		Batch    string `json:"batch"`
		Amount   string `json:"amount"`
	}
	why := strings.Repeat("because ", 10)
	for columns, want := range map[int][]string{
		0:  {"serial  reseller  why" + strings.Repeat(" ", 79) + "batch  amount", "101-1             " + why + "  bcdf   10"},
		50: {"serial  why                         batch  amount", "101-1   because because because b…  bcdf   10"},
		43: {"serial  why                         amount", "101-1   because because because b…  10", "The terminal is too narrow for: batch; --format csv has all."},
		20: {"serial  amount", "101-1   10", "The terminal is too narrow for: why, batch; --format csv has all."},
		5:  {"serial  amount", "101-1   10", "The terminal is too narrow for: why, batch; --format csv has all."},
	} {
		var out bytes.Buffer
		table := NewTable[row](Env{Stdout: &out}, Output{}).Least("batch", "why")
		table.width = columns
		if err := table.Print([]row{{"101-1", "", why, "bcdf", "10"}}, nil); err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(strings.TrimSpace(out.String()), "\n"); !slices.Equal(got, want) {
			t.Errorf("%d columns: %q", columns, got)
		}
	}
}

func TestTheLastColumnIsWhole(t *testing.T) {
	type row struct {
		What  string `json:"what"`
		Found string `json:"found"`
	}
	long := strings.Repeat("abcde", 8)
	var out bytes.Buffer
	table := NewTable[row](Env{Stdout: &out}, Output{})
	table.width = 60
	if err := table.Print([]row{{long, long}}, nil); err != nil {
		t.Fatal(err)
	}
	if want := "what                        found\n" + long[:25] + "…  " + long + "\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
}

func TestARecordIsAFactALine(t *testing.T) {
	type row struct {
		Key   string `json:"key"`
		Since string `json:"used_since"`
	}
	for format, want := range map[string]string{
		"text": "key         k\nused since  today\n",
		"json": `{"key":"k","used_since":"today"}` + "\n",
	} {
		var out bytes.Buffer
		if err := NewTable[row](Env{Stdout: &out}, Output{Format: format}).Record(row{"k", "today"}, nil); err != nil || out.String() != want {
			t.Errorf("%s: %v %q", format, err, out.String())
		}
	}
	var out bytes.Buffer
	err := NewTable[orderFacts](Env{Stdout: &out}, Output{}).Record(orderFacts{}, nil)
	if want := "order      B\nattempt 1  charge  done\nattempt 2  c       held\n"; err != nil || out.String() != want {
		t.Errorf("%v %q", err, out.String())
	}
}

type orderFacts struct{}

func (orderFacts) Facts() [][]string {
	return [][]string{{"order", "B"}, {"attempt 1", "charge", "done"}, {"attempt 2", "c", "held"}}
}

type named struct {
	Name string `json:"name"`
}

type used struct {
	named
	Count int        `json:"count"`
	Used  *time.Time `json:"used_at"`
	Why   []string   `json:"why,omitempty"`
	own   int
}

// shown is a row that says itself what people see of it.
type shown struct{ used }

func (s shown) Cells() [][2]string {
	state := "fine"
	if s.own > 0 {
		state = "bad"
	}
	return [][2]string{{"name", s.Name}, {"used_at", textOf(reflect.ValueOf(s.Used))}, {"state", state}}
}

func TestATableHasThreeFormats(t *testing.T) {
	at := time.Date(2026, 11, 30, 4, 0, 0, 0, time.UTC)
	rows := []shown{{used{named{"a&b"}, 2, &at, []string{"late", "lost"}, 1}}, {used{named{"c"}, 0, nil, nil, 0}}}
	red := map[string]string{"bad": "\x1b[31m"}
	for format, want := range map[string]string{
		"":     "name  used at               state\na&b   2026-11-30T04:00:00Z  \x1b[31mbad\x1b[0m\nc                           fine\n",
		"csv":  "name,count,used_at,why\na&b,2,2026-11-30T04:00:00Z,late; lost\nc,0,,\n",
		"json": `{"name":"a&b","count":2,"used_at":"2026-11-30T04:00:00Z","why":["late","lost"]}` + "\n" + `{"name":"c","count":0,"used_at":null}` + "\n",
	} {
		var out bytes.Buffer
		table := NewTable[shown](Env{Stdout: &out}, Output{Format: format}).Paint("state", red)
		table.colour = true
		err := table.Print(rows, nil)
		if got := out.String(); err != nil || got != want {
			t.Errorf("%s: %v\n%q\n%q", format, err, got, want)
		}
	}
	var out bytes.Buffer
	if err := NewTable[used](Env{Stdout: &out}, Output{}).Print([]used{rows[1].used}, nil); err != nil || out.String() != "name  count  used at  why\nc     0\n" {
		t.Errorf("a row that says nothing of itself: %v %q", err, out.String())
	}
	for format, want := range map[string]string{"text": "Nothing found.\n", "csv": "name,count,used_at,why\n", "json": ""} {
		var out bytes.Buffer
		if err := NewTable[shown](Env{Stdout: &out}, Output{Format: format}).Print(nil, nil); err != nil || out.String() != want {
			t.Errorf("%s: %v %q", format, err, out.String())
		}
	}
	broken := errors.New("broken")
	if err := NewTable[shown](Env{Stdout: &out}, Output{}).Print(nil, broken); !errors.Is(err, broken) {
		t.Errorf("the call has failed: %v", err)
	}
}

// lamp is a row that may need somebody.
type lamp struct {
	Name string `json:"name"`
	Dark bool   `json:"dark"`
}

func (l lamp) Failing() bool { return l.Dark }

func TestATableWithARowThatFailsIsPrintedWholeAndAnError(t *testing.T) {
	for _, format := range []string{"text", "json", "csv"} {
		var out bytes.Buffer
		err := NewTable[lamp](Env{Stdout: &out}, Output{Format: format}).Print([]lamp{{"a", true}, {"b", false}}, nil)
		if !errors.Is(err, ErrFailing) || !strings.Contains(out.String(), "b") {
			t.Errorf("%s: %v, %q", format, err, out.String())
		}
		if err := NewTable[lamp](Env{Stdout: &out}, Output{Format: format}).Print([]lamp{{"b", false}}, nil); err != nil {
			t.Errorf("%s, none fails: %v", format, err)
		}
	}
}

func TestAProgressBarFitsItsTerminal(t *testing.T) {
	for columns, want := range map[int]string{
		80: "exporting [###############...............] 5000000 of 10000000",
		50: "exporting [########.........] 5000000 of 10000000",
		35: "exporting 5000000 of 10000000",
		20: "exporting 5000000 o",
	} {
		got := barLine("exporting", 5_000_000, 10_000_000, columns)
		if got != want || len(got) >= columns {
			t.Errorf("%d columns: %q", columns, got)
		}
	}
	if got := barLine("importing", 5000, 0, 80); got != "importing: 5000 checked" {
		t.Error(got)
	}
}

func TestAChatShowsAnswersAndNewsUntilItEnds(t *testing.T) {
	broken := errors.New("broken")
	for _, each := range []struct {
		typed string
		want  []string
		err   error
	}{
		{"one\n\n  two\n /quit \nthree\n", []string{"said one", "said   two"}, nil},
		{"one", []string{"said one"}, nil},
		{"one\nfails\nthree\n", []string{"said one"}, broken},
	} {
		var out bytes.Buffer
		asked := 0
		err := Env{Stdin: strings.NewReader(each.typed), Stdout: &out}.Chat(t.Context(), Partner{
			Say: func(_ context.Context, line string) ([]string, error) {
				if line == "fails" {
					return []string{"never shown"}, broken
				}
				return []string{"said " + line}, nil
			},
			News: func(context.Context) ([]string, error) {
				if asked++; asked > 1 {
					return []string{"never shown"}, errors.New("passed over")
				}
				return []string{"news"}, nil
			},
			Every: time.Millisecond,
		})
		got := strings.Split(strings.TrimSpace(out.String()), "\n")
		told := slices.Contains(got, "news")
		got = slices.DeleteFunc(got, func(line string) bool { return line == "news" })
		if !errors.Is(err, each.err) || !slices.Equal(got, each.want) || each.err == nil && !told {
			t.Errorf("%q: %v, shown %q, news %v", each.typed, err, got, told)
		}
	}
}

func TestAChatTellsNewsWhileNothingIsTyped(t *testing.T) {
	typed, typing := io.Pipe()
	var out bytes.Buffer
	asked := 0
	err := Env{Stdin: typed, Stdout: &out}.Chat(t.Context(), Partner{
		News: func(context.Context) ([]string, error) {
			if asked++; asked == 3 {
				_ = typing.Close()
			}
			return []string{"news"}, nil
		},
		Every: time.Millisecond,
	})
	if err != nil || strings.Count(out.String(), "news\n") < 3 {
		t.Errorf("%v: %q", err, out.String())
	}
}
