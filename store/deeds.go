package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Deeds keeps the record: what operators did, to what, and why. Rows are only ever added; the details about a customer are erased
// with them.
type Deeds struct{ *core }

var (
	_ operators.DeedStore   = Deeds{}
	_ operators.DeedReader  = Deeds{}
	_ operators.RecordStore = Deeds{}
	_ topup.Deeds           = Deeds{}
)

// deedRow is a deed as it is kept. Details is a digest of what deed_details holds.
type deedRow struct {
	prepaid.Deed
	Details string
}

// toldDeed is a deed with what came of it, as it is read.
type toldDeed struct {
	deedRow
	Outcome string
	EndedAt time.Time
	Told    string // of a customer, where that was asked for
}

type deedDetailsRow struct{ Brand, Deed, About, Salt string }

var (
	deedTable     = newTable[deedRow]("deeds", names{"Old": "old_value", "New": "new_value", "About": "-", "Of": "outcome_of", "From": "origin"})
	toldDeedTable = newTable[toldDeed]("deeds", names{"Old": "old_value", "New": "new_value", "About": "-", "Of": "outcome_of", "From": "origin",
		"Outcome": "outcome,join", "EndedAt": "ended_at,join", "Told": "told,join"})
	deedDetailsTable = newTable[deedDetailsRow]("deed_details", nil)
)

// onlyWhoAndWhy are the columns of a prepaid.By in tables that are no record: their deed tells the rest.
func onlyWhoAndWhy(exceptions names) names {
	all := names{"Role": "-", "From": "-", "ApprovedBy": "-", "Operation": "-"}
	for field, column := range exceptions {
		all[field] = column
	}
	return all
}

// Record implements operators.DeedStore.
func (db Deeds) Record(ctx context.Context, d prepaid.Deed) error {
	return db.write(ctx, "record deed", func(tx *sqlx.Tx) error { return recordDeed(ctx, tx, d) })
}

// Carried implements operators.DeedStore.
func (db Deeds) Carried(ctx context.Context, operation string) (bool, error) {
	found, err := get(ctx, db.reader, new(int), `SELECT 1 FROM deeds WHERE operation = ? AND operation <> ''`, operation)
	if err != nil {
		return false, fmt.Errorf("look for operation: %w", err)
	}
	return found, nil
}

// selectDeeds reads deeds, each with what came of it: the deeds that tell that are no rows of their own.
var (
	selectDeeds = `
	SELECT ` + deedTable.of("d") + `, COALESCE(o.new_value, '') AS outcome, COALESCE(o.at, 0) AS ended_at
	FROM deeds d LEFT JOIN deeds o ON o.outcome_of = d.id AND o.outcome_of <> '' AND o.brand = d.brand
	WHERE d.outcome_of = ''`
	// selectDeedsAbout also reads what they say of customers.
	selectDeedsAbout = strings.Replace(strings.Replace(selectDeeds, " AS ended_at", " AS ended_at, COALESCE(x.about, '') AS told", 1),
		"WHERE", "LEFT JOIN deed_details x ON x.brand = d.brand AND x.deed = d.id WHERE", 1)
)

func (r toldDeed) recorded() operators.RecordedDeed {
	d := operators.RecordedDeed{Deed: r.Deed, Outcome: r.Outcome, EndedAt: r.EndedAt}
	d.About = r.Told
	if r.EndedAt.IsZero() && r.New != prepaid.Begun {
		d.Outcome, d.EndedAt = operators.DeedDone, r.At
	}
	return d
}

// Of implements operators.DeedReader.
func (db Deeds) Of(ctx context.Context, o operators.Object) ([]operators.RecordedDeed, error) {
	rows, err := toldDeedTable.query(ctx, db.reader, selectDeeds+` AND d.kind = ? AND d.object = ? AND d.brand = ? ORDER BY d.at, d.id`, o.Kind, o.ID, o.Brand)
	if err != nil {
		return nil, fmt.Errorf("read deeds: %w", err)
	}
	return recorded(rows), nil
}

func recorded(rows []toldDeed) []operators.RecordedDeed {
	deeds := make([]operators.RecordedDeed, len(rows))
	for i, r := range rows {
		deeds[i] = r.recorded()
	}
	return deeds
}

// List implements operators.RecordStore. Each filter has an index that is in the order of the list.
func (db Deeds) List(ctx context.Context, f operators.DeedFilter) ([]operators.RecordedDeed, error) {
	var c conditions
	brands := make([]any, len(f.Brands))
	for i, b := range f.Brands {
		brands[i] = b
	}
	for _, narrow := range []struct { // what leaves the fewest deeds comes first
		use       bool
		condition string
		values    []any
	}{
		{f.Object != "", "d.object = ?", []any{f.Object}},
		{f.Kind != "", "d.kind = ?", []any{f.Kind}},
		{f.From != "", "d.origin = ?", []any{f.From}},
		{f.Who != "", "d.who = ?", []any{f.Who}},
		{f.What != "", "d.what = ?", []any{f.What}},
		{len(brands) > 0, "d.brand IN (" + marks(len(brands)) + ")", brands},
	} {
		if !narrow.use {
			continue
		}
		first := len(c.text) == 0 || len(c.text) == 1 && f.Object != "" && f.Kind != ""
		if db.dialect == SQLite && (!first || len(narrow.values) > 1) {
			narrow.condition = "+" + narrow.condition // SQLite keeps no statistics
		}
		c.add(narrow.condition, narrow.values...)
	}
	c.add("d.at >= ?", prepaid.Micros(f.Since))
	if !f.Until.IsZero() {
		c.add("d.at < ?", prepaid.Micros(f.Until))
	}
	if f.After.ID != "" {
		c.add("(d.at, d.id) < (?, ?)", prepaid.Micros(f.After.At), f.After.ID)
	}
	query := selectDeeds
	if f.About {
		query = selectDeedsAbout
	}
	rows, err := toldDeedTable.query(ctx, db.reader, query+" AND "+strings.Join(c.text, " AND ")+" ORDER BY d.at DESC, d.id DESC LIMIT ?", append(c.args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list deeds: %w", err)
	}
	return recorded(rows), nil
}

// recordDeed writes a deed in the transaction of its operation. An empty ID is filled in. prepaid.ErrDone: there is a deed of the same
// operation. What came of a deed, a deed of its own, belongs to no operation.
func recordDeed(ctx context.Context, tx *sqlx.Tx, d prepaid.Deed) error {
	if d.ID == "" {
		d.ID = prepaid.NewID[string]()
	}
	row := deedRow{Deed: d}
	details := deedDetailsRow{Brand: d.Brand, Deed: d.ID, About: d.About, Salt: rand.Text()}
	if d.About != "" {
		row.Details = details.digest()
	}
	if d.Of != "" {
		row.Operation = ""
	}
	rows, err := deedTable.insert(ctx, tx, row, `ON CONFLICT (operation) WHERE operation <> '' DO NOTHING`)
	switch {
	case err != nil:
		return err
	case rows == 0:
		return prepaid.ErrDone
	case d.About == "":
		return nil
	}
	_, err = deedDetailsTable.insert(ctx, tx, details, "")
	return err
}

// digest is what a deed keeps of its details once they are erased. Whoever lacks the salt can't guess them.
func (d deedDetailsRow) digest() string {
	sum := sha256.Sum256([]byte(d.Salt + "\n" + d.About))
	return hex.EncodeToString(sum[:])
}
