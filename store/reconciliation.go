package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Reconciliation holds the ledger against what providers report.
type Reconciliation struct{ *core }

// Booked lists what the ledger booked with payment providers and networks from one time until before another,
// oldest first. A delivery counts what the customer bought, whatever it cost us. What a provider has no part
// in, top-up cards and what was paid back by other means, is not listed.
func (db Reconciliation) Booked(ctx context.Context, from, to time.Time) ([]operators.Booked, error) {
	var rows []struct {
		Kind     string
		Account  string
		Charge   string
		Brand    string
		Network  string
		Order    prepaid.OrderID `db:"order_id"`
		Currency prepaid.Currency
		Minor    int64
		At       int64
	}
	// The second posting of a delivery or reversal is what was bought; a third to the same account is its cost.
	err := list(ctx, db.orderReader, &rows, `
		SELECT e.kind, p.account, c.id AS charge, e.brand, o.network, e.order_id, p.currency, p.minor, e.at
		FROM ledger_entries e JOIN ledger_postings p ON `+entryOfPosting+`
			JOIN charges c ON c.brand = e.brand AND c.order_id = e.order_id JOIN orders o ON o.brand = e.brand AND o.id = e.order_id
		WHERE e.at >= ? AND e.at < ? AND (p.account LIKE 'psp:%' OR p.account = 'airtime_sold')
			AND NOT (p.account = 'airtime_sold' AND p.number <> 2)
		ORDER BY e.at, e.order_id, e.kind`, prepaid.Micros(from), prepaid.Micros(to))
	if err != nil {
		return nil, fmt.Errorf("read what was booked: %w", err)
	}
	booked := make([]operators.Booked, 0, len(rows))
	for _, r := range rows {
		b := operators.Booked{Provider: r.Account, Reference: r.Charge, Kind: r.Kind, Brand: r.Brand, Order: r.Order,
			Amount: prepaid.Money{Minor: max(r.Minor, -r.Minor), Currency: r.Currency}, At: prepaid.FromMicros(r.At)}
		switch r.Kind {
		case "capture":
			b.Kind = "charge"
		case "delivery", "reversal":
			b.Provider, b.Reference = "network:"+r.Network, string(r.Order)
		}
		booked = append(booked, b)
	}
	return booked, nil
}

var openItemTable = newTable[operators.OpenItem]("open_items", names{
	"Order": "order_id", "ClosedAt": "closed_at,read", "ClosedBy": "closed_by,read", "Reason": "reason,read",
})

// byReconciliation closes what no longer differs.
var byReconciliation = prepaid.By{Who: "reconcile", Why: "no longer differs"}

// SaveDifferences stores the differences found among what happened from one time until before another. Those
// that are stored already stay as they are, open or closed. Open ones of that time that are no longer found
// are closed.
func (db Reconciliation) SaveDifferences(ctx context.Context, found []operators.OpenItem, from, to, now time.Time) error {
	return db.writeOrders(ctx, "save differences", func(tx *sqlx.Tx) error {
		keep := map[string]bool{}
		for _, d := range found {
			if err := insertItem(ctx, tx, d, now); err != nil {
				return err
			}
			var id string
			_, err := get(ctx, tx, &id, `
				SELECT id FROM open_items WHERE provider = ? AND reference = ? AND kind = ? AND currency = ? AND ours = ? AND theirs = ?`,
				d.Provider, d.Reference, d.Kind, d.Currency, d.Ours, d.Theirs)
			if err != nil {
				return err
			}
			keep[id] = true
		}
		var open []string
		err := list(ctx, tx, &open, `SELECT id FROM open_items WHERE closed_at = 0 AND kind NOT IN ('wallet', 'dispute') AND happened_at >= ? AND happened_at < ?`,
			prepaid.Micros(from), prepaid.Micros(to))
		if err != nil {
			return err
		}
		for _, id := range open {
			if keep[id] {
				continue
			}
			if err := closeItem(ctx, tx, id, byReconciliation, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func insertItem(ctx context.Context, tx *sqlx.Tx, d operators.OpenItem, now time.Time) error {
	d.ID, d.FoundAt = prepaid.NewID[string](), now
	_, err := openItemTable.insert(ctx, tx, d, `ON CONFLICT (provider, reference, kind, currency, ours, theirs) DO UPDATE SET note = excluded.note`)
	return err
}

// SaveDispute stores a dispute of which we have no order, or its new Note. It stays open until somebody closes it.
func (db Reconciliation) SaveDispute(ctx context.Context, d operators.OpenItem, now time.Time) error {
	d.Kind = "dispute"
	return db.writeOrders(ctx, "save dispute", func(tx *sqlx.Tx) error { return insertItem(ctx, tx, d, now) })
}

// CloseItem closes an open item by hand; operators.ErrNoOpenItem.
func (db Reconciliation) CloseItem(ctx context.Context, id string, by prepaid.By, now time.Time) error {
	return db.writeOrders(ctx, "close open item", func(tx *sqlx.Tx) error {
		if err := closeItem(ctx, tx, id, by, now); err != nil {
			return err
		}
		var brand string // of the item's order, where it has one
		if _, err := get(ctx, tx, &brand, `SELECT o.brand FROM orders o JOIN open_items i ON i.order_id = o.id WHERE i.id = ?`, id); err != nil {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: brand, What: "close difference", Kind: prepaid.OnItem, Object: id, Old: "open", New: "closed", By: by, At: now})
	})
}

func closeItem(ctx context.Context, tx *sqlx.Tx, id string, by prepaid.By, now time.Time) error {
	rows, err := exec(ctx, tx, `UPDATE open_items SET closed_at = ?, closed_by = ?, reason = ? WHERE id = ? AND closed_at = 0`,
		prepaid.Micros(now), by.Who, by.Why, id)
	if err == nil && rows == 0 {
		err = operators.ErrNoOpenItem
	}
	return err
}

// OpenItems lists the open items, or also the closed ones, oldest first.
func (db Reconciliation) OpenItems(ctx context.Context, closed bool) ([]operators.OpenItem, error) {
	items, err := openItemTable.list(ctx, db.orderReader, `WHERE closed_at = 0 OR ? ORDER BY happened_at, id`, closed)
	if err != nil {
		return nil, fmt.Errorf("list open items: %w", err)
	}
	return items, nil
}
