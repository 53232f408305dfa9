package scratch

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"

	"pulsa/store"
)

// multiplied are the tables whose rows are copied, each after those that it refers to. Cards are none of them: a series knows how many it has.
var multiplied = []string{
	"customers", "customer_addresses", "opt_outs", "instruments", "payment_setups", "mandates", "orders", "order_history", "attempts", "charges",
	"ledger_entries", "ledger_postings", "notices", "outbox", "deeds",
}

// Story is what one customer has left in a store: rows that can be copied.
type Story struct {
	rows    Rows
	numbers []string // the customer's, "+31610123456", in all their forms
	ids     []string
}

var (
	anID     = regexp.MustCompile(`\b(?:[bcdfghjklmnpqrstvwxz]{20}|[bcdfghjklmnpqrstvwxz]{32}|[BCDFGHJKLMNPQRSTVWXZ]{10}|[BCDFGHJKLMNPQRSTVWXZ]{3}-[BCDFGHJKLMNPQRSTVWXZ]{3}-[BCDFGHJKLMNPQRSTVWXZ]{4}|[0-9a-f]{32,64})\b|/[\w-]{24}/`)
	aNumber  = regexp.MustCompile(`316\d{8}`)
	notATime = regexp.MustCompile(`^(run_at|.*_until|expires_at|tell_at)$`)
)

// StoryOf is what was added to a store since before: one customer's doings.
func StoryOf(before, after Rows) Story {
	s := Story{rows: Rows{}}
	known, seen := map[string]bool{}, map[string]bool{} // lines; ids and numbers
	for _, rows := range before {
		for _, row := range rows {
			line := row.String()
			known[line] = true
			for _, id := range anID.FindAllString(line, -1) {
				seen[id] = true // it belongs to all
			}
		}
	}
	for _, table := range multiplied {
		for _, row := range after[table] {
			if known[row.String()] {
				continue
			}
			s.rows[table] = append(s.rows[table], row)
			line := row.String()
			for _, id := range anID.FindAllString(line, -1) {
				if !seen[id] {
					seen[id] = true
					s.ids = append(s.ids, id)
				}
			}
			for _, number := range aNumber.FindAllString(line, -1) {
				if !seen[number] {
					seen[number] = true
					s.numbers = append(s.numbers, number)
				}
			}
		}
	}
	slices.Sort(s.ids)
	return s
}

// Orders is how many orders the story has.
func (s Story) Orders() int { return len(s.rows["orders"]) }

// Most is how often a story can be copied: the customer's number has six digits of its own.
const Most = 900_000

// Copies says how often a story is copied.
type Copies struct {
	Story
	Times int
}

// Multiply copies stories: each copy is another customer's, with other ids and another number, and a while before the story itself, within
// the span. What is to be worked on is due in a month: nobody touches the copies.
func Multiply(ctx context.Context, db *store.DB, all []Copies, span time.Duration) error {
	conn, err := db.Writer().Connx(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, table := range multiplied {
		if err := multiply(ctx, conn, db.Dialect(), table, all, span); err != nil {
			return fmt.Errorf("multiply %s: %w", table, err)
		}
	}
	_, err = conn.ExecContext(ctx, "ANALYZE")
	return err
}

func multiply(ctx context.Context, conn *sqlx.Conn, dialect store.Dialect, table string, all []Copies, span time.Duration) error {
	i := slices.IndexFunc(all, func(c Copies) bool { return len(c.rows[table]) > 0 })
	if i < 0 {
		return nil
	}
	columns := all[i].rows[table][0].Columns
	kept := slices.DeleteFunc(slices.Clone(columns), func(name string) bool { return name == "seq" }) // the database numbers it
	next := func(yield func([]any) bool) {
		for _, c := range all {
			var made []template
			for _, row := range c.rows[table] {
				made = append(made, templateOf(row, c.Story))
			}
			for k := 1; k <= c.Times; k++ {
				earlier := span.Microseconds() / int64(c.Times+1) * int64(k)
				words := c.words(k)
				for _, t := range made {
					if !yield(t.row(words, earlier)) {
						return
					}
				}
			}
		}
	}
	if dialect == store.SQLite {
		return insertRows(ctx, conn, table, kept, next)
	}
	return copyRows(ctx, conn, table, kept, next)
}

func copyRows(ctx context.Context, conn *sqlx.Conn, table string, columns []string, next func(func([]any) bool)) error {
	rows, stopped := make(chan []any, 1000), make(chan struct{})
	go func() {
		defer close(rows)
		next(func(row []any) bool {
			select {
			case rows <- row:
				return true
			case <-stopped:
				return false
			}
		})
	}()
	defer close(stopped)
	return conn.Raw(func(c any) error {
		_, err := c.(interface{ PGX() *pgx.Conn }).PGX().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) { return <-rows, nil }))
		return err
	})
}

