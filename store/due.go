package store

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// NextOutbound tells when the next pushed message is to be sent, or its lease lapses, whichever is later; zero for none.
func (db *DB) NextOutbound(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.reader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0)
		FROM outbox WHERE status = 'waiting' OR status = 'sending'`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next outbound message: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// OpenOrders counts the orders that have not come to an end and were created at or before a time, by brand and
// status.
func (db *DB) OpenOrders(ctx context.Context, createdBefore time.Time) (map[string]map[topup.Status]int, error) {
	var rows []struct {
		Brand  string       `db:"brand"`
		Status topup.Status `db:"status"`
		Count  int          `db:"count"`
	}
	err := db.reader.SelectContext(ctx, &rows, db.reader.Rebind(`
		SELECT brand, status, COUNT(*) AS count FROM orders
		WHERE run_at > 0 AND created_at <= ? GROUP BY brand, status`), prepaid.Micros(createdBefore))
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
