package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/prepaid"
)

// Windows keeps when addresses have last written, and how their provider spells them.
type Windows struct{ *core }

var _ conversation.Windows = Windows{}

// SawInbound implements conversation.Windows.
func (db Windows) SawInbound(ctx context.Context, brand, channel string, a prepaid.Address, sender string, at time.Time) error {
	_, err := exec(ctx, db.writer, `
		INSERT INTO last_inbound (brand, channel, address, sender, at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (brand, address, channel) DO UPDATE SET sender = excluded.sender, at = excluded.at, shut = FALSE
		WHERE last_inbound.at < excluded.at`, brand, channel, a, sender, prepaid.Micros(at))
	if err != nil {
		return fmt.Errorf("note inbound message: %w", err)
	}
	return nil
}

// LastInbound implements conversation.Windows.
func (db Windows) LastInbound(ctx context.Context, brand, channel string, a prepaid.Address) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.reader, &at, `SELECT at FROM last_inbound WHERE brand = ? AND address = ? AND channel = ? AND NOT shut`, brand, a, channel)
	if err != nil {
		return time.Time{}, fmt.Errorf("read last inbound message: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// shutWindow writes down that the provider takes our own words no more for who a message was for, unless they have written since.
func shutWindow(ctx context.Context, tx *sqlx.Tx, m outboxRow) error {
	_, err := exec(ctx, tx, `UPDATE last_inbound SET shut = TRUE WHERE brand = ? AND address = ? AND channel = ? AND at <= ?`,
		m.Brand, m.Address, m.Channel, max(prepaid.Micros(m.CreatedAt), prepaid.Micros(m.EndedAt)))
	return err
}

// findSpelling notes how a message's recipient was written last by the provider.
func findSpelling(ctx context.Context, tx *sqlx.Tx, m *channels.Outbound) error {
	_, err := get(ctx, tx, &m.To, `SELECT sender FROM last_inbound WHERE brand = ? AND address = ? AND channel = ?`, m.Brand, m.Address, m.Channel)
	return err
}
