package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/channels"
	"pulsa/prepaid"
)

// againSuffix is what the id of the message that was answered ends in, of what is sent once more after a doubt. The unique key of the outbox
// sees to it that that happens once.
const againSuffix = " again"

var _ channels.Doubts = Outbox{}

// ClaimDoubtful implements channels.Doubts.
func (db Outbox) ClaimDoubtful(ctx context.Context, now, until time.Time, n int) ([]channels.Outbound, error) {
	var rows []outboxRow
	err := db.write(ctx, "claim doubtful", func(tx *sqlx.Tx) error {
		var err error
		rows, err = outboxTable.query(ctx, tx, `
			WITH due AS MATERIALIZED (
				SELECT o.seq AS due_seq FROM outbox o WHERE o.doubt_at > 0 AND o.doubt_at <= ? ORDER BY o.doubt_at, o.seq`+limited+db.skipLocked+`)
			UPDATE outbox SET doubt_at = ? WHERE seq IN (SELECT due_seq FROM due)
			RETURNING `+outboxTable.columns, prepaid.Micros(now), n, prepaid.Micros(until))
		for i := range rows {
			if err == nil && rows[i].Can.Window > 0 {
				err = findSpelling(ctx, tx, &rows[i].Outbound)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return db.outbounds(rows), nil
}

// NextDoubt tells when the next Uncertain message is to be asked after; zero for none.
func (db Outbox) NextDoubt(ctx context.Context) (time.Time, error) {
	var at int64
	if _, err := get(ctx, db.orderReader, &at, `SELECT COALESCE(MIN(doubt_at), 0) FROM outbox WHERE doubt_at > 0`); err != nil {
		return time.Time{}, fmt.Errorf("next doubtful message: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// CountDoubtful counts by brand the messages of which it is being found out whether they were sent.
func (db Outbox) CountDoubtful(ctx context.Context) (map[string]int, error) {
	var brands []string
	if err := list(ctx, db.reader, &brands, `SELECT brand FROM outbox WHERE doubt_at > 0`); err != nil {
		return nil, fmt.Errorf("count doubtful messages: %w", err)
	}
	counts := map[string]int{}
	for _, brand := range brands {
		counts[brand]++
	}
	return counts, nil
}

// AskAgain implements channels.Doubts.
func (db Outbox) AskAgain(ctx context.Context, id prepaid.OutboundID, at time.Time) error {
	_, err := exec(ctx, db.writer, `UPDATE outbox SET doubt_at = ? WHERE id = ? AND doubt_at > 0`, prepaid.Micros(at), id)
	if err != nil {
		return fmt.Errorf("ask again after message: %w", err)
	}
	return nil
}

// KnownRefs implements channels.Doubts.
func (db Outbox) KnownRefs(ctx context.Context, brand, channel string, refs []string) ([]string, error) {
	var known []string
	if len(refs) == 0 {
		return nil, nil
	}
	err := listIn(ctx, db.reader, &known, `SELECT provider_ref FROM outbox WHERE provider_ref IN (?) AND brand = ? AND channel = ?`, refs, brand, channel)
	if err != nil {
		return nil, fmt.Errorf("known references: %w", err)
	}
	return known, nil
}

// EndDoubt implements channels.Doubts: in one transaction the doubt ends, and what follows is written.
func (db Outbox) EndDoubt(ctx context.Context, id prepaid.OutboundID, now time.Time) error {
	return db.write(ctx, "end doubt", func(tx *sqlx.Tx) error {
		ended, err := exec(ctx, tx, `UPDATE outbox SET doubt_at = 0 WHERE id = ? AND status = 'unknown' AND doubt_at > 0`, id)
		if err != nil || ended == 0 {
			return err
		}
		row, found, err := outboxTable.get(ctx, tx, `WHERE id = ?`, id)
		if err != nil || !found {
			return err
		}
		m := db.outbounds([]outboxRow{row})[0]
		switch {
		case m.Doubt == channels.AgainInDoubt && m.Template.ID == "" && (m.PIN == "" || m.Text != ""): // no template says "again"
			return db.putOutbound(ctx, tx, []channels.Outbound{onceMore(m, now)})
		case m.Doubt != channels.DropInDoubt:
			return holdNews(ctx, tx, m, prepaid.HeldUnknown, now)
		}
		return nil
	})
}

// onceMore is a message as it is sent after a doubt. If that stays in doubt too, nobody is texted a third time.
func onceMore(m channels.Outbound, now time.Time) channels.Outbound {
	m.ID, m.MessageID, m.CreatedAt = prepaid.NewID[prepaid.OutboundID](), m.MessageID+againSuffix, now
	m.Text = m.AgainMark + " " + m.Text
	m.Doubt, m.AgainMark = channels.HoldInDoubt, ""
	return m
}

// wentOnceMore reports whether a message was sent once more after a doubt. Then that one tells its news.
func wentOnceMore(ctx context.Context, tx *sqlx.Tx, m channels.Outbound) (bool, error) {
	var id prepaid.OutboundID
	return get(ctx, tx, &id, `SELECT id FROM outbox WHERE brand = ? AND channel = ? AND address = ? AND message_id = ? AND part = ?`,
		m.Brand, m.Channel, m.Address, m.MessageID+againSuffix, m.Part)
}

// newsOf is the id of the notice that a message tells.
func newsOf(m channels.Outbound) string { return strings.TrimSuffix(m.MessageID, againSuffix) }

// endDoubtAbout ends the doubt about a message of which a report tells.
func endDoubtAbout(ctx context.Context, tx *sqlx.Tx, id prepaid.OutboundID, r channels.DeliveryReport, now time.Time) error {
	status := channels.HandedOn
	if r.Status == channels.Failed {
		status = channels.GivenUp
	}
	ended, err := exec(ctx, tx, `
		UPDATE outbox SET status = ?, provider_ref = COALESCE(NULLIF(?, ''), provider_ref), code = ?, doubt_at = 0, ended_at = ?
		WHERE id = ? AND status = 'unknown'`, status, r.ProviderRef, r.Code, prepaid.Micros(now), id)
	if err != nil || ended == 0 || status == channels.GivenUp {
		return err
	}
	return forgetPIN(ctx, tx, id, false)
}

// endKnownDoubt ends the doubt about a message whose report came before its sending ended without an answer.
func endKnownDoubt(ctx context.Context, tx *sqlx.Tx, id prepaid.OutboundID, now time.Time) error {
	var r struct{ Delivery, Code string }
	_, err := get(ctx, tx, &r, `SELECT delivery, delivery_code AS code FROM outbox WHERE id = ?`, id)
	if err != nil || r.Delivery == "" {
		return err
	}
	return endDoubtAbout(ctx, tx, id, channels.DeliveryReport{Status: channels.Delivery(r.Delivery), Code: r.Code}, now)
}
