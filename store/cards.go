package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Cards keeps top-up cards.
type Cards struct{ *core }

var (
	_ cards.Releaser = Cards{}
	_ cards.Shelf    = Cards{}
	_ cards.Store    = Cards{}
)

var cardTable = newTable[cards.Card]("cards", names{"Amount": "", "Order": "order_id"})

// cardsAtOnce keeps a statement below the databases' limits of placeholders.
const cardsAtOnce = 1000

// SaveCards implements cards.Store. A serial that is taken is an error.
func (db Cards) SaveCards(ctx context.Context, sealed []cards.Sealed) (clashes []int, err error) {
	err = db.write(ctx, "save cards", func(tx *sqlx.Tx) error {
		if err := db.holdKeys(ctx, tx, sealed); err != nil {
			return err
		}
		clashes, err = insertCards(ctx, tx, sealed)
		return err
	})
	return clashes, err
}

// sealedRow is a card with its code as it is stored.
type sealedRow struct {
	cards.Sealed
	Number int64 // the serial's
}

var sealedTable = newTable[sealedRow]("cards", names{"Amount": "", "Order": "order_id", "KeyCheck": "-", "OldMACs": "-"})

// sealedValues are what is stored of a card. One that is stored as live was released when it was made.
func sealedValues(c cards.Sealed) ([]any, error) {
	_, number, _ := cards.SplitSerial(c.Serial)
	if c.State != cards.Generated && c.ReleasedAt.IsZero() {
		c.ReleasedAt = c.CreatedAt
	}
	return sealedTable.values(sealedRow{c, number})
}

type cardKey struct {
	Brand  string
	Serial string
}

// insertCards stores those whose code is new, counts them in their series, and returns the indexes of the others. It
// counts last: nobody waits for a code of somebody who waits for the count.
func insertCards(ctx context.Context, tx *sqlx.Tx, sealed []cards.Sealed) (clashes []int, err error) {
	issued := map[cardSeries]seriesCount{}
	for from := 0; from < len(sealed); from += cardsAtOnce {
		part := sealed[from:min(from+cardsAtOnce, len(sealed))]
		stored, err := insertBatch(ctx, tx, part)
		if err != nil {
			return nil, err
		}
		for i, c := range part {
			if !stored[cardKey{c.Brand, c.Serial}] {
				clashes = append(clashes, from+i)
				continue
			}
			s := cardSeries{c.Brand, c.Series}
			issued[s] = issued[s].plus(c.Serial)
		}
	}
	return clashes, addIssued(ctx, tx, issued)
}

// insertBatch returns which are stored.
func insertBatch(ctx context.Context, tx *sqlx.Tx, sealed []cards.Sealed) (map[cardKey]bool, error) {
	columns := sealedTable.writtenNames()
	row := `(` + marks(len(columns)) + `)`
	args := make([]any, 0, len(columns)*len(sealed))
	for _, c := range sealed {
		values, err := sealedValues(c)
		if err != nil {
			return nil, err
		}
		args = append(args, values...)
	}
	var keys []cardKey
	err := list(ctx, tx, &keys, `
		INSERT INTO cards (`+strings.Join(columns, ", ")+`)
		VALUES `+row+strings.Repeat(`, `+row, len(sealed)-1)+`
		ON CONFLICT (brand, mac) DO NOTHING RETURNING brand, serial`, args...)
	if err != nil {
		return nil, err
	}
	stored := make(map[cardKey]bool, len(keys))
	for _, k := range keys {
		stored[k] = true
	}
	return stored, nil
}

type cardSeries struct{ brand, name string }

// seriesCount is how many cards a series gains, and the highest number among them.
type seriesCount struct{ cards, highest int64 }

func (c seriesCount) plus(serial string) seriesCount {
	_, number, _ := cards.SplitSerial(serial)
	return seriesCount{c.cards + 1, max(c.highest, number)}
}

