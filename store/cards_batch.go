package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
)

// errClash rolls a chunk back whose codes are not all new.
var errClash = errors.New("codes exist")

// SaveChunk implements cards.Batches. PostgreSQL copies the chunk, and only where that meets a code or serial
// that exists, the cards are inserted one by one to find out which. Everybody stores codes in the same order, so that two
// who have drawn the same ones never wait for each other.
func (db CardJobs) SaveChunk(ctx context.Context, c cards.Chunk, sealed []cards.Sealed) ([]int, error) {
	if clashes, err := db.oldClashes(ctx, sealed); err != nil || len(clashes) > 0 {
		return clashes, err
	}
	order := make([]int, len(sealed))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare(sealed[a].MAC, sealed[b].MAC) })
	sorted := make([]cards.Sealed, len(sealed))
	for at, i := range order {
		sorted[at] = sealed[i]
	}
	clashes, err := db.saveSorted(ctx, c, sorted)
	for i, at := range clashes {
		clashes[i] = order[at]
	}
	slices.Sort(clashes)
	return clashes, err
}

func (db CardJobs) saveSorted(ctx context.Context, c cards.Chunk, sealed []cards.Sealed) ([]int, error) {
	if db.dialect == Postgres {
		err := retryDeadlock(ctx, func() error { return db.copyChunk(ctx, c, sealed) })
		var known *pgconn.PgError
		if err == nil || !errors.As(err, &known) || known.Code != uniqueViolation {
			return nil, err
		}
	}
	return db.insertChunk(ctx, c, sealed)
}

const uniqueViolation = "23505"

// copyChunk stores the chunk in one transaction over one connection, which COPY needs to have to itself.
func (db CardJobs) copyChunk(ctx context.Context, c cards.Chunk, sealed []cards.Sealed) error {
	conn, err := db.writer.Connx(ctx)
	if err != nil {
		return fmt.Errorf("save chunk: %w", err)
	}
	defer func() { _ = conn.Close() }() // back to the pool
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("save chunk: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	err = conn.Raw(func(driver any) error {
		rows := pgx.CopyFromSlice(len(sealed), func(i int) ([]any, error) { return sealedValues(sealed[i]) })
		_, err := driver.(limitingConn).PGX().CopyFrom(ctx, pgx.Identifier{"cards"}, sealedTable.writtenNames(), rows)
		return err
	})
	if err == nil {
		err = db.holdKeys(ctx, tx, sealed)
	}
	if err == nil {
		err = settleChunk(ctx, tx, c, sealed)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return fmt.Errorf("save chunk: %w", err)
	}
	return nil
}

// settleChunk counts the cards in their series and moves the job on.
func settleChunk(ctx context.Context, tx *sqlx.Tx, c cards.Chunk, sealed []cards.Sealed) error {
	issued := map[cardSeries]seriesCount{}
	for _, card := range sealed {
		s := cardSeries{card.Brand, card.Series}
		issued[s] = issued[s].plus(card.Serial)
	}
	if err := addIssued(ctx, tx, issued); err != nil {
		return err
	}
	return advanceJob(ctx, tx, c)
}

func (db CardJobs) insertChunk(ctx context.Context, c cards.Chunk, sealed []cards.Sealed) (clashes []int, err error) {
	err = db.writeRetrying(ctx, "save chunk", func(tx *sqlx.Tx) error {
		if err := db.holdKeys(ctx, tx, sealed); err != nil {
			return err
		}
		if taken, err := takenSerials(ctx, tx, sealed); err != nil {
			return err
		} else if len(taken) > 0 {
			return serialTaken(ctx, tx, c.Job, sealed[taken[0]].Serial)
		}
		var err error
		if clashes, err = insertCards(ctx, tx, sealed); err != nil {
			return err
		}
		if len(clashes) > 0 {
			return errClash
		}
		return advanceJob(ctx, tx, c)
	})
	if errors.Is(err, errClash) {
		return clashes, nil
	}
	return nil, err
}

// serialTaken is why a serial exists already: another process has made the chunk, or somebody else the card.
func serialTaken(ctx context.Context, tx *sqlx.Tx, j cards.Job, serial string) error {
	var still int
	found, err := get(ctx, tx, &still, `SELECT 1 FROM card_jobs WHERE id = ? AND step = ? AND state = 'under way'`, j.ID, j.Step)
	switch {
	case err != nil:
		return err
	case !found:
		return cards.ErrJobElsewhere
	}
	return fmt.Errorf("serial %s: %w", serial, cards.ErrExists)
}

