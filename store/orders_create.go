package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Create implements topup.Orders.
//
// The rules of a purchase (one order in flight, no repetition within a minute, limits, exposure) apply only to orders paid by a charge:
// a top-up card has been paid for already. A day is the last 24 hours, a month the last 30 days.
//
// The steps of the transaction: lock the customer (and the developer's key), answer a repeated operation key with the first order, check
// the customer's state and the rules, insert the order, and insert its history, charge and first attempt. Two transactions that both pass
// the checks meet at a unique constraint; explainConflict then says which.
func (db Orders) Create(ctx context.Context, n topup.NewOrder) (topup.Order, bool, error) {
	existing := false
	gone := func(err error) bool { return errors.Is(err, errConflictGone) }
	stored, err := retry(ctx, 3, gone, func() (stored topup.Order, err error) {
		stored, existing, err = db.create(ctx, n)
		return stored, err
	})
	return stored, existing, err
}

// errConflictGone says that the INSERT met a constraint, but the conflicting order had ended before it could be read. Trying again helps.
var errConflictGone = errors.New("met an order that is gone")

func (db Orders) create(ctx context.Context, n topup.NewOrder) (stored topup.Order, existing bool, err error) {
	err = db.writeOrders(ctx, "create order", func(tx *sqlx.Tx) error {
		// The lock comes first, so that whoever waited for it reads what the transaction before has stored.
		p, err := db.lockPayer(ctx, tx, n.Order.Customer)
		if err == nil && n.Sale != nil {
			err = db.lockKey(ctx, tx, n.Order.Brand, n.Order.Funding.Ref)
		}
		if err != nil {
			return err
		}
		if stored, existing, err = existingOrder(ctx, tx, n.Order); err != nil || existing {
			return err
		}
		switch {
		case p.Status == accounts.Blocked, p.Status == accounts.Erased:
			return topup.ErrBlocked
		case p.Frozen > 0:
			return topup.ErrFrozen
		}
		if n.Order.Funding.Kind == topup.ByCharge {
			if n.Order.AfterDebit, err = isUnproven(ctx, tx, n.Order, p); err != nil {
				return err
			}
			err = mayBuy(ctx, tx, n, p)
		} else if n.Sale != nil {
			err = mayResell(ctx, tx, n)
		}
		if err != nil {
			return err
		}
		if n.Order.CreatedAt, err = orderedTime(ctx, tx, n.Order); err != nil {
			return err
		}
		inserted, err := insertOrder(ctx, tx, n.Order)
		if err != nil {
			return err
		}
		if !inserted {
			stored, existing, err = explainConflict(ctx, tx, n.Order)
			return err
		}
		stored = n.Order
		return insertFirstRows(ctx, tx, n)
	})
	if err != nil {
		return topup.Order{}, false, err
	}
	return stored, existing, nil
}

// orderedTime is the order's time, or a microsecond after the number's latest order where the clock is behind that: sorting by time keeps
// the sequence in which orders were placed.
func orderedTime(ctx context.Context, tx *sqlx.Tx, o topup.Order) (time.Time, error) {
	var latest int64
	_, err := get(ctx, tx, &latest, `SELECT COALESCE(MAX(created_at), 0) FROM orders WHERE brand = ? AND msisdn = ?`, o.Brand, o.MSISDN)
	if at := prepaid.FromMicros(latest).Add(time.Microsecond); latest > 0 && at.After(o.CreatedAt) {
		return at, err
	}
	return o.CreatedAt, err
}

// payer is what lockPayer reads of a customer.
type payer struct {
	Brand     string
	Status    accounts.Status
	Holder    int
	Recovered int64 `db:"recovered_at"`
	Frozen    int64 `db:"frozen_at"`
}

// lockCustomer is lockPayer, and returns the status alone.
func (db *core) lockCustomer(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID) (accounts.Status, error) {
	p, err := db.lockPayer(ctx, tx, id)
	return p.Status, err
}

// lockPayer locks a customer's row: it serialises the customer's orders, setups and recoveries. accounts.ErrNoCustomer. With no id, of a
// stranger who redeems a card, it locks nothing.
func (db *core) lockPayer(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID) (payer, error) {
	if id == "" {
		return payer{}, nil
	}
	var p payer
	found, err := get(ctx, tx, &p, `SELECT brand, status, holder, recovered_at, frozen_at FROM customers WHERE id = ?`+db.forUpdate, id)
	if err == nil && !found {
		err = accounts.ErrNoCustomer
	}
	return p, err
}

func existingOrder(ctx context.Context, tx *sqlx.Tx, o topup.Order) (topup.Order, bool, error) {
	row, found, err := orderTable.get(ctx, tx, `WHERE brand = ? AND operation_key = ?`,
		o.Brand, o.OperationKey)
	if err != nil || !found {
		return topup.Order{}, false, err
	}
	if row.RequestHash != o.RequestHash || row.Customer != o.Customer {
		return topup.Order{}, false, &topup.KeyReusedError{Order: row}
	}
	return row, true, nil
}

