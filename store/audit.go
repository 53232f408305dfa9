package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Audit checks the invariants of what is stored.
type Audit struct{ *core }

// rule finds the violations of one part of an invariant.
type rule func(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error)

// Violations checks the invariants that SQL alone can show, on one view of the data, and returns what breaches them:
//
//  1. postings sum to zero per transaction and currency; a developer's balance is what they come to
//  3. per order: captured + pending + owed − refunded + goodwill = amount if delivered, 0 if finally not; who owes is
//     blocked
//  4. no delivery without a captured or pending charge, or a spent card; no pending one of an order that is to wait for it
//  5. no charge without an authenticated request, no SEPA instrument by text without the mandate agreed to
//  6. one operation key, at most one order; who ended an order is told
//  7. unknown always ends: it is worked on, or on the operator's list
//  8. end states are final, and no order has made an illegal step
//  9. a card is spent at most once; none is missing from its series
//  10. a charge's instrument was set up by the customer's present holder
//
// The eleventh, that the record of deeds is as it was sealed, is Deeds.CheckSeal's.
// The second, at most one delivery per order at the network, only the network's own books can show.
func (db Audit) Violations(ctx context.Context) ([]operators.Violation, error) {
	var found []operators.Violation
	err := db.readOrders(ctx, "audit", func(tx *sqlx.Tx) error {
		for _, check := range []rule{
			unbalancedEntries, wrongBalance, wrongMoney, unsettled, unownedDebt, wrongSale, wrongCharge, paidByNothing, notAuthenticated, notAgreed, keyUsedTwice,
			nobodyTold, nobodyWorks, illegalSteps, wrongStatus, cardSpentTwice, wrongCard, missingCards, wrongHolder,
		} {
			violations, err := check(ctx, tx)
			if err != nil {
				return err
			}
			found = append(found, violations...)
		}
		return nil
	})
	return found, err
}

// finding is one row of a rule's query.
type finding struct {
	Order prepaid.OrderID `db:"order_id"`
	Card  string
	What  string
}

// findViolations runs a query for findings. format, with one %s for what, makes the sentence.
func findViolations(ctx context.Context, tx *sqlx.Tx, invariant int, format, query string) ([]operators.Violation, error) {
	var rows []finding
	if err := list(ctx, tx, &rows, query); err != nil {
		return nil, fmt.Errorf("invariant %d: %w", invariant, err)
	}
	violations := make([]operators.Violation, len(rows))
	for i, r := range rows {
		violations[i] = operators.Violation{Invariant: invariant, Order: r.Order, Card: r.Card, Text: fmt.Sprintf(format, r.What)}
	}
	return violations, nil
}

// 1: postings sum to zero per transaction and currency, and belong to an entry. That none is ever changed is kept by triggers.
func unbalancedEntries(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 1, "ledger entry %s", `
		SELECT e.order_id AS order_id, '' AS card, e.kind || ' ' || COALESCE(p.currency, '') || ' does not sum to zero, or is empty' AS what
		FROM ledger_entries e LEFT JOIN ledger_postings p ON `+entryOfPosting+`
		GROUP BY e.brand, e.order_id, e.ordered_at, e.kind, p.currency
		HAVING COUNT(p.minor) = 0 OR SUM(p.minor) <> 0
		UNION ALL
		SELECT DISTINCT p.order_id, '', p.kind || ' is missing, and has postings'
		FROM ledger_postings p LEFT JOIN ledger_entries e ON `+entryOfPosting+` WHERE e.order_id IS NULL
		ORDER BY order_id, what`)
}

// 1: what is left of a developer's prepayment is what was posted to the account.
func wrongBalance(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 1, "developer %s", `
		SELECT '' AS order_id, '' AS card, k.id || ' has ' || CAST(k.minor AS TEXT) || ' minor units where the ledger has '
			|| CAST(COALESCE(-p.minor, 0) AS TEXT) AS what
		FROM developer_keys k LEFT JOIN (
			SELECT brand, account, currency, CAST(SUM(minor) AS BIGINT) AS minor FROM ledger_postings
			WHERE account LIKE 'developer:%' GROUP BY brand, account, currency) p
			ON p.brand = k.brand AND p.account = 'developer:' || k.id AND p.currency = k.currency
		WHERE k.minor <> COALESCE(-p.minor, 0)
		UNION ALL
		SELECT '', '', 'account ' || p.account || ' is nobody''s, in ' || p.currency
		FROM (SELECT DISTINCT brand, account, currency FROM ledger_postings WHERE account LIKE 'developer:%') p
		LEFT JOIN developer_keys k ON p.brand = k.brand AND p.account = 'developer:' || k.id AND p.currency = k.currency
		WHERE k.id IS NULL ORDER BY what`)
}

