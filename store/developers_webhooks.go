package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Webhooks keeps developers' webhooks and what is to be delivered to them.
type Webhooks struct{ *core }

var _ developers.Webhooks = Webhooks{}

// webhookRow is a webhook as it is stored.
type webhookRow struct {
	Brand string
	developers.Webhook
}

var webhookTable = newTable[webhookRow]("developer_webhooks", names{"Key": "key_id"})

// SetWebhook implements developers.Webhooks.
func (db Webhooks) SetWebhook(ctx context.Context, w developers.Webhook, d prepaid.Deed) error {
	return db.write(ctx, "set webhook", func(tx *sqlx.Tx) error {
		k, err := getKey(ctx, tx, w.Key)
		if err != nil {
			return err
		}
		was, _, err := webhookTable.get(ctx, tx, `WHERE brand = ? AND key_id = ?`, k.Brand, w.Key)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, `DELETE FROM developer_webhooks WHERE brand = ? AND key_id = ?`, k.Brand, w.Key); err != nil {
			return err
		}
		if w.URL != "" {
			_, err := webhookTable.insert(ctx, tx, webhookRow{k.Brand, w}, "")
			if err != nil {
				return err
			}
		}
		d.Brand, d.Old, d.New = k.Brand, was.URL, w.URL
		return recordDeed(ctx, tx, d)
	})
}

// Webhook implements developers.Webhooks.
func (db Webhooks) Webhook(ctx context.Context, key string) (developers.Webhook, error) {
	w, found, err := webhookTable.get(ctx, db.reader, `WHERE `+ofKey, key)
	if err == nil && !found {
		err = developers.ErrNoWebhook
	}
	if err != nil {
		return developers.Webhook{}, fmt.Errorf("read webhook: %w", err)
	}
	return w.Webhook, nil
}

// insertDelivery writes that a developer is to be told of an order's end, where the key has a webhook.
func insertDelivery(ctx context.Context, tx *sqlx.Tx, row topup.Order, c topup.Change) error {
	state := developers.EndState(row.Status)
	if row.Funding.Kind != topup.ByDeveloper || len(c.To) == 0 || state == "" {
		return nil
	}
	_, err := exec(ctx, tx, `
		INSERT INTO developer_deliveries (brand, order_id, ordered_at, id, key_id, state, status, run_at, give_up_at, created_at)
		SELECT ?, ?, ?, ?, key_id, ?, 'waiting', ?, ?, ? FROM developer_webhooks WHERE brand = ? AND key_id = ?
		ON CONFLICT (brand, order_id, ordered_at, state) DO NOTHING`,
		keyOf(row).args(prepaid.NewID[string](), string(state), prepaid.Micros(c.At), prepaid.Micros(c.At.Add(developers.DeliverTries)),
			prepaid.Micros(c.At), row.Brand, row.Funding.Ref)...)
	if err != nil {
		return fmt.Errorf("delivery to webhook: %w", err)
	}
	return nil
}

var deliveryTable = newTable[developers.Delivery]("developer_deliveries", names{
	"Key": "key_id", "Order": "order_id", "Transaction": "number,join", "Last": "", "Last.At": "tried_at",
})

// deliveryColumns are what a delivery is read from.
var deliveryColumns = deliveryTable.columns + `,
	(SELECT number FROM developer_sales WHERE developer_sales.brand = developer_deliveries.brand
		AND developer_sales.order_id = developer_deliveries.order_id) AS number`

