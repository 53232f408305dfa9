package scratch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pulsa/store"
)

// Rows are all rows of a store, by table, each as its columns' values.
type Rows map[string][]Row

// Row is one row. The columns of a table are in the same order in all its rows.
type Row struct {
	Columns []string
	Values  []any // int64, string, bool, []byte
}

// String is the row on one line.
func (r Row) String() string {
	var line strings.Builder
	for i, name := range r.Columns {
		fmt.Fprintf(&line, "%s=%v ", name, r.Values[i])
	}
	return line.String()
}

// Dump reads every row of every table, but those of the migrations.
func Dump(ctx context.Context, db *store.DB) (Rows, error) {
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose%'`
	if db.Dialect() == store.Postgres {
		query = `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
			AND relname NOT LIKE 'goose%'`
	}
	var tables []string
	if err := db.Writer().SelectContext(ctx, &tables, query); err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	all := Rows{}
	for _, table := range tables {
		rows, err := readTable(ctx, db, table)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", table, err)
		}
		all[table] = rows
	}
	return all, nil
}

func readTable(ctx context.Context, db *store.DB, table string) ([]Row, error) {
	rows, err := db.Writer().QueryxContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all []Row
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			return nil, err
		}
		all = append(all, Row{columns, values})
	}
	return all, rows.Err()
}

// Beyond lists, a line each, what stands in these rows and not in those before, and the other way round, but for some tables.
func (r Rows) Beyond(before Rows, but ...string) (lines []string) {
	count := map[string]int{}
	for sign, rows := range map[int]Rows{1: r, -1: before} {
		for table, all := range rows {
			if slices.Contains(but, table) {
				continue
			}
			for _, row := range all {
				count[table+": "+row.String()] += sign
			}
		}
	}
	for line, n := range count {
		switch {
		case n > 0:
			lines = append(lines, "+ "+line)
		case n < 0:
			lines = append(lines, "- "+line)
		}
	}
	slices.Sort(lines)
	return lines
}