// mayBuy returns *topup.InFlightError, *topup.RepeatError or *topup.LimitError where the customer may not buy this now. The caller holds
// the customer's lock.
func mayBuy(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder, p payer) error {
	o := n.Order
	var met topup.Order
	found := false
	var err error
	if o.Customer != "" { // what they have in flight, or have just bought; nobody else's orders are in their way
		met, found, err = orderTable.get(ctx, tx, `
			WHERE customer = ? AND (in_flight OR (NOT ? AND msisdn = ? AND email = ? AND created_at >= ? AND currency = ?
				AND minor = ? AND funding_kind = 'charge' AND status <> 'declined'))
			ORDER BY in_flight DESC, created_at DESC, id LIMIT 1`,
			o.Customer, n.Confirmed, o.MSISDN, o.Email, prepaid.Micros(n.Since), o.Amount.Currency, o.Amount.Minor)
	}
	switch {
	case err != nil:
		return err
	case found && met.InFlight:
		return &topup.InFlightError{Order: met}
	case found:
		return &topup.RepeatError{Order: met}
	}
	if p.Recovered > 0 && n.Order.CreatedAt.Before(prepaid.FromMicros(p.Recovered).Add(n.Hold)) {
		n.Limits = n.HoldLimits
	}
	if err := withinLimits(ctx, tx, n); err != nil {
		return err
	}
	return withinExposure(ctx, tx, n)
}

const (
	day   = 24 * time.Hour
	month = 30 * day
)

func withinLimits(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	if n.Order.Customer == "" {
		return nil
	}
	var bought struct {
		DayCount   int
		DaySum     int64
		MonthCount int
		MonthSum   int64
	}
	now := n.Order.CreatedAt
	dayStart := prepaid.Micros(now.Add(-day))
	_, err := get(ctx, tx, &bought, `
		SELECT COUNT(*) AS month_count, COALESCE(CAST(SUM(minor) AS BIGINT), 0) AS month_sum,
			COUNT(CASE WHEN created_at > ? THEN 1 END) AS day_count,
			COALESCE(CAST(SUM(CASE WHEN created_at > ? THEN minor END) AS BIGINT), 0) AS day_sum
		FROM orders
		WHERE customer = ? AND created_at > ? AND funding_kind = 'charge' AND currency = ?
		  AND status NOT IN ('declined', 'refunded')`,
		dayStart, dayStart, n.Order.Customer, prepaid.Micros(now.Add(-month)), n.Order.Amount.Currency)
	if err != nil {
		return err
	}
	minor, l := n.Order.Amount.Minor, n.Limits
	spent := func(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: n.Order.Amount.Currency} }
	switch {
	case l.DayCount > 0 && bought.DayCount >= l.DayCount:
		return freesAt(ctx, tx, n, day, &topup.LimitError{Name: "day_count", Count: l.DayCount, Spent: spent(bought.DaySum)})
	case !l.DaySum.Zero() && bought.DaySum+minor > l.DaySum.Minor:
		return freesAt(ctx, tx, n, day, &topup.LimitError{Name: "day_sum", Money: l.DaySum, Spent: spent(bought.DaySum)})
	case l.MonthCount > 0 && bought.MonthCount >= l.MonthCount:
		return freesAt(ctx, tx, n, month, &topup.LimitError{Name: "month_count", Count: l.MonthCount, Spent: spent(bought.MonthSum)})
	case !l.MonthSum.Zero() && bought.MonthSum+minor > l.MonthSum.Minor:
		return freesAt(ctx, tx, n, month, &topup.LimitError{Name: "month_sum", Money: l.MonthSum, Spent: spent(bought.MonthSum)})
	}
	return nil
}

// freesAt completes a LimitError with when the order would be within that limit, if nothing else is bought meanwhile: once enough of
// what counts is older than the window. It returns the store's error where that can't be read.
func freesAt(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder, window time.Duration, limit *topup.LimitError) error {
	var counted []struct{ CreatedAt, Minor int64 }
	err := list(ctx, tx, &counted, `
		SELECT created_at, minor FROM orders
		WHERE customer = ? AND created_at > ? AND funding_kind = 'charge' AND currency = ? AND status NOT IN ('declined', 'refunded')
		ORDER BY created_at`,
		n.Order.Customer, prepaid.Micros(n.Order.CreatedAt.Add(-window)), n.Order.Amount.Currency)
	if err != nil {
		return err
	}
	sum, count := n.Order.Amount.Minor, len(counted)+1
	for _, o := range counted {
		sum += o.Minor
	}
	within := func() bool {
		if limit.Count > 0 {
			return count <= limit.Count
		}
		return sum <= limit.Money.Minor
	}
	for _, o := range counted {
		if sum, count = sum-o.Minor, count-1; within() {
			limit.Until = prepaid.FromMicros(o.CreatedAt).Add(window)
			break
		}
	}
	return limit
}

