package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
)

// ClaimCards implements cards.Codes.
func (db CardJobs) ClaimCards(ctx context.Context, c cards.Chunk, f cards.Filter, n int) (j cards.Job, more bool, err error) {
	f.Unexported = true
	err = db.writeRetrying(ctx, "claim cards", func(tx *sqlx.Tx) error {
		step := c
		keys, found, err := nextKeys(ctx, tx, cardSearch{f, cards.Exportable(), n}, c.Job.After)
		if err != nil {
			return err
		}
		more = keys.n == n
		j = c.Job
		if keys.n == 0 {
			return nil
		}
		step.First, step.Last = keys.first.Serial, keys.last
		step.Cards, err = exec(ctx, tx, `UPDATE cards SET export = ?`+found.where(), append([]any{c.Job.ID}, found.args...)...)
		if err != nil {
			return err
		}
		j = step.Advanced()
		return advanceJob(ctx, tx, step)
	})
	if err != nil {
		return c.Job, false, err
	}
	return j, more, nil
}

func (db *core) sealedCards(ctx context.Context, rest string, args ...any) ([]cards.Sealed, error) {
	rows, err := sealedTable.list(ctx, db.reader, rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read sealed codes: %w", err)
	}
	sealed := make([]cards.Sealed, len(rows))
	for i, r := range rows {
		sealed[i] = r.Sealed
	}
	return sealed, nil
}

// ExportedCards implements cards.Codes. Of the filter only where the cards are counts: their status may have
// changed since they were marked.
func (db CardJobs) ExportedCards(ctx context.Context, f cards.Filter, export cards.JobID, beyond cards.Key, n int) ([]cards.Sealed, error) {
	c := matching(cards.Filter{Brand: f.Brand, Series: f.Series, From: f.From, To: f.To, Batch: f.Batch})
	c.add("export = ?", export)
	if beyond.Serial != "" {
		c.after(f, false, &beyond)
	}
	return db.sealedCards(ctx, c.where()+orderBy("", false)+` LIMIT ?`, append(c.args, n)...)
}

// CardsToRekey implements cards.Codes.
func (db CardJobs) CardsToRekey(ctx context.Context, brand string, version int, beyond string, n int) ([]cards.Sealed, error) {
	return db.sealedCards(ctx, ` WHERE brand = ? AND serial > ? AND key_version <> ? ORDER BY serial LIMIT ?`, brand, beyond, version, n)
}

// CountToRekey implements cards.Codes.
func (db CardJobs) CountToRekey(ctx context.Context, brand string, version int) (n int64, err error) {
	_, err = get(ctx, db.reader, &n, `SELECT COUNT(*) FROM cards WHERE brand = ? AND key_version <> ?`, brand, version)
	if err != nil {
		return 0, fmt.Errorf("count cards to rekey: %w", err)
	}
	return n, nil
}

// RekeyCards implements cards.Codes.
func (db CardJobs) RekeyCards(ctx context.Context, c cards.Chunk, sealed []cards.Sealed) error {
	return db.writeRetrying(ctx, "rekey cards", func(tx *sqlx.Tx) error {
		if err := db.holdKeys(ctx, tx, sealed); err != nil {
			return err
		}
		update, err := tx.PreparexContext(ctx, tx.Rebind(`
			UPDATE cards SET mac = ?, ciphertext = ?, key_version = ? WHERE brand = ? AND serial = ?`))
		if err != nil {
			return err
		}
		defer func() { _ = update.Close() }()
		for _, card := range sealed {
			if _, err := update.ExecContext(ctx, card.MAC, card.Ciphertext, card.KeyVersion, card.Brand, card.Serial); err != nil {
				return fmt.Errorf("card %s: %w", card.Serial, err)
			}
		}
		return advanceJob(ctx, tx, c)
	})
}
