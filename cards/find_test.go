package cards_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

const (
	rightCode = "12345678901234"
	wrongCode = "12345678901235"
)

func (w world) find(t *testing.T, code, operationKey string, who ...string) error {
	t.Helper()
	if who == nil {
		who = []string{"address:tel:+31612345678"}
	}
	_, err := w.Find(t.Context(), "demo", prepaid.NewSecret(code), who, operationKey)
	return err
}

// lockedFor tells for how long err says that codes are locked; 0 where it says something else.
func (w world) lockedFor(err error) time.Duration {
	var locked *cards.LockedError
	if !errors.As(err, &locked) {
		return 0
	}
	return locked.Until.Sub(w.clock.Now())
}

func TestACodeIsFoundHoweverItIsTyped(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000042", rightCode)
	for i, code := range []string{rightCode, "1234 5678 9012 34", "1234-5678-9012-34", "１２３４５６７８９０１２３４"} {
		if err := w.find(t, code, fmt.Sprint("m", i)); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := w.Find(t.Context(), "nobody", prepaid.NewSecret(rightCode), nil, "m"); err == nil {
		t.Error("unknown brand: no error")
	}
}

func TestWhyACardCannotBeRedeemed(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000001", "00000000000001", func(c *cards.Card) { c.ExpiresAt = w.clock.Now().Add(-time.Hour) })
	w.add(t, "101-00000002", "00000000000002", generated)
	w.add(t, "101-00000003", "00000000000003", func(c *cards.Card) { c.State = cards.Locked })
	w.add(t, "101-00000004", "00000000000004", func(c *cards.Card) { c.State = cards.Void })
	w.add(t, "101-00000005", "00000000000005")
	if ok, err := w.db.Cards.ReserveCard(t.Context(), "demo", "101-00000005", "BKTRMWQXZD", w.clock.Now()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for i, want := range []error{cards.ErrExpired, cards.ErrNotLive, cards.ErrWithdrawn, cards.ErrWithdrawn, cards.ErrInUse} {
		code := prepaid.NewSecret(fmt.Sprintf("%014d", i+1))
		c, err := w.Find(t.Context(), "demo", code, []string{"a"}, fmt.Sprint("m", i))
		if !errors.Is(err, want) || c.Serial != fmt.Sprintf("101-%08d", i+1) {
			t.Errorf("card %d: %q, %v; want %v", i+1, c.Serial, err, want)
		}
		if want == cards.ErrInUse && c.Order != "BKTRMWQXZD" {
			t.Errorf("the card in use tells order %q", c.Order)
		}
	}
}

func TestWrongCodesLockEvenTheRightOne(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000042", rightCode)
	locks := map[int]time.Duration{
		5: 15 * time.Minute, 10: 30 * time.Minute, 15: time.Hour, 20: 24 * time.Hour, 25: 24 * time.Hour,
	}
	for n := 1; n <= 25; n++ {
		err := w.find(t, wrongCode, fmt.Sprint("wrong", n))
		d, locks := locks[n]
		switch {
		case !locks && !errors.Is(err, cards.ErrUnknown):
			t.Fatalf("wrong code %d: %v", n, err)
		case locks && w.lockedFor(err) != d:
			t.Fatalf("wrong code %d: %v, locked for %v; want %v", n, err, w.lockedFor(err), d)
		case locks:
			w.wait(d - time.Second)
			if err := w.find(t, rightCode, fmt.Sprint("early", n)); w.lockedFor(err) != time.Second {
				t.Fatalf("the right code while locked: %v", err)
			}
			w.wait(time.Second)
		}
	}
	if err := w.find(t, rightCode, "right"); err != nil {
		t.Fatalf("after the lock: %v", err)
	}
}

func TestWrongCodesAreCountedForEachKey(t *testing.T) {
	w := newWorld(t)
	for n := range 4 {
		_ = w.find(t, wrongCode, fmt.Sprint("m", n), fmt.Sprint("address:", n), "customer:x")
	}
	if err := w.find(t, wrongCode, "m4", "address:4", "customer:x"); w.lockedFor(err) == 0 {
		t.Errorf("five of one customer from five addresses: %v", err)
	}
	if err := w.find(t, wrongCode, "m5", "address:4"); !errors.Is(err, cards.ErrUnknown) {
		t.Errorf("an address without the customer, its second: %v", err)
	}
}

func TestAWrongCodeIsCountedOncePerOperationKey(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000042", rightCode)
	together(64, func(int) {
		if err := w.find(t, wrongCode, "m1"); !errors.Is(err, cards.ErrUnknown) {
			t.Errorf("%v", err)
		}
	})
	if wrong, until, err := w.db.CardTries.CardTries(t.Context(), "demo", []string{"address:tel:+31612345678"}); wrong != 1 || !until.IsZero() || err != nil {
		t.Errorf("counted %d, locked until %v, %v", wrong, until, err)
	}
}

func TestTypingErrorsDoNotCount(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000042", rightCode)
	for i, code := range []string{"", "hello", "1234", strings.Repeat("1", 33), "1234567890123", "123456789012345", "1234567890123X"} {
		for n := range 5 {
			if err := w.find(t, code, fmt.Sprint("m", i, n)); !errors.Is(err, cards.ErrMistyped) {
				t.Errorf("%q: %v", code, err)
			}
		}
	}
	luhn := prepaid.NewSecret("42424242424243") // 42424242424242 would pass
	for n := range 5 {
		if _, err := w.Find(t.Context(), "luhn", luhn, []string{"a"}, fmt.Sprint("luhn", n)); !errors.Is(err, cards.ErrMistyped) {
			t.Errorf("wrong check digit: %v", err)
		}
	}
	if err := w.find(t, rightCode, "right"); err != nil {
		t.Errorf("the right code afterwards: %v", err)
	}
}

func TestCodesOfAnotherLengthAreFoundButNotGuessedWithoutEnd(t *testing.T) {
	w := newWorld(t)
	w.add(t, "8-00000001", "12345678")
	if err := w.find(t, "12345678", "m0"); err != nil {
		t.Fatalf("a code of 8 digits: %v", err)
	}
	for n := range 5 {
		if err := w.find(t, "87654321", fmt.Sprint("wrong", n)); !errors.Is(err, cards.ErrMistyped) {
			t.Fatalf("wrong: %v", err)
		}
	}
	if err := w.find(t, "12345678", "m1"); !errors.Is(err, cards.ErrMistyped) {
		t.Errorf("right, after five wrong ones: %v", err)
	}
	if err := w.find(t, wrongCode, "m2"); !errors.Is(err, cards.ErrUnknown) {
		t.Errorf("codes of the usual length: %v", err)
	}
	w.wait(15 * time.Minute)
	if err := w.find(t, "12345678", "m3"); err != nil {
		t.Errorf("a quarter of an hour later: %v", err)
	}
}

func TestACardThatIsOnlyLookedAtForgivesNothing(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000002", "00000000000002", generated)
	w.add(t, "101-00000042", rightCode)
	for n := range 4 {
		_ = w.find(t, wrongCode, fmt.Sprint("m", n))
		if err := w.find(t, rightCode, fmt.Sprint("live", n)); err != nil {
			t.Fatalf("a live card, after %d wrong codes: %v", n+1, err) // and it is no wrong code either
		}
	}
	if err := w.find(t, "00000000000002", "own"); !errors.Is(err, cards.ErrNotLive) {
		t.Fatal(err)
	}
	if err := w.find(t, wrongCode, "m4"); w.lockedFor(err) == 0 {
		t.Errorf("the fifth wrong code: %v", err)
	}
}

func TestCodesOfAnOldKeyAreStillFound(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000042", rightCode)
	w.Service = w.service(t, func(c *cards.Config) { c.Keys = withSecond(c.Keys, prepaid.NewSecret(strings.Repeat("n", 32))) })
	w.add(t, "101-00000043", wrongCode)
	for code, key := range map[string]string{rightCode: "m1", wrongCode: "m2"} {
		if err := w.find(t, code, key); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestABrandThatRedeemsNoCardsLooksUpNone(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000001", rightCode)
	brand := prepaid.Brand{Name: "demo", Test: true, Currency: "EUR", Cards: prepaid.CardFormat{CodeLength: 14, NoRedeem: true}}
	closed := w.service(t, func(c *cards.Config) { c.Brands = prepaid.NewBrands(&brand) })
	for n := range 6 { // five wrong ones would lock
		_, err := closed.Find(t.Context(), "demo", prepaid.NewSecret(fmt.Sprintf("9999999999999%d", n)), []string{"a"}, fmt.Sprint("m", n))
		if !errors.Is(err, cards.ErrNoRedeem) {
			t.Fatalf("a wrong code: %v", err)
		}
	}
	if _, err := w.Find(t.Context(), "demo", prepaid.NewSecret(rightCode), []string{"a"}, "m9"); err != nil {
		t.Errorf("once they are redeemed: %v", err)
	}
}
