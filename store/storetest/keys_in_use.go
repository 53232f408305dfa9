package storetest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
)

// copyOf is a running copy of the server that has versions of the pepper.
func copyOf(instance string, peppers ...string) operators.Copy {
	return operators.Copy{Instance: instance, Program: "v1", Host: "host", Settings: map[string]int64{brand: 3}, Keys: map[operators.MasterKey]map[int]string{
		operators.PINPepper: masters(peppers...).CheckValues("pin-pepper"),
	}}
}

func (w *world) say(c operators.Copy) map[operators.MasterKey]operators.KeyUse {
	w.Helper()
	return must[map[operators.MasterKey]operators.KeyUse](w)(w.db.Copies.SayCopy(w.Context(), c))
}

// copies are the instances that run.
func (w *world) copies() []string {
	w.Helper()
	var names []string
	for _, c := range must[[]operators.Copy](w)(w.db.Copies.Running(w.Context())) {
		names = append(names, c.Instance)
	}
	return names
}

// use puts a version of the pepper in use, as operators do.
func (w *world) use(version int, here ...string) error {
	w.Helper()
	keys := operators.Keys{Store: w.db.MasterKeys, Clock: prepaid.SystemClock{}, Ours: map[operators.MasterKey]map[int]string{
		operators.PINPepper: masters(here...).CheckValues("pin-pepper"),
	}}
	_, err := keys.Use(w.Context(), operators.PINPepper, version, prepaid.By{Who: "ann", Why: "yearly"})
	return err
}

func (w *world) inUse() int {
	w.Helper()
	return must[map[operators.MasterKey]operators.KeyUse](w)(w.db.MasterKeys.KeysInUse(w.Context()))[operators.PINPepper].Version
}

