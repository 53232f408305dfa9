package core

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"pulsa/app/config"
	"pulsa/cards"
	"pulsa/store"
)

// KeyError says which key is wrong, and what to change.
type KeyError struct{ Found, Do string }

func (f *KeyError) Error() string { return f.Found + ": " + f.Do }

// CheckPepper returns a *KeyError if the configured peppers are not those that PINs and secrets are hashed with, so that right
// ones would count as wrong. Call it before any is hashed or checked.
func CheckPepper(ctx context.Context, c config.Config, db *store.DB) error {
	return keyFaultOf("PULSA_PIN_PEPPER", c.PepperFile, filepath.Join(c.Data, config.PepperFile), db.MasterKeys.CheckKeys(ctx, store.PINPepper, c.Peppers))
}

// CheckCardKeys returns a *KeyError if the configured keys are not those that the data is sealed with, so that right codes would
// count as wrong, or sealed data could not be opened.
func CheckCardKeys(ctx context.Context, c config.Config, db *store.DB, s *cards.Service) error {
	err := s.CheckKeys(ctx)
	if err == nil {
		err = db.MasterKeys.CheckKeys(ctx, store.CardKey, c.CardKeys)
	}
	return keyFaultOf("PULSA_CARD_KEY", c.CardKeyFile, filepath.Join(c.Data, config.CardKeyFile), err)
}

// keyFaultOf says which variable to change. file is where the key was found, "" for the environment; made is where a test set-up
// keeps its generated key.
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
		return &KeyError{variable + " is not set, but " + stored + " with it", "set " + variable + " to the key that it was; nothing was changed"}
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