// 3: captured + pending + owed − refunded, which is what the accounts of the customer's money hold of the
// order (suspense has what was paid back by other means), is its amount if delivered and nothing if finally not. What is still worked on (a charge that
// turned up late) or waits for an operator is not final.
func wrongMoney(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 3, "the ledger holds %s of the customer's money", `
		SELECT order_id, '' AS card, currency || ' ' || CAST(held AS TEXT) || ' instead of ' || CAST(wanted AS TEXT) || ' minor units' AS what
		FROM (
			SELECT o.id AS order_id, o.currency, COALESCE(SUM(p.minor), 0) AS held,
				CASE WHEN o.status = 'delivered' THEN o.minor ELSE 0 END AS wanted
			FROM orders o LEFT JOIN ledger_postings p ON p.brand = o.brand AND p.order_id = o.id AND p.ordered_at = o.created_at AND p.currency = o.currency
				AND (p.account LIKE 'psp:%' OR p.account IN ('customer_owes', 'card_liability', 'suspense', 'loss'))
			WHERE o.funding_kind <> 'developer'
			  AND (o.status = 'delivered' OR (o.status IN ('declined', 'refunded') AND o.run_at = 0 AND NOT o.needs_human))
			GROUP BY o.id, o.currency, o.status, o.minor) sums
		WHERE held <> wanted ORDER BY order_id`)
}

// 3: what an order that has ended was paid is turnover or given back: nothing of it is due any more.
func unsettled(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 3, "has ended, and the ledger has %s minor units of it due", `
		SELECT o.id AS order_id, '' AS card, p.currency || ' ' || CAST(-SUM(p.minor) AS TEXT) AS what
		FROM orders o JOIN ledger_postings p ON p.brand = o.brand AND p.order_id = o.id AND p.ordered_at = o.created_at AND p.account = 'refunds_due'
		WHERE o.status = 'delivered' OR (o.status IN ('declined', 'refunded') AND o.run_at = 0 AND NOT o.needs_human)
		GROUP BY o.id, p.currency HAVING SUM(p.minor) <> 0 ORDER BY o.id`)
}

// 3, of a developer's order: its account was debited the price as the order was charged, and got it back if the order
// finally came to nothing. When it was debited is told with what it has bought.
func wrongSale(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 3, "the developer's account has paid %s", `
		SELECT order_id, '' AS card, CAST(held AS TEXT) || ' instead of ' || CAST(wanted AS TEXT) || ' minor units' AS what
		FROM (
			SELECT o.id AS order_id, COALESCE(SUM(p.minor), 0) AS held,
				CASE WHEN s.order_id IS NULL THEN -1
					WHEN o.status IN ('charging', 'charge_unknown', 'declined', 'refunded') THEN 0 ELSE s.price_minor END AS wanted
			FROM orders o LEFT JOIN developer_sales s ON s.brand = o.brand AND s.order_id = o.id AND s.key_id = o.funding_ref
			LEFT JOIN ledger_postings p ON p.brand = o.brand AND p.order_id = o.id AND p.ordered_at = o.created_at AND p.account = 'developer:' || o.funding_ref AND p.currency = s.currency
			WHERE o.funding_kind = 'developer'
			GROUP BY o.id, o.status, s.order_id, s.price_minor) sums
		WHERE held <> wanted
		UNION ALL
		SELECT s.order_id, '', CASE WHEN s.debited_at = 0 THEN 'at no time that is told' ELSE 'nothing, at a time that is told' END
		FROM developer_sales s LEFT JOIN ledger_entries e ON e.brand = s.brand AND e.order_id = s.order_id AND e.ordered_at = s.created_at AND e.kind = 'capture'
		WHERE (s.debited_at = 0) <> (e.order_id IS NULL) ORDER BY order_id`)
}

