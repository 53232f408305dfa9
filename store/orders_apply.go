package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Apply implements topup.Orders. A change without To is applied, and moved is true, where the order is still
// in From and has none of the change's ledger entries yet, so repeated news changes nothing. A change with To
// whose entries exist, whose entries do not sum to zero, or whose statuses may not follow each other
// (topup.Legal) is an error. ErrNoOrder where there is no order.
func (db Orders) Apply(ctx context.Context, c topup.Change) (moved bool, err error) {
	if err := checkChange(c); err != nil {
		return false, fmt.Errorf("apply to order %s: %w", c.Order, err)
	}
	err = db.writeOrders(ctx, "apply to order "+string(c.Order), func(tx *sqlx.Tx) error {
		row, found, err := orderTable.get(ctx, tx, `WHERE id = ?`+db.forUpdate, c.Order)
		if err == nil && !found {
			err = topup.ErrNoOrder
		}
		if err != nil {
			return err
		}
		if err := answerAttempt(ctx, tx, row, c); err != nil {
			return err
		}
		if moved = row.Status == c.From; !moved {
			return nil
		}
		if moved, err = hasChargeStatus(ctx, tx, row, c); err != nil || !moved {
			return err
		}
		known, err := hasEntry(ctx, tx, row, c)
		switch {
		case err != nil:
			return err
		case known && len(c.To) == 0:
			moved = false
			return nil
		case known:
			return fmt.Errorf("to %s: its ledger entry is there already", c.To[len(c.To)-1])
		}
		return db.applyChange(ctx, tx, row, c)
	})
	return moved && err == nil, err
}

func checkChange(c topup.Change) error {
	from := c.From
	for _, to := range c.To {
		if !topup.Legal(from, to) {
			return fmt.Errorf("may not go from %s to %s", from, to)
		}
		from = to
	}
	return checkEntries(c.Postings)
}

// hasChargeStatus reports whether the charge still has the status that the change asks for. Under the order's lock.
func hasChargeStatus(ctx context.Context, tx *sqlx.Tx, o topup.Order, c topup.Change) (bool, error) {
	if c.IfCharge == "" {
		return true, nil
	}
	var status topup.ChargeStatus
	_, err := get(ctx, tx, &status, `SELECT status FROM charges WHERE brand = ? AND order_id = ?`, o.Brand, o.ID)
	return status == c.IfCharge, err
}

// answerAttempt stores an attempt's answer, unless a final one is stored.
func answerAttempt(ctx context.Context, tx *sqlx.Tx, o topup.Order, c topup.Change) error {
	if c.Answered == nil {
		return nil
	}
	a := c.Answered
	_, err := exec(ctx, tx, `
		UPDATE attempts SET outcome = ?, code = ?, provider_ref = ?, ended_at = ?
		WHERE number = ? AND outcome IN ('sending', 'unknown') AND `+ofOrder, append([]any{
		a.Outcome, a.Code, a.ProviderRef, prepaid.Micros(a.EndedAt), a.Number}, keyOf(o).args()...)...)
	if err != nil {
		return fmt.Errorf("answer of attempt %d: %w", a.Number, err)
	}
	return nil
}

// applyChange stores the changed order with everything that belongs to the change: history, charge, ledger, next attempt, card, PIN,
// deliveries to webhooks, notices, and the block of a customer who owes. This transaction has locked and read the order's row.
func (db Orders) applyChange(ctx context.Context, tx *sqlx.Tx, row topup.Order, c topup.Change) error {
	row = row.Apply(c)
	if len(c.To) > 0 && row.Status == topup.Confirming {
		if err := db.enterConfirming(ctx, tx, &row, c.At); err != nil {
			return fmt.Errorf("holder: %w", err)
		}
	}
	if err := orderTable.update(ctx, tx, row, `brand = ? AND id = ?`, row.Brand, row.ID); err != nil {
		return err
	}
	if err := insertHistory(ctx, tx, row, c); err != nil {
		return err
	}
	if err := changeCharge(ctx, tx, row, c); err != nil {
		return err
	}
	if err := db.bookChange(ctx, tx, row, c); err != nil {
		return err
	}
	if c.Next != nil {
		if err := insertAttempt(ctx, tx, row, *c.Next); err != nil {
			return err
		}
	}
	if len(c.To) > 0 && row.Status == topup.Delivered && row.Funding.Kind == topup.ByCard {
		if err := spendCard(ctx, tx, row, c.At); err != nil {
			return err
		}
	}
	if len(c.To) > 0 && row.Status == topup.Delivered {
		if err := insertGiftNotice(ctx, tx, row, c.At); err != nil {
			return err
		}
	}
	if err := insertDelivery(ctx, tx, row, c); err != nil {
		return err
	}
	if err := db.changePIN(ctx, tx, row, c); err != nil {
		return fmt.Errorf("pin: %w", err)
	}
	if err := blockDebtor(ctx, tx, row, c); err != nil {
		return fmt.Errorf("block customer: %w", err)
	}
	if c.Notice != nil {
		return insertOrderNotice(ctx, tx, row, *c.Notice, c.At)
	}
	return nil
}

