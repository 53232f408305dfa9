package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Interventions keeps what operators did to an order or a customer, who and why.
type Interventions struct{ *core }

var _ topup.Interventions = Interventions{}

var interventionTable = newTable[topup.Intervention]("interventions", onlyWhoAndWhy(names{"Order": "order_id"}))

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
