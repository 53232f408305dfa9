package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Moves changes a customer's number and closes accounts.
type Moves struct{ *core }

// lockNumbers serialises registrations, moves and erasures of the same numbers. It uses advisory locks, because a number that is nobody's
// has no row to lock, and takes them in sorted order, so that two callers cannot deadlock. It must come before any customer's row is locked.
// SQLite needs no lock: one transaction writes at a time.
func (db *core) lockNumbers(ctx context.Context, tx *sqlx.Tx, brand string, numbers ...prepaid.MSISDN) error {
	if db.dialect != Postgres {
		return nil
	}
	slices.Sort(numbers)
	for _, m := range slices.Compact(numbers) {
		if _, err := exec(ctx, tx, `SELECT pg_advisory_xact_lock(hashtext(?), hashtext(?))`, "number at "+brand, string(m)); err != nil {
			return err
		}
	}
	return nil
}

// MayMove implements accounts.Moves.
func (db Moves) MayMove(ctx context.Context, id prepaid.CustomerID, now time.Time) error {
	return db.readOrders(ctx, "may customer move", func(tx *sqlx.Tx) error {
		c, err := getCustomer(ctx, tx, `c.id = ?`, id)
		if err == nil {
			err = mayMove(ctx, tx, c)
		}
		if err == nil {
			err = refuseContested(ctx, tx, c, now)
		}
		return err
	})
}

// mayMove returns *accounts.UnderWayError while an order that the customer has made is not finished.
func mayMove(ctx context.Context, tx *sqlx.Tx, c accounts.Customer) error {
	var open prepaid.OrderID
	found, err := get(ctx, tx, &open, `
		SELECT id FROM orders WHERE customer = ? AND (in_flight OR run_at > 0 OR needs_human) ORDER BY created_at, id LIMIT 1`, c.ID)
	if err == nil && found {
		err = &accounts.UnderWayError{Order: open}
	}
	return err
}

// refuseContested returns *accounts.ContestedError while somebody may still answer NOT ME to a recovery of the customer's number.
func refuseContested(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, now time.Time) error {
	var until int64
	_, err := get(ctx, tx, &until, `SELECT COALESCE(MAX(until), 0) FROM unlinked_addresses WHERE brand = ? AND customer = ?`, c.Brand, c.ID)
	if err == nil && until > prepaid.Micros(now) {
		err = &accounts.ContestedError{Until: prepaid.FromMicros(until)}
	}
	return err
}

// MoveCustomer implements accounts.Moves.
func (db Moves) MoveCustomer(ctx context.Context, m accounts.Move) (accounts.Customer, error) {
	return db.moveNumber(ctx, m, func(tx *sqlx.Tx, c accounts.Customer) error {
		if err := requireLinked(ctx, tx, c, m.Asked); err != nil {
			return err
		}
		return refuseContested(ctx, tx, c, m.At)
	})
}

// requireLinked returns accounts.ErrRecovered where an address is no longer linked to the customer.
func requireLinked(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, a prepaid.Address) error {
	linked, err := get(ctx, tx, new(int), `SELECT 1 FROM customer_addresses WHERE brand = ? AND address = ? AND customer = ?`, c.Brand, a, c.ID)
	if err == nil && !linked {
		err = accounts.ErrRecovered
	}
	return err
}

// MoveByHand is MoveCustomer where an operator has decided whose the number is. It stores who decided, and why.
func (db Moves) MoveByHand(ctx context.Context, m accounts.Move, by prepaid.By) (accounts.Customer, error) {
	return db.moveNumber(ctx, m, func(tx *sqlx.Tx, c accounts.Customer) error {
		d := customerDeed(c.Brand, m.Customer, "change number", by, m.At)
		d.About = "from " + m.From.String() + " to " + m.To.String()
		return recordDeed(ctx, tx, d)
	})
}

