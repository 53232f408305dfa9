package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/channels"
	"pulsa/prepaid"
)

// Outbox keeps the messages that are pushed to customers.
type Outbox struct{ *core }

var _ channels.Outbox = Outbox{}

type outboxRow struct {
	channels.Outbound
	Sealed []byte // the text of what shows a PIN
	Status channels.SendStatus
	RunAt  time.Time
}

var outboxTable = newTable[outboxRow]("outbox", names{
	"Seq": "seq,read", "PIN": "pin_order", "Can": "can,json", "Ends": "-", "Labels": "-", "Turned": "-",
	"Attempts": "attempts,read", "Lapsed": "lapsed,read", "Delivery": "delivery,read", "Outdated": "-", "To": "-", "EndedAt": "ended_at,read",
})

func (db *core) toOutboxRow(m channels.Outbound) (outboxRow, error) {
	row := outboxRow{Outbound: m, Status: channels.Waiting, RunAt: m.CreatedAt}
	if m.PIN != "" {
		var err error
		if row.Sealed, err = db.seal([]byte(m.Text), string(m.ID)); err != nil {
			return outboxRow{}, fmt.Errorf("message %s: %w", m.ID, err)
		}
		row.Text = ""
	}
	row.Text = storable(row.Text)
	return row, nil
}

// storable is text without what PostgreSQL refuses. A reply may hold what a customer has typed.
func storable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}

// outbounds reads messages. The text of one that shows a PIN is "" once it was sent, and where it can't be opened.
func (db *core) outbounds(rows []outboxRow) []channels.Outbound {
	messages := make([]channels.Outbound, len(rows))
	for i, r := range rows {
		messages[i] = r.Outbound
		if len(r.Sealed) > 0 {
			if text, err := db.open(r.Sealed, string(r.ID)); err == nil {
				messages[i].Text = string(text)
			}
		}
	}
	return messages
}

// PutOutbound implements channels.Outbox. A message id is unique within a channel and address: a one-time
// code sent to another number answers the same message.
func (db Outbox) PutOutbound(ctx context.Context, parts []channels.Outbound) error {
	if len(parts) == 0 {
		return nil
	}
	return db.write(ctx, "put outbound", func(tx *sqlx.Tx) error { return db.putOutbound(ctx, tx, parts) })
}

func (db *core) putOutbound(ctx context.Context, tx *sqlx.Tx, parts []channels.Outbound) error {
	for _, m := range parts {
		row, err := db.toOutboxRow(m)
		if err != nil {
			return err
		}
		_, err = outboxTable.insert(ctx, tx, row, `ON CONFLICT (brand, channel, address, message_id, part) DO NOTHING`)
		if err != nil {
			return err
		}
	}
	return nil
}

