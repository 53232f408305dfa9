package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Channels keeps the switches of channels and counts what went over them.
type Channels struct{ *core }

// SetSwitch turns a channel of a brand on or off, and keeps who did it. A switch that stands so already is
// kept as it is.
func (db Channels) SetSwitch(ctx context.Context, to operators.SwitchChange) error {
	return db.write(ctx, "set switch", func(tx *sqlx.Tx) error {
		was, _, err := switchTable.get(ctx, tx, `WHERE brand = ? AND channel = ?`, to.Brand, to.Channel)
		if err != nil {
			return err
		}
		rows, err := switchTable.insert(ctx, tx, to, `
			ON CONFLICT (brand, channel) DO UPDATE SET is_on = excluded.is_on, changed_by = excluded.changed_by, why = excluded.why,
				changed_at = excluded.changed_at
			WHERE channel_switches.is_on <> excluded.is_on`)
		if err != nil || rows == 0 {
			return err
		}
		d := prepaid.Deed{Brand: to.Brand, What: "switch", Kind: prepaid.OnChannel, Object: to.Channel, New: onOff(to), By: to.By, At: to.At}
		if !was.At.IsZero() {
			d.Old = onOff(was)
		}
		return recordDeed(ctx, tx, d)
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

var switchTable = newTable[operators.SwitchChange]("channel_switches", onlyWhoAndWhy(names{"On": "is_on", "Who": "changed_by", "At": "changed_at"}))

// onOff is how a channel stands, as deeds say it.
func onOff(c operators.SwitchChange) string {
	if c.On {
		return "on"
	}
	return "off"
}

// LastSwitches returns how each channel of a brand was switched last, by channel.
func (db Channels) LastSwitches(ctx context.Context, brand string) ([]operators.SwitchChange, error) {
	changes, err := switchTable.list(ctx, db.reader, `WHERE brand = ? ORDER BY channel`, brand)
	if err != nil {
		return nil, fmt.Errorf("read switches: %w", err)
	}
	return changes, nil
}
