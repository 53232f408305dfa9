package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Interventions keeps what operators did to an order or a customer, who and why.
type Interventions struct{ *core }

var _ topup.Interventions = Interventions{}

var interventionTable = newTable[topup.Intervention]("interventions", names{"Order": "order_id"})

// SaveIntervention implements topup.Interventions.
func (db Interventions) SaveIntervention(ctx context.Context, i topup.Intervention) error {
	return db.writeOrders(ctx, "save intervention", func(tx *sqlx.Tx) error { return insertIntervention(ctx, tx, i) })
}

func insertIntervention(ctx context.Context, tx *sqlx.Tx, i topup.Intervention) error {
	_, err := interventionTable.insert(ctx, tx, i, "")
	return err
}

// EndIntervention implements topup.Interventions.
func (db Interventions) EndIntervention(ctx context.Context, id, outcome string, at time.Time) error {
	_, err := exec(ctx, db.writer, `UPDATE interventions SET outcome = ?, ended_at = ? WHERE id = ? AND ended_at = 0`,
		outcome, prepaid.Micros(at), id)
	if err != nil {
		return fmt.Errorf("end intervention: %w", err)
	}
	return nil
}

// List implements operators.InterventionReader.
func (db Interventions) List(ctx context.Context, o prepaid.OrderID, c prepaid.CustomerID) ([]topup.Intervention, error) {
	done, err := interventionTable.list(ctx, db.orderReader,
		`WHERE (order_id <> '' AND order_id = ?) OR (customer <> '' AND customer = ?) ORDER BY at, id`, o, c)
	if err != nil {
		return nil, fmt.Errorf("read interventions: %w", err)
	}
	return done, nil
}

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
	passages, err := passageTable.list(ctx, db.orderReader, `WHERE order_id = ? ORDER BY number`, id)
	if err != nil {
		return nil, fmt.Errorf("read order's history: %w", err)
	}
	return passages, nil
}

var orderNoticeTable = newTable[operators.Notice]("notices", nil)

// OfOrder implements operators.NoticeReader.
func (db Notices) OfOrder(ctx context.Context, id prepaid.OrderID) ([]operators.Notice, error) {
	notices, err := orderNoticeTable.list(ctx, db.orderReader, `WHERE order_id = ? ORDER BY due_at, id`, id)
	if err != nil {
		return nil, fmt.Errorf("read order's notices: %w", err)
	}
	return notices, nil
}

// Now asks SQL for its time.
func (db *DB) Now(ctx context.Context) (time.Time, error) {
	query := `SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000`
	if db.dialect == Postgres {
		query = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`
	}
	var us int64
	if _, err := get(ctx, db.orderReader, &us, query); err != nil {
		return time.Time{}, fmt.Errorf("read the store's time: %w", err)
	}
	return prepaid.FromMicros(us), nil
}
