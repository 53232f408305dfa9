package cards_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pulsa/cards"
	"pulsa/prepaid"
)

// withSecond is a ring with a second version, which is in use.
func withSecond(ring *prepaid.Keyring, second prepaid.Secret) *prepaid.Keyring {
	first, _ := ring.Key(1)
	both := prepaid.NewKeyring(map[int]prepaid.Secret{1: first, 2: second})
	both.Use(2)
	return both
}

func TestCodesFoundUnderEveryKeyAfterRekeying(t *testing.T) {
	w := newWorld(t)
	_, codes := w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 50, Series: "101", Live: true})
	find := func(s *cards.Service) error {
		_, err := s.Find(t.Context(), "demo", prepaid.NewSecret(codes[7]), []string{"a"}, "m")
		return err
	}
	second := prepaid.NewSecret(strings.Repeat("2", 32))
	both := w.service(t, func(c *cards.Config) { c.Keys = withSecond(c.Keys, second) })
	alone := w.service(t, func(c *cards.Config) { c.Keys = prepaid.NewKeyring(map[int]prepaid.Secret{2: second}) })
	if err := find(both); err != nil {
		t.Errorf("before: %v", err)
	}
	var missing *cards.KeyError
	if err := find(alone); !errors.As(err, &missing) || *missing != (cards.KeyError{Version: 1, Missing: true}) {
		t.Errorf("without its key: %v", err)
	}
	j, err := both.StartRekey(t.Context(), "demo", prepaid.By{Who: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alone.ResumeRekey(t.Context(), j, nil); err == nil || !strings.Contains(err.Error(), "key version 1 is not given") {
		t.Errorf("without the old key: %v", err)
	}
	if j, err = both.ResumeRekey(t.Context(), j, nil); err != nil || j.Done != 50 || j.State != cards.JobDone {
		t.Fatalf("%+v, %v", j, err)
	}
	if err := find(alone); err != nil {
		t.Errorf("after: %v", err)
	}
	if bytes.Contains(w.log.Bytes(), []byte(codes[7])) {
		t.Error("the code is logged")
	}
}

func TestNothingIsDoneWithAWrongKey(t *testing.T) {
	w := newWorld(t)
	request := cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "101", By: prepaid.By{Who: "ann"}}
	w.batch(t, request)
	p, err := w.PreviewExport(t.Context(), cards.Filter{Brand: "demo"}, true)
	if err != nil {
		t.Fatal(err)
	}
	wrong := w.service(t, func(c *cards.Config) {
		c.Keys = prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("x", 32))})
	})
	_, generate := wrong.StartGenerate(t.Context(), request)
	_, rekey := wrong.StartRekey(t.Context(), "demo", prepaid.By{Who: "ann"})
	_, export := wrong.StartExport(t.Context(), p, cards.ExportSpec{Plaintext: true}, prepaid.By{Who: "ann", Why: "test"})
	_, take := wrong.Import(t.Context(), cards.ImportRequest{Brand: "demo", By: prepaid.By{Who: "ann"}}, strings.NewReader("x"), nil)
	for i, err := range []error{generate, rekey, export, take} {
		if err == nil || !strings.Contains(err.Error(), "card key version 1 is not the key") {
			t.Errorf("%d: %v", i, err)
		}
	}
	if jobs, err := w.Jobs(t.Context(), "demo", false); err != nil || len(jobs) != 1 {
		t.Errorf("%+v, %v", jobs, err)
	}
	if err := wrong.CheckKeys(t.Context()); err == nil {
		t.Error("the key fits")
	}
	if err := w.CheckKeys(t.Context()); err != nil {
		t.Errorf("the right key: %v", err)
	}
}

