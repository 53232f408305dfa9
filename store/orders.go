package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Orders keeps orders with their charges, attempts, ledger entries and history.
type Orders struct{ *core }

var (
	_ topup.Finder = Orders{}
	_ topup.Orders = Orders{}
)

var orderTable = newTable[topup.Order]("orders", names{
	// What an order is for never changes; erasing a customer has statements of its own.
	"ID": "id,once", "Brand": "brand,once", "Customer": "customer,once", "MSISDN": "msisdn,once", "Email": "email,once", "Amount": ",once",
	"Funding": "funding,once", "OperationKey": "operation_key,once", "RequestHash": "request_hash,once", "ReplyTo": "reply,once",
	"AuthorisedBy": "authorised_by,once", "AfterDebit": "after_debit,once", "CreatedAt": "created_at,once",
})

// replyTable reads where somebody is told from the columns of an order or a setup.
var replyTable = newTable[topup.ReplyTo]("", names{
	"Channel": "reply_channel", "Kind": "reply_kind", "Address": "reply_address", "Language": "reply_language",
})

// childKey begins the key of what belongs to an order: with the order's own time, by which PostgreSQL partitions it.
type childKey struct {
	Brand     string
	Order     prepaid.OrderID
	OrderedAt time.Time
}

func keyOf(o topup.Order) childKey { return childKey{o.Brand, o.ID, o.CreatedAt} }

// ofOrder is the condition of a child's key; keyOf(order).args are its arguments.
const ofOrder = `brand = ? AND order_id = ? AND ordered_at = ?`

func (k childKey) args(more ...any) []any {
	return append([]any{k.Brand, k.Order, prepaid.Micros(k.OrderedAt)}, more...)
}

// ofOrderID is ofOrder where only the order's id is known.
const ofOrderID = `(brand, order_id, ordered_at) = (SELECT o.brand, o.id, o.created_at FROM orders o WHERE o.id = ?)`

// ofOrders is the condition of the children of several orders, with its arguments for listIn. There is one order at least.
func ofOrders(orders []topup.Order) (where string, args []any) {
	var brands []string
	ids := make([]prepaid.OrderID, len(orders))
	first, last := orders[0].CreatedAt, orders[0].CreatedAt
	for i, o := range orders {
		ids[i] = o.ID
		if !slices.Contains(brands, o.Brand) {
			brands = append(brands, o.Brand)
		}
		if o.CreatedAt.Before(first) {
			first = o.CreatedAt
		}
		if o.CreatedAt.After(last) {
			last = o.CreatedAt
		}
	}
	return `brand IN (?) AND order_id IN (?) AND ordered_at BETWEEN ? AND ?`, []any{brands, ids, prepaid.Micros(first), prepaid.Micros(last)}
}

// attemptRow is an attempt as it is stored.
type attemptRow struct {
	childKey
	topup.Attempt
}

var attemptTable = newTable[attemptRow]("attempts", names{"Order": "order_id"})

func insertAttempt(ctx context.Context, tx *sqlx.Tx, o topup.Order, a topup.Attempt) error {
	if _, err := attemptTable.insert(ctx, tx, attemptRow{keyOf(o), a}, ""); err != nil {
		return fmt.Errorf("attempt %d: %w", a.Number, err)
	}
	return nil
}

// chargeRow is a charge as it is stored.
type chargeRow struct {
	Brand string
	topup.Charge
}

// chargeTable's former is what the charge's holder and the customer's say together.
var chargeTable = newTable[chargeRow]("charges", names{"Order": "order_id", "Former": "former,join"})

// Order implements topup.Orders.
func (db Orders) Order(ctx context.Context, id prepaid.OrderID) (topup.History, error) {
	return db.history(ctx, "read order", `id = ?`, id)
}

// ByCharge implements topup.Finder.
func (db Orders) ByCharge(ctx context.Context, id prepaid.ChargeID) (topup.History, error) {
	return db.history(ctx, "order of charge", `id = (SELECT order_id FROM charges WHERE charges.id = ?)`, id)
}

// ByOperation implements topup.Finder.
func (db Orders) ByOperation(ctx context.Context, brand, key string) (topup.History, error) {
	return db.history(ctx, "order of operation", `brand = ? AND operation_key = ?`, brand, key)
}

func (db Orders) history(ctx context.Context, what, where string, args ...any) (topup.History, error) {
	var found []topup.History
	err := db.readOrders(ctx, what, func(tx *sqlx.Tx) error {
		rows, err := orderTable.list(ctx, tx, `WHERE `+where, args...)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return topup.ErrNoOrder
		}
		found, err = withHistory(ctx, tx, rows)
		return err
	})
	if err != nil {
		return topup.History{}, err
	}
	return found[0], nil
}