func insertRows(ctx context.Context, conn *sqlx.Conn, table string, columns []string, next func(func([]any) bool)) error {
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	insert, err := tx.PreparexContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES (?"+strings.Repeat(", ?", len(columns)-1)+")")
	if err != nil {
		return err
	}
	defer insert.Close()
	next(func(row []any) bool {
		_, err = insert.ExecContext(ctx, row...)
		return err == nil
	})
	if err != nil {
		return err
	}
	return tx.Commit()
}

// words are what a copy has in the place of the story's ids and numbers.
func (s Story) words(k int) []string {
	words := make([]string, 0, len(s.ids)+len(s.numbers))
	for _, id := range s.ids {
		words = append(words, otherID(id, k))
	}
	for _, number := range s.numbers {
		own, _ := strconv.Atoi(number[5:])
		words = append(words, fmt.Sprintf("%s%06d", number[:5], (own+k)%1_000_000))
	}
	return words
}

// otherID is the k-th id after this one, in the same letters.
func otherID(id string, k int) string {
	if strings.HasPrefix(id, "/") { // the digest in an operation key
		return fmt.Sprintf("%s%07d/", id[:18], k)
	}
	letters := "bcdfghjklmnpqrstvwxz"
	switch {
	case strings.ContainsAny(id, "0123456789"): // a hash
		letters = "0123456789abcdef"
	case strings.ToUpper(id) == id:
		letters = strings.ToUpper(letters)
	}
	out := []byte(id)
	for i := len(out) - 1; i >= 0 && k > 0; i-- {
		if out[i] == '-' {
			continue
		}
		k += strings.IndexByte(letters, out[i])
		out[i] = letters[k%len(letters)]
		k /= len(letters)
	}
	return string(out)
}

// template is a row, cut where ids and numbers stand.
type template []cell

type cell struct {
	value any
	text  []string // around the words
	words []int    // which stand between them
	shift bool     // a time, that a copy has earlier
	later bool     // a time at which something is due
}

var month = (30 * 24 * time.Hour).Microseconds()

func templateOf(row Row, s Story) template {
	var t template
	for i, name := range row.Columns {
		if name == "seq" {
			continue
		}
		c := cell{value: row.Values[i]}
		switch v := c.value.(type) {
		case int64:
			isTime := v > 1_500_000_000_000_000
			c.shift, c.later = isTime && !notATime.MatchString(name), isTime && notATime.MatchString(name)
			if c.later {
				c.value = v + month
			}
		case string:
			if name != "details" { // a digest, which is checked
				c.cut(v, s)
			}
		}
		t = append(t, c)
	}
	return t
}

func (c *cell) cut(text string, s Story) {
	for text != "" {
		first, which, word := len(text), -1, ""
		for i, w := range slices.Concat(s.ids, s.numbers) {
			if at := strings.Index(text, w); at >= 0 && (at < first || at == first && len(w) > len(word)) {
				first, which, word = at, i, w
			}
		}
		c.text = append(c.text, text[:first])
		if which < 0 {
			return
		}
		c.words = append(c.words, which)
		text = text[first+len(word):]
	}
}

func (t template) row(words []string, earlier int64) []any {
	row := make([]any, len(t))
	for i, c := range t {
		switch {
		case c.shift:
			row[i] = c.value.(int64) - earlier
		case len(c.words) > 0:
			var text strings.Builder
			for n, w := range c.words {
				text.WriteString(c.text[n])
				text.WriteString(words[w])
			}
			if len(c.text) > len(c.words) {
				text.WriteString(c.text[len(c.words)])
			}
			row[i] = text.String()
		default:
			row[i] = c.value
		}
	}
	return row
}
