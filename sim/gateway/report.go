package gateway

import (
	"context"
	"fmt"
	"iter"
	"time"

	"pulsa/payments"
	simbook "pulsa/sim/book"
)

// OpenBook reads the book of a gateway that may be running in another process, for audits and reports. What
// the gateway returned is asked to do is not kept.
func OpenBook(c Config) (*Gateway, error) {
	g := &Gateway{c: c}
	book, err := simbook.Read(c.Book, g.apply)
	if err != nil {
		return nil, fmt.Errorf("simulated gateway: %w", err)
	}
	g.book = book
	return g, nil
}

// Movements reports what was charged, refunded and returned from one time until before another.
func (g *Gateway) Movements(_ context.Context, from, to time.Time) iter.Seq2[payments.Movement, error] {
	return func(yield func(payments.Movement, error) bool) {
		for m := range MovementsOf(g.Charged(Filter{}), g.Refunded(Filter{}), g.Returned(Filter{}), from, to) {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// MovementsOf reports those of the entries of a book that are from one time until before another.
func MovementsOf(charged, refunded, returned []Entry, from, to time.Time) iter.Seq[payments.Movement] {
	return func(yield func(payments.Movement) bool) {
		for kind, entries := range map[payments.MovementKind][]Entry{
			payments.MovedCharge: charged, payments.MovedRefund: refunded, payments.MovedReturn: returned,
		} {
			for _, e := range entries {
				if !e.At.Before(from) && e.At.Before(to) &&
					!yield(payments.Movement{Kind: kind, Reference: e.Reference, Amount: e.Amount, At: e.At}) {
					return
				}
			}
		}
	}
}
