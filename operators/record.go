package operators

import (
	"context"
	"time"

	"pulsa/prepaid"
)

// RecordedDeed is a deed with what came of it.
type RecordedDeed struct {
	prepaid.Deed
	Outcome string // "" while it has not ended; DeedDone of what was done at once
	EndedAt time.Time
}

// DeedDone is the outcome of a deed that was done at once.
const DeedDone = "done"

// DeedDebtPaid is the deed that takes a customer's block away because they have paid their debt.
const DeedDebtPaid = "unlock, debt paid"

// DeedReader reads the record.
type DeedReader interface {
	// Of lists what was done to an object, oldest first.
	Of(ctx context.Context, o Object) ([]RecordedDeed, error)
}

// DeedRow is a deed as the page of its object shows it.
type DeedRow struct {
	What    string    `json:"what"`
	Who     string    `json:"who"`
	Why     string    `json:"why"`
	At      time.Time `json:"at"`
	Old     string    `json:"old,omitempty"`
	New     string    `json:"new,omitempty"`
	Outcome string    `json:"outcome"` // "": it has not ended
}

func deedRows(done []RecordedDeed) []DeedRow {
	rows := make([]DeedRow, len(done))
	for i, d := range done {
		rows[i] = DeedRow{What: d.What, Who: d.Who, Why: d.Why, At: d.At, Old: d.Old, Outcome: d.Outcome}
		if d.New != prepaid.Begun {
			rows[i].New = d.New
		}
	}
	return rows
}
