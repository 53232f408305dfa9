package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pulsa/prepaid"
)

const (
	minKeyBytes   = prepaid.KeyBytes
	maxKeyVersion = 9
)

// The keys of test brands, in the data folder.
const (
	PepperFile  = "pin-pepper.key"
	CardKeyFile = "card.key"
)

// keysFromEnvironment reads a key's versions: NAME is the first, NAME_2 to NAME_9 the later ones.
func (r *configReader) keysFromEnvironment(name string) map[int]prepaid.Secret {
	keys := map[int]prepaid.Secret{}
	for version := 1; version <= maxKeyVersion; version++ {
		variable := name
		if version > 1 {
			variable = fmt.Sprintf("%s_%d", name, version)
		}
		text := r.getenv(variable)
		if text == "" {
			continue
		}
		if len(text) < minKeyBytes {
			r.fault(0, "%s has %d bytes: give it %d or more (openssl rand -hex 32)", variable, len(text), minKeyBytes)
		}
		keys[version] = prepaid.NewSecret(text)
	}
	return keys
}

// OpenKeys completes the PIN pepper, the card key or both with those of the data folder, and makes them there the first time. Only
// where all brands are marked test: others need keys that are given. Copies of the program that share the folder get the same keys,
// whoever comes first.
func (c *Config) OpenKeys(which Credentials) error {
	return c.completeKeys(which, func(k dataKey, path string) (prepaid.Secret, error) {
		if brand, real := c.realBrand(); real {
			return prepaid.Secret{}, fmt.Errorf("%s is not set, and brand %s is not marked test: give the key that the servers have", k.variable, brand)
		}
		return keyFile(path)
	})
}

// FindKeys is OpenKeys for who only looks which keys there are: it makes none, and none has to be there.
func (c *Config) FindKeys() error {
	return c.completeKeys(PINPepper|CardKey, func(_ dataKey, path string) (prepaid.Secret, error) {
		key, err := readKey(path)
		if _, real := c.realBrand(); real || errors.Is(err, fs.ErrNotExist) {
			return prepaid.Secret{}, nil
		}
		return key, err
	})
}

func (c *Config) realBrand() (name string, real bool) {
	for _, b := range c.Brands {
		if !b.Test {
			return b.Name, true
		}
	}
	return "", false
}

// dataKey is a key that may be in the data folder.
type dataKey struct {
	of                   Credentials
	what, variable, file string
}

func (c *Config) completeKeys(which Credentials, open func(k dataKey, path string) (prepaid.Secret, error)) error {
	complete := func(k dataKey, keys *map[int]prepaid.Secret, file *string) error {
		if len(*keys) > 0 || which&k.of == 0 {
			return nil
		}
		path := filepath.Join(c.Data, k.file)
		key, err := open(k, path)
		if err != nil {
			return fmt.Errorf("open %s: %w", k.what, err)
		}
		if !key.Empty() {
			*keys, *file = map[int]prepaid.Secret{1: key}, path
		}
		return nil
	}
	if err := complete(dataKey{PINPepper, "PIN pepper", "PULSA_PIN_PEPPER", PepperFile}, &c.Peppers, &c.PepperFile); err != nil {
		return err
	}
	return complete(dataKey{CardKey, "card key", "PULSA_CARD_KEY", CardKeyFile}, &c.CardKeys, &c.CardKeyFile)
}

func keyFile(path string) (prepaid.Secret, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKeyFile(path); err != nil {
			return prepaid.Secret{}, err
		}
		return readKey(path)
	}
	return key, err
}

func readKey(path string) (prepaid.Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return prepaid.Secret{}, err
	}
	key := strings.TrimSpace(string(text))
	if len(key) < minKeyBytes {
		return prepaid.Secret{}, fmt.Errorf("%s has %d bytes, a key has %d or more: restore the file; without it no PIN and no card code can be read", path, len(key), minKeyBytes)
	}
	return prepaid.NewSecret(key), nil
}

// makeKeyFile writes a new key under another name and links it into place, so that nobody ever reads half
// a key, and the second of two at once keeps the first's.
func makeKeyFile(path string) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	var key [32]byte
	_, _ = rand.Read(key[:])                  // crypto/rand.Read never fails since Go 1.24
	f, err := os.CreateTemp(folder, ".key-*") // its mode is 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