// ClaimOutbound implements channels.Outbox. A message that waits to be tried again keeps the later ones of
// its address waiting too.
func (db Outbox) ClaimOutbound(ctx context.Context, now, until time.Time, n int) ([]channels.Outbound, error) {
	var rows []outboxRow
	err := db.write(ctx, "claim outbound", func(tx *sqlx.Tx) error {
		var err error
		rows, err = outboxTable.query(ctx, tx, `
			WITH due AS MATERIALIZED (
				SELECT o.seq AS due_seq FROM outbox o
				WHERE o.status = 'waiting' AND o.run_at <= ? AND o.lease_until <= ?
				  AND NOT EXISTS (
					SELECT 1 FROM outbox former
					WHERE former.status = 'waiting' AND former.brand = o.brand AND former.channel = o.channel
					  AND former.address = o.address AND former.seq < o.seq)
				ORDER BY o.run_at, o.seq`+limited+db.skipLocked+`)
			UPDATE outbox SET lease_until = ?, attempts = attempts + 1, lapsed = sending, sending = TRUE
			WHERE seq IN (SELECT due_seq FROM due)
			RETURNING `+outboxTable.columns,
			prepaid.Micros(now), prepaid.Micros(now), n, prepaid.Micros(until))
		for i := range rows {
			if err == nil && rows[i].Can.Buttons > 0 {
				err = db.findOutdated(ctx, tx, &rows[i].Outbound)
			}
			if err == nil && rows[i].Can.Window > 0 {
				err = findSpelling(ctx, tx, &rows[i].Outbound)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b outboxRow) int { return cmp.Compare(a.Seq, b.Seq) })
	return db.outbounds(rows), nil
}

// findOutdated notes which message before this one to its address shows buttons that are of no use any more. News that asks nothing
// leaves them.
func (db Outbox) findOutdated(ctx context.Context, tx *sqlx.Tx, m *channels.Outbound) error {
	if !m.Answer && len(m.Buttons) == 0 && !m.AskContact {
		return nil
	}
	var former struct {
		Ref     string `db:"provider_ref"`
		Buttons bool
	}
	_, err := get(ctx, tx, &former, `
		SELECT provider_ref, buttons NOT IN ('', 'null', '[]') AND ask_contact = FALSE AS buttons FROM outbox
		WHERE brand = ? AND channel = ? AND address = ? AND seq < ? AND status = 'sent' ORDER BY seq DESC LIMIT 1`,
		m.Brand, m.Channel, m.Address, m.Seq)
	if former.Buttons {
		m.Outdated = former.Ref
	}
	return err
}

// EndOutbound implements channels.Outbox. The end of a message that has one is left as it is, but where
// that was only Uncertain.
func (db Outbox) EndOutbound(ctx context.Context, id prepaid.OutboundID, e channels.SendEnd) error {
	ended, runAt, doubtAt, untried := prepaid.Micros(e.Now), int64(0), int64(0), 0
	switch e.Status {
	case channels.Waiting:
		ended, runAt = 0, prepaid.Micros(e.RunAt)
		if e.Untried {
			untried = 1
		}
	case channels.Uncertain:
		doubtAt = prepaid.Micros(e.RunAt)
	}
	return db.write(ctx, "end outbound", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `
			UPDATE outbox SET status = ?, provider_ref = COALESCE(NULLIF(?, ''), provider_ref), code = ?,
				run_at = CASE WHEN CAST(? AS BIGINT) > 0 THEN CAST(? AS BIGINT) ELSE run_at END, doubt_at = ?,
				attempts = attempts - ?, lease_until = 0, sending = FALSE, ended_at = ?
			WHERE id = ? AND (status = 'waiting' OR (status = 'unknown' AND ? NOT IN ('waiting', 'unknown')))`,
			e.Status, e.ProviderRef, e.Code, runAt, runAt, doubtAt, untried, ended, id, string(e.Status))
		if err != nil || rows == 0 {
			return err
		}
		switch e.Status {
		case channels.GivenUp:
			return renotify(ctx, tx, id, e)
		case channels.HandedOn:
			if err := forgetPIN(ctx, tx, id, e.Keep); err != nil {
				return err
			}
			_, err = rankDelivery(ctx, tx, "outbox", id, channels.DeliveryReport{Status: cmp.Or(e.Delivery, channels.Sent)}, e.Now)
		case channels.Uncertain:
			return endKnownDoubt(ctx, tx, id, e.Now)
		}
		return err
	})
}

// forgetPIN drops the PIN that a message has handed on, and the text that has shown it.
func forgetPIN(ctx context.Context, tx *sqlx.Tx, id prepaid.OutboundID, keepText bool) error {
	var order prepaid.OrderID
	found, err := get(ctx, tx, &order, `SELECT pin_order FROM outbox WHERE id = ? AND pin_order <> ''`, id)
	if err != nil || !found {
		return err
	}
	if !keepText {
		if _, err := exec(ctx, tx, `UPDATE outbox SET sealed = NULL WHERE id = ?`, id); err != nil {
			return err
		}
	}
	return deletePINs(ctx, tx, []prepaid.OrderID{order})
}

// ReportDelivery implements channels.Outbox.
func (db Outbox) ReportDelivery(ctx context.Context, r channels.DeliveryReport, now time.Time) error {
	if deliveryRank(r.Status) == 0 || (r.Outbound == "" && r.ProviderRef == "") {
		return nil
	}
	return db.write(ctx, "report delivery", func(tx *sqlx.Tx) error {
		id := r.Outbound
		if id == "" {
			var err error
			if id, err = outboundOf(ctx, tx, r); err != nil || id == "" {
				return err // or none of ours
			}
		}
		ranked, err := rankDelivery(ctx, tx, "outbox", id, r, now)
		switch {
		case err != nil:
			return err
		case ranked:
			err = endDoubtAbout(ctx, tx, id, r, now)
		default: // a late one, or none of ours
			_, err = rankDelivery(ctx, tx, "outbox_archive", id, r, now)
		}
		if err == nil && (r.Refused != "" || ranked && r.Status == channels.Failed) {
			err = renotify(ctx, tx, id, channels.SendEnd{Refused: r.Refused != "", Shut: r.Shut, Now: now})
		}
		return err
	})
}

