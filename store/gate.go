package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

var (
	_ operators.GateStore  = Blocks{}
	_ operators.PauseStore = Blocks{}
)

var pauseTable = newTable[operators.Pause]("brand_pauses", onlyWhoAndWhy(names{"At": "paused_at", "Until": "paused_until"}))

// touchGate has every copy load what is blocked and paused.
func touchGate(ctx context.Context, tx *sqlx.Tx) error {
	_, err := exec(ctx, tx, `INSERT INTO gate_version (id, version) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = gate_version.version + 1`)
	return err
}

// GateVersion implements operators.GateStore.
func (db Blocks) GateVersion(ctx context.Context) (version int64, err error) {
	_, err = get(ctx, db.reader, &version, `SELECT version FROM gate_version WHERE id = 1`)
	return version, err
}

// ActiveBlocks implements operators.GateStore.
func (db Blocks) ActiveBlocks(ctx context.Context, now time.Time) ([]operators.Block, error) {
	all, err := blockTable.query(ctx, db.reader, `SELECT brand, kind, value, blocked_until FROM blocks WHERE`+activeBlock, prepaid.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	return all, nil
}

// Pauses implements operators.GateStore.
func (db Blocks) Pauses(ctx context.Context) ([]operators.Pause, error) {
	all, err := pauseTable.list(ctx, db.reader, `ORDER BY brand`)
	if err != nil {
		return nil, fmt.Errorf("read pauses: %w", err)
	}
	return all, nil
}

// Pause implements operators.PauseStore.
func (db Blocks) Pause(ctx context.Context, brand string) (operators.Pause, error) {
	p, _, err := pauseTable.get(ctx, db.reader, `WHERE brand = ?`, brand)
	if err != nil {
		return p, fmt.Errorf("read pause: %w", err)
	}
	return p, nil
}

// SetPause implements operators.PauseStore.
func (db Blocks) SetPause(ctx context.Context, p operators.Pause, d prepaid.Deed) error {
	return db.write(ctx, "set pause", func(tx *sqlx.Tx) error {
		if err := recordDeed(ctx, tx, d); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, `DELETE FROM brand_pauses WHERE brand = ?`, p.Brand); err != nil {
			return err
		}
		if _, err := pauseTable.insert(ctx, tx, p, ""); err != nil {
			return err
		}
		return touchGate(ctx, tx)
	})
}

// EndPause implements operators.PauseStore.
func (db Blocks) EndPause(ctx context.Context, brand string, d prepaid.Deed) (ended bool, err error) {
	err = db.write(ctx, "end pause", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `DELETE FROM brand_pauses WHERE brand = ?`, brand)
		if ended = rows > 0; err != nil || !ended {
			return err
		}
		if err := recordDeed(ctx, tx, d); err != nil {
			return err
		}
		return touchGate(ctx, tx)
	})
	return ended && err == nil, err
}