var keysInUseTests = []test{
	{"a copy runs from when it says so until it stops or is silent", func(w *world) {
		w.say(copyOf("b", "a"))
		w.say(copyOf("a", "a", "b"))
		running := must[[]operators.Copy](w)(w.db.Copies.Running(w.Context()))
		want := copyOf("a", "a", "b")
		want.StartedAt, want.SeenAt = running[0].StartedAt, running[0].SeenAt
		same(w, "copy", running[0], want)
		if skew := time.Since(want.SeenAt).Abs(); skew > time.Minute {
			w.Errorf("seen %s from now", skew)
		}
		same(w, "copies", w.copies(), []string{"a", "b"})
		w.exec(`UPDATE copies SET seen_at = seen_at - 31000000 WHERE instance = 'a'`)
		same(w, "copies after a silence", w.copies(), []string{"b"})
		w.say(copyOf("a", "a"))
		same(w, "keys after a restart", must[[]operators.Copy](w)(w.db.Copies.Running(w.Context()))[0].Keys, copyOf("a", "a").Keys)
		w.ok(w.db.Copies.ForgetCopy(w.Context(), "b"))
		same(w, "copies after a stop", w.copies(), []string{"a"})
		w.exec(`UPDATE copies SET seen_at = seen_at - 700000000`)
		w.say(copyOf("c", "a"))
		same(w, "rows", w.column(`SELECT count(*) FROM copies`), "1")
	}},
	{"the first start puts the lowest key in use, or the highest that is known", func(w *world) {
		w.rightKey(operators.PINPepper, "", "b", "c")
		same(w, "pepper in use", w.inUse(), 2)
		w.exec(`DELETE FROM keys_in_use`)
		ring := masters("", "b", "c")
		w.ok(w.db.MasterKeys.OpenKeys(w.Context(), operators.PINPepper, ring))
		same(w, "pepper in use in an older database", []int{w.inUse(), ring.InUse()}, []int{3, 3})
		w.exec(`INSERT INTO card_keys (version, check_value) VALUES (2, ?)`, []byte{})
		w.rightKey(operators.CardKey, "a", "b")
		same(w, "card key in use", must[map[operators.MasterKey]operators.KeyUse](w)(w.db.MasterKeys.KeysInUse(w.Context()))[operators.CardKey].Version, 2)
	}},
	{"a version is put in use once every running copy can read it", func(w *world) {
		if err := w.use(2, "a", "b"); !errors.Is(err, operators.ErrKeyUnused) {
			w.Errorf("before the first start: %v", err)
		}
		w.rightKey(operators.PINPepper, "a", "b")
		w.say(copyOf("a", "a", "b"))
		w.say(copyOf("b", "a"))
		var lacked *operators.KeyLackedError
		if err := w.use(2); !errors.As(err, &lacked) || len(lacked.Lack) != 1 || lacked.Lack[0] != "host (b)" {
			w.Errorf("while b lacks it: %v", err)
		}
		w.say(copyOf("b", "a", "c"))
		if err := w.use(2); !errors.As(err, &lacked) || len(lacked.Other) != 2 {
			w.Errorf("while b has another: %v", err)
		}
		w.say(copyOf("b", "a", "b"))
		if err := w.use(2, "a", "c"); !errors.As(err, &lacked) || len(lacked.Other) != 3 {
			w.Errorf("where this machine has another: %v", err)
		}
		if err := w.use(3); !errors.As(err, &lacked) || len(lacked.Lack) != 2 {
			w.Errorf("what nobody has: %v", err)
		}
		same(w, "in use", w.inUse(), 1)
		w.ok(w.use(2))
		same(w, "what a copy is told", w.say(copyOf("a", "a", "b"))[operators.PINPepper].Version, 2)
		w.wrongKey(operators.PINPepper, store.KeyError{Version: 2, Missing: true, Stored: "new PINs are hashed"}, "a")
		w.ok(w.use(1))
		var versions []int
		for _, use := range must[[]operators.KeyUse](w)(w.db.MasterKeys.KeyHistory(w.Context())) {
			versions = append(versions, use.Version)
		}
		same(w, "history", versions, []int{1, 2, 1})
		to := operators.KeyUse{Key: operators.PINPepper, Version: 2, By: prepaid.By{Who: "ben"}}
		if err := w.db.MasterKeys.UseKey(w.Context(), 2, to, nil); !errors.Is(err, operators.ErrKeyMoved) {
			w.Errorf("from what is not in use: %v", err)
		}
	}},
	{"no copy starts unseen while a version is put in use", func(w *world) {
		w.rightKey(operators.PINPepper, "a", "b")
		w.say(copyOf("a", "a", "b"))
		for i := range 10 {
			late := copyOf("late", "a")
			var used error
			var told int
			var both sync.WaitGroup
			both.Go(func() { used = w.use(2) })
			both.Go(func() { told = w.say(late)[operators.PINPepper].Version })
			both.Wait()
			if seen := used != nil; seen == (told == 2) {
				w.Fatalf("%d: used: %v, and the late copy was told %d", i, used, told)
			}
			w.ok(w.db.Copies.ForgetCopy(w.Context(), "late"))
			if used == nil {
				w.ok(w.use(1))
			}
		}
	}},
	{"what is stored under each version is counted", func(w *world) {
		w.pinUnder(2)
		w.pinUnder(2)
		k := w.developer(usd(0))
		w.hook(k.ID)
		w.exec(`UPDATE developer_webhooks SET secret = ?`, []byte{0, 0, 0, 4, 9})
		w.card("101-1")
		setup, m := mandate(w.customer(), "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), setup, m))
		counts := func(key operators.MasterKey) string {
			var all []string
			for _, n := range must[[]operators.StoredUnder](w)(w.db.MasterKeys.StoredUnder(w.Context(), key, []int{1, 2, 3, 4, 5})) {
				all = append(all, fmt.Sprintf("%d: %d %s", n.Version, n.Count, n.What))
			}
			return strings.Join(all, ", ")
		}
		same(w, "pepper", counts(operators.PINPepper), "1: 1 API keys, 2: 2 PINs, 4: 1 secrets of webhooks")
		for version := range 5 {
			for next := range 16 {
				m.Sealed = base64.RawStdEncoding.EncodeToString([]byte{0, 0, 0, byte(version + 1), byte(next<<4 | 7), 3})
				w.exec(`UPDATE mandates SET sealed = ?`, m.Sealed)
				want := "1: 1 cards, " + fmt.Sprintf("%d: 1 IBANs", version+1)
				if version == 0 {
					want = "1: 1 IBANs, 1: 1 cards"
				}
				same(w, "card key", counts(operators.CardKey), want)
			}
		}
	}},
}
