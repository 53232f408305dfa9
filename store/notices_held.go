package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
)

// HandOver implements conversation.Notices.
func (db Notices) HandOver(ctx context.Context, id prepaid.NoticeID, parts []channels.Outbound, now time.Time) error {
	return db.write(ctx, "hand notice over", func(tx *sqlx.Tx) error {
		if err := db.putOutbound(ctx, tx, parts); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `UPDATE notices SET told_at = ? WHERE id = ? AND told_at = 0`, prepaid.Micros(now), id)
		return err
	})
}

// renotify marks the notices of a message that will never arrive as not told, unless it went once more. They get new ids, because a late MarkTold may still name
// the old ones. Where the recipient refuses messages at the address, they are due at once, to be told at another; so is what a turn had
// told in the same answer. Where our own words came too late, they are due at once, to be told by a template or elsewhere. Where the message failed
// otherwise, they are held for an operator and the customer's next message.
func renotify(ctx context.Context, tx *sqlx.Tx, id prepaid.OutboundID, e channels.SendEnd) error {
	m, found, err := outboxTable.get(ctx, tx, `WHERE id = ?`, id)
	if err != nil || !found {
		return err
	}
	if e.Shut {
		if err := shutWindow(ctx, tx, m); err != nil {
			return err
		}
	}
	if again, err := wentOnceMore(ctx, tx, m.Outbound); err != nil || again {
		return err
	}
	var ids []prepaid.NoticeID
	err = list(ctx, tx, &ids, `SELECT id FROM notices WHERE brand = ? AND id = ? AND told_at > 0`, m.Brand, newsOf(m.Outbound))
	if err == nil && m.Answer && e.Refused {
		var more []prepaid.NoticeID
		err = list(ctx, tx, &more, `
			SELECT id FROM notices WHERE brand = ? AND address = ? AND channel = ? AND told_at >= ? AND id <> ?`,
			m.Brand, m.Address, m.Channel, prepaid.Micros(m.CreatedAt), m.MessageID)
		ids = append(ids, more...)
	}
	if err != nil {
		return err
	}
	held := prepaid.HeldUndelivered
	if e.Refused || e.Shut && m.Template.ID == "" { // else a template would be sent for ever
		held = ""
	}
	return untell(ctx, tx, m.Brand, ids, held, e.Now)
}

// untell marks notices as not told: due at once, or held.
func untell(ctx context.Context, tx *sqlx.Tx, brand string, ids []prepaid.NoticeID, held prepaid.HeldFor, at time.Time) error {
	now, since := prepaid.Micros(at), int64(0)
	if held != "" {
		since = now
	}
	for _, id := range ids {
		_, err := exec(ctx, tx, `
			UPDATE notices SET id = ?, told_at = 0, lease_until = 0, due_at = ?, held = ?, held_at = ?, retold = TRUE WHERE brand = ? AND id = ?`,
			prepaid.NewID[prepaid.NoticeID](), now, held, since, brand, id)
		if err != nil {
			return err
		}
	}
	return nil
}

// holdNews holds the notice that a message was to tell, if it tells one.
func holdNews(ctx context.Context, tx *sqlx.Tx, m channels.Outbound, why prepaid.HeldFor, now time.Time) error {
	var ids []prepaid.NoticeID
	if err := list(ctx, tx, &ids, `SELECT id FROM notices WHERE brand = ? AND id = ? AND told_at > 0`, m.Brand, newsOf(m)); err != nil {
		return err
	}
	return untell(ctx, tx, m.Brand, ids, why, now)
}

// Redirect implements conversation.HeldNotices.
func (db Notices) Redirect(ctx context.Context, n conversation.Notice) error {
	_, err := exec(ctx, db.writer, `UPDATE notices SET channel = ?, kind = ?, address = ?, retold = TRUE WHERE brand = ? AND id = ? AND told_at = 0`,
		n.Channel, n.Kind, n.Address, n.Brand, n.ID)
	if err != nil {
		return fmt.Errorf("redirect notice: %w", err)
	}
	return nil
}

// Hold implements conversation.HeldNotices.
func (db Notices) Hold(ctx context.Context, id prepaid.NoticeID, why prepaid.HeldFor, now time.Time) error {
	_, err := exec(ctx, db.writer, `UPDATE notices SET held = ?, held_at = ? WHERE id = ? AND told_at = 0 AND held = ''`,
		why, prepaid.Micros(now), id)
	if err != nil {
		return fmt.Errorf("hold notice: %w", err)
	}
	return nil
}

