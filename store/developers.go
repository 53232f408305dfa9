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
	ID         string           `db:"id"`
	Brand      string           `db:"brand"`
	Name       string           `db:"name"`
	Scopes     string           `db:"scopes"`
	SecretHash string           `db:"secret_hash"`
	Currency   prepaid.Currency `db:"currency"`
	Minor      int64            `db:"minor"`
	ChangedAt  int64            `db:"changed_at"`
	CreatedAt  int64            `db:"created_at"`
	RevokedAt  int64            `db:"revoked_at"`
	Suspended  int64            `db:"suspended_at"`
	LastUsedAt int64            `db:"last_used_at"`
}

func (r developerKeyRow) key() developers.Key {
	scopes, _ := developers.ParseScopes(r.Scopes) // they were checked when the key was made
	return developers.Key{
		ID: r.ID, Brand: r.Brand, Name: r.Name, Scopes: scopes, SecretHash: r.SecretHash,
		Balance: prepaid.Money{Minor: r.Minor, Currency: r.Currency}, ChangedAt: prepaid.FromMicros(r.ChangedAt),
		CreatedAt: prepaid.FromMicros(r.CreatedAt), RevokedAt: prepaid.FromMicros(r.RevokedAt), SuspendedAt: prepaid.FromMicros(r.Suspended),
		LastUsedAt: prepaid.FromMicros(r.LastUsedAt),
	}
}

// selectKeys reads developerKeyRows; a key was last used in the window that its requests were last counted in.
const selectKeys = `
	SELECT k.id, brand, name, scopes, secret_hash, currency, minor, changed_at, created_at, revoked_at, suspended_at,
		COALESCE(r.started, 0) AS last_used_at
	FROM developer_keys k LEFT JOIN developer_rates r ON r.key_id = k.id`

// CreateKey implements developers.Keys.
func (db Developers) CreateKey(ctx context.Context, k developers.Key, d developers.Deed) error {
	return db.write(ctx, "create key", func(tx *sqlx.Tx) error {
		rows, err := insert(ctx, tx, `
			INSERT INTO developer_keys (id, brand, name, scopes, secret_hash, currency, changed_at, created_at)
			VALUES (:id, :brand, :name, :scopes, :secret_hash, :currency, :changed_at, :created_at) ON CONFLICT DO NOTHING`,
			developerKeyRow{ID: k.ID, Brand: k.Brand, Name: k.Name, Scopes: developers.ScopeText(k.Scopes), SecretHash: k.SecretHash,
				Currency: k.Balance.Currency, ChangedAt: prepaid.Micros(k.ChangedAt), CreatedAt: prepaid.Micros(k.CreatedAt)})
		if err == nil && rows == 0 {
			err = developers.ErrNameTaken
		}
		if err != nil {
			return err
		}
		return insertDeed(ctx, tx, d)
	})
}

func insertDeed(ctx context.Context, tx *sqlx.Tx, d developers.Deed) error {
	_, err := exec(ctx, tx, `INSERT INTO developer_deeds (id, key_id, what, who, why, at) VALUES (?, ?, ?, ?, ?, ?)`,
		prepaid.NewID[string](), d.Key, d.What, d.Who, d.Why, prepaid.Micros(d.At))
	return err
}

// Key implements developers.Keys.
func (db Developers) Key(ctx context.Context, id string) (developers.Key, error) {
	return getKey(ctx, db.reader, id)
}

