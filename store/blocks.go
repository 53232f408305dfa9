package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Blocks keeps what operators have blocked in a brand.
type Blocks struct{ *core }

var _ operators.BlockStore = Blocks{}

var blockTable = newTable[operators.Block]("blocks", onlyWhoAndWhy(names{"At": "blocked_at", "Until": "blocked_until"}))

// activeBlock holds for what is blocked at a time.
const activeBlock = ` ended_at = 0 AND (blocked_until = 0 OR blocked_until > ?)`

// AddBlocks implements operators.BlockStore.
func (db Blocks) AddBlocks(ctx context.Context, all []operators.Block, d prepaid.Deed) (added int, err error) {
	err = db.write(ctx, "add blocks", func(tx *sqlx.Tx) error {
		if err := recordDeed(ctx, tx, d); err != nil {
			return err
		}
		for _, b := range all {
			// One whose end is past makes way.
			_, err := exec(ctx, tx, `
				UPDATE blocks SET ended_at = blocked_until WHERE brand = ? AND kind = ? AND value = ? AND ended_at = 0 AND blocked_until > 0 AND blocked_until <= ?`,
				b.Brand, b.Kind, b.Value, prepaid.Micros(b.At))
			if err != nil {
				return err
			}
			rows, err := blockTable.insert(ctx, tx, b, `ON CONFLICT (brand, value, kind) WHERE ended_at = 0 DO NOTHING`)
			if err != nil {
				return err
			}
			added += int(rows)
		}
		return touchGate(ctx, tx)
	})
	return added, err
}

// EndBlocks implements operators.BlockStore.
func (db Blocks) EndBlocks(ctx context.Context, brand, batch, id string, now time.Time, d prepaid.Deed) (ended int, err error) {
	at := prepaid.Micros(now)
	err = db.write(ctx, "end blocks", func(tx *sqlx.Tx) error {
		which, key := `id = ?`, id
		if batch != "" {
			which, key = `batch = ?`, batch
		}
		rows, err := exec(ctx, tx, `UPDATE blocks SET ended_at = ? WHERE brand = ? AND `+which+` AND`+activeBlock, at, brand, key, at)
		if ended = int(rows); err != nil || ended == 0 {
			return err
		}
		if err := recordDeed(ctx, tx, d); err != nil {
			return err
		}
		return touchGate(ctx, tx)
	})
	return ended, err
}

// Blocks implements operators.BlockStore.
func (db Blocks) Blocks(ctx context.Context, f operators.BlockFilter) ([]operators.Block, error) {
	where, args := `WHERE brand = ?`, []any{f.Brand}
	if f.Kind != "" {
		where, args = where+` AND kind = ?`, append(args, f.Kind)
	}
	if f.Batch != "" {
		where, args = where+` AND batch = ?`, append(args, f.Batch)
	}
	if f.Active {
		where, args = where+` AND`+activeBlock, append(args, prepaid.Micros(f.Now))
	}
	if f.After != "" {
		where += ` AND (blocked_at, id) < (SELECT blocked_at, id FROM blocks WHERE brand = ? AND id = ?)`
		args = append(args, f.Brand, f.After)
	}
	all, err := blockTable.list(ctx, db.reader, where+` ORDER BY blocked_at DESC, id DESC LIMIT ?`, append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list blocks: %w", err)
	}
	return all, nil
}

// Block implements operators.BlockStore.
func (db Blocks) Block(ctx context.Context, brand, id string) (operators.Block, error) {
	b, found, err := blockTable.get(ctx, db.reader, `WHERE brand = ? AND id = ?`, brand, id)
	if err == nil && !found {
		return b, operators.ErrNoBlock
	}
	if err != nil {
		return b, fmt.Errorf("read block: %w", err)
	}
	return b, nil
}

// CountBlocked implements operators.BlockStore.
func (db Blocks) CountBlocked(ctx context.Context, brand string, all []operators.Blocked, now time.Time) (n int, err error) {
	const atOnce = 500 // parameters of a statement are few
	for len(all) > 0 {
		some := all[:min(atOnce, len(all))]
		all = all[len(some):]
		values := make([]string, len(some))
		for i, b := range some {
			values[i] = b.Value
		}
		var found []operators.Blocked
		if err := listIn(ctx, db.reader, &found, `SELECT kind, value FROM blocks WHERE brand = ? AND value IN (?) AND`+activeBlock, brand, values, prepaid.Micros(now)); err != nil {
			return 0, fmt.Errorf("count blocked: %w", err)
		}
		known := map[operators.Blocked]bool{}
		for _, b := range found {
			known[b] = true
		}
		for _, b := range some {
			if known[operators.Blocked{Kind: b.Kind, Value: b.Value}] {
				n++
			}
		}
	}
	return n, nil
}
