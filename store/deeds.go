package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	_ operators.DeedStore  = Deeds{}
	_ operators.DeedReader = Deeds{}
	_ topup.Deeds          = Deeds{}
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
}

type deedDetailsRow struct{ Brand, Deed, About, Salt string }

var (
	deedTable     = newTable[deedRow]("deeds", names{"Old": "old_value", "New": "new_value", "About": "-", "Of": "outcome_of", "From": "origin"})
	toldDeedTable = newTable[toldDeed]("deeds", names{"Old": "old_value", "New": "new_value", "About": "-", "Of": "outcome_of", "From": "origin",
		"Outcome": "outcome,join", "EndedAt": "ended_at,join"})
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
var selectDeeds = `
	SELECT ` + deedTable.of("d") + `, COALESCE(o.new_value, '') AS outcome, COALESCE(o.at, 0) AS ended_at
	FROM deeds d LEFT JOIN deeds o ON o.outcome_of = d.id AND o.outcome_of <> '' AND o.brand = d.brand
	WHERE d.outcome_of = ''`

func (r toldDeed) recorded() operators.RecordedDeed {
	d := operators.RecordedDeed{Deed: r.Deed, Outcome: r.Outcome, EndedAt: r.EndedAt}
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
	deeds := make([]operators.RecordedDeed, len(rows))
	for i, r := range rows {
		deeds[i] = r.recorded()
	}
	return deeds, nil
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
