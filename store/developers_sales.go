package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Sales reads what developers bought by the API.
type Sales struct{ *core }

var _ developers.Sales = Sales{}

// lockKey makes the orders of a developer's key wait for each other; topup.ErrNoKey or topup.ErrInactive where it may
// not buy.
func (db Orders) lockKey(ctx context.Context, tx *sqlx.Tx, brand, key string) error {
	k, found, err := developerKeyTable.get(ctx, tx, `WHERE id = ? AND brand = ?`+db.forUpdate, key, brand)
	switch {
	case err != nil:
		return err
	case !found || k.Revoked():
		return topup.ErrNoKey
	case !k.SuspendedAt.IsZero():
		return topup.ErrInactive
	}
	return nil
}

// postToDeveloper keeps a developer's balance equal to what the ledger says: every posting passes here.
func postToDeveloper(ctx context.Context, tx *sqlx.Tx, brand string, p topup.Posting, at time.Time) error {
	key, ok := strings.CutPrefix(p.Account, "developer:")
	if !ok {
		return nil
	}
	rows, err := exec(ctx, tx, `
		UPDATE developer_keys SET minor = minor - ?, changed_at = ? WHERE brand = ? AND id = ? AND currency = ? AND (minor >= ? OR ? < 0)`,
		p.Amount.Minor, prepaid.Micros(at), brand, key, p.Amount.Currency, p.Amount.Minor, p.Amount.Minor)
	if err == nil && rows == 0 {
		err = topup.ErrNoFunds
	}
	if err != nil {
		return fmt.Errorf("balance of %s: %w", p.Account, err)
	}
	return nil
}

// saleRow is a sale with what its order says of it too, by which it is found.
type saleRow struct {
	topup.Sale
	Brand            string
	Order            prepaid.OrderID
	Key              string
	IdentifierFolded string
	SoldAt           time.Time
}

var saleTable = newTable[saleRow]("developer_sales", names{
	"Number": "number,read", "Asked": "-", "Operator": "operator_id", "Limits": "-", "Order": "order_id", "Key": "key_id", "SoldAt": "created_at",
	// All but what the recipient gets is in the currency of the account.
	"Requested.Currency": "currency", "Discount.Currency": "currency", "Price.Currency": "currency", "Balance.Currency": "currency",
})

// mayResell refuses what the key may not buy now. Under the key's lock.
func mayResell(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	o, l := n.Order, n.Sale.Limits
	if l.Gap > 0 {
		var latest struct {
			At     int64 `db:"created_at"`
			Status topup.Status
		}
		found, err := get(ctx, tx, &latest, `
			SELECT created_at, status FROM orders
			WHERE brand = ? AND msisdn = ? AND email = ? AND funding_kind = 'developer' AND funding_ref = ?
			  AND status NOT IN ('declined', 'refunded')
			ORDER BY run_at > 0 DESC, created_at DESC LIMIT 1`, o.Brand, o.MSISDN, o.Email, o.Funding.Ref)
		switch {
		case err != nil:
			return err
		case found && !latest.Status.Ended():
			return &topup.LimitError{Name: topup.LimitPending}
		case found && o.CreatedAt.Before(prepaid.FromMicros(latest.At).Add(l.Gap)):
			return &topup.LimitError{Name: topup.LimitGap}
		}
	}
	if l.DayCount == 0 && l.DaySum.Zero() {
		return nil
	}
	var bought struct {
		Count int   `db:"bought"`
		Sum   int64 `db:"spent"`
	}
	_, err := get(ctx, tx, &bought, `
		SELECT COUNT(*) AS bought, COALESCE(CAST(SUM(s.price_minor) AS BIGINT), 0) AS spent
		FROM developer_sales s JOIN orders o ON o.brand = s.brand AND o.id = s.order_id
		WHERE s.key_id = ? AND s.created_at > ? AND o.status NOT IN ('declined', 'refunded')`,
		o.Funding.Ref, prepaid.Micros(o.CreatedAt.Add(-day)))
	switch {
	case err != nil:
		return err
	case l.DayCount > 0 && bought.Count >= l.DayCount:
		return &topup.LimitError{Name: topup.LimitDayCount, Count: l.DayCount}
	case !l.DaySum.Zero() && bought.Sum+n.Sale.Price.Minor > l.DaySum.Minor:
		return &topup.LimitError{Name: topup.LimitDaySum, Money: l.DaySum}
	}
	return nil
}

// insertSale writes down what was sold and, where the order is charged already, debits the developer's account.
func insertSale(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	o, s := n.Order, n.Sale
	if err := checkEntries(n.Postings); err != nil {
		return err
	}
	if err := insertEntries(ctx, tx, keyOf(o), n.Postings, o.CreatedAt); err != nil {
		return err
	}
	row := saleRow{Sale: *s, Brand: o.Brand, Order: o.ID, Key: o.Funding.Ref, IdentifierFolded: strings.ToLower(s.Identifier), SoldAt: o.CreatedAt}
	row.Balance, row.DebitedAt = prepaid.Money{}, time.Time{} // saleDebited fills them in
	_, err := saleTable.insert(ctx, tx, row, "")
	if err == nil && o.Status == topup.Charged {
		err = saleDebited(ctx, tx, o, o.CreatedAt)
	}
	if err != nil {
		return fmt.Errorf("sale: %w", err)
	}
	return nil
}

