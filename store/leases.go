package store

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Leases keeps leases that one process holds at a time.
type Leases struct{ *core }

// HoldLease takes or renews a lease that one holder has at a time, until the given time, and reports whether the
// holder has it. It is free again when it lapses.
func (db Leases) HoldLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	rows, err := exec(ctx, db.writer, `
		INSERT INTO leases (name, holder, lease_until) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
		WHERE leases.holder = excluded.holder OR leases.lease_until <= ?`,
		name, holder, prepaid.Micros(until), prepaid.Micros(now))
	if err != nil {
		return false, fmt.Errorf("hold lease %s: %w", name, err)
	}
	return rows == 1, nil
}

// LeaseUntil tells until when somebody holds a lease; zero where nobody ever did.
func (db Leases) LeaseUntil(ctx context.Context, name string) (time.Time, error) {
	var until int64
	if _, err := get(ctx, db.reader, &until, `SELECT lease_until FROM leases WHERE name = ?`, name); err != nil {
		return time.Time{}, fmt.Errorf("read lease %s: %w", name, err)
	}
	return prepaid.FromMicros(until), nil
}