// Held implements conversation.HeldNotices.
func (db Notices) Held(ctx context.Context, brand string, a prepaid.Address) ([]conversation.Notice, error) {
	rows, err := noticeTable.list(ctx, db.reader, `
		WHERE told_at = 0 AND held <> '' AND brand = ? AND address = ? ORDER BY due_at, id`, brand, a)
	if err != nil {
		return nil, fmt.Errorf("held notices: %w", err)
	}
	return newNotices(rows), nil
}

// HeldOf implements conversation.HeldNotices.
func (db Notices) HeldOf(ctx context.Context, o prepaid.OrderID) ([]prepaid.NoticeID, error) {
	var ids []prepaid.NoticeID
	err := list(ctx, db.reader, &ids, `SELECT id FROM notices WHERE `+ofOrderID+` AND about = 'order' AND told_at = 0 AND held <> '' ORDER BY id`, o)
	if err != nil {
		return nil, fmt.Errorf("held notices of order: %w", err)
	}
	return ids, nil
}

// Release implements conversation.HeldNotices.
func (db Notices) Release(ctx context.Context, brand string, a prepaid.Address) error {
	_, err := exec(ctx, db.writer, `
		UPDATE notices SET held = '', held_at = 0, lease_until = 0 WHERE told_at = 0 AND held <> '' AND brand = ? AND address = ?`, brand, a)
	if err != nil {
		return fmt.Errorf("release notices: %w", err)
	}
	return nil
}

var untoldTable = newTable[operators.Untold]("notices", names{
	"Order": "order_id", "Number": "msisdn,join",
})

// Untold lists the held notices of one brand, or of all (""), the oldest first.
func (db Notices) Untold(ctx context.Context, brand string, limit int) ([]operators.Untold, error) {
	untold, err := untoldTable.query(ctx, db.orderReader, `
		SELECT `+untoldTable.of("n")+`, COALESCE(o.msisdn, '') AS msisdn
		FROM notices n LEFT JOIN orders o ON o.brand = n.brand AND o.id = n.order_id
		WHERE n.told_at = 0 AND n.held <> '' AND (CAST(? AS TEXT) = '' OR n.brand = ?) ORDER BY n.held_at, n.id LIMIT ?`, brand, brand, limit)
	if err != nil {
		return nil, fmt.Errorf("list untold news: %w", err)
	}
	return untold, nil
}

// ToldByHand marks a held notice as told by an operator, and stores who told it and why. It reports whether the notice was held.
func (db Notices) ToldByHand(ctx context.Context, id prepaid.NoticeID, by prepaid.By, now time.Time) (bool, error) {
	waited := false
	err := db.write(ctx, "tell by hand", func(tx *sqlx.Tx) error {
		var n struct {
			Brand   string
			Address prepaid.Address
			Order   prepaid.OrderID `db:"order_id"`
			About   string
		}
		found, err := get(ctx, tx, &n, `
			UPDATE notices SET told_at = ? WHERE id = ? AND told_at = 0 AND held <> '' RETURNING brand, address, order_id, about`,
			prepaid.Micros(now), id)
		if err != nil || !found {
			return err
		}
		waited = true
		var customer prepaid.CustomerID
		if _, err := get(ctx, tx, &customer, `SELECT customer FROM customer_addresses WHERE brand = ? AND address = ?`, n.Brand, n.Address); err != nil {
			return err
		}
		d := customerDeed(n.Brand, customer, "told "+n.About, by, now)
		switch {
		case n.Order != "":
			d.Kind, d.Object = prepaid.OnOrder, string(n.Order)
		case customer == "":
			d.Kind, d.Object = prepaid.OnNotice, string(id)
		}
		return recordDeed(ctx, tx, d)
	})
	return waited, err
}

// UntoldCount is how many notices of a brand are held for one reason, and since when the oldest is.
type UntoldCount struct {
	Brand  string
	Why    prepaid.HeldFor `db:"held"`
	Count  int
	Oldest int64 // microseconds
}

// CountUntold counts held notices.
func (db Notices) CountUntold(ctx context.Context) ([]UntoldCount, error) {
	var counts []UntoldCount
	err := list(ctx, db.reader, &counts, `
		SELECT brand, held, COUNT(*) AS count, MIN(held_at) AS oldest FROM notices
		WHERE told_at = 0 AND held <> '' GROUP BY brand, held ORDER BY brand, held`)
	if err != nil {
		return nil, fmt.Errorf("count untold news: %w", err)
	}
	return counts, nil
}