func TestWithAWrongKeyNoCodeIsCounted(t *testing.T) {
	w := newWorld(t)
	wrong := w.service(t, func(c *cards.Config) {
		c.Keys = prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("x", 32))})
	})
	if err := wrong.CheckKeys(t.Context()); err != nil {
		t.Fatalf("before there are cards: %v", err)
	}
	_, codes := w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "101", Live: true})
	for i := range 6 {
		var key *cards.KeyError
		_, err := wrong.Find(t.Context(), "demo", prepaid.NewSecret(codes[0]), []string{"a"}, fmt.Sprint("m", i))
		if !errors.As(err, &key) {
			t.Fatalf("a right code: %v", err)
		}
	}
	if _, err := w.Find(t.Context(), "demo", prepaid.NewSecret(codes[0]), []string{"a"}, "m"); err != nil {
		t.Errorf("counted all the same: %v", err)
	}
	if counts, err := w.Guessing(t.Context()); err != nil || counts["demo"] != 0 {
		t.Error(counts, err)
	}
}

// A program that was started before the others must not store a card that they could not find.
func TestACardIsNeverStoredUnderAnotherKeyThanTheOthers(t *testing.T) {
	w := newWorld(t)
	wrong := w.service(t, func(c *cards.Config) {
		c.Keys = prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("x", 32))})
	})
	j, err := wrong.StartGenerate(t.Context(), cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "101", By: prepaid.By{Who: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	w.add(t, "102-1", "12345678901234")
	var key *cards.KeyError
	if _, err := wrong.ResumeGenerate(t.Context(), j, nil, nil); !errors.As(err, &key) {
		t.Errorf("stored: %v", err)
	}
	if j, err = w.ResumeGenerate(t.Context(), j, nil, nil); err != nil || j.State != cards.JobDone {
		t.Errorf("with the right key: %+v, %v", j, err)
	}
}

func TestAKeyWithoutCardsIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-1", "12345678901234")
	p, err := w.PreviewDelete(t.Context(), cards.Filter{Brand: "demo"}, true)
	if err != nil {
		t.Fatal(err)
	}
	j, err := w.StartDelete(t.Context(), p, prepaid.By{Who: "ann", Why: "test"})
	if err == nil {
		_, err = w.ResumeEdit(t.Context(), j, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	other := w.service(t, func(c *cards.Config) {
		c.Keys = prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("x", 32))})
	})
	if err := other.CheckKeys(t.Context()); err != nil {
		t.Errorf("a key that nothing is sealed with: %v", err)
	}
	w.Service = other
	w.add(t, "101-2", "12345678901234")
}

// A database that is older than check values learns them from its cards.
func TestAKeyIsKnownByCardsAlone(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-1", "12345678901234")
	if _, err := w.db.Writer().ExecContext(t.Context(), `UPDATE card_keys SET check_value = x''`); err != nil {
		t.Fatal(err)
	}
	wrong := w.service(t, func(c *cards.Config) {
		c.Keys = prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("x", 32))})
	})
	var key *cards.KeyError
	if err := wrong.CheckKeys(t.Context()); !errors.As(err, &key) {
		t.Errorf("the wrong one: %v", err)
	}
	if err := w.CheckKeys(t.Context()); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if known, err := w.db.CardKeys.CardKeys(t.Context()); err != nil || len(known[1]) != 16 {
		t.Errorf("%v, %v", known, err)
	}
}

func TestACodeUnderAnOldKeyIsNotDrawnAgain(t *testing.T) {
	w := newWorld(t)
	request := cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 5_000, Series: "5", CodeLength: 5, AllowGuessable: true}
	_, codes := w.batch(t, request)
	seen := map[string]bool{}
	for _, code := range codes {
		seen[code] = true
	}
	w.Service = w.service(t, func(c *cards.Config) { c.Keys = withSecond(c.Keys, prepaid.NewSecret(strings.Repeat("2", 32))) })
	request.Quantity = 500
	_, more := w.batch(t, request)
	for _, code := range more {
		if seen[code] {
			t.Fatal("a code belongs to two cards")
		}
	}
}
