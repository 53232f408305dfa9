package term

import (
	"bytes"
	"context"
	"errors"
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
		if err := table.Print([]row{{"101-1", "", why, "bcdf", "10"}}); err != nil {
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
	if err := table.Print([]row{{long, long}}); err != nil {
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
		if err := NewTable[row](Env{Stdout: &out}, Output{Format: format}).Record(row{"k", "today"}); err != nil || out.String() != want {
			t.Errorf("%s: %v %q", format, err, out.String())
		}
	}
	var out bytes.Buffer
	facts := [][]string{{"order", "B"}, {"attempt 1", "charge", "done"}, {"attempt 2", "c", "held"}}
	err := NewTable[row](Env{Stdout: &out}, Output{}).RecordOf(row{}, facts)
	if want := "order      B\nattempt 1  charge  done\nattempt 2  c       held\n"; err != nil || out.String() != want {
		t.Errorf("%v %q", err, out.String())
	}
}

func TestATableHasThreeFormats(t *testing.T) {
	type named struct {
		Name string `json:"name"`
	}
	type row struct {
		named
		Count int        `json:"count"`
		Used  *time.Time `json:"used_at"`
		Why   []string   `json:"why,omitempty"`
		own   int
	}
	at := time.Date(2026, 11, 30, 4, 0, 0, 0, time.UTC)
	rows := []row{{named{"a&b"}, 2, &at, []string{"late", "lost"}, 1}, {named{"c"}, 0, nil, nil, 0}}
	for format, want := range map[string]string{
		"":     "name  used at               state\na&b   2026-11-30T04:00:00Z  \x1b[31mbad\x1b[0m\nc                           fine\n",
		"csv":  "name,count,used_at,why\na&b,2,2026-11-30T04:00:00Z,late; lost\nc,0,,\n",
		"json": `{"name":"a&b","count":2,"used_at":"2026-11-30T04:00:00Z","why":["late","lost"]}` + "\n" + `{"name":"c","count":0,"used_at":null}` + "\n",
	} {
		var out bytes.Buffer
		err := NewTable[row](Env{Stdout: &out}, Output{Format: format}).Columns("name", "used_at", "state").Show("state", func(r row) string {
			if r.own > 0 {
				return Paint("bad", "\x1b[31m")
			}
			return "fine"
		}).Print(rows)
		if got := out.String(); err != nil || got != want {
			t.Errorf("%s: %v\n%q\n%q", format, err, got, want)
		}
	}
	for format, want := range map[string]string{"text": "Nothing found.\n", "csv": "name,count,used_at,why\n", "json": ""} {
		var out bytes.Buffer
		if err := NewTable[row](Env{Stdout: &out}, Output{Format: format}).Columns("name").Print(nil); err != nil || out.String() != want {
			t.Errorf("%s: %v %q", format, err, out.String())
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
		{"one\n\n  two\n /quit \nthree\n", []string{"news", "said   two", "said one"}, nil},
		{"one", []string{"news", "said one"}, nil},
		{"one\nfails\nthree\n", []string{"news", "said one"}, broken},
	} {
		var out bytes.Buffer
		told, asked := make(chan struct{}), 0
		err := Env{Stdin: strings.NewReader(each.typed), Stdout: &out}.Chat(t.Context(), Partner{
			Say: func(_ context.Context, line string) ([]string, error) {
				<-told
				if line == "fails" {
					return []string{"never shown"}, broken
				}
				return []string{"said " + line}, nil
			},
			News: func(context.Context) ([]string, error) {
				switch asked++; asked {
				case 1:
					return nil, errors.New("passed over")
				case 2:
					return []string{"news"}, nil
				case 3:
					close(told)
				}
				return nil, nil
			},
			Every: time.Millisecond,
		})
		got := strings.Split(strings.TrimSpace(out.String()), "\n")
		slices.Sort(got)
		if !errors.Is(err, each.err) || !slices.Equal(got, each.want) {
			t.Errorf("%q: %v, shown %q", each.typed, err, got)
		}
	}
}