func getKey(ctx context.Context, q querier, id string) (developers.Key, error) {
	var row developerKeyRow
	found, err := get(ctx, q, &row, selectKeys+` WHERE k.id = ?`, id)
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
	var rows []developerKeyRow
	err := list(ctx, db.reader, &rows, selectKeys+` WHERE brand = ? OR ? = '' ORDER BY created_at, id`, brand, brand)
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
func (db Developers) RevokeKey(ctx context.Context, d developers.Deed) error {
	return db.changeKey(ctx, `revoked_at = ? WHERE id = ? AND revoked_at = 0`, d.At, d, developers.ErrRevoked)
}

// SuspendKey implements developers.Keys.
func (db Developers) SuspendKey(ctx context.Context, d developers.Deed) error {
	return db.changeKey(ctx, `suspended_at = ? WHERE id = ? AND revoked_at = 0 AND suspended_at = 0`, d.At, d, developers.ErrSuspended)
}

// ResumeKey implements developers.Keys.
func (db Developers) ResumeKey(ctx context.Context, d developers.Deed) error {
	return db.changeKey(ctx, `suspended_at = ? WHERE id = ? AND revoked_at = 0 AND suspended_at > 0`, time.Time{}, d, developers.ErrNotSuspended)
}

// changeKey sets a time of a deed's key where the key fits, with the deed. Where it does not: ErrNoKey, ErrRevoked, or else
// already.
func (db Developers) changeKey(ctx context.Context, set string, at time.Time, d developers.Deed, already error) error {
	return db.write(ctx, d.What+" key", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `UPDATE developer_keys SET `+set, prepaid.Micros(at), d.Key)
		if err == nil && rows == 0 {
			var k developers.Key
			if k, err = getKey(ctx, tx, d.Key); err == nil {
				err = already
			}
			if k.Revoked() {
				err = developers.ErrRevoked
			}
		}
		if err != nil {
			return err
		}
		return insertDeed(ctx, tx, d)
	})
}

// CreditKey implements developers.Keys. A credit is an entry of the ledger: about its reference, or an id of its own.
func (db Developers) CreditKey(ctx context.Context, amount prepaid.Money, reference string, d developers.Deed) (balance prepaid.Money, err error) {
	err = db.write(ctx, "credit key", func(tx *sqlx.Tx) error {
		// Whoever credits the same key waits here, and then sees what was booked.
		if _, err := exec(ctx, tx, `UPDATE developer_keys SET changed_at = ? WHERE id = ?`, prepaid.Micros(d.At), d.Key); err != nil {
			return err
		}
		k, err := getKey(ctx, tx, d.Key)
		if err != nil {
			return err
		}
		about, booked := prepaid.NewID[string](), false
		if reference != "" {
			about = k.ID + ":" + reference
			if booked, err = get(ctx, tx, new(int), `SELECT 1 FROM ledger_entries WHERE order_id = ? AND kind = 'credit'`, about); err != nil {
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
		entry := topup.Entry{Kind: "credit", Postings: []topup.Posting{
			{Account: "suspense", Amount: amount}, {Account: "developer:" + k.ID, Amount: amount.Neg()},
		}}
		if err := insertEntries(ctx, tx, k.Brand, about, []topup.Entry{entry}, d.At); err != nil {
			return err
		}
		if k, err = getKey(ctx, tx, d.Key); err != nil {
			return err
		}
		balance = k.Balance
		return insertDeed(ctx, tx, d)
	})
	return balance, err
}

// Deeds lists what operators have done to a key, oldest first.
func (db Developers) Deeds(ctx context.Context, key string) ([]developers.Deed, error) {
	var rows []struct {
		What string `db:"what"`
		Who  string `db:"who"`
		Why  string `db:"why"`
		At   int64  `db:"at"`
	}
	err := list(ctx, db.reader, &rows, `SELECT what, who, why, at FROM developer_deeds WHERE key_id = ? ORDER BY at, id`, key)
	if err != nil {
		return nil, fmt.Errorf("list deeds: %w", err)
	}
	deeds := make([]developers.Deed, len(rows))
	for i, r := range rows {
		deeds[i] = developers.Deed{Key: key, What: r.What, By: prepaid.By{Who: r.Who, Why: r.Why}, At: prepaid.FromMicros(r.At)}
	}
	return deeds, nil
}

// CountRequest implements developers.Usage.
func (db Developers) CountRequest(ctx context.Context, key string, started time.Time) (int, error) {
	var count int
	_, err := get(ctx, db.writer, &count, `
		INSERT INTO developer_rates (key_id, started, count) VALUES (?, ?, 1)
		ON CONFLICT (key_id) DO UPDATE SET started = excluded.started,
			count = CASE WHEN developer_rates.started = excluded.started THEN developer_rates.count + 1 ELSE 1 END
		RETURNING count`, key, prepaid.Micros(started))
	if err != nil {
		return 0, fmt.Errorf("count request: %w", err)
	}
	return count, nil
}
