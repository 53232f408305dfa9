package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/store"
)

const (
	minKeyBytes   = 32
	maxKeyVersion = 9
)

// The keys of test brands, in the data folder.
const (
	pepperFile  = "pin-pepper.key"
	cardKeyFile = "card.key"
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

// OpenKeys completes the keys with those of the data folder, and makes them there the first time: LoadConfig
// lets only configurations of nothing but test brands come without keys. Copies of the program that
// share the folder get the same keys, whoever comes first.
func (c *Config) OpenKeys() error {
	if len(c.Peppers) == 0 {
		c.PepperFile = filepath.Join(c.Data, pepperFile)
		key, err := keyFile(c.PepperFile)
		if err != nil {
			return fmt.Errorf("open PIN pepper: %w", err)
		}
		c.Peppers = map[int]prepaid.Secret{1: key}
	}
	if len(c.CardKeys) == 0 {
		c.CardKeyFile = filepath.Join(c.Data, cardKeyFile)
		key, err := keyFile(c.CardKeyFile)
		if err != nil {
			return fmt.Errorf("open card key: %w", err)
		}
		c.CardKeys = map[int]prepaid.Secret{1: key}
	}
	return nil
}

func keyFile(path string) (prepaid.Secret, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKeyFile(path); err != nil {
			return prepaid.Secret{}, err
		}
		text, err = os.ReadFile(path)
	}
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

// keyFault says which key is wrong, and what to change.
type keyFault struct{ found, do string }

func (f *keyFault) Error() string { return f.found + ": " + f.do }

// checkPepper returns a *keyFault where right PINs and secrets would count as wrong, since the program was given other
// peppers than they are hashed with. Whoever hashes or checks any begins with it.
func checkPepper(ctx context.Context, c Config, db *store.DB) error {
	return keyFaultOf("PULSA_PIN_PEPPER", c.PepperFile, filepath.Join(c.Data, pepperFile), db.CheckKeys(ctx, store.PINPepper, c.Peppers))
}

// checkCardKeys returns a *keyFault where right codes would count as wrong, or something could not be opened, since the
// program was given other keys than it is sealed with.
func checkCardKeys(ctx context.Context, c Config, db *store.DB, s *cards.Service) error {
	err := s.CheckKeys(ctx)
	if err == nil {
		err = db.CheckKeys(ctx, store.CardKey, c.CardKeys)
	}
	return keyFaultOf("PULSA_CARD_KEY", c.CardKeyFile, filepath.Join(c.Data, cardKeyFile), err)
}

// keyFaultOf says which variable is to be changed. file is where the key was found, "" for the environment; made is where
// that of a test set-up would be.
func keyFaultOf(variable, file, made string, err error) error {
	var ofCards *cards.KeyError
	var ofStore *store.KeyError
	version, missing, stored := 0, false, "the cards in the database are sealed"
	switch {
	case errors.As(err, &ofCards):
		version, missing = ofCards.Version, ofCards.Missing
	case errors.As(err, &ofStore):
		version, missing, stored = ofStore.Version, ofStore.Missing, ofStore.Stored
	default:
		return err
	}
	first := variable
	if version > 1 {
		variable = fmt.Sprintf("%s_%d", variable, version)
	}
	switch {
	case missing:
		return &keyFault{variable + " is not set, but " + stored + " with it", "set " + variable + " to the key that it was; nothing was changed"}
	case file != "":
		return &keyFault{first + " is not set, and the key in " + file + " is not the one that " + stored + " with",
			"set " + first + " to that one, or restore the file; nothing was changed"}
	}
	do := "set " + variable + " to that key; nothing was changed"
	if _, err := os.Stat(made); err == nil {
		do = "set " + variable + " to that key, which may be the one in " + made + "; nothing was changed"
	}
	return &keyFault{variable + " is not the key that " + stored + " with", do}
}