// addIssued counts cards in their series, always in the same order, so that two callers never wait for each
// other. Serials that are generated later follow the highest number there is.
func addIssued(ctx context.Context, tx *sqlx.Tx, issued map[cardSeries]seriesCount) error {
	touched := slices.SortedFunc(maps.Keys(issued), func(a, b cardSeries) int {
		return strings.Compare(a.brand+"\x00"+a.name, b.brand+"\x00"+b.name)
	})
	for _, s := range touched {
		_, err := exec(ctx, tx, `
			INSERT INTO card_series (brand, series, issued, next_serial) VALUES (?, ?, ?, ?)
			ON CONFLICT (brand, series) DO UPDATE SET issued = card_series.issued + excluded.issued,
				next_serial = CASE WHEN excluded.next_serial > card_series.next_serial THEN excluded.next_serial
					ELSE card_series.next_serial END`, s.brand, s.name, issued[s].cards, issued[s].highest+1)
		if err != nil {
			return fmt.Errorf("count issued: %w", err)
		}
	}
	return nil
}

// CardByMAC implements cards.Store.
func (db Cards) CardByMAC(ctx context.Context, brand string, macs [][]byte) (cards.Card, error) {
	if len(macs) == 0 {
		return cards.Card{}, cards.ErrUnknown
	}
	rows, err := cardTable.listIn(ctx, db.reader, `WHERE brand = ? AND mac IN (?)`, brand, macs)
	if err == nil && len(rows) == 0 {
		err = cards.ErrUnknown
	}
	if err != nil {
		return cards.Card{}, fmt.Errorf("card by code: %w", err)
	}
	return rows[0], nil
}

// CardBySerial implements cards.Store.
func (db Cards) CardBySerial(ctx context.Context, brand, serial string) (cards.Card, error) {
	return cardBySerial(ctx, db.reader, brand, serial)
}

func cardBySerial(ctx context.Context, q querier, brand, serial string) (cards.Card, error) {
	c, found, err := cardTable.get(ctx, q, `WHERE brand = ? AND serial = ?`, brand, serial)
	if err == nil && !found {
		err = cards.ErrUnknown
	}
	if err != nil {
		return cards.Card{}, fmt.Errorf("card by serial: %w", err)
	}
	return c, nil
}

// ReserveCard implements cards.Store. An order that was declined or refunded gets no card, however late its
// call arrives.
func (db Cards) ReserveCard(ctx context.Context, brand, serial string, o prepaid.OrderID, now time.Time) (has bool, err error) {
	rows, err := exec(ctx, db.orderWriter, reserveCard, o, brand, serial, prepaid.Micros(now), o)
	if err != nil {
		return false, fmt.Errorf("reserve card: %w", err)
	}
	if rows == 1 {
		return true, nil
	}
	c, err := cardBySerial(ctx, db.writer, brand, serial)
	if err != nil {
		return false, fmt.Errorf("reserve card: %w", err)
	}
	return c.Order == o && (c.State == cards.Reserved || c.State == cards.Spent), nil
}

// reserveCard is the whole of a reservation, so that only one order can win it.
const reserveCard = `
	UPDATE cards SET state = 'reserved', order_id = ?
	WHERE brand = ? AND serial = ? AND state = 'live' AND (expires_at = 0 OR expires_at > ?)
	  AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.id = ? AND status IN ('declined', 'refunded'))`

// ReleaseCard implements cards.Releaser.
func (db Cards) ReleaseCard(ctx context.Context, brand, serial string, o prepaid.OrderID) (released bool, err error) {
	err = db.writeOrders(ctx, "release card", func(tx *sqlx.Tx) error {
		_, err := exec(ctx, tx, `
			UPDATE cards SET state = 'live', order_id = ''
			WHERE brand = ? AND serial = ? AND state = 'reserved' AND order_id = ?`, brand, serial, o)
		if err != nil {
			return err
		}
		c, err := cardBySerial(ctx, tx, brand, serial)
		released = err == nil && c.Order != o
		return err
	})
	return released && err == nil, err
}

// spendCard makes the order's reserved card spent, which forgives the wrong codes before it. That the order has none is for the audit to tell: what
// the network has delivered is delivered.
func spendCard(ctx context.Context, tx *sqlx.Tx, o topup.Order, now time.Time) error {
	rows, err := exec(ctx, tx, `
		UPDATE cards SET state = 'spent', activated_at = ?, activated_by = ?
		WHERE brand = ? AND serial = ? AND state = 'reserved' AND order_id = ?`,
		prepaid.Micros(now), o.MSISDN, o.Brand, o.Funding.Ref, o.ID)
	if err != nil {
		return fmt.Errorf("spend card: %w", err)
	}
	if rows == 0 {
		return nil
	}
	return forgiveCodes(ctx, tx, o)
}
