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

// Look implements operators.OrderReader.
func (db Orders) Look(ctx context.Context, f operators.OrderFilter, n int) (at operators.OrderCursor, err error) {
	f.OrderSieve, f.DownTo, f.Limit = operators.OrderSieve{}, operators.OrderCursor{}, 1
	rest, args := db.listing(f)
	var row struct {
		CreatedAt int64 `db:"created_at"`
		ID        prepaid.OrderID
	}
	found, err := get(ctx, db.orderReader, &row, `SELECT created_at, id FROM orders `+rest+` OFFSET ?`, append(args, n-1)...)
	if err != nil || !found {
		return at, err
	}
	return operators.OrderCursor{CreatedAt: prepaid.FromMicros(row.CreatedAt), ID: row.ID}, nil
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
	since := f.Since
	if f.DownTo.CreatedAt.After(since) {
		since = f.DownTo.CreatedAt // an index takes one time, not a time with an id
	}
	c.add("created_at >= ?", prepaid.Micros(since))
	if !f.Until.IsZero() {
		c.add("created_at < ?", prepaid.Micros(f.Until))
	}
	if f.After.ID != "" {
		c.add("(created_at, id) < (?, ?)", prepaid.Micros(f.After.CreatedAt), f.After.ID)
	}
	if f.DownTo.ID != "" {
		c.add("(created_at, id) >= (?, ?)", prepaid.Micros(f.DownTo.CreatedAt), f.DownTo.ID)
	}
	for _, sieve := range []struct {
		column string
		value  any
		use    bool
	}{
		{"reason", f.Reason, f.Reason != ""}, {"reply_channel", f.Channel, f.Channel != ""}, {"network", f.Network, f.Network != ""},
		{"funding_kind", f.Funding, f.Funding != ""}, {"minor", f.Minor, f.Minor != 0},
	} {
		if sieve.use {
			c.add(sieve.column+" = ?", sieve.value)
		}
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
