package accounts_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// other returns another code of six digits.
func other(code prepaid.Secret) prepaid.Secret {
	last := code.Reveal()[5]
	return prepaid.NewSecret(code.Reveal()[:5] + string('0'+(last-'0'+1)%10))
}

func (w world) newCode(t *testing.T, operationKey string) prepaid.Secret {
	t.Helper()
	code, err := w.NewCode(t.Context(), "demo", address, msisdn, operationKey)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestARightCodeProvesOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code := w.newCode(t, "m1")
	if again := w.newCode(t, "m1"); again != code {
		t.Error("repeated: another code")
	}
	if err := w.CheckCode(ctx, "demo", "telegram:1", msisdn, code, "m2"); !errors.Is(err, accounts.ErrCodeExpired) {
		t.Errorf("of another address: %v", err)
	}
	if err := w.CheckCode(ctx, "demo", address, "31612345679", code, "m3"); !errors.Is(err, accounts.ErrCodeExpired) {
		t.Errorf("for another number: %v", err)
	}
	if err := w.CheckCode(ctx, "demo", address, msisdn, code, "m4"); err != nil {
		t.Errorf("right: %v", err)
	}
	if err := w.CheckCode(ctx, "demo", address, msisdn, code, "m5"); !errors.Is(err, accounts.ErrCodeExpired) {
		t.Errorf("used again: %v", err)
	}
}

func TestACodeTakesThreeTriesTenMinutes(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code := w.newCode(t, "m1")
	for i := range 3 {
		for range 2 { // a repeated call counts once
			if err := w.CheckCode(ctx, "demo", address, msisdn, other(code), fmt.Sprint("try", i)); !errors.Is(err, accounts.ErrWrongCode) {
				t.Fatalf("try %d: %v", i, err)
			}
		}
	}
	if err := w.CheckCode(ctx, "demo", address, msisdn, code, "fourth"); !errors.Is(err, accounts.ErrCodeExpired) {
		t.Errorf("the fourth, right: %v", err)
	}
	code = w.newCode(t, "m2")
	w.wait(10*time.Minute - time.Second)
	if err := w.CheckCode(ctx, "demo", address, msisdn, other(code), "in time"); !errors.Is(err, accounts.ErrWrongCode) {
		t.Errorf("in time: %v", err)
	}
	w.wait(time.Second)
	if err := w.CheckCode(ctx, "demo", address, msisdn, code, "too late"); !errors.Is(err, accounts.ErrCodeExpired) {
		t.Errorf("too late: %v", err)
	}
}

func TestANewCodeReplacesTheOld(t *testing.T) {
	w := newWorld(t)
	old, fresh := w.newCode(t, "m1"), w.newCode(t, "m2")
	if err := w.CheckCode(t.Context(), "demo", address, msisdn, old, "t1"); !errors.Is(err, accounts.ErrWrongCode) {
		t.Errorf("the old one: %v", err)
	}
	if err := w.CheckCode(t.Context(), "demo", address, msisdn, fresh, "t2"); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

func TestFiveCodesAnHourForAnAddressOrANumber(t *testing.T) {
	for name, ask := range map[string]func(i int) (prepaid.Address, prepaid.MSISDN){
		"address": func(i int) (prepaid.Address, prepaid.MSISDN) {
			return address, prepaid.MSISDN(fmt.Sprint(31612345670 + i))
		},
		"number": func(i int) (prepaid.Address, prepaid.MSISDN) {
			return prepaid.Address(fmt.Sprint("telegram:", i)), msisdn
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for i := range 5 {
				a, m := ask(i)
				if _, err := w.NewCode(t.Context(), "demo", a, m, fmt.Sprint("m", i)); err != nil {
					t.Fatalf("code %d: %v", i+1, err)
				}
			}
			a, m := ask(5)
			if _, err := w.NewCode(t.Context(), "demo", a, m, "m5"); !errors.Is(err, accounts.ErrTooManyCodes) {
				t.Errorf("the sixth: %v", err)
			}
			w.wait(time.Hour + time.Second)
			if _, err := w.NewCode(t.Context(), "demo", a, m, "m6"); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	}
}