// blockDebtor blocks a customer who owes for this order: its debit was returned, by this change or before the delivery. A customer who
// has closed the account since is blocked for when they register again.
func blockDebtor(ctx context.Context, tx *sqlx.Tx, row topup.Order, c topup.Change) error {
	delivered := len(c.To) > 0 && row.Status == topup.Delivered
	if !c.Debt && !delivered {
		return nil
	}
	for _, block := range []string{
		`UPDATE customers SET status = 'blocked', blocked_at = ? WHERE brand = ? AND id = ? AND status IN ('active', 'pending')`,
		`UPDATE customers SET erased_as = 'blocked', blocked_at = ? WHERE brand = ? AND id = ? AND status = 'erased' AND erased_as <> 'blocked'`,
	} {
		_, err := exec(ctx, tx, block+` AND EXISTS (SELECT 1 FROM charges WHERE brand = ? AND order_id = ? AND status = 'returned')`,
			prepaid.Micros(c.At), row.Brand, row.Customer, row.Brand, row.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// insertHistory stores a row for each status that the change passes through.
func insertHistory(ctx context.Context, tx *sqlx.Tx, o topup.Order, c topup.Change) error {
	from := c.From
	for _, next := range c.To {
		_, err := exec(ctx, tx, `
			INSERT INTO order_history (brand, order_id, ordered_at, number, from_status, to_status, reason, at)
			SELECT ?, ?, ?, COALESCE(MAX(number), 0) + 1, ?, ?, ?, ? FROM order_history WHERE `+ofOrder,
			keyOf(o).args(append([]any{from, next, c.Reason, prepaid.Micros(c.At)}, keyOf(o).args()...)...)...)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		from = next
	}
	return nil
}

func changeCharge(ctx context.Context, tx *sqlx.Tx, o topup.Order, c topup.Change) error {
	if c.Charge == "" && c.ChargeRef == "" && c.GivenAway.Zero() {
		return nil
	}
	_, err := exec(ctx, tx, `
		UPDATE charges SET status = COALESCE(NULLIF(?, ''), status),
			provider_ref = COALESCE(NULLIF(?, ''), provider_ref), changed_at = ?,
			given_away_minor = COALESCE(NULLIF(CAST(? AS BIGINT), 0), given_away_minor), given_away_currency = COALESCE(NULLIF(?, ''), given_away_currency)
		WHERE brand = ? AND order_id = ?`, string(c.Charge), c.ChargeRef, prepaid.Micros(c.At), c.GivenAway.Minor, string(c.GivenAway.Currency), o.Brand, o.ID)
	if err != nil {
		return fmt.Errorf("charge: %w", err)
	}
	return nil
}

// enterConfirming makes an order due at once where it is an earlier holder of the number who would have to authenticate: a recovery that
// ran at the same time has skipped this order (see recoverOrders).
func (db Orders) enterConfirming(ctx context.Context, tx *sqlx.Tx, row *topup.Order, at time.Time) error {
	var holder int // shared: a recovery that is under way is waited for
	found, err := get(ctx, tx, &holder, `SELECT holder FROM customers WHERE brand = ? AND id = ?`+db.forShare, row.Brand, row.Customer)
	if err != nil || !found {
		return err
	}
	former, err := get(ctx, tx, new(int), `SELECT 1 FROM charges WHERE brand = ? AND order_id = ? AND holder > 0 AND holder < ?`, row.Brand, row.ID, holder)
	if former {
		row.RunAt = at
	}
	return err
}
