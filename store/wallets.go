package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

var walletReadingTable = newTable[operators.WalletReading]("wallet_readings", nil)

// WalletBooked reads what the ledger has booked on a wallet, and whether top-ups by its network are under way, whose
// costs are perhaps taken already and not booked.
func (db Reconciliation) WalletBooked(ctx context.Context, network string, c prepaid.Currency) (sum, postings int64, underway bool, err error) {
	err = db.readOrders(ctx, "read wallet's postings", func(tx *sqlx.Tx) error {
		var row struct {
			Sum   int64 `db:"total"`
			Count int64
		}
		_, err := get(ctx, tx, &row, `SELECT COALESCE(CAST(SUM(minor) AS BIGINT), 0) AS total, COUNT(*) AS count
			FROM ledger_postings WHERE account = ? AND currency = ?`, "wallet:"+network, c)
		if err != nil {
			return err
		}
		sum, postings = row.Sum, row.Count
		var busy []int
		err = list(ctx, tx, &busy, `SELECT 1 FROM orders WHERE status IN ('delivering', 'delivery_unknown') AND network = ? LIMIT 1`, network)
		underway = len(busy) > 0
		return err
	})
	return sum, postings, underway, err
}

// LastWalletReading returns the newest reading of a wallet; false where there is none.
func (db Reconciliation) LastWalletReading(ctx context.Context, network string, c prepaid.Currency) (operators.WalletReading, bool, error) {
	r, found, err := walletReadingTable.get(ctx, db.reader, `WHERE network = ? AND currency = ? ORDER BY at DESC LIMIT 1`, network, c)
	if err != nil {
		return operators.WalletReading{}, false, fmt.Errorf("read wallet reading: %w", err)
	}
	return r, found, nil
}

// SaveWalletReading stores a reading, and the difference from the one before, if there is one.
func (db Reconciliation) SaveWalletReading(ctx context.Context, r operators.WalletReading, differs *operators.OpenItem) error {
	return db.write(ctx, "save wallet reading", func(tx *sqlx.Tx) error {
		_, err := walletReadingTable.insert(ctx, tx, r, `ON CONFLICT (network, currency, at) DO NOTHING`)
		if err != nil || differs == nil {
			return err
		}
		return insertItem(ctx, tx, *differs, r.At)
	})
}
