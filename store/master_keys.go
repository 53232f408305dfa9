package store

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
)

// MasterKeys keeps the check values of the master keys.
type MasterKeys struct{ *core }

// MasterKey names a key outside the database that things in it are hashed or sealed with.
type MasterKey string

// The master keys.
const (
	PINPepper MasterKey = "pin pepper"
	CardKey   MasterKey = "card key" // for all but cards, which cards.Service.CheckKeys judges
)

// KeyError says that a version of a master key is missing, or is another than the one that things are stored with.
type KeyError struct {
	Name    MasterKey
	Version int
	Missing bool
	Stored  string // what is stored with it: "PINs in the database are hashed"
}

func (e *KeyError) Error() string {
	if e.Missing {
		return fmt.Sprintf("%s with %s version %d, which is not given", e.Stored, e.Name, e.Version)
	}
	return fmt.Sprintf("%s version %d is not the one that %s with", e.Name, e.Version, e.Stored)
}

// stored is a kind of thing that a version of a master key is needed for, and whether there is one.
type stored struct {
	what, query string
	arg         func(version int) any // nil: the query takes none, since the version can't be told
}

// storedWith lists what each master key is needed for, for longer than a conversation.
func storedWith(name MasterKey) []stored {
	text := func(format string) func(int) any { return func(v int) any { return fmt.Sprintf(format, v) } }
	sealed := func(v int) any { return binary.BigEndian.AppendUint32(nil, uint32(v)) } // as prepaid.Vault begins
	if name == PINPepper {
		return []stored{
			{"PINs in the database are hashed", `SELECT 1 FROM customers WHERE pin_hash LIKE ? LIMIT 1`, text("%%,keyid=%d$%%")},
			{"API keys in the database are hashed", `SELECT 1 FROM developer_keys WHERE revoked_at = 0 AND secret_hash LIKE ? LIMIT 1`, text("%d.%%")},
			{"secrets of webhooks in the database are sealed", `SELECT 1 FROM developer_webhooks WHERE substr(secret, 1, 4) = ? LIMIT 1`, sealed},
		}
	}
	return []stored{
		{"PINs of operators in the database are sealed", `SELECT 1 FROM pin_details WHERE substr(sealed, 1, 4) = ? LIMIT 1`, sealed},
		{"messages in the database are sealed", `SELECT 1 FROM outbox WHERE pin_order <> '' AND substr(sealed, 1, 4) = ? LIMIT 1`, sealed},
		{"IBANs in the database are sealed", `SELECT 1 FROM mandates WHERE sealed <> '' LIMIT 1`, nil},
	}
}

// CheckKeys returns a *KeyError where what is stored with a master key could not be checked or opened with the versions
// given: whoever is about to use the key begins with it. A version that is given for the first time is known from then on;
// one that nothing is stored with any more is forgotten.
func (db MasterKeys) CheckKeys(ctx context.Context, name MasterKey, given map[int]prepaid.Secret) error {
	checks := make(map[int][]byte, len(given))
	for version, key := range given {
		check, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "pulsa key check "+string(name), 16)
		if err != nil {
			return fmt.Errorf("check %s: %w", name, err)
		}
		checks[version] = check
	}
	known, err := keyChecks(ctx, db.reader, name, "")
	if err != nil {
		return fmt.Errorf("check %s: %w", name, err)
	}
	if sameChecks(known, checks) {
		return nil
	}
	return db.write(ctx, "check "+string(name), func(tx *sqlx.Tx) error { return db.storeKeyChecks(ctx, tx, name, checks) })
}

func sameChecks(a, b map[int][]byte) bool {
	for version, check := range a {
		if !bytes.Equal(check, b[version]) {
			return false
		}
	}
	return len(a) == len(b)
}

func keyChecks(ctx context.Context, q querier, name MasterKey, lock string) (map[int][]byte, error) {
	var rows []struct {
		Version int
		Check   []byte `db:"check_value"`
	}
	if err := list(ctx, q, &rows, `SELECT version, check_value FROM key_checks WHERE name = ?`+lock, name); err != nil {
		return nil, err
	}
	checks := make(map[int][]byte, len(rows))
	for _, r := range rows {
		checks[r.Version] = r.Check
	}
	return checks, nil
}

// storeKeyChecks makes the check values of a master key those that are given. Of two that start at once with different keys
// the second waits, and sees the first's.
func (db MasterKeys) storeKeyChecks(ctx context.Context, tx *sqlx.Tx, name MasterKey, given map[int][]byte) error {
	for _, version := range slices.Sorted(maps.Keys(given)) {
		_, err := exec(ctx, tx, `INSERT INTO key_checks (name, version, check_value) VALUES (?, ?, ?) ON CONFLICT (name, version) DO NOTHING`,
			name, version, given[version])
		if err != nil {
			return err
		}
	}
	known, err := keyChecks(ctx, tx, name, db.forUpdate)
	if err != nil {
		return err
	}
	for version, check := range known {
		if bytes.Equal(check, given[version]) {
			continue
		}
		if err := refuseNeededKey(ctx, tx, name, version, given[version] == nil); err != nil {
			return err
		}
		if given[version] == nil {
			_, err = exec(ctx, tx, `DELETE FROM key_checks WHERE name = ? AND version = ?`, name, version)
		} else {
			_, err = exec(ctx, tx, `UPDATE key_checks SET check_value = ? WHERE name = ? AND version = ?`, given[version], name, version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refuseNeededKey returns a *KeyError where something is stored with a version of a key that is missing or another now.
func refuseNeededKey(ctx context.Context, tx *sqlx.Tx, name MasterKey, version int, missing bool) error {
	for _, s := range storedWith(name) {
		var args []any
		if s.arg != nil {
			args = append(args, s.arg(version))
		}
		var one int
		found, err := get(ctx, tx, &one, s.query, args...)
		if err != nil {
			return err
		}
		if found {
			return &KeyError{Name: name, Version: version, Missing: missing, Stored: s.what}
		}
	}
	return nil
}
