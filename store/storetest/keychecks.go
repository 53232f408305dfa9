package storetest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
)

// masters are versions of a master key; "" leaves one out.
func masters(keys ...string) *prepaid.Keyring {
	given := map[int]prepaid.Secret{}
	for i, key := range keys {
		if key != "" {
			given[i+1] = prepaid.NewSecret(strings.Repeat(key, 32))
		}
	}
	return prepaid.NewKeyring(given)
}

// wrongKey expects a master key to be refused for what is stored with it.
func (w *world) wrongKey(name operators.MasterKey, want store.KeyError, keys ...string) {
	w.Helper()
	var got *store.KeyError
	if err := w.db.MasterKeys.OpenKeys(w.Context(), name, masters(keys...)); !errors.As(err, &got) {
		w.Errorf("%s %q: %v", name, keys, err)
		return
	}
	want.Name = name
	same(w, "error", *got, want)
}

func (w *world) rightKey(name operators.MasterKey, keys ...string) {
	w.Helper()
	w.ok(w.db.MasterKeys.OpenKeys(w.Context(), name, masters(keys...)))
}

// pinUnder stores a customer's PIN that is hashed with a version of the pepper.
func (w *world) pinUnder(version int) {
	w.Helper()
	hash := fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1,keyid=%d$c2FsdA$aGFzaA", version)
	w.ok(w.db.Customers.UpdateCustomer(w.Context(), w.customer().ID, accounts.Update{PINHash: &hash}))
}

var keyCheckTests = []test{
	{"a pepper that PINs are not hashed with is refused", func(w *world) {
		w.rightKey(operators.PINPepper, "a")
		w.pinUnder(1)
		const pins = "PINs in the database are hashed"
		w.wrongKey(operators.PINPepper, store.KeyError{Version: 1, Stored: pins}, "b")
		w.wrongKey(operators.PINPepper, store.KeyError{Version: 1, Stored: pins}, "b", "a")
		w.wrongKey(operators.PINPepper, store.KeyError{Version: 1, Missing: true, Stored: pins}, "", "b")
		w.rightKey(operators.PINPepper, "a")
		w.rightKey(operators.PINPepper, "a", "b")
		w.rightKey(operators.PINPepper, "a") // nothing is hashed with the second yet
		w.rightKey(operators.PINPepper, "a", "c")
	}},
	{"a pepper that API keys or webhooks need is not forgotten", func(w *world) {
		w.rightKey(operators.PINPepper, "a")
		k := w.developer(usd(0))
		w.wrongKey(operators.PINPepper, store.KeyError{Version: 1, Stored: "API keys in the database are hashed"}, "b")
		w.ok(w.db.Developers.RevokeKey(w.Context(), keyDeed(k.ID, "revoke")))
		w.hook(k.ID)
		w.exec(`UPDATE developer_webhooks SET secret = ?`, []byte{0, 0, 0, 1, 9})
		w.wrongKey(operators.PINPepper, store.KeyError{Version: 1, Stored: "secrets of webhooks in the database are sealed"}, "b")
		w.rightKey(operators.PINPepper, "a")
		w.exec(`UPDATE developer_webhooks SET secret = ?`, []byte{0, 0, 0, 2, 9})
		w.rightKey(operators.PINPepper, "b", "b")
	}},
	{"a card key that something is sealed with is not forgotten", func(w *world) {
		w.rightKey(operators.CardKey, "a")
		o := w.saleByPIN()
		w.wrongKey(operators.CardKey, store.KeyError{Version: 1, Stored: "PINs of operators in the database are sealed"}, "b")
		w.put(w.showing(o)...)
		w.exec(`DELETE FROM pin_details`)
		w.wrongKey(operators.CardKey, store.KeyError{Version: 1, Missing: true, Stored: "messages in the database are sealed"}, "", "b")
		w.exec(`UPDATE outbox SET sealed = NULL`)
		s, m := mandate(w.customer(), "mandate/1")
		m.Sealed = base64.RawStdEncoding.EncodeToString(append([]byte{0, 0, 0, 1}, 0xf7, 3))
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		w.wrongKey(operators.CardKey, store.KeyError{Version: 1, Stored: "IBANs in the database are sealed"}, "b")
		w.exec(`UPDATE mandates SET sealed = ''`)
		w.rightKey(operators.CardKey, "b")
	}},
	{"a missing version spoils nothing for those that are given", func(w *world) {
		w.rightKey(operators.PINPepper, "a", "b")
		w.pinUnder(2)
		w.ok(w.db.MasterKeys.CheckKeys(w.Context(), operators.PINPepper, masters("a")))
		var wrong *store.KeyError
		if err := w.db.MasterKeys.CheckKeys(w.Context(), operators.PINPepper, masters("a", "c")); !errors.As(err, &wrong) || wrong.Version != 2 {
			w.Errorf("another second one: %v", err)
		}
		w.rightKey(operators.PINPepper, "a", "b") // nothing was forgotten
	}},
	{"keys do not share their values", func(w *world) {
		w.rightKey(operators.PINPepper, "a")
		w.rightKey(operators.CardKey, "a")
		same(w, "values", w.column(`SELECT count(DISTINCT check_value) FROM key_checks`), "2")
	}},
}
