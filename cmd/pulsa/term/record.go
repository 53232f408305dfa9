package term

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Record prints one row alone. Its text has a line for each column.
func (t *Table[T]) Record(row T) error {
	facts := make([][]string, len(t.columns))
	for i, c := range t.columns {
		facts[i] = []string{heading(c.name), c.text(row)}
	}
	return t.RecordOf(row, facts)
}

// RecordResult is Record of what a call has returned, if that is no error.
func (t *Table[T]) RecordResult(row T, err error) error {
	if err != nil {
		return err
	}
	return t.Record(row)
}

// RecordOf is Record with a text of its own, a fact a line: a label, and what is said under it in columns.
func (t *Table[T]) RecordOf(row T, facts [][]string) error {
	if t.format != "text" {
		return t.Print([]T{row})
	}
	lines := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, fact := range facts {
		fmt.Fprintln(lines, strings.Join(fact, "\t"))
	}
	return lines.Flush()
}
