package store

import (
	"context"
	"fmt"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// List implements operators.OrderReader.
func (db Orders) List(ctx context.Context, f operators.OrderFilter) ([]topup.Order, error) {
	rest, args := db.listing(f)
	orders, err := orderTable.list(ctx, db.orderReader, rest, args...)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return orders, nil
}

// listing follows the name of the table where a page of orders is read. Each filter has an index that is in the order of the list.
func (db *core) listing(f operators.OrderFilter) (rest string, args []any) {
	var c conditions
	for _, narrow := range []struct { // what leaves the fewest orders comes first
		use       bool
		condition string
		values    []any
	}{
		{f.Customer != "", "customer = ?", []any{f.Customer}},
		{f.MSISDN != "", "msisdn = ?", []any{f.MSISDN}},
		{f.NeedsHuman, "needs_human", nil},
		{f.Open, "run_at > 0", nil},
		{f.Status != "", "status = ?", []any{f.Status}},
		{f.Brand != "", "brand = ?", []any{f.Brand}},
	} {
		if !narrow.use {
			continue
		}
		if len(c.text) > 0 && db.dialect == SQLite {
			narrow.condition = "+" + narrow.condition // SQLite keeps no statistics: it would as soon go by brand
		}
		c.add(narrow.condition, narrow.values...)
	}
	c.add("created_at >= ?", prepaid.Micros(f.Since))
	if f.After.ID != "" {
		c.add("(created_at, id) < (?, ?)", prepaid.Micros(f.After.CreatedAt), f.After.ID)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return c.where() + " ORDER BY created_at DESC, id DESC LIMIT ?", append(c.args, f.Limit)
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
