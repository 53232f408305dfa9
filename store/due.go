package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

// NextOutbound tells when the next pushed message is to be sent, or its lease lapses, whichever is later; zero for none. One
// that an earlier message of its address keeps waiting is due when that is: else whoever waits for it would never rest.
func (db Outbox) NextOutbound(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.orderReader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0)
		FROM outbox o WHERE o.status = 'waiting' AND NOT EXISTS (
			SELECT 1 FROM outbox former
			WHERE former.status = 'waiting' AND former.brand = o.brand AND former.channel = o.channel
			  AND former.address = o.address AND former.seq < o.seq)`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next outbound message: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// recoverOrders lets those orders of a customer be declined at once that wait for an earlier holder of the number to
// authenticate; all others run on. A recovery calls it once it has raised customers.holder. Orders that are being
// moved just now are left to whoever moves them, see enterConfirming: waiting for them would be a deadlock.
func (db Customers) recoverOrders(ctx context.Context, tx *sqlx.Tx, c prepaid.CustomerID, now time.Time) error {
	_, err := exec(ctx, tx, `
		UPDATE orders SET run_at = ? WHERE id IN (
			SELECT id FROM orders WHERE customer = ? AND funding_kind = 'charge' AND status = 'confirming'`+db.skipLocked+`)`,
		prepaid.Micros(now), c)
	if err != nil {
		return fmt.Errorf("orders to be confirmed: %w", err)
	}
	return nil
}

// enterConfirming makes an order due at once that comes to wait for an earlier holder of its customer's number.
func (db Orders) enterConfirming(ctx context.Context, tx *sqlx.Tx, row *topup.Order, at time.Time) error {
	var holder int // shared: a recovery that is under way is waited for
	found, err := get(ctx, tx, &holder, `SELECT holder FROM customers WHERE id = ?`+db.forShare, row.Customer)
	if err != nil || !found {
		return err
	}
	former, err := get(ctx, tx, new(int), `SELECT 1 FROM charges WHERE order_id = ? AND holder > 0 AND holder < ?`, row.ID, holder)
	if former {
		row.RunAt = at
	}
	return err
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
