package term

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

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
		for _, cell := range t.cells(row) {
			facts = append(facts, []string{heading(cell), second(cell)})
		}
	}
	lines := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, fact := range facts {
		fmt.Fprintln(lines, strings.Join(fact, "\t"))
	}
	return lines.Flush()
}
