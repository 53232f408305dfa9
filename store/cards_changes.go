package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
)

// changeWidth is how many consecutive serials a row of card_changes covers at most.
const changeWidth = 1000

// changeRow is a run of cards that a job has changed, and that were alike before.
type changeRow struct {
	Brand       string
	Series      string
	Width       int // digits of the serials' numbers
	FirstNumber int64
	LastNumber  int64
	At          time.Time
	Job         cards.JobID
	State       cards.State
	Reseller    string
	ExpiresAt   time.Time
}

var changeTable = newTable[changeRow]("card_changes", nil)

// recordChanges writes down what cards were before a chunk changes them, a row for each run of those that were alike.
func recordChanges(ctx context.Context, tx *sqlx.Tx, c cards.Chunk, before []cards.Card) error {
	for _, run := range changeRuns(c, before) {
		if _, err := changeTable.insert(ctx, tx, run, ""); err != nil {
			return fmt.Errorf("record changes of cards: %w", err)
		}
	}
	return nil
}

func changeRuns(c cards.Chunk, before []cards.Card) (runs []changeRow) {
	var rows []changeRow
	for _, card := range before {
		series, number, ok := cards.SplitSerial(card.Serial)
		if !ok {
			continue // no serial that we make or take in
		}
		rows = append(rows, changeRow{card.Brand, series, len(card.Serial) - len(series) - 1, number, number, c.Now, c.Job.ID, card.State, card.Reseller, card.ExpiresAt})
	}
	slices.SortFunc(rows, func(a, b changeRow) int {
		if a.Series != b.Series {
			return strings.Compare(a.Series, b.Series)
		}
		if a.Width != b.Width {
			return a.Width - b.Width
		}
		return int(a.FirstNumber - b.FirstNumber)
	})
	for _, r := range rows {
		if n := len(runs) - 1; n >= 0 {
			last := &runs[n]
			next := *last
			next.FirstNumber, next.LastNumber = r.FirstNumber, r.LastNumber
			if next == r && last.LastNumber+1 == r.FirstNumber && r.FirstNumber-last.FirstNumber < changeWidth {
				last.LastNumber = r.LastNumber
				continue
			}
		}
		runs = append(runs, r)
	}
	return runs
}

// CardChanges implements cards.Jobs.
func (db CardJobs) CardChanges(ctx context.Context, brand, serial string) ([]cards.CardChange, error) {
	series, number, _ := cards.SplitSerial(serial)
	rows, err := changeTable.list(ctx, db.reader, `
		WHERE brand = ? AND series = ? AND last_number >= ? AND last_number < ? AND first_number <= ? AND width = ? ORDER BY at, job`,
		brand, series, number, number+changeWidth, number, len(serial)-len(series)-1)
	if err != nil {
		return nil, fmt.Errorf("changes of a card: %w", err)
	}
	changes := make([]cards.CardChange, len(rows))
	for i, r := range rows {
		changes[i] = cards.CardChange{At: r.At, Job: r.Job, State: r.State, Reseller: r.Reseller, ExpiresAt: r.ExpiresAt}
	}
	return changes, nil
}
