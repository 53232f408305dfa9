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
// What bounds a purchase (one in flight, the same again, limits, exposure) is asked of orders paid by a
// charge alone: a top-up card has been paid for already. A day is the last 24 hours, a month the last 30 days.
func (db Orders) Create(ctx context.Context, n topup.NewOrder) (topup.Order, bool, error) {
	for tries := 1; ; tries++ {
		stored, existing, err := db.create(ctx, n)
		if !errors.Is(err, errMetGone) || tries == 3 {
			return stored, existing, err
		}
	}
}

// errMetGone says that the order met a constraint whose other side was gone when it looked.
var errMetGone = errors.New("met an order that is gone")

func (db Orders) create(ctx context.Context, n topup.NewOrder) (stored topup.Order, existing bool, err error) {
	err = db.writeOrders(ctx, "create order", func(tx *sqlx.Tx) error {
		// The lock comes first: whoever waited for it sees what the one before has stored.
		p, err := db.lockPayer(ctx, tx, n.Order.Customer)
		if err == nil && n.Sale != nil {
			err = db.lockKey(ctx, tx, n.Order.Brand, n.Order.Funding.Ref)
		}
		if err != nil {
			return err
		}
		if stored, existing, err = replayed(ctx, tx, n.Order); err != nil || existing {
			return err
		}
		switch {
		case p.Status == accounts.Blocked, p.Status == accounts.Erased:
			return topup.ErrBlocked
		case p.Frozen > 0:
			return topup.ErrFrozen
		}
		if n.Order.Funding.Kind == topup.ByCharge {
			if n.Order.AfterDebit, err = unproven(ctx, tx, n.Order, p); err != nil {
				return err
			}
			err = mayBuy(ctx, tx, n, p)
		} else if n.Sale != nil {
			err = mayResell(ctx, tx, n)
		}
		if err != nil {
			return err
		}
		if n.Order.CreatedAt, err = afterLatest(ctx, tx, n.Order); err != nil {
			return err
		}
		inserted, err := insertOrder(ctx, tx, n.Order)
		if err != nil {
			return err
		}
		if !inserted {
			stored, existing, err = whyNotInserted(ctx, tx, n.Order)
			return err
		}
		stored = n.Order
		return insertBeginning(ctx, tx, n)
	})
	if err != nil {
		return topup.Order{}, false, err
	}
	return stored, existing, nil
}

// afterLatest keeps the order in which a number's orders were taken where the clock can't tell them apart.
func afterLatest(ctx context.Context, tx *sqlx.Tx, o topup.Order) (time.Time, error) {
	var latest int64
	_, err := get(ctx, tx, &latest, `SELECT COALESCE(MAX(created_at), 0) FROM orders WHERE brand = ? AND msisdn = ?`, o.Brand, o.MSISDN)
	if at := prepaid.FromMicros(latest).Add(time.Microsecond); latest > 0 && at.After(o.CreatedAt) {
		return at, err
	}
	return o.CreatedAt, err
}

// payer is what a transaction that has locked a customer's row decides by.
type payer struct {
	Status    accounts.Status
	Holder    int
	Recovered int64 `db:"recovered_at"`
	Frozen    int64 `db:"frozen_at"`
}

// lockCustomer is lockPayer where only the status is asked for.
func (db *core) lockCustomer(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID) (accounts.Status, error) {
	p, err := db.lockPayer(ctx, tx, id)
	return p.Status, err
}

// lockPayer makes the customer's orders, setups and recoveries wait for each other. A stranger has nothing to lock.
func (db *core) lockPayer(ctx context.Context, tx *sqlx.Tx, id prepaid.CustomerID) (payer, error) {
	if id == "" {
		return payer{}, nil
	}
	var p payer
	found, err := get(ctx, tx, &p, `SELECT status, holder, recovered_at, frozen_at FROM customers WHERE id = ?`+db.forUpdate, id)
	if err == nil && !found {
		err = accounts.ErrNoCustomer
	}
	return p, err
}