// 3: whose debit came back after the delivery owes its amount, and is blocked until an operator takes the debt as paid.
func unownedDebt(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 3, "is delivered, its charge was returned, and %s", `
		SELECT o.id AS order_id, '' AS card, 'the customer does not owe the amount' AS what
		FROM orders o JOIN charges c ON c.brand = o.brand AND c.order_id = o.id
		WHERE o.status = 'delivered' AND c.status = 'returned' AND o.minor <> (
			SELECT COALESCE(SUM(p.minor), 0) FROM ledger_postings p
			WHERE p.brand = o.brand AND p.order_id = o.id AND p.ordered_at = o.created_at AND p.account = 'customer_owes' AND p.currency = o.currency)
		UNION ALL
		SELECT o.id, '', 'the customer is ' || k.status
		FROM orders o JOIN charges c ON c.brand = o.brand AND c.order_id = o.id JOIN customers k ON k.brand = o.brand AND k.id = o.customer
		WHERE o.status = 'delivered' AND c.status = 'returned' AND k.status <> 'blocked' AND (k.status <> 'erased' OR k.erased_as <> 'blocked')
		  AND NOT EXISTS (SELECT 1 FROM deeds d
			WHERE d.kind = 'customer' AND d.object = k.id AND d.what = 'unlock, debt paid' AND d.at >= c.changed_at)
		ORDER BY order_id`)
}

// 3, at the charge itself: what is finally not delivered keeps no money.
func wrongCharge(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 3, "it %s", `
		SELECT o.id AS order_id, '' AS card, 'is ' || o.status || ' but its charge is ' || c.status AS what
		FROM orders o JOIN charges c ON c.brand = o.brand AND c.order_id = o.id
		WHERE o.status IN ('declined', 'refunded') AND o.run_at = 0 AND NOT o.needs_human
		  AND c.status IN ('captured', 'pending', 'partly_refunded')
		ORDER BY o.id`)
}

// 4: nothing is delivered, or sent to the network, that is not paid.
func paidByNothing(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 4, "%s", `
		SELECT o.id AS order_id, '' AS card,
			'is ' || o.status || ' with a charge that is ' || COALESCE(c.status, 'missing') AS what
		FROM orders o LEFT JOIN charges c ON c.brand = o.brand AND c.order_id = o.id
		WHERE o.status IN ('delivering', 'delivery_unknown', 'held', 'delivered')
		  AND (c.status IS NULL OR c.status NOT IN ('captured', 'pending', 'returned')
				AND NOT (o.status = 'delivered' AND c.status IN ('refunded', 'partly_refunded') AND EXISTS ( -- as goodwill
					SELECT 1 FROM ledger_postings p WHERE p.brand = o.brand AND p.order_id = o.id AND p.ordered_at = o.created_at AND p.account = 'loss'
					  AND p.minor = CASE WHEN c.status = 'refunded' THEN o.minor ELSE c.given_away_minor END))
			OR (c.status = 'pending' AND (o.funding_method <> 'sepa' OR o.after_debit)))
		UNION ALL
		SELECT o.id, '', 'is delivered by card ' || o.funding_ref || ', which it has not spent'
		FROM orders o LEFT JOIN cards k ON k.brand = o.brand AND k.serial = o.funding_ref
			AND k.state = 'spent' AND k.order_id = o.id
		WHERE o.status = 'delivered' AND o.funding_kind = 'card' AND k.serial IS NULL
		ORDER BY order_id`)
}

// 5: every order says why it may be charged, and whom.
func notAuthenticated(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 5, "was charged without %s", `
		SELECT id AS order_id, '' AS card,
			CASE WHEN authorised_by = '' THEN 'an authenticated request' ELSE 'a customer' END AS what
		FROM orders WHERE authorised_by = '' OR (customer = '' AND funding_kind = 'charge')
		ORDER BY id`)
}

// 5: what was agreed to by text, by whom and when, is kept with the setup of its instrument; the IBAN only until that has
// ended. Of an erased customer the text and the time stay; they may have come back since, as the number's next holder.
func notAgreed(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 5, "the mandate of setup %s", `
		SELECT '' AS order_id, '' AS card, s.id || CASE
			WHEN m.setup IS NULL THEN ' is missing'
			WHEN m.customer <> s.customer THEN ' is another customer''s'
			WHEN m.sealed <> '' THEN ' keeps the IBAN though the setup has ended'
			ELSE ' lacks its text, its creditor, or when and from where it was agreed to' END AS what
		FROM payment_setups s JOIN customers c ON c.brand = s.brand AND c.id = s.customer
			LEFT JOIN mandates m ON m.brand = s.brand AND m.setup = s.id
		WHERE (m.setup IS NOT NULL OR s.operation_key LIKE 'mandate/%')
		  AND (m.setup IS NULL OR m.customer <> s.customer OR m.sealed <> '' AND s.status <> 'open'
			OR m.text = '' OR m.text_version = '' OR m.agreed_at <= 0 OR m.creditor_id = ''
			OR c.status <> 'erased' AND (m.address = '' OR m.iban = '' OR m.holder = '')
				AND NOT (s.holder < c.holder AND m.address = '' AND m.iban = '' AND m.holder = ''))
		ORDER BY s.id`)
}

