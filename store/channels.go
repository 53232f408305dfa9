package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
)

// Channels keeps the switches of channels and counts what went over them.
type Channels struct{ *core }

// SetSwitch turns a channel of a brand on or off, and keeps who did it. A switch that stands so already is
// kept as it is.
func (db Channels) SetSwitch(ctx context.Context, to operators.SwitchChange) error {
	return db.write(ctx, "set switch", func(tx *sqlx.Tx) error {
		rows, err := switchTable.insert(ctx, tx, to, `
			ON CONFLICT (brand, channel) DO UPDATE SET is_on = excluded.is_on, changed_by = excluded.changed_by, why = excluded.why,
				changed_at = excluded.changed_at
			WHERE channel_switches.is_on <> excluded.is_on`)
		if err != nil || rows == 0 {
			return err
		}
		_, err = switchHistoryTable.insert(ctx, tx, to, "")
		return err
	})
}

// Switches returns the switches that have been set, by "brand/channel".
func (db Channels) Switches(ctx context.Context) (map[string]bool, error) {
	rows, err := switchTable.list(ctx, db.reader, "")
	if err != nil {
		return nil, fmt.Errorf("read switches: %w", err)
	}
	on := make(map[string]bool, len(rows))
	for _, r := range rows {
		on[r.Brand+"/"+r.Channel] = r.On
	}
	return on, nil
}

var (
	switchNames        = names{"On": "is_on", "Who": "changed_by", "At": "changed_at"}
	switchTable        = newTable[operators.SwitchChange]("channel_switches", switchNames)
	switchHistoryTable = newTable[operators.SwitchChange]("channel_switch_history", switchNames)
)

// SwitchHistory returns the changes of a brand's switches, oldest first.
func (db Channels) SwitchHistory(ctx context.Context, brand string) ([]operators.SwitchChange, error) {
	changes, err := switchHistoryTable.list(ctx, db.reader, `WHERE brand = ? ORDER BY number`, brand)
	if err != nil {
		return nil, fmt.Errorf("read switch history: %w", err)
	}
	return changes, nil
}
