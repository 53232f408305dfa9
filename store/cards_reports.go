package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardReports keeps resellers and counts redemptions and wrong codes.
type CardReports struct{ *core }

var _ cards.Reports = CardReports{}

type redemptionRow struct {
	Day      int64
	Group    string `db:"grp"`
	Currency prepaid.Currency
	Cards    int64
	Minor    int64
}

// Redemptions implements cards.Reports.
func (db CardReports) Redemptions(ctx context.Context, brand string, during cards.Span, by cards.Group) ([]cards.Redemption, error) {
	c := &conditions{}
	c.add("brand = ? AND state = 'spent' AND activated_at > 0", brand)
	c.span("activated_at", during)
	const dayMicros = int64(24 * time.Hour / time.Microsecond)
	var rows []redemptionRow
	err := list(ctx, db.reader, &rows, `
		SELECT day, grp, currency, COUNT(*) AS cards, CAST(SUM(minor) AS BIGINT) AS minor
		FROM (SELECT activated_at / ? AS day, `+groupColumn(by)+` AS grp, currency, minor FROM cards`+c.where()+`) AS spent
		GROUP BY day, grp, currency ORDER BY day, grp, currency`, append([]any{dayMicros}, c.args...)...)
	if err != nil {
		return nil, fmt.Errorf("redemptions: %w", err)
	}
	found := make([]cards.Redemption, len(rows))
	for i, r := range rows {
		found[i] = cards.Redemption{Day: time.UnixMicro(r.Day * dayMicros).UTC(), Group: r.Group, Currency: r.Currency,
			Sum: cards.Sum{Cards: r.Cards, Minor: r.Minor}}
	}
	return found, nil
}

var resellerTable = newTable[cards.Reseller]("resellers", nil)

// SaveReseller implements cards.Reports. The record has the reseller's name where that of other jobs has serials.
func (db CardReports) SaveReseller(ctx context.Context, r cards.Reseller, j cards.Job, by prepaid.By) error {
	return db.write(ctx, "save reseller", func(tx *sqlx.Tx) error {
		rows, err := resellerTable.insert(ctx, tx, r, `ON CONFLICT (brand, name) DO NOTHING`)
		switch {
		case err != nil:
			return err
		case rows == 0:
			return cards.ErrResellerExists
		}
		if err := insertJob(ctx, tx, j); err != nil {
			return err
		}
		if err := insertRecord(ctx, tx, cards.Chunk{Job: j, First: r.Name, Last: cards.Key{Serial: r.Name}, Now: r.CreatedAt}); err != nil {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: r.Brand, What: "create reseller", Kind: prepaid.OnCards, Object: r.Name, New: r.Title, By: by, At: r.CreatedAt})
	})
}

// Resellers implements cards.Reports.
func (db CardReports) Resellers(ctx context.Context, brand string) ([]cards.Reseller, error) {
	found, err := resellerTable.list(ctx, db.reader, `WHERE brand = ? ORDER BY name`, brand)
	if err != nil {
		return nil, fmt.Errorf("resellers: %w", err)
	}
	return found, nil
}

// WrongCodes implements cards.Reports.
func (db CardReports) WrongCodes(ctx context.Context, brand string, since time.Time) (n int64, err error) {
	_, err = get(ctx, db.reader, &n, `SELECT COUNT(*) FROM card_try_keys WHERE brand = ? AND tried_at >= ?`, brand, prepaid.Micros(since))
	if err != nil {
		return 0, fmt.Errorf("wrong codes: %w", err)
	}
	return n, nil
}
