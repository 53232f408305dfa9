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
)

// Cards keeps top-up cards.
type Cards struct{ *core }

var (
	_ cards.Releaser = Cards{}
	_ cards.Shelf    = Cards{}
	_ cards.Store    = Cards{}
)

type cardRow struct {
	Brand       string           `db:"brand"`
	Serial      string           `db:"serial"`
	Series      string           `db:"series"`
	Currency    prepaid.Currency `db:"currency"`
	Minor       int64            `db:"minor"`
	State       cards.State      `db:"state"`
	Reseller    string           `db:"reseller"`
	CreatedAt   int64            `db:"created_at"`
	ExpiresAt   int64            `db:"expires_at"`
	Order       prepaid.OrderID  `db:"order_id"`
	ActivatedAt int64            `db:"activated_at"`
	ActivatedBy prepaid.MSISDN   `db:"activated_by"`
	ReleasedAt  int64            `db:"released_at"`
	Batch       cards.JobID      `db:"batch"`
	Export      cards.JobID      `db:"export"`
}

const cardColumns = `brand, serial, series, currency, minor, state, reseller, created_at, expires_at, order_id,
	activated_at, activated_by, released_at, batch, export`

func (r cardRow) card() cards.Card {
	return cards.Card{Serial: r.Serial, Brand: r.Brand, Series: r.Series,
		Amount: prepaid.Money{Minor: r.Minor, Currency: r.Currency}, State: r.State, Reseller: r.Reseller,
		CreatedAt: prepaid.FromMicros(r.CreatedAt), ExpiresAt: prepaid.FromMicros(r.ExpiresAt), Order: r.Order,
		ActivatedAt: prepaid.FromMicros(r.ActivatedAt), ActivatedBy: r.ActivatedBy,
		ReleasedAt: prepaid.FromMicros(r.ReleasedAt), Batch: r.Batch, Export: r.Export}
}

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

// sealedColumns are what a card is stored as; sealedValues gives the values.
var sealedColumns = []string{
	"brand", "serial", "series", "number", "currency", "minor", "state", "reseller", "created_at", "expires_at", "released_at",
	"order_id", "activated_at", "activated_by", "batch", "export", "mac", "ciphertext", "key_version",
}

// sealedValues: a card that is stored as live was released when it was made.
func sealedValues(c cards.Sealed) []any {
	_, number, _ := cards.SplitSerial(c.Serial)
	released := prepaid.Micros(c.ReleasedAt)
	if c.State != cards.Generated && released == 0 {
		released = prepaid.Micros(c.CreatedAt)
	}
	return []any{
		c.Brand, c.Serial, c.Series, number, string(c.Amount.Currency), c.Amount.Minor, string(c.State), c.Reseller,
		prepaid.Micros(c.CreatedAt), prepaid.Micros(c.ExpiresAt), released, string(c.Order), prepaid.Micros(c.ActivatedAt),
		string(c.ActivatedBy), string(c.Batch), string(c.Export), c.MAC, c.Ciphertext, int64(c.KeyVersion),
	}
}

type cardKey struct {
	Brand  string `db:"brand"`
	Serial string `db:"serial"`
}

// insertCards stores those whose code is new, counts them in their series, and returns the indexes of the others. It
// counts last: nobody waits for a code of somebody who waits for the count.
func insertCards(ctx context.Context, tx *sqlx.Tx, sealed []cards.Sealed) (clashes []int, err error) {
	issued := map[cardSeries]seriesCount{}
	for from := 0; from < len(sealed); from += cardsAtOnce {
		part := sealed[from:min(from+cardsAtOnce, len(sealed))]
		stored, err := insertSome(ctx, tx, part)
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

// insertSome returns which are stored.
func insertSome(ctx context.Context, tx *sqlx.Tx, sealed []cards.Sealed) (map[cardKey]bool, error) {
	row := `(?` + strings.Repeat(`, ?`, len(sealedColumns)-1) + `)`
	args := make([]any, 0, len(sealedColumns)*len(sealed))
	for _, c := range sealed {
		args = append(args, sealedValues(c)...)
	}
	var keys []cardKey
	err := list(ctx, tx, &keys, `
		INSERT INTO cards (`+strings.Join(sealedColumns, ", ")+`)
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
	var rows []cardRow
	err := listIn(ctx, db.reader, &rows, `SELECT `+cardColumns+` FROM cards WHERE brand = ? AND mac IN (?)`, brand, macs)
	if err == nil && len(rows) == 0 {
		err = cards.ErrUnknown
	}
	if err != nil {
		return cards.Card{}, fmt.Errorf("card by code: %w", err)
	}
	return rows[0].card(), nil
}

// CardBySerial implements cards.Store.
func (db Cards) CardBySerial(ctx context.Context, brand, serial string) (cards.Card, error) {
	return cardBySerial(ctx, db.reader, brand, serial)
}

func cardBySerial(ctx context.Context, q querier, brand, serial string) (cards.Card, error) {
	var row cardRow
	found, err := get(ctx, q, &row, `SELECT `+cardColumns+` FROM cards WHERE brand = ? AND serial = ?`, brand, serial)
	if err == nil && !found {
		err = cards.ErrUnknown
	}
	if err != nil {
		return cards.Card{}, fmt.Errorf("card by serial: %w", err)
	}
	return row.card(), nil
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
func spendCard(ctx context.Context, tx *sqlx.Tx, o orderRow, now time.Time) error {
	rows, err := exec(ctx, tx, `
		UPDATE cards SET state = 'spent', activated_at = ?, activated_by = ?
		WHERE brand = ? AND serial = ? AND state = 'reserved' AND order_id = ?`,
		prepaid.Micros(now), o.MSISDN, o.Brand, o.FundingRef, o.ID)
	if err != nil {
		return fmt.Errorf("spend card: %w", err)
	}
	if rows == 0 {
		return nil
	}
	return forgiveCodes(ctx, tx, o)
}