// isUnproven reports whether an order is paid by a mandate that was given by text after a recovery and has no settled debit yet. Whoever
// took the number over may have typed somebody else's IBAN, so such an order is delivered only after its debit has settled.
func isUnproven(ctx context.Context, tx *sqlx.Tx, o topup.Order, p payer) (bool, error) {
	if o.Funding.Method != "sepa" || p.Holder <= 1 {
		return false, nil
	}
	return get(ctx, tx, new(int), `
		SELECT 1 FROM instruments i WHERE i.brand = ? AND i.id = ? AND i.by_text AND i.holder > 1 AND NOT EXISTS (
			SELECT 1 FROM orders o JOIN charges c ON c.brand = o.brand AND c.order_id = o.id
			WHERE o.customer = ? AND o.funding_ref = i.id AND c.status IN ('captured', 'partly_refunded'))`, o.Brand, o.Funding.Ref, o.Customer)
}

// withinExposure limits the sum of orders that are delivered before their debits are final. A charge without an answer counts,
// because it may turn out to be pending.
func withinExposure(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	limit := n.Limits.SEPAExposure
	if n.Order.Funding.Method != "sepa" || n.Order.AfterDebit || limit.Zero() {
		return nil
	}
	var pending int64
	_, err := get(ctx, tx, &pending, `
		SELECT COALESCE(CAST(SUM(o.minor) AS BIGINT), 0)
		FROM orders o JOIN charges c ON c.brand = o.brand AND c.order_id = o.id
		WHERE o.customer = ? AND o.currency = ? AND o.funding_method = 'sepa' AND NOT o.after_debit
		  AND o.status NOT IN ('declined', 'refunded') AND c.status IN ('sending', 'pending', 'unknown')`,
		n.Order.Customer, n.Order.Amount.Currency)
	if err != nil {
		return err
	}
	if pending+n.Order.Amount.Minor > limit.Minor {
		return &topup.LimitError{Name: "exposure", Money: limit, Spent: prepaid.Money{Minor: pending, Currency: limit.Currency}}
	}
	return nil
}

func insertOrder(ctx context.Context, tx *sqlx.Tx, row topup.Order) (inserted bool, err error) {
	rows, err := orderTable.insert(ctx, tx, row, `ON CONFLICT DO NOTHING`)
	return rows == 1, err
}

// explainConflict finds which of three constraints the INSERT met: the operation key, one order in flight, or the order's id. The
// other order was committed after this transaction had checked.
func explainConflict(ctx context.Context, tx *sqlx.Tx, o topup.Order) (topup.Order, bool, error) {
	stored, existing, err := existingOrder(ctx, tx, o)
	if err != nil || existing {
		return stored, existing, err
	}
	if o.Funding.Kind == topup.ByCharge {
		row, found, err := orderTable.get(ctx, tx, `WHERE brand = ? AND customer = ? AND customer <> '' AND in_flight`,
			o.Brand, o.Customer)
		if err == nil && found {
			err = &topup.InFlightError{Order: row}
		}
		if err != nil {
			return topup.Order{}, false, err
		}
	}
	var taken int
	found, err := get(ctx, tx, &taken, `SELECT 1 FROM orders WHERE id = ?`, o.ID)
	switch {
	case err != nil:
		return topup.Order{}, false, err
	case found:
		return topup.Order{}, false, topup.ErrOrderIDTaken
	}
	return topup.Order{}, false, errConflictGone // the order in flight has just ended
}

// insertFirstRows stores a new order's history, charge, first attempt and sale.
func insertFirstRows(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	o := n.Order
	if err := insertHistory(ctx, tx, o, topup.Change{From: topup.Requested, To: topup.Beginning(o.Status), At: o.CreatedAt}); err != nil {
		return err
	}
	if err := insertCharge(ctx, tx, n); err != nil {
		return err
	}
	if err := insertAttempt(ctx, tx, o, n.Attempt); err != nil {
		return err
	}
	if n.Sale != nil {
		return insertSale(ctx, tx, n)
	}
	return nil
}

// insertCharge stores a new order's charge. One to an instrument is stored only where the instrument is active and was set up by the
// customer's present holder: else topup.ErrInstrumentEnded.
func insertCharge(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	o := n.Order
	n.Charge.Order = o.ID
	args, err := chargeTable.values(chargeRow{o.Brand, n.Charge})
	if err != nil {
		return fmt.Errorf("charge: %w", err)
	}
	args = append(args, prepaid.Micros(o.CreatedAt))
	// In a SELECT, PostgreSQL does not take the columns' types for the placeholders'.
	query := `
		INSERT INTO charges (` + chargeTable.columns + `, changed_at, holder)
		SELECT ` + chargeTable.casts() + `, CAST(? AS BIGINT), `
	if o.Funding.Kind == topup.ByCharge {
		query += `c.holder
			FROM instruments i JOIN customers c ON c.brand = i.brand AND c.id = i.customer AND c.holder = i.holder
			WHERE i.brand = ? AND i.id = ? AND i.customer = ? AND i.active`
		args = append(args, o.Brand, o.Funding.Ref, o.Customer)
	} else {
		query += `0`
	}
	rows, err := exec(ctx, tx, query, args...)
	if err != nil {
		return fmt.Errorf("charge: %w", err)
	}
	if rows == 0 {
		return topup.ErrInstrumentEnded
	}
	return nil
}
