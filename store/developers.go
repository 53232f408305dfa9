package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Developers keeps the keys and balances of those who top up by the API.
type Developers struct{ *core }

var (
	_ developers.Keys  = Developers{}
	_ developers.Usage = Developers{}
)

type developerKeyRow struct {
	developers.Key
	ScopeText string
}

var developerKeyTable = newTable[developerKeyRow]("developer_keys", names{
	"Balance": "", "Balance.Minor": "minor,read", "Scopes": "-", "ScopeText": "scopes", "LastUsedAt": "last_used_at,join",
})

func (r developerKeyRow) key() developers.Key {
	r.Scopes, _ = developers.ParseScopes(r.ScopeText) // they were checked when the key was made
	return r.Key
}

// selectKeys reads rows of developerKeyTable; a key was last used in the window that its requests were last counted in.
var selectKeys = `
	SELECT ` + developerKeyTable.of("k") + `, COALESCE(r.started, 0) AS last_used_at
	FROM developer_keys k LEFT JOIN developer_rates r ON r.brand = k.brand AND r.key_id = k.id`

// CreateKey implements developers.Keys.
func (db Developers) CreateKey(ctx context.Context, k developers.Key, d prepaid.Deed) error {
	return db.write(ctx, "create key", func(tx *sqlx.Tx) error {
		rows, err := developerKeyTable.insert(ctx, tx, developerKeyRow{k, developers.ScopeText(k.Scopes)}, `ON CONFLICT DO NOTHING`)
		if err == nil && rows == 0 {
			err = developers.ErrNameTaken
		}
		if err != nil {
			return err
		}
		d.Brand = k.Brand
		return recordDeed(ctx, tx, d)
	})
}

// Key implements developers.Keys.
func (db Developers) Key(ctx context.Context, id string) (developers.Key, error) {
	return getKey(ctx, db.reader, id)
}

func getKey(ctx context.Context, q querier, id string) (developers.Key, error) {
	row, found, err := developerKeyTable.first(ctx, q, selectKeys+` WHERE k.id = ?`, id)
	if err == nil && !found {
		err = developers.ErrNoKey
	}
	if err != nil {
		return developers.Key{}, fmt.Errorf("read key: %w", err)
	}
	return row.key(), nil
}

// Keys lists the keys of a brand, or with "" of all, oldest first.
func (db Developers) Keys(ctx context.Context, brand string) ([]developers.Key, error) {
	rows, err := developerKeyTable.query(ctx, db.reader, selectKeys+` WHERE k.brand = ? OR ? = '' ORDER BY created_at, id`, brand, brand)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys := make([]developers.Key, len(rows))
	for i, r := range rows {
		keys[i] = r.key()
	}
	return keys, nil
}

// RevokeKey implements developers.Keys.
func (db Developers) RevokeKey(ctx context.Context, d prepaid.Deed) error {
	return db.changeKey(ctx, `revoked_at = ? WHERE id = ? AND revoked_at = 0`, d.At, d, developers.ErrRevoked)
}

// SuspendKey implements developers.Keys.
func (db Developers) SuspendKey(ctx context.Context, d prepaid.Deed) error {
	return db.changeKey(ctx, `suspended_at = ? WHERE id = ? AND revoked_at = 0 AND suspended_at = 0`, d.At, d, developers.ErrSuspended)
}

// ResumeKey implements developers.Keys.
func (db Developers) ResumeKey(ctx context.Context, d prepaid.Deed) error {
	return db.changeKey(ctx, `suspended_at = ? WHERE id = ? AND revoked_at = 0 AND suspended_at > 0`, time.Time{}, d, developers.ErrNotSuspended)
}

// changeKey sets a time of a deed's key where the key fits, with the deed. Where it does not: ErrNoKey, ErrRevoked, or else
// already.
func (db Developers) changeKey(ctx context.Context, set string, at time.Time, d prepaid.Deed, already error) error {
	return db.write(ctx, d.What+" key", func(tx *sqlx.Tx) error {
		var brand string
		changed, err := get(ctx, tx, &brand, `UPDATE developer_keys SET `+set+` RETURNING brand`, prepaid.Micros(at), d.Object)
		if err == nil && !changed {
			var k developers.Key
			if k, err = getKey(ctx, tx, d.Object); err == nil {
				err = already
			}
			if k.Revoked() {
				err = developers.ErrRevoked
			}
		}
		if err != nil {
			return err
		}
		d.Brand = brand
		return recordDeed(ctx, tx, d)
	})
}

// CreditKey implements developers.Keys. A credit is an entry of the ledger: about its reference, or an id of its own.
func (db Developers) CreditKey(ctx context.Context, amount prepaid.Money, reference string, d prepaid.Deed) (balance prepaid.Money, err error) {
	err = db.write(ctx, "credit key", func(tx *sqlx.Tx) error {
		// Whoever credits the same key waits here, and then sees what was booked.
		if _, err := exec(ctx, tx, `UPDATE developer_keys SET changed_at = ? WHERE id = ?`, prepaid.Micros(d.At), d.Object); err != nil {
			return err
		}
		k, err := getKey(ctx, tx, d.Object)
		if err != nil {
			return err
		}
		about, booked := prepaid.NewID[string](), false
		if reference != "" {
			about = k.ID + ":" + reference
			if booked, err = get(ctx, tx, new(int), `SELECT 1 FROM ledger_entries WHERE brand = ? AND order_id = ? AND kind = 'credit'`, k.Brand, about); err != nil {
				return err
			}
		}
		switch {
		case booked:
			return developers.ErrBooked
		case k.Revoked() && amount.Minor > 0:
			return developers.ErrRevoked
		case k.Balance.Currency != amount.Currency:
			return developers.ErrCurrency
		}
		d.Old = k.Balance.String()
		entry := topup.Entry{Kind: "credit", Postings: []topup.Posting{
			{Account: "suspense", Amount: amount}, {Account: "developer:" + k.ID, Amount: amount.Neg()},
		}}
		if err := insertEntries(ctx, tx, childKey{k.Brand, prepaid.OrderID(about), d.At}, []topup.Entry{entry}, d.At); err != nil {
			return err
		}
		if k, err = getKey(ctx, tx, d.Object); err != nil {
			return err
		}
		balance = k.Balance
		d.New = balance.String()
		d.Brand = k.Brand
		return recordDeed(ctx, tx, d)
	})
	return balance, err
}

// ofKey is the condition of what belongs to a developer's key where only the key's id is known.
const ofKey = `(brand, key_id) = (SELECT k.brand, k.id FROM developer_keys k WHERE k.id = ?)`

// CountRequest implements developers.Usage.
func (db Developers) CountRequest(ctx context.Context, key string, started time.Time) (int, error) {
	var count int
	_, err := get(ctx, db.writer, &count, `
		INSERT INTO developer_rates (brand, key_id, started, count) SELECT brand, id, CAST(? AS BIGINT), 1 FROM developer_keys WHERE id = ?
		ON CONFLICT (brand, key_id) DO UPDATE SET started = excluded.started,
			count = CASE WHEN developer_rates.started = excluded.started THEN developer_rates.count + 1 ELSE 1 END
		RETURNING count`, prepaid.Micros(started), key)
	if err != nil {
		return 0, fmt.Errorf("count request: %w", err)
	}
	return count, nil
}