// ClaimDelivery implements developers.Webhooks. Two that claim in the same moment may get two of one key.
func (db Webhooks) ClaimDelivery(ctx context.Context, now, until time.Time) (d developers.Delivery, due bool, err error) {
	at := prepaid.Micros(now)
	err = db.write(ctx, "claim delivery", func(tx *sqlx.Tx) error {
		d, due, err = deliveryTable.first(ctx, tx, `
			WITH due AS MATERIALIZED (
				SELECT d.id AS due_id FROM developer_deliveries d
				WHERE d.status = 'waiting' AND d.run_at <= ? AND d.lease_until <= ?
				  AND NOT EXISTS (
					SELECT 1 FROM developer_deliveries other
					WHERE other.key_id = d.key_id AND other.status = 'waiting' AND other.lease_until > ?)
				ORDER BY d.attempts, d.run_at, d.id LIMIT 1`+db.skipLocked+`)
			UPDATE developer_deliveries SET lease_until = ?, attempts = attempts + 1
			WHERE id IN (SELECT due_id FROM due)
			RETURNING `+deliveryColumns, at, at, at, prepaid.Micros(until))
		return err
	})
	return d, due && err == nil, err
}

// EndDelivery implements developers.Webhooks.
func (db Webhooks) EndDelivery(ctx context.Context, d developers.Delivery) error {
	return db.write(ctx, "end delivery", func(tx *sqlx.Tx) error {
		_, err := exec(ctx, tx, `
			UPDATE developer_deliveries SET status = ?, run_at = ?, lease_until = 0, tried_at = ?, http_status = ?, code = ?, excerpt = ?
			WHERE id = ? AND status = 'waiting'`,
			string(d.Status), prepaid.Micros(d.RunAt), prepaid.Micros(d.Last.At), d.Last.HTTPStatus, d.Last.Code, storable(d.Last.Excerpt), d.ID)
		if err != nil || d.Status != developers.DeliveryTaken {
			return err
		}
		_, err = exec(ctx, tx, `
			UPDATE developer_deliveries SET run_at = ? WHERE key_id = ? AND status = 'waiting' AND run_at > ? AND code = ?`,
			prepaid.Micros(d.Last.At), d.Key, prepaid.Micros(d.Last.At), developers.CodeNotReached)
		return err
	})
}

// NextDelivery implements developers.Webhooks.
func (db Webhooks) NextDelivery(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.reader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0)
		FROM developer_deliveries WHERE status = 'waiting'`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next delivery: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// Deliveries lists what a key was, or is to be, told: of any status with "", the newest n, newest first.
func (db Webhooks) Deliveries(ctx context.Context, key string, status developers.DeliveryStatus, n int) ([]developers.Delivery, error) {
	deliveries, err := deliveryTable.query(ctx, db.reader, `
		SELECT `+deliveryColumns+` FROM developer_deliveries WHERE key_id = ? AND (status = ? OR ? = '')
		ORDER BY created_at DESC, id LIMIT ?`, key, string(status), string(status), n)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return deliveries, nil
}

// Delivery reads one; developers.ErrNoDelivery.
func (db Webhooks) Delivery(ctx context.Context, id string) (developers.Delivery, error) {
	d, found, err := deliveryTable.first(ctx, db.reader, `SELECT `+deliveryColumns+` FROM developer_deliveries WHERE id = ?`, id)
	if err == nil && !found {
		err = developers.ErrNoDelivery
	}
	if err != nil {
		return developers.Delivery{}, fmt.Errorf("read delivery: %w", err)
	}
	return d, nil
}

// RepeatDelivery has one sent again now, whatever became of it, and tried for as long as a new one. The deed's key is
// the delivery's. developers.ErrNoDelivery.
func (db Webhooks) RepeatDelivery(ctx context.Context, id string, d prepaid.Deed) error {
	return db.write(ctx, "repeat delivery", func(tx *sqlx.Tx) error {
		var of struct {
			Brand string
			Key   string `db:"key_id"`
		}
		found, err := get(ctx, tx, &of, `
			UPDATE developer_deliveries SET status = 'waiting', run_at = ?, give_up_at = ? WHERE id = ? RETURNING brand, key_id`,
			prepaid.Micros(d.At), prepaid.Micros(d.At.Add(developers.DeliverTries)), id)
		if err == nil && !found {
			err = developers.ErrNoDelivery
		}
		if err != nil {
			return err
		}
		d.Brand, d.Object = of.Brand, of.Key
		return recordDeed(ctx, tx, d)
	})
}
