package core

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pulsa/app/config"
	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
)

// KeyError says which key is wrong, and what to change.
type KeyError struct{ Found, Do string }

func (f *KeyError) Error() string { return f.Found + ": " + f.Do }

// Keyrings are the master keys that the program has. Both are there.
type Keyrings map[operators.MasterKey]*prepaid.Keyring

// NewKeyrings are the keys that the configuration holds after its OpenKeys.
func NewKeyrings(c config.Config) Keyrings {
	return Keyrings{operators.PINPepper: prepaid.NewKeyring(c.Peppers), operators.CardKey: prepaid.NewKeyring(c.CardKeys)}
}

// CheckValues are what operators.Copy tells of the keys.
func (k Keyrings) CheckValues() map[operators.MasterKey]map[int]string {
	values := map[operators.MasterKey]map[int]string{}
	for name, ring := range k {
		values[name] = ring.CheckValues(string(name))
	}
	return values
}

// openPepper puts the pepper in use that the database says. A *KeyError where the peppers given are not those that PINs and secrets
// are hashed with, so that right ones would count as wrong. Call it before any is hashed or checked.
func (k Keyrings) openPepper(ctx context.Context, c config.Config, db *store.DB) error {
	return pepperFault(c, db.MasterKeys.OpenKeys(ctx, operators.PINPepper, k[operators.PINPepper]))
}

// pepperFits returns a *KeyError where what is stored by now was hashed with other peppers of our versions: that of another copy,
// which started at the same time as we on an empty database.
func (k Keyrings) pepperFits(ctx context.Context, c config.Config, db *store.DB) error {
	return pepperFault(c, db.MasterKeys.CheckKeys(ctx, operators.PINPepper, k[operators.PINPepper]))
}

func pepperFault(c config.Config, err error) error {
	return keyFaultOf(operators.PINPepper, c.PepperFile, filepath.Join(c.Data, config.PepperFile), err)
}

// openCardKeys puts the card key in use that the database says. A *KeyError where the keys given are not those that the data is
// sealed with, so that right codes would count as wrong, or sealed data could not be opened.
func (k Keyrings) openCardKeys(ctx context.Context, c config.Config, db *store.DB, s *cards.Service) error {
	err := s.CheckKeys(ctx)
	if err == nil {
		err = db.MasterKeys.OpenKeys(ctx, operators.CardKey, k[operators.CardKey])
	}
	return keyFaultOf(operators.CardKey, c.CardKeyFile, filepath.Join(c.Data, config.CardKeyFile), err)
}

// UnreadableKey says that the program does not have the version of a key that is in use.
func UnreadableKey(use operators.KeyUse) *KeyError {
	variable := use.Key.Variable(use.Version)
	return &KeyError{fmt.Sprintf("%s is not set, but it is in use since %s (%s)", variable, use.At.UTC().Format(time.DateTime), use.Who),
		"set " + variable + " to the key that the other copies have, and start again"}
}

// keyFaultOf says which variable of a key to change. file is where the key was found, "" for the environment; made is where a test set-up
// keeps its generated key.
func keyFaultOf(key operators.MasterKey, file, made string, err error) error {
	var ofCards *cards.KeyError
	var ofStore *store.KeyError
	version, missing, stored := 1, false, "the cards in the database are sealed"
	switch {
	case errors.As(err, &ofCards):
		version, missing = ofCards.Version, ofCards.Missing
	case errors.As(err, &ofStore):
		version, missing, stored = ofStore.Version, ofStore.Missing, ofStore.Stored
	default:
		return err
	}
	first, variable := key.Variable(1), key.Variable(version)
	switch {
	case missing:
		return &KeyError{variable + " is not set, but " + stored + " with it", "set " + variable + " to the key that it was, or that other copies have; nothing was changed"}
	case file != "":
		return &KeyError{first + " is not set, and the key in " + file + " is not the one that " + stored + " with",
			"set " + first + " to that one, or restore the file; nothing was changed"}
	}
	do := "set " + variable + " to that key; nothing was changed"
	if _, err := os.Stat(made); err == nil {
		do = "set " + variable + " to that key, which may be the one in " + made + "; nothing was changed"
	}
	return &KeyError{variable + " is not the key that " + stored + " with", do}
}
