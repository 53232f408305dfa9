package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

// insertGiftNotice asks that the customer be told whose number somebody else has topped up: where they wrote from last, else where
// they have proven an address; a channel that is not known is found when it is told. The notice has the order's id, so that no order makes two.
// Nobody is told of what is no credit yet but a code, or is a developer's to tell.
func insertGiftNotice(ctx context.Context, tx *sqlx.Tx, o topup.Order, now time.Time) error {
	if o.Funding.Kind == topup.ByDeveloper || o.ByPIN || o.MSISDN == "" {
		return nil
	}
	var recipient prepaid.CustomerID
	found, err := get(ctx, tx, &recipient, `
		SELECT id FROM customers WHERE brand = ? AND msisdn = ? AND id <> ?
			AND NOT EXISTS (SELECT 1 FROM customer_addresses a WHERE a.brand = ? AND a.address = ? AND a.customer = customers.id)`,
		o.Brand, o.MSISDN, o.Customer, o.Brand, o.ReplyTo.Address)
	if err != nil || !found {
		return err
	}
	to, found, err := replyTable.first(ctx, tx, `
		SELECT COALESCE(said.reply_channel, a.channel) AS reply_channel, COALESCE(said.reply_kind, a.kind) AS reply_kind,
			a.address AS reply_address, c.language AS reply_language
		FROM customers c
		JOIN customer_addresses a ON a.brand = c.brand AND a.customer = c.id AND a.holder = c.holder
		LEFT JOIN (
			SELECT reply_channel, reply_kind, reply_address, created_at FROM orders WHERE customer = ?
			UNION ALL
			SELECT reply_channel, reply_kind, reply_address, created_at FROM payment_setups WHERE brand = ? AND customer = ?
		) AS said ON said.reply_address = a.address
		WHERE c.brand = ? AND c.id = ?
		ORDER BY EXISTS (SELECT 1 FROM opt_outs x WHERE x.brand = a.brand AND x.address = a.address AND x.is_out),
			COALESCE(said.created_at, 0) DESC, a.linked_at, a.address
		LIMIT 1`, recipient, o.Brand, recipient, o.Brand, recipient)
	if err != nil {
		return fmt.Errorf("recipient of gift: %w", err)
	}
	if !found {
		return nil
	}
	row := newNotice(prepaid.NoticeID("gift "+string(o.ID)), o.Brand, prepaid.NoticeGift, to, now)
	row.Order, row.OrderedAt = o.ID, o.CreatedAt
	return insertNotice(ctx, tx, row)
}