func replayed(ctx context.Context, tx *sqlx.Tx, o topup.Order) (topup.Order, bool, error) {
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

// mayBuy refuses what the customer may not buy now. Under the customer's lock.
func mayBuy(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder, p payer) error {
	o := n.Order
	var met topup.Order
	found := false
	var err error
	if o.Customer != "" { // what they have in flight, or have just bought; nobody else's orders are in their way
		met, found, err = orderTable.get(ctx, tx, `
			WHERE brand = ? AND customer = ? AND (in_flight OR (NOT ? AND msisdn = ? AND email = ? AND created_at >= ? AND currency = ?
				AND minor = ? AND funding_kind = 'charge' AND status <> 'declined'))
			ORDER BY in_flight DESC, created_at DESC, id LIMIT 1`,
			o.Brand, o.Customer, n.Confirmed, o.MSISDN, o.Email, prepaid.Micros(n.Since), o.Amount.Currency, o.Amount.Minor)
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
	switch {
	case l.DayCount > 0 && bought.DayCount >= l.DayCount:
		return &topup.LimitError{Name: "day_count", Count: l.DayCount}
	case !l.DaySum.Zero() && bought.DaySum+minor > l.DaySum.Minor:
		return &topup.LimitError{Name: "day_sum", Money: l.DaySum}
	case l.MonthCount > 0 && bought.MonthCount >= l.MonthCount:
		return &topup.LimitError{Name: "month_count", Count: l.MonthCount}
	case !l.MonthSum.Zero() && bought.MonthSum+minor > l.MonthSum.Minor:
		return &topup.LimitError{Name: "month_sum", Money: l.MonthSum}
	}
	return nil
}

// unproven reports whether an order is paid by a mandate that was given by text after a recovery, of which no debit has
// settled: whoever took the number over may have typed anybody's IBAN.
func unproven(ctx context.Context, tx *sqlx.Tx, o topup.Order, p payer) (bool, error) {
	if o.Funding.Method != "sepa" || p.Holder <= 1 {
		return false, nil
	}
	return get(ctx, tx, new(int), `
		SELECT 1 FROM instruments i WHERE i.id = ? AND i.by_text AND i.holder > 1 AND NOT EXISTS (
			SELECT 1 FROM orders o JOIN charges c ON c.order_id = o.id
			WHERE o.customer = ? AND o.funding_ref = i.id AND c.status = 'captured')`, o.Funding.Ref, o.Customer)
}

// withinExposure bounds what is delivered before its debits are final. A charge whose answer is not known
// yet may turn out to be pending, and counts.
func withinExposure(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	limit := n.Limits.SEPAExposure
	if n.Order.Funding.Method != "sepa" || n.Order.AfterDebit || limit.Zero() {
		return nil
	}
	var pending int64
	_, err := get(ctx, tx, &pending, `
		SELECT COALESCE(CAST(SUM(o.minor) AS BIGINT), 0)
		FROM orders o JOIN charges c ON c.order_id = o.id
		WHERE o.customer = ? AND o.currency = ? AND o.funding_method = 'sepa' AND NOT o.after_debit
		  AND o.status NOT IN ('declined', 'refunded') AND c.status IN ('sending', 'pending', 'unknown')`,
		n.Order.Customer, n.Order.Amount.Currency)
	if err != nil {
		return err
	}
	if pending+n.Order.Amount.Minor > limit.Minor {
		return &topup.LimitError{Name: "exposure", Money: limit}
	}
	return nil
}

func insertOrder(ctx context.Context, tx *sqlx.Tx, row topup.Order) (inserted bool, err error) {
	rows, err := orderTable.insert(ctx, tx, row, `ON CONFLICT DO NOTHING`)
	return rows == 1, err
}

// whyNotInserted finds which of the three constraints the order met: the other order was committed after
// this transaction had looked.
func whyNotInserted(ctx context.Context, tx *sqlx.Tx, o topup.Order) (topup.Order, bool, error) {
	stored, existing, err := replayed(ctx, tx, o)
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
	return topup.Order{}, false, errMetGone // the order in flight has just ended
}

// insertBeginning stores what comes with a new order.
func insertBeginning(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	o := n.Order
	if err := insertHistory(ctx, tx, o.ID, topup.Requested, topup.Beginning(o.Status), "", o.CreatedAt); err != nil {
		return err
	}
	if err := insertCharge(ctx, tx, n); err != nil {
		return err
	}
	n.Attempt.Order = o.ID
	if err := insertAttempt(ctx, tx, n.Attempt); err != nil {
		return err
	}
	if n.Sale != nil {
		return insertSale(ctx, tx, n)
	}
	return nil
}

// insertCharge stores a new order's charge. One to an instrument is stored only where that is active, and the customer's
// present holder has set it up.
func insertCharge(ctx context.Context, tx *sqlx.Tx, n topup.NewOrder) error {
	o := n.Order
	n.Charge.Order = o.ID
	args, err := chargeTable.values(n.Charge)
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
			FROM instruments i JOIN customers c ON c.id = i.customer AND c.holder = i.holder
			WHERE i.id = ? AND i.customer = ? AND i.active`
		args = append(args, o.Funding.Ref, o.Customer)
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