// 6: one operation key, at most one order. A constraint keeps it; that it is there is checked all the same.
func keyUsedTwice(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 6, "shares its operation key with %s others", `
		SELECT MIN(id) AS order_id, '' AS card, CAST(COUNT(*) - 1 AS TEXT) AS what
		FROM orders GROUP BY brand, operation_key HAVING COUNT(*) > 1 ORDER BY order_id`)
}

// 6: whoever ordered by message is told how it ended.
func nobodyTold(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 6, "is %s and asks nobody to tell the customer", `
		SELECT o.id AS order_id, '' AS card, o.status AS what FROM orders o
		WHERE o.status IN ('delivered', 'declined', 'refunded') AND o.reply_address <> ''
		  AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.brand = o.brand AND n.order_id = o.id AND n.ordered_at = o.created_at)
		  AND o.created_at >= COALESCE((SELECT r.forgotten FROM retention r WHERE r.brand = o.brand AND r.kind = 'news'), 0)
		ORDER BY o.id`)
}

// 7: what has not ended is due to be worked on; what is unknown for long is on the operator's list.
func nobodyWorks(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 7, "%s", `
		SELECT id AS order_id, '' AS card, 'is ' || status || ' and nobody will work on it' AS what
		FROM orders
		WHERE status NOT IN ('declined', 'delivered', 'refunded', 'refund_failed') AND run_at = 0
		UNION ALL
		SELECT id, '', 'is ' || status || ' for more than a day and not on the operator''s list'
		FROM orders
		WHERE status IN ('charge_unknown', 'delivery_unknown', 'refund_unknown') AND NOT needs_human
		  AND run_at > status_at + 93600000000 -- 26 hours
		UNION ALL
		SELECT id, '', 'has a refund that failed and is not on the operator''s list'
		FROM orders WHERE status = 'refund_failed' AND NOT needs_human
		ORDER BY order_id`)
}

// 8: every step of every order was legal, so that no end was left but delivered, by the network's reversal.
func illegalSteps(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	rows, err := tx.QueryxContext(ctx, `SELECT order_id, from_status, to_status FROM order_history ORDER BY brand, order_id, ordered_at, number`)
	if err != nil {
		return nil, fmt.Errorf("invariant 8: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var violations []operators.Violation
	var before prepaid.OrderID
	var stood topup.Status
	for rows.Next() {
		var id prepaid.OrderID
		var from, to topup.Status
		if err := rows.Scan(&id, &from, &to); err != nil {
			return nil, fmt.Errorf("invariant 8: %w", err)
		}
		if id != before {
			before, stood = id, topup.Requested
		}
		switch {
		case from != stood:
			violations = append(violations, operators.Violation{Invariant: 8, Order: id, Text: fmt.Sprintf("stood at %s but went on from %s", stood, from)})
		case !topup.Legal(from, to):
			violations = append(violations, operators.Violation{Invariant: 8, Order: id, Text: fmt.Sprintf("went from %s to %s", from, to)})
		}
		stood = to
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("invariant 8: %w", err)
	}
	return violations, nil
}

// 8: an order stands where its history ends.
func wrongStatus(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 8, "%s", `
		SELECT o.id AS order_id, '' AS card,
			'is ' || o.status || ' but its history ends with ' || COALESCE(h.to_status, 'nothing') AS what
		FROM orders o LEFT JOIN order_history h ON h.brand = o.brand AND h.order_id = o.id AND h.ordered_at = o.created_at
			AND h.number = (SELECT MAX(number) FROM order_history x WHERE x.brand = o.brand AND x.order_id = o.id AND x.ordered_at = o.created_at)
		WHERE h.to_status IS NULL OR h.to_status <> o.status
		ORDER BY o.id`)
}

// 9: a card is spent at most once.
func cardSpentTwice(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 9, "pays for %s delivered orders", `
		SELECT '' AS order_id, funding_ref AS card, CAST(COUNT(*) AS TEXT) AS what
		FROM orders WHERE funding_kind = 'card' AND status = 'delivered'
		GROUP BY brand, funding_ref HAVING COUNT(*) > 1 ORDER BY funding_ref`)
}

