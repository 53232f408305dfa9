package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
)

// movedTo are the movements of cards as what each adds to a place: what leaves one is negative.
const movedTo = `
	SELECT brand, batch, currency, to_place AS place, cards, minor FROM card_movements
	UNION ALL
	SELECT brand, batch, currency, from_place, -cards, -minor FROM card_movements`

// 12: card_liability is what the cards on sale are worth, without what orders under way have taken of it. It reads sums, not cards.
func wrongLiability(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 12, "card_liability of %s", `
		SELECT '' AS order_id, '' AS card, brand || ' is ' || CAST(SUM(booked) AS TEXT) || ' minor units of ' || currency || ' where cards on sale are worth '
			|| CAST(SUM(owed) AS TEXT) AS what
		FROM (
			SELECT brand, currency, minor AS owed, 0 AS booked FROM (`+movedTo+`) AS moved WHERE place IN ('sale', 'locked on sale')
			UNION ALL
			SELECT p.brand, p.currency, 0, -p.minor FROM ledger_postings p WHERE p.account = 'card_liability'
			UNION ALL
			SELECT p.brand, p.currency, 0, p.minor
			FROM orders o JOIN ledger_postings p ON p.brand = o.brand AND p.order_id = o.id AND p.ordered_at = o.created_at AND p.account = 'card_liability'
			WHERE o.funding_kind = 'card' AND o.status NOT IN ('declined', 'delivered', 'refunded') AND NOT EXISTS (
				SELECT 1 FROM cards k WHERE k.brand = o.brand AND k.serial = o.funding_ref AND k.state = 'spent' AND k.order_id = o.id)
		) AS found
		GROUP BY brand, currency HAVING SUM(owed) <> SUM(booked) ORDER BY brand, currency`)
}

// 12: the books have as many cards of each batch in each place as there are.
func misplacedCards(ctx context.Context, tx *sqlx.Tx) ([]operators.Violation, error) {
	return findViolations(ctx, tx, 12, "the books have %s", `
		SELECT '' AS order_id, '' AS card, CAST(SUM(booked) AS TEXT) || ' cards of batch ' || batch || ' of ' || brand || ' in ' || place || ', worth '
			|| CAST(SUM(worth) AS TEXT) || ' ' || currency || ', where ' || CAST(SUM(there) AS TEXT) || ' are' AS what
		FROM (
			SELECT brand, batch, currency, place, cards AS booked, minor AS worth, 0 AS there, 0 AS minor FROM (`+movedTo+`) AS moved WHERE place <> ''
			UNION ALL
			SELECT brand, batch, currency, `+placeOfCard+`, 0, 0, COUNT(*), SUM(minor) FROM cards GROUP BY 1, 2, 3, 4
		) AS found
		GROUP BY brand, batch, currency, place HAVING SUM(booked) <> SUM(there) OR SUM(worth) <> SUM(minor) ORDER BY brand, batch, place`)
}

// placeOfCard is cards.Card.Place in SQL.
const placeOfCard = `CASE WHEN state = 'spent' THEN 'spent' WHEN state = 'void' THEN 'void' WHEN state = 'reserved' THEN 'sale'
	WHEN lapsed_at > 0 THEN 'expired' WHEN state = 'generated' THEN 'stock' WHEN state = 'live' THEN 'sale'
	WHEN released_at > 0 THEN 'locked on sale' ELSE 'locked in stock' END`
