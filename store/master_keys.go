package store

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// MasterKeys keeps the check values of the master keys, and which version of each is in use. Cards have check values of their own,
// which cards.Service.CheckKeys judges.
type MasterKeys struct{ *core }

// KeyError says that a version of a master key is missing, or is another than the one that things are stored with.
type KeyError struct {
	Name    operators.MasterKey
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

// stored is a kind of thing that a version of a master key is needed for, for longer than a conversation.
type stored struct {
	what, is string // "PINs", "hashed"
	from     string // the rows of a version, with a placeholder for each argument
	args     func(version int) []any
}

// with says that there is such a thing: "PINs in the database are hashed".
func (s stored) with() string { return s.what + " in the database are " + s.is }

// storedWith lists what each master key is needed for.
func storedWith(name operators.MasterKey) []stored {
	text := func(format string) func(int) []any { return func(v int) []any { return []any{fmt.Sprintf(format, v)} } }
	sealed := func(v int) []any { return []any{vaultHead(v)} }
	if name == operators.PINPepper {
		return []stored{
			{"PINs", "hashed", `customers WHERE pin_hash LIKE ?`, text("%%,keyid=%d$%%")},
			{"API keys", "hashed", `developer_keys WHERE revoked_at = 0 AND secret_hash LIKE ?`, text("%d.%%")},
			{"secrets of webhooks", "sealed", `developer_webhooks WHERE substr(secret, 1, 4) = ?`, sealed},
		}
	}
	return []stored{
		{"PINs of operators", "sealed", `pin_details WHERE substr(sealed, 1, 4) = ?`, sealed},
		{"messages", "sealed", `outbox WHERE pin_order <> '' AND substr(sealed, 1, 4) = ?`, sealed},
		{"old messages", "sealed", `outbox_archive WHERE pin_order <> '' AND substr(sealed, 1, 4) = ?`, sealed},
		{"one-time passwords of people", "sealed", `people WHERE substr(factor, 1, 4) = ?`, sealed},
		{"IBANs", "sealed", `mandates WHERE substr(sealed, 1, 6) IN (` + marks(16) + `)`, ibanHeads},
	}
}

// vaultHead is what a text that a prepaid.Vault has sealed begins with: the version.
func vaultHead(version int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(version)) }

// ibanHeads are what a sealed IBAN may begin with: it is stored in base64, whose sixth letter holds four bits more than the version.
func ibanHeads(version int) []any {
	var heads []any
	for next := range byte(16) {
		heads = append(heads, base64.RawStdEncoding.EncodeToString(append(vaultHead(version), next<<4))[:6])
	}
	return heads
}

// OpenKeys returns a *KeyError where what is stored with a master key, or is about to be, could not be checked or opened with the
// ring: whoever is about to use the key begins with it. It puts the version in use into the ring. A version that is given for the
// first time is known from then on; one that nothing is stored with any more is forgotten. The first call for a new database puts
// the lowest version of the ring in use.
func (db MasterKeys) OpenKeys(ctx context.Context, name operators.MasterKey, ring *prepaid.Keyring) error {
	use, err := db.keyInUse(ctx, name, ring.Versions()[0])
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	known, err := keyChecks(ctx, db.reader, name, "")
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	if checks := ring.CheckValues(string(name)); !maps.Equal(known, checks) {
		err := db.write(ctx, "open "+string(name), func(tx *sqlx.Tx) error {
			if err := db.storeKeyChecks(ctx, tx, name, checks); err != nil {
				return err
			}
			return forgetKeyChecks(ctx, tx, use, checks)
		})
		if err != nil {
			return err
		}
	}
	if !ring.Use(use.Version) {
		return &KeyError{Name: name, Version: use.Version, Missing: true, Stored: writtenWith(name)}
	}
	return nil
}

// writtenWith says what the version in use is for.
func writtenWith(name operators.MasterKey) string {
	if name == operators.PINPepper {
		return "new PINs are hashed"
	}
	return "new cards are sealed"
}

// CheckKeys returns a *KeyError where the database has things that are stored with another key than the ring has under the same
// version. Versions that the ring does not have are not looked at: what is stored with them says so.
func (db MasterKeys) CheckKeys(ctx context.Context, name operators.MasterKey, ring *prepaid.Keyring) error {
	known, err := keyChecks(ctx, db.reader, name, "")
	if err != nil {
		return fmt.Errorf("check %s: %w", name, err)
	}
	checks := ring.CheckValues(string(name))
	for version, check := range checks {
		if known[version] != check {
			return db.write(ctx, "check "+string(name), func(tx *sqlx.Tx) error { return db.storeKeyChecks(ctx, tx, name, checks) })
		}
	}
	return nil
}

func keyChecks(ctx context.Context, q querier, name operators.MasterKey, lock string) (map[int]string, error) {
	var rows []struct {
		Version int
		Check   []byte `db:"check_value"`
	}
	if err := list(ctx, q, &rows, `SELECT version, check_value FROM key_checks WHERE name = ?`+lock, name); err != nil {
		return nil, err
	}
	checks := make(map[int]string, len(rows))
	for _, r := range rows {
		checks[r.Version] = hex.EncodeToString(r.Check)
	}
	return checks, nil
}

// storeKeyChecks makes the check values of the versions given those that are known. Of two that start at once with different keys
// the second waits, and sees the first's.
func (db MasterKeys) storeKeyChecks(ctx context.Context, tx *sqlx.Tx, name operators.MasterKey, given map[int]string) error {
	for _, version := range slices.Sorted(maps.Keys(given)) {
		check, err := hex.DecodeString(given[version])
		if err != nil {
			return err
		}
		_, err = exec(ctx, tx, `INSERT INTO key_checks (name, version, check_value) VALUES (?, ?, ?) ON CONFLICT (name, version) DO NOTHING`,
			name, version, check)
		if err != nil {
			return err
		}
	}
	known, err := keyChecks(ctx, tx, name, db.forUpdate)
	if err != nil {
		return err
	}
	for version, ours := range given {
		if known[version] == ours {
			continue
		}
		if err := refuseNeededKey(ctx, tx, KeyError{Name: name, Version: version}); err != nil {
			return err
		}
		check, err := hex.DecodeString(ours)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, `UPDATE key_checks SET check_value = ? WHERE name = ? AND version = ?`, check, name, version); err != nil {
			return err
		}
	}
	return nil
}

// forgetKeyChecks forgets the versions that are neither given nor in use, or returns a *KeyError where something is stored with one
// that is not given.
func forgetKeyChecks(ctx context.Context, tx *sqlx.Tx, use operators.KeyUse, given map[int]string) error {
	name := use.Key
	known, err := keyChecks(ctx, tx, name, "")
	if err != nil {
		return err
	}
	for version := range known {
		if given[version] != "" {
			continue
		}
		if err := refuseNeededKey(ctx, tx, KeyError{Name: name, Version: version, Missing: true}); err != nil {
			return err
		}
		if version == use.Version {
			continue
		}
		if _, err := exec(ctx, tx, `DELETE FROM key_checks WHERE name = ? AND version = ?`, name, version); err != nil {
			return err
		}
	}
	return nil
}

// refuseNeededKey returns the error, with what is stored, where something is stored with its version of its key.
func refuseNeededKey(ctx context.Context, tx *sqlx.Tx, e KeyError) error {
	for _, s := range storedWith(e.Name) {
		var one int
		found, err := get(ctx, tx, &one, `SELECT 1 FROM `+s.from+` LIMIT 1`, s.args(e.Version)...)
		if err != nil {
			return err
		}
		if found {
			e.Stored = s.with()
			return &e
		}
	}
	return nil
}