// 9: a reserved card waits for an order under way, a spent one was delivered, unless the import that brought it says that it was
// spent elsewhere; the others have no order.
func wrongCard(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 9, "is %s", `
		SELECT '' AS order_id, k.serial AS card,
			k.state || CASE WHEN k.order_id = '' THEN ' for no order'
				ELSE ' for order ' || k.order_id || ', which is ' || COALESCE(o.status, 'missing') END AS what
		FROM cards k LEFT JOIN orders o ON o.brand = k.brand AND o.id = k.order_id
		WHERE (k.state IN ('reserved', 'spent') AND k.order_id = '' AND NOT (k.state = 'spent' AND k.batch <> '' AND k.export = k.batch))
		   OR (k.state NOT IN ('reserved', 'spent') AND k.order_id <> '')
		   OR (k.state = 'reserved' AND o.status IN ('delivered', 'declined', 'refunded'))
		   OR (k.state = 'spent' AND o.status NOT IN ('delivered', 'refunding', 'refund_unknown', 'refund_failed', 'refunded'))
		   OR (k.order_id <> '' AND o.id IS NULL AND (k.state <> 'spent' OR k.activated_at >=
				COALESCE((SELECT r.forgotten FROM retention r WHERE r.brand = k.brand AND r.kind = 'orders'), 0)))
		ORDER BY k.serial`)
}

// 9: issued = generated + live + locked + reserved + spent + void.
func missingCards(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 9, "%s", `
		SELECT '' AS order_id, '' AS card,
			'series ' || s.series || ' of ' || s.brand || ' has ' || CAST(COUNT(k.serial) AS TEXT) || ' cards of '
				|| CAST(s.issued AS TEXT) || ' issued' AS what
		FROM card_series s LEFT JOIN cards k ON k.brand = s.brand AND k.series = s.series
			AND k.state IN ('generated', 'live', 'locked', 'reserved', 'spent', 'void')
		GROUP BY s.brand, s.series, s.issued HAVING COUNT(k.serial) <> s.issued
		ORDER BY s.brand, s.series`)
}

// 10: who is charged has set the instrument up: the holder of the customer's number when the order was made. A recovery and
// an order that meet may have read the clock in another order than they were carried out, by a minute at most.
func wrongHolder(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 10, "%s", `
		SELECT o.id AS order_id, '' AS card, CASE
			WHEN i.id IS NULL THEN 'charges an instrument that is not there'
			WHEN i.customer <> o.customer THEN 'charges another customer''s instrument'
			WHEN i.holder <> ch.holder THEN 'charges what holder ' || CAST(i.holder AS TEXT) || ' of the number has set up, for holder '
				|| CAST(ch.holder AS TEXT)
			ELSE 'was made by holder ' || CAST(ch.holder AS TEXT) || ' of the number, at a time when that was holder '
				|| CAST(c.holder AS TEXT) END AS what
		FROM orders o JOIN charges ch ON ch.brand = o.brand AND ch.order_id = o.id JOIN customers c ON c.brand = o.brand AND c.id = o.customer
			LEFT JOIN instruments i ON i.brand = o.brand AND i.id = o.funding_ref
		WHERE o.funding_kind = 'charge' AND (i.id IS NULL OR i.customer <> o.customer OR i.holder <> ch.holder
			OR ch.holder > c.holder
			OR ch.holder < c.holder AND o.created_at > c.recovered_at + 60000000
			OR ch.holder = c.holder AND o.created_at < c.recovered_at - 60000000)
		UNION ALL
		SELECT '', '', 'instrument ' || i.id || ' is active, and an earlier holder''s'
		FROM instruments i JOIN customers c ON c.brand = i.brand AND c.id = i.customer WHERE i.active AND i.holder <> c.holder
		ORDER BY order_id`)
}

// ChargedForOthers holds a gateway's book against ours: it returns the order of a charge to what a setup has made, where
// another customer, or another holder of the customer's number, had begun that. "" where all is well, or there is no such charge.
func (db Audit) ChargedForOthers(ctx context.Context, charge prepaid.ChargeID, setup prepaid.SetupID) (prepaid.OrderID, error) {
	var order prepaid.OrderID
	_, err := get(ctx, db.reader, &order, `
		SELECT ch.order_id FROM charges ch JOIN orders o ON o.brand = ch.brand AND o.id = ch.order_id LEFT JOIN payment_setups s ON s.id = ?
		WHERE ch.id = ? AND (s.id IS NULL OR s.customer <> o.customer OR s.holder <> ch.holder)`, setup, charge)
	if err != nil {
		return "", fmt.Errorf("read who has set up what charge %s takes: %w", charge, err)
	}
	return order, nil
}
