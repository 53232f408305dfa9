package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
)

// conditions is a WHERE clause being put together, with ? placeholders.
type conditions struct {
	text []string
	args []any
}

func (c *conditions) add(text string, args ...any) {
	c.text = append(c.text, text)
	c.args = append(c.args, args...)
}

// span adds the limits of a time, of a column that is 0 where there is none.
func (c *conditions) span(column string, s cards.Span) {
	if s.Zero() {
		return
	}
	c.add(column + " > 0") // what the indexes of such columns promise
	if !s.From.IsZero() {
		c.add(column+" >= ?", prepaid.Micros(s.From))
	}
	if !s.To.IsZero() {
		c.add(column+" < ?", prepaid.Micros(s.To))
	}
}

func (c *conditions) where() string { return " WHERE " + strings.Join(c.text, " AND ") }

// matching are the conditions of a filter.
func matching(f cards.Filter) *conditions {
	c := &conditions{}
	c.add("brand = ?", f.Brand)
	if f.Series != "" {
		c.add("series = ?", f.Series)
	}
	if f.From != "" {
		_, number, _ := cards.SplitSerial(f.From)
		c.add("number >= ?", number)
	}
	if f.To != "" {
		_, number, _ := cards.SplitSerial(f.To)
		c.add("number <= ?", number)
	}
	if f.Batch != "" {
		c.add("batch = ?", f.Batch)
	}
	if !f.Amount.Zero() {
		c.add("minor = ? AND currency = ?", f.Amount.Minor, f.Amount.Currency)
	}
	if f.Reseller != "" {
		c.add("reseller = ? AND reseller <> ''", f.Reseller)
	}
	if f.Customer != "" {
		c.add("activated_by = ? AND activated_by <> ''", f.Customer)
	}
	c.span("created_at", f.Created)
	c.span("expires_at", f.Expires)
	c.span("activated_at", f.Activated)
	c.statuses(f)
	if f.Unexported {
		c.add("export = ''")
	}
	if f.Whole {
		c.add(`batch NOT IN (SELECT id FROM card_jobs WHERE brand = ? AND state <> 'done' AND kind IN ('generate', 'import'))`, f.Brand)
	}
	return c
}

// statuses adds the states that are searched for, expired ones apart as people see them.
func (c *conditions) statuses(f cards.Filter) {
	if len(f.Statuses) == 0 {
		return
	}
	now := prepaid.Micros(f.Now)
	const valid = "(expires_at = 0 OR expires_at > ?)"
	var any conditions
	for _, status := range f.Statuses {
		switch status {
		case cards.ShownNew:
			any.add("(state = 'reserved' OR (state IN ('generated', 'live') AND "+valid+"))", now)
		case cards.ShownActivated:
			any.add("state = 'spent'")
		case cards.ShownExpired:
			any.add("(state IN ('generated', 'live', 'locked') AND expires_at > 0 AND expires_at <= ?)", now)
		case cards.OnlyReserved, cards.ShownVoid:
			any.add("state = ?", string(status))
		default:
			any.add("(state = ? AND "+valid+")", string(status), now)
		}
	}
	c.add("("+strings.Join(any.text, " OR ")+")", any.args...)
}

// column is what a sort begins with; "" by serial.
func sortColumn(by cards.Sort) string {
	switch by {
	case cards.ByCreated:
		return "created_at"
	case cards.ByExpires:
		return "expires_at"
	case cards.ByActivated:
		return "activated_at"
	case cards.ByAmount:
		return "minor"
	case cards.BySeller:
		return "reseller"
	}
	return ""
}

// after adds the limit of a page in the order of serials: what comes after a key. PostgreSQL guesses from the first
// column of a comparison of rows how many there are, so that a series that is known is left out.
func (c *conditions) after(f cards.Filter, descending bool, key *cards.Key) {
	than := comparison(descending)
	if f.Series != "" {
		c.add("(number, serial)"+than+"(?, ?)", key.Number, key.Serial)
		return
	}
	c.add("(series, number, serial)"+than+"(?, ?, ?)", key.Series, key.Number, key.Serial)
}