// outboundOf finds the message that a report names by the provider's id; "" where there is none. Gateways may count, so that the ids of two
// channels are the same, and a channel's begin anew.
func outboundOf(ctx context.Context, tx *sqlx.Tx, r channels.DeliveryReport) (id prepaid.OutboundID, err error) {
	for _, table := range []string{"outbox", "outbox_archive"} {
		found, err := get(ctx, tx, &id, `
			SELECT id FROM `+table+` WHERE provider_ref = ? AND provider_ref <> '' AND brand || '/' || channel = ? ORDER BY seq DESC LIMIT 1`,
			r.ProviderRef, r.Brand+"/"+r.Channel) // as one text, so that no index of brands is taken
		if err != nil || found {
			return id, err
		}
	}
	return "", nil
}

// rankDelivery stores what a report tells of a message in the outbox or its archive, unless more is known. It returns whether it did.
func rankDelivery(ctx context.Context, tx *sqlx.Tx, table string, id prepaid.OutboundID, r channels.DeliveryReport, now time.Time) (bool, error) {
	rank := deliveryRank(r.Status)
	rows, err := exec(ctx, tx, `
		UPDATE `+table+` SET delivery = ?, delivery_rank = ?, delivery_code = ?, delivery_at = ?
		WHERE id = ? AND delivery_rank < ? AND delivery <> 'failed'`,
		r.Status, rank, r.Code, prepaid.Micros(now), id, rank)
	return rows > 0, err
}

// deliveryRank orders what reports tell: what failed was not delivered, nor the other way round, and only
// what was delivered is read. 0 is an unknown word.
func deliveryRank(d channels.Delivery) int {
	switch d {
	case channels.Queued:
		return 1
	case channels.Sent:
		return 2
	case channels.DeliveredTo, channels.Failed:
		return 3
	case channels.Read:
		return 4
	}
	return 0
}

// OutboundTo implements channels.Outbox.
func (db Outbox) OutboundTo(ctx context.Context, brand, channel string, a prepaid.Address, after int64, n int) ([]channels.Outbound, error) {
	rows, err := outboxTable.list(ctx, db.reader, `
		WHERE brand = ? AND channel = ? AND address = ? AND seq > ? AND status = 'sent' ORDER BY seq`+limited, brand, channel, a, after, n)
	if err != nil {
		return nil, fmt.Errorf("outbound to address: %w", err)
	}
	return db.outbounds(rows), nil
}

// SendSlot is channels.SenderConfig's Slot: one statement, which takes the slot and tells its time.
func (db Outbox) SendSlot(ctx context.Context, channel string, earliest, latest time.Time, every time.Duration) (at time.Time, ok bool, err error) {
	var free int64
	from, step := prepaid.Micros(earliest), every.Microseconds()
	ok, err = get(ctx, db.writer, &free, `
		INSERT INTO send_slots (channel, free_at) VALUES (?, ?)
		ON CONFLICT (channel) DO UPDATE
			SET free_at = CASE WHEN send_slots.free_at > CAST(? AS BIGINT) THEN send_slots.free_at + ? ELSE excluded.free_at END
			WHERE send_slots.free_at <= ?
		RETURNING free_at`, channel, from+step, from, step, prepaid.Micros(latest))
	if err != nil {
		return time.Time{}, false, fmt.Errorf("take slot of %s: %w", channel, err)
	}
	return prepaid.FromMicros(free - step), ok, nil
}

// NextOutbound tells when the next pushed message is to be sent, or its lease lapses, whichever is later; zero for none. One
// that an earlier message of its address keeps waiting is due when that is: else whoever waits for it would never rest.
func (db Outbox) NextOutbound(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.orderReader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0)
		FROM outbox o WHERE o.status = 'waiting' AND NOT EXISTS (
			SELECT 1 FROM outbox former
			WHERE former.status = 'waiting' AND former.brand = o.brand AND former.channel = o.channel
			  AND former.address = o.address AND former.seq < o.seq)`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next outbound message: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// WakeOutbound makes the messages due at a time, if not earlier, that wait on a channel with a code.
func (db Outbox) WakeOutbound(ctx context.Context, brand, channel, code string, at time.Time) error {
	_, err := exec(ctx, db.writer, `
		UPDATE outbox SET run_at = ?
		WHERE brand = ? AND channel = ? AND status = 'waiting' AND sending = FALSE AND code = ? AND run_at > ?`,
		prepaid.Micros(at), brand, channel, code, prepaid.Micros(at))
	if err != nil {
		return fmt.Errorf("wake outbound: %w", err)
	}
	return nil
}