// Latest implements topup.Finder. What a developer has bought for the number is the developer's.
func (db Orders) Latest(ctx context.Context, brand string, w topup.Whose, n int) ([]topup.Order, error) {
	const newest = ` ORDER BY created_at DESC, id` + limited
	orders, err := orderTable.list(ctx, db.orderReader, `
		WHERE id IN (
			SELECT id FROM (SELECT id FROM orders WHERE customer = ? AND customer <> ''`+newest+`) made
			UNION ALL
			SELECT id FROM (SELECT id FROM orders
				WHERE brand = ? AND reply_address = ? AND customer = '' AND reply_address <> ''`+newest+`) asked
			UNION ALL
			SELECT id FROM (SELECT id FROM orders
				WHERE brand = ? AND msisdn = ? AND msisdn <> '' AND funding_kind <> 'developer' AND status = 'delivered' AND NOT by_pin`+newest+`) got
		)`+newest, w.Customer, n, brand, w.Address, n, brand, w.MSISDN, n, n)
	if err != nil {
		return nil, fmt.Errorf("latest orders: %w", err)
	}
	return orders, nil
}

// Claim implements topup.Orders. Those that have waited longest come first.
func (db Orders) Claim(ctx context.Context, now, until time.Time, n int) ([]topup.History, error) {
	var claimed []topup.History
	err := db.writeOrders(ctx, "claim orders", func(tx *sqlx.Tx) error {
		// Materialized: the inner SELECT must run once, or more than n rows may be locked.
		rows, err := orderTable.query(ctx, tx, `
			WITH due AS MATERIALIZED (
				SELECT id AS due_id FROM orders
				WHERE run_at > 0 AND run_at <= ? AND lease_until <= ?
				ORDER BY run_at, id`+limited+db.skipLocked+`)
			UPDATE orders SET lease_until = ? WHERE id IN (SELECT due_id FROM due)
			RETURNING `+orderTable.columns,
			prepaid.Micros(now), prepaid.Micros(now), n, prepaid.Micros(until))
		if err != nil || len(rows) == 0 {
			return err
		}
		claimed, err = withHistory(ctx, tx, rows)
		return err
	})
	return claimed, err
}

// withHistory adds charges and attempts to orders, of which there is at least one, and sorts them by run_at.
func withHistory(ctx context.Context, tx *sqlx.Tx, rows []topup.Order) ([]topup.History, error) {
	index := make(map[prepaid.OrderID]int, len(rows))
	slices.SortFunc(rows, func(a, b topup.Order) int { return cmp.Or(a.RunAt.Compare(b.RunAt), cmp.Compare(a.ID, b.ID)) })
	histories := make([]topup.History, len(rows))
	for i, row := range rows {
		index[row.ID], histories[i].Order = i, row
	}
	ids := slices.Collect(maps.Keys(index))
	query, args, err := sqlx.In(`
		SELECT `+chargeTable.of("ch")+`, ch.holder > 0 AND ch.holder < COALESCE(c.holder, 0) AS former
		FROM orders o JOIN charges ch ON ch.brand = o.brand AND ch.order_id = o.id
			LEFT JOIN customers c ON c.brand = o.brand AND c.id = o.customer
		WHERE o.id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	charges, err := chargeTable.query(ctx, tx, query, args...)
	if err != nil {
		return nil, err
	}
	for _, c := range charges {
		histories[index[c.Order]].Charge = c.Charge
	}
	where, args := ofOrders(rows)
	attempts, err := attemptTable.listIn(ctx, tx, `WHERE `+where+` ORDER BY order_id, number`, args...)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		h := &histories[index[a.childKey.Order]]
		h.Attempts = append(h.Attempts, a.Attempt)
	}
	return histories, addSales(ctx, tx, histories)
}

// NextDue implements topup.Orders.
func (db Orders) NextDue(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.orderReader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0)
		FROM orders WHERE run_at > 0`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next due order: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// AllOrders reads every order with its charge and attempts: for audits of small stores. It implements operators.AuditedOrders.
func (db Orders) AllOrders(ctx context.Context) ([]topup.History, error) {
	var ids []prepaid.OrderID
	if err := list(ctx, db.reader, &ids, `SELECT id FROM orders ORDER BY created_at, id`); err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	orders := make([]topup.History, 0, len(ids))
	for _, id := range ids {
		o, err := db.Order(ctx, id)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, nil
}