// saleDebited writes down what the debit that this transaction has made has left of the account.
func saleDebited(ctx context.Context, tx *sqlx.Tx, o topup.Order, at time.Time) error {
	_, err := exec(ctx, tx, `
		UPDATE developer_sales SET debited_at = ?, balance_minor = (
			SELECT minor FROM developer_keys k WHERE k.brand = developer_sales.brand AND k.id = key_id)
		WHERE brand = ? AND order_id = ?`, prepaid.Micros(at), o.Brand, o.ID)
	return err
}

// bookChange writes a change's ledger entries. Those that debit a developer's account do so only for a key that may buy.
func (db Orders) bookChange(ctx context.Context, tx *sqlx.Tx, row topup.Order, c topup.Change) error {
	debits := row.Funding.Kind == topup.ByDeveloper && slices.Contains(c.To, topup.Charged)
	if debits {
		if err := db.lockKey(ctx, tx, row.Brand, row.Funding.Ref); err != nil {
			return err
		}
	}
	err := insertEntries(ctx, tx, keyOf(row), c.Postings, c.At)
	if err == nil && debits {
		err = saleDebited(ctx, tx, row, c.At)
	}
	return err
}

// Sales implements developers.Sales.
func (db Sales) Sales(ctx context.Context, key string, f developers.Filter) (page []topup.History, total int, err error) {
	where, args := salesWhere(key, f)
	err = db.readOrders(ctx, "list sales", func(tx *sqlx.Tx) error {
		if _, err := get(ctx, tx, &total, `SELECT COUNT(*) FROM developer_sales s WHERE `+where, args...); err != nil {
			return err
		}
		size, before := f.Size, 0
		if size > 0 {
			before = (max(f.Page, 1) - 1) * size
		} else {
			size = total
		}
		rows, err := saleTable.list(ctx, tx, `WHERE `+where+` ORDER BY number LIMIT ? OFFSET ?`, append(args, size, before)...)
		if err != nil || len(rows) == 0 {
			return err
		}
		page, err = ordersOf(ctx, tx, rows)
		return err
	})
	return page, total, err
}

// OrderOfSale is the order of a transaction of the API, by its id there; topup.ErrNoOrder.
func (db Sales) OrderOfSale(ctx context.Context, transaction int64) (id prepaid.OrderID, err error) {
	err = db.readOrders(ctx, "find sale", func(tx *sqlx.Tx) error {
		found, err := get(ctx, tx, &id, `SELECT order_id FROM developer_sales WHERE number = ?`, transaction)
		if err == nil && !found {
			err = topup.ErrNoOrder
		}
		return err
	})
	return id, err
}

func salesWhere(key string, f developers.Filter) (where string, args []any) {
	where, args = "key_id = ?", []any{key}
	add := func(use bool, condition string, value any) {
		if use {
			where, args = where+" AND "+condition, append(args, value)
		}
	}
	add(f.TransactionID != 0, "number = ?", int64(f.TransactionID))
	add(f.CustomIdentifier != "", "identifier_folded = ?", strings.ToLower(f.CustomIdentifier))
	add(f.CountryCode != "", "country = ?", strings.ToUpper(f.CountryCode))
	add(f.OperatorName != "", "LOWER(operator_name) = LOWER(?)", f.OperatorName)
	add(f.OperatorID != 0, "operator_id = ?", int64(f.OperatorID))
	add(!f.From.IsZero(), "created_at >= ?", prepaid.Micros(f.From))
	add(!f.To.IsZero(), "created_at < ?", prepaid.Micros(f.To.Add(time.Second))) // they are shown in whole seconds
	return where, args
}

// ordersOf are the orders of sales, in their order.
func ordersOf(ctx context.Context, tx *sqlx.Tx, sales []saleRow) ([]topup.History, error) {
	histories, index, ids := make([]topup.History, len(sales)), map[prepaid.OrderID]int{}, make([]prepaid.OrderID, len(sales))
	for i, s := range sales {
		histories[i].Sale, index[s.Order], ids[i] = &s.Sale, i, s.Order
	}
	rows, err := orderTable.listIn(ctx, tx, `WHERE id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		histories[index[r.ID]].Order = r
	}
	return histories, nil
}

// addSales adds what developers have asked for to their orders.
func addSales(ctx context.Context, tx *sqlx.Tx, histories []topup.History) error {
	index := map[prepaid.OrderID]int{}
	var ids []prepaid.OrderID
	var brands []string
	for i, h := range histories {
		if h.Funding.Kind == topup.ByDeveloper {
			ids, brands, index[h.ID] = append(ids, h.ID), append(brands, h.Brand), i
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := saleTable.listIn(ctx, tx, `WHERE brand IN (?) AND order_id IN (?)`, brands, ids)
	if err != nil {
		return fmt.Errorf("sales: %w", err)
	}
	for _, r := range rows {
		histories[index[r.Order]].Sale = &r.Sale
	}
	return nil
}
