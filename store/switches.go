package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
)

// Channels keeps the switches of channels and counts what went over them.
type Channels struct{ *core }

// SetSwitch turns a channel of a brand on or off, and keeps who did it. A switch that stands so already is
// kept as it is.
func (db Channels) SetSwitch(ctx context.Context, brand, channel string, on bool, who string, now time.Time) error {
	return db.write(ctx, "set switch", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `
			INSERT INTO channel_switches (brand, channel, is_on, changed_by, changed_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (brand, channel) DO UPDATE SET is_on = excluded.is_on, changed_by = excluded.changed_by,
				changed_at = excluded.changed_at
			WHERE channel_switches.is_on <> excluded.is_on`, brand, channel, on, who, prepaid.Micros(now))
		if err != nil || rows == 0 {
			return err
		}
		_, err = exec(ctx, tx, `
			INSERT INTO channel_switch_history (brand, channel, is_on, changed_by, changed_at) VALUES (?, ?, ?, ?, ?)`,
			brand, channel, on, who, prepaid.Micros(now))
		return err
	})
}

// Switches returns the switches that have been set, by "brand/channel".
func (db Channels) Switches(ctx context.Context) (map[string]bool, error) {
	var rows []switchRow
	err := list(ctx, db.reader, &rows, `SELECT brand, channel, is_on, changed_by, changed_at FROM channel_switches`)
	if err != nil {
		return nil, fmt.Errorf("read switches: %w", err)
	}
	on := make(map[string]bool, len(rows))
	for _, r := range rows {
		on[r.Brand+"/"+r.Channel] = r.On
	}
	return on, nil
}

// SwitchChange is one time that a channel was turned on or off.
type SwitchChange struct {
	Brand, Channel string
	On             bool
	Who            string
	At             time.Time
}

// SwitchHistory returns the changes of a brand's switches, oldest first.
func (db Channels) SwitchHistory(ctx context.Context, brand string) ([]SwitchChange, error) {
	var rows []switchRow
	err := list(ctx, db.reader, &rows, `
		SELECT brand, channel, is_on, changed_by, changed_at FROM channel_switch_history WHERE brand = ? ORDER BY number`, brand)
	if err != nil {
		return nil, fmt.Errorf("read switch history: %w", err)
	}
	changes := make([]SwitchChange, len(rows))
	for i, r := range rows {
		changes[i] = SwitchChange{r.Brand, r.Channel, r.On, r.ChangedBy, prepaid.FromMicros(r.ChangedAt)}
	}
	return changes, nil
}

type switchRow struct {
	Brand     string `db:"brand"`
	Channel   string `db:"channel"`
	On        bool   `db:"is_on"`
	ChangedBy string `db:"changed_by"`
	ChangedAt int64  `db:"changed_at"`
}
