package accounts_test

import (
	"errors"
	"fmt"
	"strings"
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

func request(a prepaid.Address, m prepaid.MSISDN, operationKey string) accounts.CodeRequest {
	return accounts.CodeRequest{Brand: "demo", Channel: "telegram", Address: a, MSISDN: m, OperationKey: operationKey}
}

func (w *world) newCode(t *testing.T, operationKey string) prepaid.Secret {
	t.Helper()
	code, err := w.NewCode(t.Context(), request(address, msisdn, operationKey))
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

// TestCodesAnHourForAnAddressOrANumber asks as strangers, who leave a number's fifth code to its owner.
func TestCodesAnHourForAnAddressOrANumber(t *testing.T) {
	allowed := map[string]int{"address": 5, "number": 4}
	for name, ask := range map[string]func(i int) (prepaid.Address, prepaid.MSISDN){
		"address": func(i int) (prepaid.Address, prepaid.MSISDN) {
			return address, prepaid.MSISDN(fmt.Sprint(31612345670 + i*100))
		},
		"number": func(i int) (prepaid.Address, prepaid.MSISDN) {
			return prepaid.Address(fmt.Sprint("telegram:", i)), msisdn
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for i := range allowed[name] {
				a, m := ask(i)
				if _, err := w.NewCode(t.Context(), request(a, m, fmt.Sprint("m", i))); err != nil {
					t.Fatalf("code %d: %v", i+1, err)
				}
			}
			a, m := ask(5)
			if _, err := w.NewCode(t.Context(), request(a, m, "m5")); !errors.Is(err, accounts.ErrTooManyCodes) {
				t.Errorf("one more: %v", err)
			}
			w.wait(time.Hour + time.Second)
			if _, err := w.NewCode(t.Context(), request(a, m, "m6")); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	}
}

// strangers ask for codes to numbers of their own, each from another address, and returns how many are sent before the
// budget is spent.
func (w *world) strangers(t *testing.T, channel string, apart int) int {
	t.Helper()
	for i := range 1000 {
		r := request(prepaid.Address(fmt.Sprint(channel, ":", i)), prepaid.MSISDN(fmt.Sprint(31620000000+i*apart)), fmt.Sprint(channel, i))
		r.Channel = channel
		switch _, err := w.NewCode(t.Context(), r); {
		case errors.Is(err, accounts.ErrCodesSpent):
			return i
		case err != nil:
			t.Fatal(err)
		}
	}
	t.Fatal("there is no end to it")
	return 0
}

func TestStrangersLeaveAFifthToCustomers(t *testing.T) {
	const mine = prepaid.Address("tel:+31612345678")
	for name, c := range map[string]struct {
		spend func(w *world) int
		want  int
	}{
		"of a block":   {func(w *world) int { return w.strangers(t, "telegram", 1) }, 8},
		"of a channel": {func(w *world) int { return w.strangers(t, "telegram", 100) }, 80},
		"of the brand": {func(w *world) int {
			sum := 0
			for _, channel := range []string{"telegram", "web", "whatsapp", "second"} {
				sum += w.strangers(t, channel, 100+sum)
			}
			return sum
		}, 240},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			refused := map[string]int{}
			w.refused = func(_, _ string, by accounts.CodeCap) { refused[string(by)]++ }
			active := accounts.Active
			if err := w.db.Customers.UpdateCustomer(t.Context(), w.register(t, mine).ID, accounts.Update{Status: &active}); err != nil {
				t.Fatal(err)
			}
			if sent := c.spend(w); sent != c.want {
				t.Errorf("%d codes are sent to strangers, want %d", sent, c.want)
			}
			if cap := strings.TrimPrefix(strings.TrimPrefix(name, "of a "), "of the "); refused[cap] != 1 {
				t.Errorf("refused %v", refused)
			}
			number := msisdn
			if name == "of a block" {
				number = "31620000099"
			}
			if _, err := w.NewCode(t.Context(), request(mine, number, "mine")); err != nil {
				t.Errorf("a customer: %v", err)
			}
			if _, err := w.NewCode(t.Context(), request("telegram:new", number, "stranger")); !errors.Is(err, accounts.ErrCodesSpent) {
				t.Errorf("a stranger: %v", err)
			}
		})
	}
}

func TestWhatIsRefusedLeavesTheLastCodeAsItIs(t *testing.T) {
	w := newWorld(t)
	var code prepaid.Secret
	for i := range 4 {
		code = w.newCode(t, fmt.Sprint("m", i))
	}
	if _, err := w.NewCode(t.Context(), request(address, msisdn, "m4")); !errors.Is(err, accounts.ErrTooManyCodes) {
		t.Fatal(err)
	}
	if again := w.newCode(t, "m3"); again != code {
		t.Error("repeated: another code")
	}
	if err := w.CheckCode(t.Context(), "demo", address, msisdn, code, "try"); err != nil {
		t.Errorf("the last code: %v", err)
	}
}
