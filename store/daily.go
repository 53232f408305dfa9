package store

import (
	"context"
	"fmt"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Daily reads the figures of a day. What it reads grows with the day, and not with what there ever was.
type Daily struct{ *core }

var _ operators.DailyStore = Daily{}

// anHour is in microseconds.
const anHour = int64(time.Hour / time.Microsecond)

// OrdersSince implements operators.DailyStore.
func (db Daily) OrdersSince(ctx context.Context, since time.Time) ([]operators.OrderCount, error) {
	var rows []struct {
		Brand    string
		Hour     int64
		Status   topup.Status
		Reason   string
		Network  string
		Currency prepaid.Currency
		Count    int
		Cost     int64
	}
	// Expressions: SQLite would rather read all in the order of brands than the last while.
	err := list(ctx, db.orderReader, &rows, `
		SELECT brand || '' AS brand, created_at / ? AS hour, status || '' AS status, CASE WHEN status = 'declined' THEN reason ELSE '' END AS reason,
			network, cost_currency AS currency, COUNT(*) AS count, CAST(SUM(CASE WHEN status = 'delivered' THEN cost_minor ELSE 0 END) AS BIGINT) AS cost
		FROM orders WHERE created_at >= ? GROUP BY 1, 2, 3, 4, 5, 6`, anHour, prepaid.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("count orders: %w", err)
	}
	counts := make([]operators.OrderCount, len(rows))
	for i, r := range rows {
		counts[i] = operators.OrderCount{Brand: r.Brand, Hour: prepaid.FromMicros(r.Hour * anHour), Status: r.Status, Reason: r.Reason, Network: r.Network, Count: r.Count,
			Cost: prepaid.Money{Minor: r.Cost, Currency: r.Currency}}
	}
	return counts, nil
}

// HeldNow implements operators.DailyStore.
func (db Daily) HeldNow(ctx context.Context) ([]operators.HeldCount, error) {
	var rows []struct {
		Brand, Reason string
		Count         int
		Oldest        int64
	}
	err := list(ctx, db.orderReader, &rows, `
		SELECT brand || '' AS brand, reason, COUNT(*) AS count, MIN(status_at) AS oldest FROM orders WHERE status = 'held' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("count held orders: %w", err)
	}
	counts := make([]operators.HeldCount, len(rows))
	for i, r := range rows {
		counts[i] = operators.HeldCount{Brand: r.Brand, Reason: r.Reason, Count: r.Count, Oldest: prepaid.FromMicros(r.Oldest)}
	}
	return counts, nil
}

// LockedNow implements operators.DailyStore.
func (db Daily) LockedNow(ctx context.Context, now time.Time) ([]operators.LockCount, error) {
	var counts []operators.LockCount
	err := list(ctx, db.reader, &counts, `
		SELECT brand, CAST(SUM(pin) AS BIGINT) AS pin, CAST(SUM(codes) AS BIGINT) AS codes FROM (
			SELECT brand || '' AS brand, 1 AS pin, 0 AS codes FROM customers
			WHERE (pin_hard_locked OR pin_locked_until > 0) AND (pin_hard_locked OR pin_locked_until > ?) AND status <> 'erased'
			UNION ALL
			SELECT brand || '', 0, 1 FROM card_tries WHERE locked_until > 0 AND locked_until > ?
		) AS locked GROUP BY brand ORDER BY brand`, prepaid.Micros(now), prepaid.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("count locks: %w", err)
	}
	return counts, nil
}
