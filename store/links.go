package store

import (
	"context"
	"fmt"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
)

// Links keeps short links, and counts who asks for links that do not exist.
type Links struct{ *core }

var _ payments.LinkStore = Links{}

var linkTable = newTable[payments.LinkTarget]("short_links", names{"URL": "url,join", "Status": "status,join"})

// SaveLink implements payments.LinkStore.
func (db Links) SaveLink(ctx context.Context, l payments.Link) (prepaid.Secret, error) {
	values, err := linkTable.values(payments.LinkTarget{Link: l})
	if err != nil {
		return prepaid.Secret{}, fmt.Errorf("save short link: %w", err)
	}
	var token string
	_, err = get(ctx, db.writer, &token, linkTable.insertInto+`
		ON CONFLICT (brand, kind, target) DO UPDATE SET language = excluded.language,
			expires_at = CASE WHEN short_links.expires_at < excluded.expires_at THEN excluded.expires_at ELSE short_links.expires_at END
		RETURNING token`, values...)
	if err != nil {
		return prepaid.Secret{}, fmt.Errorf("save short link: %w", err)
	}
	return prepaid.NewSecret(token), nil
}

// LinkTarget implements payments.LinkStore.
func (db Links) LinkTarget(ctx context.Context, token prepaid.Secret) (payments.LinkTarget, error) {
	t, found, err := linkTable.first(ctx, db.orderReader, `
		SELECT `+linkTable.of("l")+`, COALESCE(s.url, o.action_url, '') AS url, COALESCE(s.status, o.status, '') AS status
		FROM short_links l
		LEFT JOIN payment_setups s ON s.brand = l.brand AND s.id = l.target AND l.kind = 'setup'
		LEFT JOIN orders o ON o.brand = l.brand AND o.id = l.target AND l.kind = 'order'
		WHERE l.token = ?`, token.Reveal())
	if err == nil && !found {
		err = payments.ErrNoLink
	}
	if err != nil {
		return payments.LinkTarget{}, fmt.Errorf("read short link: %w", err)
	}
	return t, nil
}

// misses is how often an address has asked for links that do not exist, and since when that is counted.
type misses struct{ Misses, Since int64 }

// Misses tells how many links that do not exist an address has asked for within a time, and when the first of them was counted.
func (db Links) Misses(ctx context.Context, address string, now time.Time, within time.Duration) (n int, since time.Time, err error) {
	var m misses
	_, err = get(ctx, db.reader, &m, `SELECT misses, since FROM short_link_misses WHERE address = ? AND since > ?`, address, prepaid.Micros(now.Add(-within)))
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read misses of short links: %w", err)
	}
	return int(m.Misses), prepaid.FromMicros(m.Since), nil
}

// CountMiss counts one more, and returns what Misses does. Where the last count is older than within, it begins anew.
func (db Links) CountMiss(ctx context.Context, address string, now time.Time, within time.Duration) (n int, since time.Time, err error) {
	var m misses
	old := prepaid.Micros(now.Add(-within))
	_, err = get(ctx, db.writer, &m, `
		INSERT INTO short_link_misses (address, misses, since) VALUES (?, 1, ?)
		ON CONFLICT (address) DO UPDATE SET
			misses = CASE WHEN short_link_misses.since > ? THEN short_link_misses.misses + 1 ELSE 1 END,
			since = CASE WHEN short_link_misses.since > ? THEN short_link_misses.since ELSE excluded.since END
		RETURNING misses, since`, address, prepaid.Micros(now), old, old)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count miss of a short link: %w", err)
	}
	return int(m.Misses), prepaid.FromMicros(m.Since), nil
}

// ForgetMisses forgets what was first counted before a time. It returns how many addresses it has forgotten.
func (db Links) ForgetMisses(ctx context.Context, before time.Time) (int, error) {
	rows, err := exec(ctx, db.writer, `DELETE FROM short_link_misses WHERE since <= ?`, prepaid.Micros(before))
	if err != nil {
		return 0, fmt.Errorf("forget misses of short links: %w", err)
	}
	return int(rows), nil
}