func comparison(descending bool) string {
	if descending {
		return " < "
	}
	return " > "
}

func orderBy(column string, descending bool) string {
	columns := []string{"series", "number", "serial"}
	if column != "" {
		columns = append([]string{column}, columns...)
	}
	direction := ""
	if descending {
		direction = " DESC"
	}
	return " ORDER BY " + strings.Join(columns, direction+", ") + direction
}

// stretch is part of a listing: one range of one index, in its order.
type stretch struct {
	*conditions
	order string
}

// ListCards implements cards.Shelf.
func (db Cards) ListCards(ctx context.Context, f cards.Filter, by cards.Sort, descending bool, beyond *cards.Key, n int) ([]cards.Card, error) {
	found := make([]cards.Card, 0, n)
	for _, part := range db.stretches(f, by, descending, beyond) {
		query, args := part.query(n - len(found))
		rows, err := cardTable.query(ctx, db.reader, query, args...)
		if err != nil {
			return nil, fmt.Errorf("list cards: %w", err)
		}
		found = append(found, rows...)
		if len(found) == n {
			break
		}
	}
	return found, nil
}

func (s stretch) query(n int) (string, []any) {
	return `SELECT ` + cardTable.columns + ` FROM cards` + s.where() + s.order + ` LIMIT ?`, append(slices.Clone(s.args), n)
}

// stretches divide a listing so that each page is read from where it begins, however the cards are spread: those
// that equal the key in what is sorted by, and then the others.
func (db *core) stretches(f cards.Filter, by cards.Sort, descending bool, beyond *cards.Key) []stretch {
	if by == cards.ByStatus {
		return db.statusStretches(f, descending, beyond)
	}
	fit := func() *conditions {
		c := matching(f)
		if by == cards.ByExpires || by == cards.ByActivated {
			c.add(sortColumn(by) + " > 0")
		}
		return c
	}
	return db.sorted(f, sortColumn(by), fit, descending, beyond)
}

func (db *core) sorted(f cards.Filter, column string, fit func() *conditions, descending bool, beyond *cards.Key) []stretch {
	all := stretch{fit(), orderBy(column, descending)}
	if column != "" && db.dialect == SQLite {
		all.unindexed("series = ?") // a series that is known would keep it from seeing that the index is in order
	}
	if beyond == nil {
		return []stretch{all}
	}
	if column == "" {
		all.after(f, descending, beyond)
		return []stretch{all}
	}
	var key any = beyond.At
	if column == "reseller" {
		key = beyond.Text
	}
	equal := stretch{fit(), orderBy("", descending)}
	equal.add(column+" = ?", key)
	equal.after(f, descending, beyond)
	all.add(column+comparison(descending)+"?", key)
	return []stretch{equal, all}
}

// unindexed keeps a condition from being looked for in an index; SQLite's plus does it.
func (c *conditions) unindexed(text string) {
	if i := slices.Index(c.text, text); i >= 0 {
		c.text[i] = "+" + text
	}
}

// statusStretches go through the ranges of the order by status. Those of a status that is not searched for are left out,
// rather than read in vain.
func (db *core) statusStretches(f cards.Filter, descending bool, beyond *cards.Key) []stretch {
	ranges := cards.StatusRanges()
	var parts []stretch
	for i := range ranges {
		key := beyond
		if descending {
			i = len(ranges) - 1 - i
		}
		switch {
		case !ranges[i].Fits(f.Statuses), key != nil && i < key.Range && !descending, key != nil && i > key.Range && descending:
			continue
		case key != nil && i != key.Range:
			key = nil
		}
		column := "expires_at"
		if ranges[i].Expiry == cards.Never {
			column = ""
		}
		parts = append(parts, db.sorted(f, column, func() *conditions { return inRange(f, ranges[i]) }, descending, key)...)
	}
	return parts
}

