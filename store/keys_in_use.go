package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

var _ operators.KeyStore = MasterKeys{}

var (
	keyUseNames        = onlyWhoAndWhy(names{"Key": "name", "Who": "changed_by", "At": "changed_at"})
	keyUseTable        = newTable[operators.KeyUse]("keys_in_use", keyUseNames)
	keyUseHistoryTable = newTable[operators.KeyUse]("keys_in_use_history", keyUseNames)
)

// keyInUse returns the version of a key that is in use. Where none was ever, it is the highest that anything may be stored with,
// or the lowest that the program was given.
func (db MasterKeys) keyInUse(ctx context.Context, name operators.MasterKey, lowest int) (operators.KeyUse, error) {
	use, found, err := keyUseTable.get(ctx, db.reader, `WHERE name = ?`, name)
	if err != nil || found {
		return use, err
	}
	err = db.write(ctx, "put a key in use", func(tx *sqlx.Tx) error {
		now, err := db.now(ctx, tx)
		if err != nil {
			return err
		}
		known := `SELECT MAX(version) FROM key_checks WHERE name = ?`
		if name == operators.CardKey {
			known = `SELECT MAX(version) FROM (SELECT version FROM key_checks WHERE name = ? UNION ALL SELECT version FROM card_keys) known`
		}
		first := operators.KeyUse{Key: name, By: prepaid.By{Who: "pulsa", Why: "first start"}, At: now}
		if _, err := get(ctx, tx, &first.Version, `SELECT COALESCE((`+known+`), ?)`, name, lowest); err != nil {
			return err
		}
		switch rows, err := keyUseTable.insert(ctx, tx, first, `ON CONFLICT (name) DO NOTHING`); {
		case err != nil:
			return err
		case rows == 1:
			if _, err := keyUseHistoryTable.insert(ctx, tx, first, ""); err != nil {
				return err
			}
		}
		use, _, err = keyUseTable.get(ctx, tx, `WHERE name = ?`, name)
		return err
	})
	return use, err
}

// KeysInUse implements operators.KeyStore.
func (db MasterKeys) KeysInUse(ctx context.Context) (map[operators.MasterKey]operators.KeyUse, error) {
	return keysInUse(ctx, db.reader, "")
}

func keysInUse(ctx context.Context, q querier, lock string) (map[operators.MasterKey]operators.KeyUse, error) {
	rows, err := keyUseTable.list(ctx, q, lock)
	if err != nil {
		return nil, fmt.Errorf("read keys in use: %w", err)
	}
	inUse := make(map[operators.MasterKey]operators.KeyUse, len(rows))
	for _, r := range rows {
		inUse[r.Key] = r
	}
	return inUse, nil
}

// KeyHistory implements operators.KeyStore.
func (db MasterKeys) KeyHistory(ctx context.Context) ([]operators.KeyUse, error) {
	changes, err := keyUseHistoryTable.list(ctx, db.reader, `ORDER BY number`)
	if err != nil {
		return nil, fmt.Errorf("read history of keys: %w", err)
	}
	return changes, nil
}

// UseKey implements operators.KeyStore. A copy that starts holds the row until it is known which versions it has: either it is seen
// here, or it sees the version that was put in use.
func (db MasterKeys) UseKey(ctx context.Context, from int, to operators.KeyUse, check func([]operators.Copy) error) error {
	return db.write(ctx, "put a key in use", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `UPDATE keys_in_use SET version = ?, changed_by = ?, why = ?, changed_at = ? WHERE name = ? AND version = ?`,
			to.Version, to.Who, to.Why, prepaid.Micros(to.At), to.Key, from)
		switch {
		case err != nil:
			return err
		case rows == 0:
			return operators.ErrKeyMoved
		}
		running, err := db.runningCopies(ctx, tx)
		if err == nil {
			err = check(running)
		}
		if err == nil {
			_, err = keyUseHistoryTable.insert(ctx, tx, to, "")
		}
		if err != nil {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{What: "use key", Kind: prepaid.OnHouse, Object: string(to.Key),
			Old: versionName(from), New: versionName(to.Version), By: to.By, At: to.At})
	})
}

// StoredUnder implements operators.KeyStore.
func (db MasterKeys) StoredUnder(ctx context.Context, key operators.MasterKey, versions []int) ([]operators.StoredUnder, error) {
	kinds := storedWith(key)
	if key == operators.CardKey {
		kinds = append(kinds, stored{"cards", "sealed", `cards WHERE key_version = ?`, func(v int) []any { return []any{v} }})
	}
	var counts []operators.StoredUnder
	for _, version := range versions {
		for _, kind := range kinds {
			n := operators.StoredUnder{What: kind.what, Version: version}
			if _, err := get(ctx, db.reader, &n.Count, `SELECT COUNT(*) FROM `+kind.from, kind.args(version)...); err != nil {
				return nil, fmt.Errorf("count what is stored under %s: %w", key, err)
			}
			if n.Count > 0 {
				counts = append(counts, n)
			}
		}
	}
	return counts, nil
}

// RunningCopies implements operators.KeyStore.
func (db MasterKeys) RunningCopies(ctx context.Context) ([]operators.Copy, error) {
	return db.runningCopies(ctx, db.reader)
}
