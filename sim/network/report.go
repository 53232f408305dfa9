package network

import (
	"context"
	"fmt"
	"iter"
	"time"

	simbook "pulsa/sim/book"
	"pulsa/topup"
)

// OpenBook reads the book of a network that may be running in another process, for audits and reports. What
// the network returned is asked to do is not kept.
func OpenBook(c Config) (*Network, error) {
	n := empty(c)
	book, err := simbook.Read(c.Book, n.apply)
	if err != nil {
		return nil, fmt.Errorf("simulated network: %w", err)
	}
	n.book = book
	return n, nil
}

// Deliveries reports what was delivered from one time until before another.
func (n *Network) Deliveries(_ context.Context, from, to time.Time) iter.Seq2[topup.Delivery, error] {
	return func(yield func(topup.Delivery, error) bool) {
		for _, e := range n.Delivered(Filter{}) {
			if !e.At.Before(from) && e.At.Before(to) &&
				!yield(topup.Delivery{Reference: e.Reference, NetworkRef: e.NetworkRef, Amount: e.Amount, At: e.At}, nil) {
				return
			}
		}
	}
}
