package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
)

// EditCards implements cards.Shelf. Whether a card may be touched is asked again in the UPDATE itself: one that
// an order reserves meanwhile is left alone.
func (db Cards) EditCards(ctx context.Context, c cards.Chunk, f cards.Filter, to cards.Change, n int) (cards.Job, error) {
	return db.changeChunk(ctx, c, cardSearch{f, to.From(), n}, func(tx *sqlx.Tx, found *conditions, c cards.Chunk) (int64, error) {
		set := changes(to, c)
		if to.Action == cards.Release {
			found.add("(expires_at = 0 OR expires_at > ?)", prepaid.Micros(c.Now))
		}
		return exec(ctx, tx, `UPDATE cards SET `+strings.Join(set.text, ", ")+found.where(), append(set.args, found.args...)...)
	})
}

// changes is a SET clause.
func changes(to cards.Change, c cards.Chunk) conditions {
	var set conditions
	if to.Expires != nil {
		set.add("expires_at = ?", prepaid.Micros(*to.Expires))
	}
	if to.Reseller != nil {
		set.add("reseller = ?", *to.Reseller)
	}
	switch to.Action {
	case cards.Release:
		set.add("state = 'live', released_at = ?", prepaid.Micros(c.Now))
	case cards.Lock:
		set.add("state = 'locked'")
	case cards.Unlock:
		set.add("state = CASE WHEN released_at > 0 THEN 'live' ELSE 'generated' END")
	case cards.Withdraw:
		set.add("state = 'void'")
	}
	return set
}

// DeleteCards implements cards.Shelf.
func (db Cards) DeleteCards(ctx context.Context, c cards.Chunk, f cards.Filter, n int) (cards.Job, error) {
	return db.changeChunk(ctx, c, cardSearch{f, cards.Deletable(), n}, func(tx *sqlx.Tx, found *conditions, c cards.Chunk) (int64, error) {
		var series []string
		if err := list(ctx, tx, &series, `DELETE FROM cards`+found.where()+` RETURNING series`, found.args...); err != nil {
			return 0, err
		}
		gone := map[cardSeries]seriesCount{}
		for _, name := range series {
			s := cardSeries{c.Job.Brand, name}
			gone[s] = seriesCount{cards: gone[s].cards - 1}
		}
		return int64(len(series)), addIssued(ctx, tx, gone)
	})
}

// changeChunk has touch deal with the next n cards, and moves the job on behind them.
func (db Cards) changeChunk(ctx context.Context, c cards.Chunk, s cardSearch,
	touch func(tx *sqlx.Tx, found *conditions, c cards.Chunk) (int64, error)) (j cards.Job, err error) {
	err = db.writeRetrying(ctx, string(c.Job.Kind)+" cards", func(tx *sqlx.Tx) error {
		step := c
		keys, found, err := nextKeys(ctx, tx, s, c.Job.After)
		if err != nil {
			return err
		}
		step.End, step.Last = keys.n < s.n, c.Job.After
		if keys.n > 0 {
			step.First, step.Last = keys.first.Serial, keys.last
			if step.Cards, err = touch(tx, found, step); err != nil {
				return err
			}
		}
		j = step.Advanced()
		return advanceJob(ctx, tx, step)
	})
	if err != nil {
		return c.Job, err
	}
	return j, nil
}
