package storetest

import (
	"errors"
	"strings"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
)

// masters are versions of a master key; "" leaves one out.
func masters(keys ...string) map[int]prepaid.Secret {
	given := map[int]prepaid.Secret{}
	for i, key := range keys {
		if key != "" {
			given[i+1] = prepaid.NewSecret(strings.Repeat(key, 32))
		}
	}
	return given
}

// wrongKey expects a master key to be refused for what is stored with it.
func (w *world) wrongKey(name store.MasterKey, want store.KeyError, keys ...string) {
	w.Helper()
	var got *store.KeyError
	if err := w.db.MasterKeys.CheckKeys(w.Context(), name, masters(keys...)); !errors.As(err, &got) {
		w.Errorf("%s %q: %v", name, keys, err)
		return
	}
	want.Name = name
	same(w, "error", *got, want)
}

func (w *world) rightKey(name store.MasterKey, keys ...string) {
	w.Helper()
	w.ok(w.db.MasterKeys.CheckKeys(w.Context(), name, masters(keys...)))
}

var keyCheckTests = []test{
	{"a pepper that PINs are not hashed with is refused", func(w *world) {
		w.rightKey(store.PINPepper, "a")
		c := w.customer()
		hash := "$argon2id$v=19$m=64,t=1,p=1,keyid=1$c2FsdA$aGFzaA"
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{PINHash: &hash}))
		const pins = "PINs in the database are hashed"
		w.wrongKey(store.PINPepper, store.KeyError{Version: 1, Stored: pins}, "b")
		w.wrongKey(store.PINPepper, store.KeyError{Version: 1, Stored: pins}, "b", "a")
		w.wrongKey(store.PINPepper, store.KeyError{Version: 1, Missing: true, Stored: pins}, "", "b")
		w.rightKey(store.PINPepper, "a")
		w.rightKey(store.PINPepper, "a", "b")
		w.rightKey(store.PINPepper, "a") // nothing is hashed with the second yet
		w.rightKey(store.PINPepper, "a", "c")
	}},
	{"a pepper that API keys or webhooks need is not forgotten", func(w *world) {
		w.rightKey(store.PINPepper, "a")
		k := w.developer(usd(0))
		w.wrongKey(store.PINPepper, store.KeyError{Version: 1, Stored: "API keys in the database are hashed"}, "b")
		w.ok(w.db.Developers.RevokeKey(w.Context(), deedOf(k.ID, "revoke")))
		w.hook(k.ID)
		w.exec(`UPDATE developer_webhooks SET secret = ?`, []byte{0, 0, 0, 1, 9})
		w.wrongKey(store.PINPepper, store.KeyError{Version: 1, Stored: "secrets of webhooks in the database are sealed"}, "b")
		w.rightKey(store.PINPepper, "a")
		w.exec(`UPDATE developer_webhooks SET secret = ?`, []byte{0, 0, 0, 2, 9})
		w.rightKey(store.PINPepper, "b", "b")
	}},
	{"a card key that something is sealed with is not forgotten", func(w *world) {
		w.rightKey(store.CardKey, "a")
		o := w.saleByPIN()
		w.wrongKey(store.CardKey, store.KeyError{Version: 1, Stored: "PINs of operators in the database are sealed"}, "b")
		w.put(w.showing(o)...)
		w.exec(`DELETE FROM pin_details`)
		w.wrongKey(store.CardKey, store.KeyError{Version: 1, Missing: true, Stored: "messages in the database are sealed"}, "", "b")
		w.exec(`UPDATE outbox SET sealed = NULL`)
		s, m := mandate(w.customer(), "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		w.wrongKey(store.CardKey, store.KeyError{Version: 1, Stored: "IBANs in the database are sealed"}, "b")
		w.exec(`UPDATE mandates SET sealed = ''`)
		w.rightKey(store.CardKey, "b")
	}},
	{"keys do not share their values", func(w *world) {
		w.rightKey(store.PINPepper, "a")
		w.rightKey(store.CardKey, "a")
		same(w, "values", w.column(`SELECT count(DISTINCT check_value) FROM key_checks`), "2")
	}},
}
