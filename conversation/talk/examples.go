package talk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// table is what stands under "examples:": the story runs once for each row.
type table struct {
	pos
	names []string
	rows  [][]string
	at    []pos // of the rows
}

// add takes one line of the table; the first names the columns.
func (t *table) add(l line, p *problems) {
	cells, closed := cutCells(l.text)
	if !closed {
		p.add(l.pos, "a table row that does not end with |", `write | 10 | 1234 |, and \| for a plain |`)
		return
	}
	if t.names == nil {
		t.names = cells
		for i, name := range cells {
			if name == "" {
				p.add(l.pos, "a column without a name", "write | amount | pin |")
			} else if slices.Contains(cells[:i], name) {
				p.add(l.pos, fmt.Sprintf("two columns are called %q", name), "give each its own name")
			}
		}
		return
	}
	if len(cells) != len(t.names) {
		p.add(l.pos, fmt.Sprintf("a row of %d cells under %d columns", len(cells), len(t.names)),
			"write one cell for each of "+strings.Join(t.names, ", "))
		return
	}
	t.rows = append(t.rows, cells)
	t.at = append(t.at, l.pos)
}

// cutCells reads | a | b |. A backslash makes the next | plain and is otherwise left for the line that
// the cell is put into.
func cutCells(text string) (cells []string, closed bool) {
	var cell strings.Builder
	text = text[1:]
	closed = text == ""
	for i := 0; i < len(text); i++ {
		closed = false
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '|':
			cell.WriteByte('|')
			i++
		case text[i] == '\\' && i+1 < len(text):
			cell.WriteString(text[i : i+2])
			i++
		case text[i] == '|':
			cells = append(cells, strings.TrimSpace(cell.String()))
			cell.Reset()
			closed = true
		default:
			cell.WriteByte(text[i])
		}
	}
	return cells, closed && len(cells) > 0
}

var placeholder = regexp.MustCompile(`<([\pL\pN_-]+)>`)

// check finds a table without rows, and <names> that are a column's but for a typing mistake.
func (t *table) check(lines []line, p *problems) {
	if t.names == nil {
		p.add(t.pos, "examples: without a table", "put it on the lines under it: a row of names like | amount |, then a row for each run")
		return
	}
	if len(t.rows) == 0 {
		p.add(t.pos, "a table without rows", "write a row for each run under the names")
	}
	used := map[string]bool{}
	strange := map[string]pos{}
	for _, l := range lines {
		for _, found := range placeholder.FindAllStringSubmatch(l.text, -1) {
			used[found[1]] = true
			if _, seen := strange[found[1]]; !seen && !slices.Contains(t.names, found[1]) {
				strange[found[1]] = l.pos
			}
		}
	}
	unused := slices.DeleteFunc(slices.Clone(t.names), func(name string) bool { return used[name] })
	for name, at := range strange {
		if near := nearest(name, unused); near != "" {
			p.add(at, fmt.Sprintf("no column is called %q", name), fmt.Sprintf("did you mean <%s>?", near))
		}
	}
}

// filler replaces <name> by the cells of one row.
func (t *table) filler(row int) *strings.Replacer {
	pairs := make([]string, 0, 2*len(t.names))
	for i, name := range t.names {
		pairs = append(pairs, "<"+name+">", t.rows[row][i])
	}
	return strings.NewReplacer(pairs...)
}
