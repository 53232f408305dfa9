package store

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
)

// What the law wants to see for ten years is deleted after them. The database's triggers refuse it any sooner.

// oldOrders are a brand's orders that ended, and whose money last moved, before a time. An order whose news still waits for somebody is left.
const oldOrders = `
	SELECT o.id, o.created_at FROM orders o
	WHERE o.brand = ? AND o.created_at < ? AND o.status_at < ? AND o.run_at = 0 AND NOT o.needs_human
	  AND NOT EXISTS (SELECT 1 FROM charges c WHERE c.brand = o.brand AND c.order_id = o.id AND c.changed_at >= ?)
	  AND NOT EXISTS (SELECT 1 FROM developer_deliveries d WHERE d.brand = o.brand AND d.order_id = o.id AND d.ordered_at = o.created_at)
	  AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.brand = o.brand AND n.ordered_at = o.created_at AND n.order_id = o.id)
	ORDER BY o.created_at LIMIT ?`

// forgetOrders deletes about n of a brand's orders with all that belongs to them but the ledger.
func forgetOrders(ctx context.Context, db Retention, brand string, before time.Time, n int) (int, error) {
	at := prepaid.Micros(before)
	return db.deleteOld(ctx, oldOrders, []any{brand, at, at, at, n}, func(tx *sqlx.Tx, ids []string, first, last int64) error {
		for _, table := range []string{"order_history", "attempts"} {
			err := execIn(ctx, tx, `DELETE FROM `+table+` WHERE brand = ? AND ordered_at >= ? AND ordered_at <= ? AND order_id IN (?)`, brand, first, last, ids)
			if err != nil {
				return err
			}
		}
		for _, table := range []string{"charges", "pin_details", "developer_sales"} {
			if err := execIn(ctx, tx, `DELETE FROM `+table+` WHERE brand = ? AND order_id IN (?)`, brand, ids); err != nil {
				return err
			}
		}
		return execIn(ctx, tx, `DELETE FROM orders WHERE brand = ? AND id IN (?)`, brand, ids)
	})
}

// oldMandates are a brand's mandates that were agreed to before a time, of customers who pay by none any more and have no order by one.
const oldMandates = `
	SELECT m.setup AS id, m.agreed_at AS created_at FROM mandates m JOIN payment_setups s ON s.brand = m.brand AND s.id = m.setup
	WHERE m.brand = ? AND m.agreed_at < ? AND m.run_at = 0 AND m.sealed = '' AND s.status <> 'open' AND s.created_at < ?
	  AND NOT EXISTS (SELECT 1 FROM instruments i WHERE i.brand = m.brand AND i.customer = m.customer AND i.active AND i.by_text)
	  AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer = m.customer AND o.brand = m.brand AND o.funding_method = 'sepa')
	ORDER BY m.agreed_at LIMIT ?`

// forgetMandates deletes about n of a brand's mandates, each with the setup that it was made in.
func forgetMandates(ctx context.Context, db Retention, brand string, before time.Time, n int) (int, error) {
	at := prepaid.Micros(before)
	return db.deleteOld(ctx, oldMandates, []any{brand, at, at, n}, func(tx *sqlx.Tx, setups []string, _, _ int64) error {
		if err := execIn(ctx, tx, `DELETE FROM mandates WHERE brand = ? AND setup IN (?)`, brand, setups); err != nil {
			return err
		}
		return execIn(ctx, tx, `DELETE FROM payment_setups WHERE brand = ? AND id IN (?)`, brand, setups)
	})
}

// deleteOld finds the ids of what is old by a query, the oldest first, and deletes them in the same transaction. first and last are the
// times of the oldest and the youngest.
func (db Retention) deleteOld(ctx context.Context, query string, args []any, del func(tx *sqlx.Tx, ids []string, first, last int64) error) (int, error) {
	var old []struct {
		ID        string
		CreatedAt int64 `db:"created_at"`
	}
	if err := list(ctx, db.reader, &old, query, args...); err != nil || len(old) == 0 { // most often there are none
		return 0, err
	}
	err := db.write(ctx, "delete", func(tx *sqlx.Tx) error {
		old = nil
		if err := list(ctx, tx, &old, query, args...); err != nil || len(old) == 0 {
			return err
		}
		ids := make([]string, len(old))
		for i, o := range old {
			ids[i] = o.ID
		}
		return del(tx, ids, old[0].CreatedAt, old[len(old)-1].CreatedAt)
	})
	return len(old), err
}

// oldestInLedger is when a brand's oldest ledger entry was made; 0 where there is none. PostgreSQL's is looked for month by month.
func (db Retention) oldestInLedger(ctx context.Context, brand string) (at int64, err error) {
	const query = `SELECT COALESCE(MIN(ordered_at), 0) FROM ledger_entries WHERE brand = ?`
	if db.dialect != Postgres {
		_, err := get(ctx, db.reader, &at, query, brand)
		return at, err
	}
	tables, err := Partitions(db).tables(ctx)
	if err != nil {
		return 0, err
	}
	entries := tables[slices.IndexFunc(tables, func(t partitioned) bool { return t.Table == "ledger_entries" })]
	for _, name := range entries.Months {
		month, wrong := time.Parse("ledger_entries_2006_01", name)
		if wrong != nil { // the default partition, which is empty but for a while
			continue
		}
		_, err := get(ctx, db.reader, &at, query+` AND ordered_at >= ? AND ordered_at < ?`, brand, prepaid.Micros(month), prepaid.Micros(month.AddDate(0, 1, 0)))
		if err != nil || at > 0 {
			return at, err
		}
	}
	return 0, nil
}
