package store

import (
	"context"
	"fmt"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// recentMessages is how far back figures look: in messages, so that they cost the same however many there are.
const recentMessages = 100_000

// ChannelFigures say how the pushed messages of a channel fare.
type ChannelFigures struct {
	Waiting      int       // to be sent
	OldestWaits  time.Time // since when the oldest of them waits; zero for none
	Retried      int       // of those waiting, how many were tried in vain
	RetriedSince time.Time // since when the oldest of those waits; zero for none
	LastSent     time.Time // zero for never
	// Of what ended since the time asked for:
	Sent, Failed, Unknown int
	Undelivered           int // sent, but reported as failed
	// Codes are what providers have said since then to messages that were not sent or not delivered, and to those
	// that wait for another try, with how many.
	Codes map[string]int
}

// ChannelFigures returns the figures of a brand's channels by name, from the latest 100,000 messages and all that
// wait. Who has opted out is no failure.
func (db *DB) ChannelFigures(ctx context.Context, brand string, since time.Time) (map[string]ChannelFigures, error) {
	var rows []figuresRow
	err := list(ctx, db.reader, &rows, `
		SELECT channel,
			SUM(CASE WHEN status = 'waiting' THEN 1 ELSE 0 END) AS waiting,
			COALESCE(MIN(CASE WHEN status = 'waiting' THEN created_at END), 0) AS oldest_waits,
			SUM(CASE WHEN `+retried+` THEN 1 ELSE 0 END) AS retried,
			COALESCE(MIN(CASE WHEN `+retried+` THEN created_at END), 0) AS retried_since,
			COALESCE(MAX(CASE WHEN status = 'sent' THEN ended_at END), 0) AS last_sent,
			SUM(CASE WHEN status = 'sent' AND ended_at >= ? THEN 1 ELSE 0 END) AS sent,
			SUM(CASE WHEN status = 'failed' AND code <> ? AND ended_at >= ? THEN 1 ELSE 0 END) AS failed,
			SUM(CASE WHEN status = 'unknown' AND ended_at >= ? THEN 1 ELSE 0 END) AS unknown,
			SUM(CASE WHEN delivery = 'failed' AND delivery_at >= ? THEN 1 ELSE 0 END) AS undelivered
		FROM outbox WHERE brand = ? AND `+recent+` GROUP BY channel`,
		prepaid.Micros(since), string(channels.RecipientOut), prepaid.Micros(since), prepaid.Micros(since), prepaid.Micros(since),
		brand, recentMessages)
	if err != nil {
		return nil, fmt.Errorf("figures of channels: %w", err)
	}
	figures := map[string]ChannelFigures{}
	for _, r := range rows {
		figures[r.Channel] = ChannelFigures{
			Waiting: r.Waiting, OldestWaits: prepaid.FromMicros(r.OldestWaits), Retried: r.Retried, RetriedSince: prepaid.FromMicros(r.RetriedSince),
			LastSent: prepaid.FromMicros(r.LastSent), Sent: r.Sent, Failed: r.Failed, Unknown: r.Unknown, Undelivered: r.Undelivered,
			Codes: map[string]int{},
		}
	}
	return figures, db.codes(ctx, brand, since, figures)
}

const (
	retried = `status = 'waiting' AND attempts > 0 AND sending = FALSE`
	recent  = `(status = 'waiting' OR seq > (SELECT MAX(seq) FROM outbox) - ?)`
)

type figuresRow struct {
	Channel      string `db:"channel"`
	Waiting      int    `db:"waiting"`
	OldestWaits  int64  `db:"oldest_waits"`
	Retried      int    `db:"retried"`
	RetriedSince int64  `db:"retried_since"`
	LastSent     int64  `db:"last_sent"`
	Sent         int    `db:"sent"`
	Failed       int    `db:"failed"`
	Unknown      int    `db:"unknown"`
	Undelivered  int    `db:"undelivered"`
}

// codes adds what providers have said.
func (db *DB) codes(ctx context.Context, brand string, since time.Time, figures map[string]ChannelFigures) error {
	var rows []struct {
		Channel string `db:"channel"`
		Code    string `db:"said"`
		Count   int    `db:"times"`
	}
	err := list(ctx, db.reader, &rows, `
		SELECT channel, said, COUNT(*) AS times FROM (
			SELECT channel, CASE WHEN delivery = 'failed' THEN delivery_code ELSE code END AS said FROM outbox
			WHERE brand = ? AND `+recent+` AND (`+retried+` OR (status IN ('failed', 'unknown') AND ended_at >= ?) OR (delivery = 'failed' AND delivery_at >= ?))
		) AS said WHERE said NOT IN ('', ?) GROUP BY channel, said`,
		brand, recentMessages, prepaid.Micros(since), prepaid.Micros(since), string(channels.RecipientOut))
	if err != nil {
		return fmt.Errorf("codes of channels: %w", err)
	}
	for _, r := range rows {
		figures[r.Channel].Codes[r.Code] = r.Count
	}
	return nil
}

// WakeOutbound makes the messages due at a time, if not earlier, that wait on a channel with a code.
func (db *DB) WakeOutbound(ctx context.Context, brand, channel, code string, at time.Time) error {
	_, err := exec(ctx, db.writer, `
		UPDATE outbox SET run_at = ?
		WHERE brand = ? AND channel = ? AND status = 'waiting' AND sending = FALSE AND code = ? AND run_at > ?`,
		prepaid.Micros(at), brand, channel, code, prepaid.Micros(at))
	if err != nil {
		return fmt.Errorf("wake outbound: %w", err)
	}
	return nil
}

// LeaseUntil tells until when somebody holds a lease; zero where nobody ever did.
func (db *DB) LeaseUntil(ctx context.Context, name string) (time.Time, error) {
	var until int64
	if _, err := get(ctx, db.reader, &until, `SELECT lease_until FROM leases WHERE name = ?`, name); err != nil {
		return time.Time{}, fmt.Errorf("read lease %s: %w", name, err)
	}
	return prepaid.FromMicros(until), nil
}