// moveNumber changes a customer's number in one transaction. first runs in it before the change, and not at all where the operation key
// has made the change before: a repeated call returns the customer as they are.
func (db Moves) moveNumber(ctx context.Context, m accounts.Move, first func(*sqlx.Tx, accounts.Customer) error) (accounts.Customer, error) {
	var moved accounts.Customer
	err := db.writeOrders(ctx, "change number", func(tx *sqlx.Tx) error {
		c, err := getCustomer(ctx, tx, `c.id = ?`, m.Customer)
		if err != nil {
			return err
		}
		if err := db.lockNumbers(ctx, tx, c.Brand, m.From, m.To); err != nil {
			return err
		}
		if _, err := db.lockHolder(ctx, tx, m.Customer, m.Holder); err != nil {
			return err
		}
		if moved, err = getCustomer(ctx, tx, `c.id = ?`, m.Customer); err != nil {
			return err
		}
		known, err := recordMove(ctx, tx, moved, moveRecord{m.OperationKey, "number", m.From, m.At})
		switch {
		case err != nil || known:
			return err
		case moved.MSISDN != m.From:
			return accounts.ErrRecovered
		}
		if err := first(tx, moved); err != nil {
			return err
		}
		if err := mayMove(ctx, tx, moved); err != nil {
			return err
		}
		if err := changeNumber(ctx, tx, moved, m); err != nil {
			return err
		}
		moved, err = getCustomer(ctx, tx, `c.id = ?`, m.Customer)
		return err
	})
	if err != nil {
		return accounts.Customer{}, err
	}
	return moved, nil
}

// moveRecord is a change of a customer's number, or its end.
type moveRecord struct {
	operationKey string
	what         string // "number" or "close"
	former       prepaid.MSISDN
	at           time.Time
}

// recordMove stores a change under its operation key, and reports whether the key had made it before. topup.ErrKeyReused where the key
// belongs to another customer.
func recordMove(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, m moveRecord) (bool, error) {
	rows, err := exec(ctx, tx, `
		INSERT INTO customer_moves (brand, operation_key, customer, what, former, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (brand, operation_key) DO NOTHING`, c.Brand, m.operationKey, c.ID, m.what, m.former, prepaid.Micros(m.at))
	if err != nil || rows == 1 {
		return false, err
	}
	whose, err := movedBy(ctx, tx, c.Brand, m.operationKey, m.what)
	if err == nil && whose != c.ID {
		err = topup.ErrKeyReused
	}
	return true, err
}

// movedBy is the customer that an operation key has changed; "" for none.
func movedBy(ctx context.Context, q querier, brand, operationKey, what string) (whose prepaid.CustomerID, err error) {
	_, err = get(ctx, q, &whose, `SELECT customer FROM customer_moves WHERE brand = ? AND operation_key = ? AND what = ?`, brand, operationKey, what)
	return whose, err
}

// changeNumber carries a customer over to another number. The caller holds the locks of both numbers and of the customer. The address of
// the old number, what is still to be told there, and the customer's own opt-out move with them. What belongs to the old number itself
// stays: its one-time codes and its carrier's opt-out. accounts.ErrRegistered where the new number has a customer.
func changeNumber(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, m accounts.Move) error {
	taken, err := get(ctx, tx, new(int), `SELECT 1 FROM customers WHERE brand = ? AND msisdn = ?`, c.Brand, m.To)
	switch {
	case err != nil:
		return err
	case taken:
		return accounts.ErrRegistered
	}
	recognised := int64(0) // it is looked up before the first purchase
	if m.Recognised {
		recognised = prepaid.Micros(m.At)
	}
	from, to := m.From.Tel(), m.To.Tel()
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`UPDATE customers SET msisdn = ?, recognised_at = ? WHERE id = ?`, []any{m.To, recognised, c.ID}},
		{`DELETE FROM customer_addresses WHERE brand = ? AND address = ? AND customer = ?`, []any{c.Brand, from, c.ID}},
		{`INSERT INTO opt_outs (brand, address, channel, is_out, changed_at)
			SELECT brand, CAST(? AS TEXT), channel, is_out, changed_at FROM opt_outs WHERE brand = ? AND address = ? AND channel = '' AND is_out
			ON CONFLICT (brand, address, channel) DO UPDATE SET is_out = excluded.is_out, changed_at = excluded.changed_at`,
			[]any{to, c.Brand, from}},
		{`DELETE FROM opt_outs WHERE brand = ? AND address = ? AND channel = ''`, []any{c.Brand, from}},
	} {
		if _, err := exec(ctx, tx, step.query, step.args...); err != nil {
			return err
		}
	}
	if err := linkAddress(ctx, tx, c, accounts.Place{Address: to, Channel: m.SMS, Kind: string(channels.SMS)}, m.At); err != nil {
		return err
	}
	reply := topup.ReplyTo{Channel: m.SMS, Kind: string(channels.SMS), Address: to, Language: c.Language}
	if err := redirectReplies(ctx, tx, c, from, reply); err != nil || m.SMS == "" {
		return err
	}
	for about, a := range map[prepaid.NoticeKind]prepaid.Address{prepaid.NoticeNumberLeft: from, prepaid.NoticeNumberMoved: to} {
		reply.Address = a
		if a == m.Asked {
			continue
		}
		if err := insertNotice(ctx, tx, newNotice(prepaid.NewID[prepaid.NoticeID](), c.Brand, about, reply, m.At)); err != nil {
			return err
		}
	}
	return nil
}