// oldClashes finds the codes that a card has under another key.
func (db CardJobs) oldClashes(ctx context.Context, sealed []cards.Sealed) ([]int, error) {
	var macs [][]byte
	for _, c := range sealed {
		macs = append(macs, c.OldMACs...)
	}
	if len(macs) == 0 {
		return nil, nil
	}
	taken, err := takenMACs(ctx, db.reader, sealed[0].Brand, macs)
	if err != nil {
		return nil, fmt.Errorf("save chunk: %w", err)
	}
	var clashes []int
	for i, c := range sealed {
		for _, mac := range c.OldMACs {
			if taken[string(mac)] {
				clashes = append(clashes, i)
				break
			}
		}
	}
	return clashes, nil
}

// takenMACs tells which MACs cards have.
func takenMACs(ctx context.Context, q querier, brand string, macs [][]byte) (map[string]bool, error) {
	taken := map[string]bool{}
	for from := 0; from < len(macs); from += cardsAtOnce {
		var found [][]byte
		part := macs[from:min(from+cardsAtOnce, len(macs))]
		if err := listIn(ctx, q, &found, `SELECT mac FROM cards WHERE brand = ? AND mac IN (?)`, brand, part); err != nil {
			return nil, err
		}
		for _, mac := range found {
			taken[string(mac)] = true
		}
	}
	return taken, nil
}

// takenSerials returns the indexes of cards whose serials exist.
func takenSerials(ctx context.Context, q querier, sealed []cards.Sealed) ([]int, error) {
	var taken []int
	for from := 0; from < len(sealed); from += cardsAtOnce {
		part := sealed[from:min(from+cardsAtOnce, len(sealed))]
		serials := make([]string, len(part))
		for i, c := range part {
			serials[i] = c.Serial
		}
		var found []string
		err := listIn(ctx, q, &found, `SELECT serial FROM cards WHERE brand = ? AND serial IN (?)`, part[0].Brand, serials)
		if err != nil {
			return nil, err
		}
		exists := make(map[string]bool, len(found))
		for _, serial := range found {
			exists[serial] = true
		}
		for i, serial := range serials {
			if exists[serial] {
				taken = append(taken, from+i)
			}
		}
	}
	return taken, nil
}

// Taken implements cards.Batches.
func (db CardJobs) Taken(ctx context.Context, sealed []cards.Sealed) (serials, codes []int, err error) {
	if len(sealed) == 0 {
		return nil, nil, nil
	}
	err = db.read(ctx, "taken cards", func(tx *sqlx.Tx) error {
		if serials, err = takenSerials(ctx, tx, sealed); err != nil {
			return err
		}
		var macs [][]byte
		for _, c := range sealed {
			macs = append(append(macs, c.MAC), c.OldMACs...)
		}
		taken, err := takenMACs(ctx, tx, sealed[0].Brand, macs)
		for i, c := range sealed {
			for _, mac := range append([][]byte{c.MAC}, c.OldMACs...) {
				if taken[string(mac)] {
					codes = append(codes, i)
					break
				}
			}
		}
		return err
	})
	return serials, codes, err
}

// sealOverhead is how much longer a sealed code is than the code: nonce and tag of AES-GCM.
const sealOverhead = 12 + 16

// CountCodes implements cards.Batches. The length of a code is known from its ciphertext's.
func (db CardJobs) CountCodes(ctx context.Context, brand string, codeLength int, now time.Time) (all, unspent int64, err error) {
	var row struct {
		All     int64 `db:"codes"`
		Unspent int64
	}
	_, err = get(ctx, db.reader, &row, `
		SELECT COUNT(*) AS codes,
			COALESCE(SUM(CASE WHEN state NOT IN ('spent', 'void') AND (expires_at = 0 OR expires_at > ?) THEN 1 ELSE 0 END), 0) AS unspent
		FROM cards WHERE brand = ? AND length(ciphertext) = ?`, prepaid.Micros(now), brand, codeLength+sealOverhead)
	if err != nil {
		return 0, 0, fmt.Errorf("count codes: %w", err)
	}
	return row.All, row.Unspent, nil
}
