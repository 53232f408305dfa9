package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pulsa/prepaid"
)

// Partitions makes and watches the months that PostgreSQL's tables are partitioned by. On SQLite, whose tables are whole, it finds nothing
// to do. Its functions in SQL run as the owner of the tables, who alone may do what they do.
type Partitions struct{ *core }

// monthsAtOnce bounds the months of strays that are made in one go; the rest is made in the next.
const monthsAtOnce = 100

// monthsAhead is how many months after the present one have their partitions made.
const monthsAhead = 3

// Strays are rows that came while the partition of their month was missing. The default partition has caught them.
type Strays struct {
	Table string
	Rows  int64
	First time.Time // of the oldest
}

// partitioned is a table with the months that it has, and the column that says the month.
type partitioned struct {
	Table    string
	ByColumn string
	Months   []string
}

func (db Partitions) tables(ctx context.Context) ([]partitioned, error) {
	var rows []struct {
		Table    string `db:"parent"`
		ByColumn string
		Month    string
	}
	err := list(ctx, db.reader, &rows, `
		SELECT t.relname AS parent, (partition_rule(t.relname)).by_column AS by_column, COALESCE(m.relname, '') AS month
		FROM pg_partitioned_table p JOIN pg_class t ON t.oid = p.partrelid
			LEFT JOIN pg_inherits i ON i.inhparent = t.oid LEFT JOIN pg_class m ON m.oid = i.inhrelid
		WHERE t.relnamespace = current_schema()::regnamespace ORDER BY parent, month`)
	if err != nil {
		return nil, err
	}
	var tables []partitioned
	for _, r := range rows {
		if n := len(tables); n == 0 || tables[n-1].Table != r.Table {
			tables = append(tables, partitioned{Table: r.Table, ByColumn: r.ByColumn})
		}
		last := &tables[len(tables)-1]
		last.Months = append(last.Months, r.Month)
	}
	return tables, nil
}

// Prepare makes the partitions of the present month and of the three that follow, where they are missing, and of every month whose rows
// the default partitions have caught. Those rows it moves, and returns: that there are any is an alarm. It may be called by many at once.
func (db Partitions) Prepare(ctx context.Context, now time.Time) ([]Strays, error) {
	if db.dialect != Postgres {
		return nil, nil
	}
	tables, err := db.tables(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare partitions: %w", err)
	}
	moved := map[string]Strays{}
	for range monthsAtOnce {
		var found []Strays
		if found, err = db.strays(ctx, tables); err != nil || len(found) == 0 {
			break
		}
		for _, s := range found {
			if s.Rows, err = db.makePartition(ctx, s.Table, s.First); err != nil {
				break
			}
			if before, ok := moved[s.Table]; ok {
				s.First, s.Rows = before.First, before.Rows+s.Rows
			}
			moved[s.Table] = s
		}
		if err != nil {
			break
		}
	}
	for _, t := range tables {
		for ahead := range monthsAhead + 1 {
			month := monthOf(now).AddDate(0, ahead, 0)
			if err == nil && !slices.Contains(t.Months, t.Table+month.Format("_2006_01")) {
				_, err = db.makePartition(ctx, t.Table, month)
			}
		}
	}
	var strays []Strays
	for _, t := range tables {
		if s := moved[t.Table]; s.Rows > 0 { // else another copy was quicker
			strays = append(strays, s)
		}
	}
	if err != nil {
		return strays, fmt.Errorf("prepare partitions: %w", err)
	}
	return strays, nil
}

func (db Partitions) makePartition(ctx context.Context, table string, at time.Time) (moved int64, err error) {
	_, err = get(ctx, db.writer, &moved, `SELECT make_partition(?, ?)`, table, prepaid.Micros(at))
	return moved, err
}

// Strays tells what the default partitions hold now.
func (db Partitions) Strays(ctx context.Context) ([]Strays, error) {
	if db.dialect != Postgres {
		return nil, nil
	}
	tables, err := db.tables(ctx)
	if err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	strays, err := db.strays(ctx, tables)
	if err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	return strays, nil
}

func (db Partitions) strays(ctx context.Context, tables []partitioned) ([]Strays, error) {
	var strays []Strays
	for _, t := range tables {
		var row struct {
			Rows  int64
			First int64
		}
		_, err := get(ctx, db.reader, &row, fmt.Sprintf(`SELECT COUNT(*) AS rows, COALESCE(MIN(%s), 0) AS first FROM %s_default`, t.ByColumn, t.Table))
		if err != nil {
			return nil, err
		}
		if row.Rows > 0 {
			strays = append(strays, Strays{t.Table, row.Rows, prepaid.FromMicros(row.First)})
		}
	}
	return strays, nil
}