// redirectReplies changes where a customer is told the news of orders, setups and notices that are still to come: from an address that
// is no longer theirs to another.
func redirectReplies(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, from prepaid.Address, to topup.ReplyTo) error {
	for _, query := range []string{
		`UPDATE orders SET reply_channel = ?, reply_kind = ?, reply_address = ? WHERE brand = ? AND reply_address = ? AND reply_address <> '' AND customer = ?`,
		`UPDATE payment_setups SET reply_channel = ?, reply_kind = ?, reply_address = ? WHERE brand = ? AND reply_address = ? AND customer = ?`,
		`UPDATE notices SET channel = ?, kind = ?, address = ? WHERE brand = ? AND address = ? AND told_at = 0
			AND (EXISTS (SELECT 1 FROM orders o WHERE o.brand = notices.brand AND o.id = notices.order_id AND o.customer = ?) OR about IN ('registered', 'setup_completed', 'setup_abandoned',
				'mandate_refused', 'instrument_ended'))`,
	} {
		if _, err := exec(ctx, tx, query, to.Channel, to.Kind, to.Address, c.Brand, from, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// UnlinkAddress implements accounts.Moves.
func (db Moves) UnlinkAddress(ctx context.Context, u accounts.Unlinking) error {
	return db.writeOrders(ctx, "unlink address", func(tx *sqlx.Tx) error {
		if _, err := db.lockHolder(ctx, tx, u.Customer, u.Holder); err != nil {
			return err
		}
		c, err := getCustomer(ctx, tx, `c.id = ?`, u.Customer)
		if err != nil {
			return err
		}
		var was struct {
			Channel string
			Kind    string
		}
		found, err := get(ctx, tx, &was, `
			DELETE FROM customer_addresses WHERE brand = ? AND address = ? AND customer = ? AND linked_at = ? RETURNING channel, kind`,
			c.Brand, u.Address, c.ID, prepaid.Micros(u.LinkedAt))
		if err != nil || !found {
			return err
		}
		to := topup.ReplyTo{Channel: was.Channel, Kind: was.Kind, Address: u.Address, Language: c.Language}
		if was.Channel == "" { // linked by an older program: where it wrote from last
			if to, err = lastReplyTo(ctx, tx, c, u.Address); err != nil {
				return err
			}
		}
		by := topup.ReplyTo{Channel: u.By.Channel, Kind: u.By.Kind, Address: u.By.Address}
		if err := redirectReplies(ctx, tx, c, u.Address, by); err != nil || to.Channel == "" {
			return err
		}
		to.Language = cmp.Or(to.Language, c.Language)
		return insertNotice(ctx, tx, newNotice(prepaid.NewID[prepaid.NoticeID](), c.Brand, prepaid.NoticeAddressUnlinked, to, u.At))
	})
}