func inRange(f cards.Filter, r cards.StatusRange) *conditions {
	now := prepaid.Micros(f.Now)
	f.Statuses = nil
	c := matching(f)
	c.add("state = ?", string(r.State))
	switch r.Expiry {
	case cards.Never:
		c.add("expires_at = 0")
	case cards.Later:
		c.add("expires_at > ?", now)
	case cards.Past:
		c.add("expires_at > 0 AND expires_at <= ?", now)
	}
	return c
}

type countRow struct {
	Group    string `db:"grp"`
	Currency prepaid.Currency
	State    cards.State
	Expired  bool
	Cards    int64
	Minor    int64
}

// groupColumn is the column that a report is divided by.
func groupColumn(by cards.Group) string {
	switch by {
	case cards.BySeries:
		return "series"
	case cards.ByReseller:
		return "reseller"
	case cards.ByCodeLength:
		return fmt.Sprintf("CAST(length(ciphertext) - %d AS TEXT)", sealOverhead)
	}
	return "''"
}

// CountCards implements cards.Shelf.
func (db Cards) CountCards(ctx context.Context, f cards.Filter, by cards.Group) ([]cards.Count, error) {
	c := matching(f)
	var rows []countRow
	err := list(ctx, db.reader, &rows, `
		SELECT grp, currency, state, expired, COUNT(*) AS cards, CAST(SUM(minor) AS BIGINT) AS minor
		FROM (SELECT `+groupColumn(by)+` AS grp, currency, state, minor,
				state NOT IN ('reserved', 'spent', 'void') AND expires_at > 0 AND expires_at <= ? AS expired
			FROM cards`+c.where()+`) AS found
		GROUP BY grp, currency, state, expired ORDER BY grp, currency, state, expired`,
		append([]any{prepaid.Micros(f.Now)}, c.args...)...)
	if err != nil {
		return nil, fmt.Errorf("count cards: %w", err)
	}
	counts := make([]cards.Count, len(rows))
	for i, r := range rows {
		counts[i] = cards.Count{Group: r.Group, Currency: r.Currency, State: r.State, Expired: r.Expired, Sum: cards.Sum{Cards: r.Cards, Minor: r.Minor}}
	}
	return counts, nil
}

// chunkKeys are the first and last of the next n cards of a job.
type chunkKeys struct {
	first, last cards.Key
	n           int
}

type keyRow struct {
	Series string
	Number int64
	Serial string
}

func (k keyRow) key() cards.Key {
	return cards.Key{Series: k.Series, Number: k.Number, Serial: k.Serial}
}

// cardSearch says which cards a job deals with at once: n at most, in these states.
type cardSearch struct {
	cards.Filter
	states []cards.State
	n      int
}

// nextKeys finds the next cards that fit beyond a key. The conditions that it returns besides mean exactly
// what fits from there up to the last of them.
func nextKeys(ctx context.Context, tx *sqlx.Tx, s cardSearch, after cards.Key) (chunkKeys, *conditions, error) {
	find, change := matching(s.Filter), matching(s.Filter)
	for _, c := range []*conditions{find, change} {
		c.states(s.states)
		if after.Serial != "" {
			c.after(s.Filter, false, &after)
		}
	}
	var rows []keyRow
	err := list(ctx, tx, &rows, `SELECT series, number, serial FROM cards`+find.where()+orderBy("", false)+` LIMIT ?`, append(find.args, s.n)...)
	if err != nil || len(rows) == 0 {
		return chunkKeys{}, nil, err
	}
	keys := chunkKeys{first: rows[0].key(), last: rows[len(rows)-1].key(), n: len(rows)}
	if s.Series != "" {
		change.add("(number, serial) <= (?, ?)", keys.last.Number, keys.last.Serial)
	} else {
		change.add("(series, number, serial) <= (?, ?, ?)", keys.last.Series, keys.last.Number, keys.last.Serial)
	}
	return keys, change, nil
}

// states adds the states that may be touched.
func (c *conditions) states(states []cards.State) {
	marks := make([]string, len(states))
	args := make([]any, len(states))
	for i, state := range states {
		marks[i], args[i] = "?", string(state)
	}
	c.add("state IN ("+strings.Join(marks, ", ")+")", args...)
}
