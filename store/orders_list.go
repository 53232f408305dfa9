package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// List implements operators.OrderReader.
func (db Orders) List(ctx context.Context, f operators.OrderFilter) ([]topup.Order, error) {
	where, args := []string{"created_at >= ?"}, []any{prepaid.Micros(f.Since)}
	add := func(use bool, condition string, values ...any) {
		if use {
			where, args = append(where, condition), append(args, values...)
		}
	}
	add(f.Brand != "", "brand = ?", f.Brand)
	add(f.Status != "", "status = ?", f.Status)
	add(f.MSISDN != "", "msisdn = ?", f.MSISDN)
	add(f.Customer != "", "customer = ?", f.Customer)
	add(f.Open, "run_at > 0")
	add(f.NeedsHuman, "needs_human")
	if f.Limit == 0 {
		f.Limit = 50
	}
	orders, err := orderTable.list(ctx, db.orderReader, `WHERE `+strings.Join(where, " AND ")+`
		ORDER BY created_at DESC, id LIMIT ?`, append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return orders, nil
}

var passageTable = newTable[operators.Passage]("order_history", names{"From": "from_status", "To": "to_status"})

// Passages implements operators.OrderReader.
func (db Orders) Passages(ctx context.Context, id prepaid.OrderID) ([]operators.Passage, error) {
	passages, err := passageTable.list(ctx, db.orderReader, `WHERE `+ofOrderID+` ORDER BY number`, id)
	if err != nil {
		return nil, fmt.Errorf("read order's history: %w", err)
	}
	return passages, nil
}

// OpenOrders counts the orders that have not come to an end and were created at or before a time, by brand and
// status. Those that wait until their debit has settled, as they should, are not among them.
func (db Orders) OpenOrders(ctx context.Context, createdBefore time.Time) (map[string]map[topup.Status]int, error) {
	var rows []struct {
		Brand  string
		Status topup.Status
		Count  int
	}
	err := list(ctx, db.orderReader, &rows, `
		SELECT brand, status, COUNT(*) AS count FROM orders
		WHERE run_at > 0 AND created_at <= ? AND NOT (after_debit AND status = 'charging' AND NOT in_flight AND NOT needs_human)
		GROUP BY brand, status`, prepaid.Micros(createdBefore))
	if err != nil {
		return nil, fmt.Errorf("count open orders: %w", err)
	}
	counts := map[string]map[topup.Status]int{}
	for _, r := range rows {
		if counts[r.Brand] == nil {
			counts[r.Brand] = map[topup.Status]int{}
		}
		counts[r.Brand][r.Status] = r.Count
	}
	return counts, nil
}
