package store

import (
	"context"
	"fmt"
	"time"

	"pulsa/channels"
	"pulsa/operators"
	"pulsa/prepaid"
)

// ChannelFigures returns the figures of some of a brand's channels by name. What it reads is what waits and what
// ended since then, a week ago at most, however many messages there are. Who has opted out is no failure.
func (db Channels) ChannelFigures(ctx context.Context, brand string, names []string, since time.Time) (map[string]operators.ChannelFigures, error) {
	figures := map[string]operators.ChannelFigures{}
	for _, name := range names {
		f, err := db.channelFigures(ctx, brand, name, prepaid.Micros(since))
		if err != nil {
			return nil, fmt.Errorf("figures of channel %s: %w", name, err)
		}
		figures[name] = f
	}
	return figures, nil
}

// What figures are made of. Each part reads one index: outbox_waiting, outbox_ended, outbox_undelivered.
const (
	retried     = `status = 'waiting' AND attempts > 0 AND sending = FALSE`
	ended       = `brand = ? AND channel = ? AND ended_at > 0 AND ended_at >= ? AND status `
	undelivered = `brand = ? AND channel = ? AND delivery = 'failed' AND delivery_at >= ?`
)

func (db Channels) channelFigures(ctx context.Context, brand, name string, since int64) (operators.ChannelFigures, error) {
	var row struct {
		Waiting      int
		OldestWaits  int64
		Retried      int
		RetriedSince int64
		LastSent     int64
		Sent         int
		Failed       int
		Unknown      int
		Undelivered  int
	}
	_, err := get(ctx, db.reader, &row, `
		SELECT COUNT(*) AS waiting, COALESCE(MIN(created_at), 0) AS oldest_waits,
			COALESCE(SUM(CASE WHEN `+retried+` THEN 1 ELSE 0 END), 0) AS retried,
			COALESCE(MIN(CASE WHEN `+retried+` THEN created_at END), 0) AS retried_since,
			COALESCE((SELECT MAX(ended_at) FROM outbox WHERE `+ended+`= 'sent'),
				(SELECT MAX(ended_at) FROM outbox_archive WHERE `+ended+`= 'sent'), 0) AS last_sent,
			(SELECT COUNT(*) FROM outbox WHERE `+ended+`= 'sent') AS sent,
			(SELECT COUNT(*) FROM outbox WHERE `+ended+`= 'failed' AND code <> ?) AS failed,
			(SELECT COUNT(*) FROM outbox WHERE `+ended+`= 'unknown') AS unknown,
			(SELECT COUNT(*) FROM outbox WHERE `+undelivered+`) AS undelivered
		FROM outbox WHERE status = 'waiting' AND brand = ? AND channel = ?`,
		brand, name, 0, brand, name, 0, brand, name, since, brand, name, since, string(channels.RecipientOut), brand, name, since, brand, name, since, brand, name)
	if err != nil {
		return operators.ChannelFigures{}, err
	}
	f := operators.ChannelFigures{
		Waiting: row.Waiting, OldestWaits: prepaid.FromMicros(row.OldestWaits), Retried: row.Retried,
		RetriedSince: prepaid.FromMicros(row.RetriedSince), LastSent: prepaid.FromMicros(row.LastSent),
		Sent: row.Sent, Failed: row.Failed, Unknown: row.Unknown, Undelivered: row.Undelivered,
	}
	f.Codes, err = db.codes(ctx, brand, name, since)
	return f, err
}

// codes counts what providers have said.
func (db Channels) codes(ctx context.Context, brand, name string, since int64) (map[string]int, error) {
	var rows []struct {
		Code  string `db:"said"`
		Count int    `db:"times"`
	}
	err := list(ctx, db.reader, &rows, `
		SELECT said, COUNT(*) AS times FROM (
			SELECT code AS said FROM outbox WHERE brand = ? AND channel = ? AND `+retried+`
			UNION ALL SELECT code FROM outbox WHERE `+ended+`IN ('failed', 'unknown')
			UNION ALL SELECT delivery_code FROM outbox WHERE `+undelivered+`
		) AS codes WHERE said NOT IN ('', ?) GROUP BY said`,
		brand, name, brand, name, since, brand, name, since, string(channels.RecipientOut))
	codes := map[string]int{}
	for _, r := range rows {
		codes[r.Code] = r.Count
	}
	return codes, err
}
