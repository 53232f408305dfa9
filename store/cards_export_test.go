package store

import (
	"context"

	"pulsa/cards"
)

// What the tests explain.
const ReserveCardSQL = reserveCard

// Statement is one of a page's.
type Statement struct {
	Query string
	Args  []any
}

// ListCardsSQL are the statements that a page is read by.
func ListCardsSQL(db *DB, f cards.Filter, by cards.Sort, descending bool, beyond *cards.Key, n int) []Statement {
	var all []Statement
	for _, part := range db.stretches(f, by, descending, beyond) {
		query, args := part.query(n)
		all = append(all, Statement{query, args})
	}
	return all
}

// Again begins a chunk anew where the database undid it.
func Again(ctx context.Context, chunk func() error) error { return retryDeadlock(ctx, chunk) }
