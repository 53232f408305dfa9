package store

import (
	"cmp"
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

// CardStock keeps the books of cards.
type CardStock struct{ *core }

var _ cards.Stock = CardStock{}

var movementTable = newTable[cards.Movement]("card_movements", names{"From": "from_place", "To": "to_place", "First": "first_serial", "Last": "last_serial",
	"Order": "order_id"})

// books are the movements of one transaction, added up.
type books struct {
	chunk cards.Chunk
	rows  map[bookKey]*cards.Movement
	order []bookKey // as they came
}

type bookKey struct {
	kind     cards.MoveKind
	reseller string
	batch    cards.JobID
	from, to cards.Place
	currency prepaid.Currency
}

func newBooks(c cards.Chunk) *books { return &books{chunk: c, rows: map[bookKey]*cards.Movement{}} }

func (b *books) add(moves []cards.Movement) {
	for _, m := range moves {
		key := bookKey{m.Kind, m.Reseller, m.Batch, m.From, m.To, m.Currency}
		row := b.rows[key]
		if row == nil {
			m.ID, m.Brand, m.At, m.Job = prepaid.NewID[string](), b.chunk.Job.Brand, b.chunk.Now, b.chunk.Job.ID
			m.Who, m.Why = b.chunk.Job.By, b.chunk.Job.Why
			b.rows[key], b.order = &m, append(b.order, key)
			continue
		}
		row.Cards += m.Cards
		row.Minor += m.Minor
		row.First, row.Last = slices.MinFunc([]string{row.First, m.First}, bySerial), slices.MaxFunc([]string{row.Last, m.Last}, bySerial)
	}
}

// bySerial orders serials as lists of cards do.
func bySerial(a, b string) int {
	seriesA, numberA, _ := cards.SplitSerial(a)
	seriesB, numberB, _ := cards.SplitSerial(b)
	return cmp.Or(strings.Compare(seriesA, seriesB), cmp.Compare(numberA, numberB), strings.Compare(a, b))
}

// write stores the rows, and what they change of what is owed: an entry of the ledger for each kind and currency.
func (b *books) write(ctx context.Context, tx *sqlx.Tx) error {
	owed := map[cards.MoveKind]map[prepaid.Currency]int64{}
	for _, key := range b.order {
		m := b.rows[key]
		if _, err := movementTable.insert(ctx, tx, *m, ""); err != nil {
			return fmt.Errorf("book %s cards: %w", m.Kind, err)
		}
		change := int64(0)
		if m.To.Owed() {
			change += m.Minor
		}
		if m.From.Owed() {
			change -= m.Minor
		}
		if owed[m.Kind] == nil {
			owed[m.Kind] = map[prepaid.Currency]int64{}
		}
		owed[m.Kind][m.Currency] += change
	}
	var entries []topup.Entry
	for _, kind := range slices.Sorted(maps.Keys(owed)) {
		e := topup.Entry{Kind: string(kind)}
		for _, currency := range slices.Sorted(maps.Keys(owed[kind])) {
			if minor := owed[kind][currency]; minor != 0 {
				e.Postings = append(e.Postings, topup.CardsEntry(e.Kind, prepaid.Money{Minor: minor, Currency: currency}).Postings...)
			}
		}
		if len(e.Postings) > 0 {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	about := childKey{b.chunk.Job.Brand, "cards-" + prepaid.NewID[prepaid.OrderID](), b.chunk.Now}
	return insertEntries(ctx, tx, about, entries, b.chunk.Now)
}

// bookMade books new cards. One whose time is over already is booked as expired with the others of its kind.
func bookMade(ctx context.Context, tx *sqlx.Tx, sealed []cards.Sealed, c cards.Chunk) error {
	b := newBooks(c)
	for _, s := range sealed {
		card := asStored(s.Card)
		b.add(cards.Moves(nil, &card, false))
	}
	return b.write(ctx, tx)
}

// bookSpent books that an order has spent its card: once, since the serial is the movement's id.
func bookSpent(ctx context.Context, tx *sqlx.Tx, o topup.Order, now time.Time) error {
	_, err := exec(ctx, tx, `
		INSERT INTO card_movements (brand, id, at, kind, reseller, batch, from_place, to_place, currency, cards, minor, first_serial, last_serial,
			job, order_id, who, why)
		SELECT brand, 'spent-' || serial, CAST(? AS BIGINT), 'activated', reseller, batch, 'sale', 'spent', currency, 1, minor, serial, serial,
			'', order_id, '', ''
		FROM cards WHERE brand = ? AND serial = ? AND state = 'spent' AND order_id = ?`, prepaid.Micros(now), o.Brand, o.Funding.Ref, o.ID)
	if err != nil {
		return fmt.Errorf("book spent card: %w", err)
	}
	return nil
}

// holdCards reads the cards that are meant, and holds them until the transaction ends. Everybody holds in the order of the serials.
func (db *core) holdCards(ctx context.Context, tx *sqlx.Tx, found *conditions) ([]cards.Card, error) {
	return cardTable.list(ctx, tx, found.where()+` ORDER BY brand, serial`+db.forUpdate, found.args...)
}

// onCards runs an UPDATE or DELETE on cards that are held.
func onCards(ctx context.Context, tx *sqlx.Tx, statement string, args []any, held []cards.Card) error {
	for part := range slices.Chunk(held, cardsAtOnce) {
		serials := make([]string, len(part))
		for i, c := range part {
			serials[i] = c.Serial
		}
		if err := execIn(ctx, tx, statement+` WHERE brand = ? AND serial IN (?)`, append(slices.Clone(args), part[0].Brand, serials)...); err != nil {
			return err
		}
	}
	return nil
}

// lapsing are the cards whose expiry is not booked yet; it says what the index of them promises.
const lapsing = `brand = ? AND lapsed_at = 0 AND expires_at > 0 AND state IN ('generated', 'live', 'locked') AND expires_at <= ?`

// LapseCards implements cards.Stock.
func (db CardStock) LapseCards(ctx context.Context, brand string, now time.Time, n int) (lapsed int, err error) {
	if due, err := get(ctx, db.reader, new(int), `SELECT 1 FROM cards WHERE `+lapsing+` LIMIT 1`, brand, prepaid.Micros(now)); !due {
		return 0, err
	}
	err = db.writeRetrying(ctx, "book expiry of cards", func(tx *sqlx.Tx) error {
		held, err := cardTable.list(ctx, tx, `WHERE `+lapsing+` ORDER BY expires_at, serial LIMIT ?`+db.forUpdate, brand, prepaid.Micros(now), n)
		if err != nil {
			return err
		}
		if err := onCards(ctx, tx, `UPDATE cards SET lapsed_at = ?`, []any{prepaid.Micros(now)}, held); err != nil {
			return err
		}
		b := newBooks(cards.Chunk{Job: cards.Job{Brand: brand, By: "pulsa", Why: "their last day has passed"}, Now: now})
		for _, card := range held {
			after := card
			after.LapsedAt = now
			b.add(cards.Moves(&card, &after, false))
		}
		lapsed = len(held)
		return b.write(ctx, tx)
	})
	if err != nil {
		return 0, err
	}
	return lapsed, nil
}

type movementSumRow struct {
	Before   bool
	Kind     cards.MoveKind
	Reseller string
	Currency prepaid.Currency
	From     cards.Place `db:"from_place"`
	To       cards.Place `db:"to_place"`
	Cards    int64
	Minor    int64
}

// Movements implements cards.Stock.
func (db CardStock) Movements(ctx context.Context, brand string, reseller *string, since, before time.Time) ([]cards.MovementSum, error) {
	args := []any{prepaid.Micros(since), brand, prepaid.Micros(before)}
	only := ``
	if reseller != nil {
		only, args = ` AND reseller = ?`, append(args, *reseller)
	}
	var rows []movementSumRow
	err := list(ctx, db.reader, &rows, `
		SELECT before, kind, reseller, currency, from_place, to_place, CAST(SUM(cards) AS BIGINT) AS cards, CAST(SUM(minor) AS BIGINT) AS minor
		FROM (SELECT at < ? AS before, kind, reseller, currency, from_place, to_place, cards, minor FROM card_movements
			WHERE brand = ? AND at < ?`+only+`) AS moved
		GROUP BY reseller, currency, before, kind, from_place, to_place ORDER BY reseller, currency, before DESC, kind, from_place, to_place`, args...)
	if err != nil {
		return nil, fmt.Errorf("sum up movements of cards: %w", err)
	}
	sums := make([]cards.MovementSum, len(rows))
	for i, r := range rows {
		sums[i] = cards.MovementSum{Before: r.Before, Kind: r.Kind, Reseller: r.Reseller, Currency: r.Currency, From: r.From, To: r.To,
			Sum: cards.Sum{Cards: r.Cards, Minor: r.Minor}}
	}
	return sums, nil
}
