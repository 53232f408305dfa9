package prepaid

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
)

// KeyBytes is how long a master key is at least: as long as what SHA-256 gives, or it would be the weakest part.
const KeyBytes = 32

// Keyring holds the versions of a master key, which is kept outside the store. What is stored names the version that it was
// written with, and is read with that one. What is new is written with the version in use, which may change while the program
// runs. Safe for concurrent use.
type Keyring struct {
	keys  map[int]Secret
	inUse atomic.Int64
}

// NewKeyring returns a ring of keys by version. Until Use says otherwise the lowest version is in use. Whoever is given a ring
// begins with Check.
func NewKeyring(keys map[int]Secret) *Keyring {
	k := &Keyring{keys: maps.Clone(keys)}
	if versions := k.Versions(); len(versions) > 0 {
		k.inUse.Store(int64(versions[0]))
	}
	return k
}

// Check returns an error where there is no key, or one that can't be used. A nil ring has no key.
func (k *Keyring) Check() error {
	if k == nil || len(k.keys) == 0 {
		return errors.New("no key is given")
	}
	for _, version := range k.Versions() {
		switch {
		case version < 1:
			return fmt.Errorf("key version %d: versions count from 1", version)
		case len(k.keys[version].Reveal()) < KeyBytes:
			return fmt.Errorf("key version %d is shorter than %d bytes", version, KeyBytes)
		}
	}
	return nil
}

// Versions lists the versions of the ring, lowest first.
func (k *Keyring) Versions() []int { return slices.Sorted(maps.Keys(k.keys)) }

// Key returns a version, and whether the ring has it.
func (k *Keyring) Key(version int) (Secret, bool) {
	key, ok := k.keys[version]
	return key, ok
}

// InUse is the version that new things are written with. The ring has it.
func (k *Keyring) InUse() int { return int(k.inUse.Load()) }

// Use puts a version in use, and reports whether the ring has it. Where it has not, the one before stays in use: what is written
// with that one can be read by every program that could read it until now.
func (k *Keyring) Use(version int) bool {
	if _, ok := k.keys[version]; !ok {
		return false
	}
	k.inUse.Store(int64(version))
	return true
}

// CheckValues are what tells two keys of one version apart, in hexadecimal, by version. Nothing follows from them. Keys of
// different names have different ones.
func (k *Keyring) CheckValues(name string) map[int]string {
	values := make(map[int]string, len(k.keys))
	for version, key := range k.keys {
		value, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "pulsa key check "+name, 16)
		if err != nil {
			panic(err) // it only fails for lengths that SHA-256 does not give
		}
		values[version] = hex.EncodeToString(value)
	}
	return values
}
