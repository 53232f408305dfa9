package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/prepaid"
)

func pepper(letter string) prepaid.Secret {
	return prepaid.NewSecret(strings.Repeat(letter, prepaid.KeyBytes))
}

// service returns a Service without stores: for what needs none.
func service(t testing.TB, p map[int]prepaid.Secret) *Service {
	t.Helper()
	ring := prepaid.NewKeyring(p)
	ring.Use(slices.Max(ring.Versions()))
	s, err := New(Config{
		Brands: prepaid.NewBrands(
			&prepaid.Brand{Name: "demo", Test: true, CheapPINHash: true, TestCode: "246810"},
			&prepaid.Brand{Name: "random", Test: true},
			&prepaid.Brand{Name: "real", CheapPINHash: true, TestCode: "246810"}, // both are to be ignored
		),
		Clock:   prepaid.NewVirtualClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		Peppers: ring,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewWantsUsablePeppers(t *testing.T) {
	for name, p := range map[string]map[int]prepaid.Secret{
		"none":      {},
		"short":     {1: prepaid.NewSecret("salt")},
		"short old": {1: prepaid.NewSecret("salt"), 2: pepper("b")},
		"version 0": {0: pepper("a")},
	} {
		if _, err := New(Config{Peppers: prepaid.NewKeyring(p)}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPINHashIsThePINsAlone(t *testing.T) {
	s := service(t, map[int]prepaid.Secret{1: pepper("a")})
	ctx := context.Background()
	pin := prepaid.NewSecret("4821")
	stored, err := s.newPINHash(ctx, "demo", "customer", pin)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		id   prepaid.CustomerID
		pin  string
		want bool
	}{
		{"right", "customer", "4821", true},
		{"wrong PIN", "customer", "4822", false},
		{"another customer", "stranger", "4821", false},
		{"no PIN", "customer", "", false},
	} {
		got, err := s.rightPIN(ctx, stored, tt.id, prepaid.NewSecret(tt.pin))
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v; want %v", tt.name, got, err, tt.want)
		}
	}
	again, err := s.newPINHash(ctx, "demo", "customer", pin)
	if err != nil || again == stored {
		t.Errorf("hashed twice: the same string (no salt), or %v", err)
	}
}

func TestPINHashSaysWhatItCost(t *testing.T) {
	s := service(t, map[int]prepaid.Secret{1: pepper("a"), 7: pepper("b")})
	for brand, want := range map[string]string{
		"demo":   "$argon2id$v=19$m=64,t=1,p=1,keyid=7$",
		"random": "$argon2id$v=19$m=19456,t=2,p=1,keyid=7$",
		"real":   "$argon2id$v=19$m=19456,t=2,p=1,keyid=7$", // CheapPINHash is for test brands only
	} {
		stored, err := s.newPINHash(context.Background(), brand, "customer", prepaid.NewSecret("4821"))
		if err != nil || !strings.HasPrefix(stored, want) {
			t.Errorf("%s: %q, %v; want %s…", brand, stored, err, want)
		}
	}
}

func TestOldPepperStillVerifies(t *testing.T) {
	ctx, pin := context.Background(), prepaid.NewSecret("4821")
	stored, err := service(t, map[int]prepaid.Secret{1: pepper("a")}).newPINHash(ctx, "demo", "customer", pin)
	if err != nil {
		t.Fatal(err)
	}
	if right, err := service(t, map[int]prepaid.Secret{1: pepper("a"), 2: pepper("b")}).rightPIN(ctx, stored, "customer", pin); !right || err != nil {
		t.Errorf("after a new pepper: %v, %v", right, err)
	}
	if right, err := service(t, map[int]prepaid.Secret{1: pepper("b")}).rightPIN(ctx, stored, "customer", pin); right || err != nil {
		t.Errorf("with another pepper: %v, %v", right, err)
	}
	if _, err := service(t, map[int]prepaid.Secret{2: pepper("b")}).rightPIN(ctx, stored, "customer", pin); err == nil {
		t.Error("without its pepper: no error")
	}
}

func TestOnlyFourDigitsAreAPIN(t *testing.T) {
	s := service(t, map[int]prepaid.Secret{1: pepper("a")})
	for _, pin := range []string{"", "123", "12345", "12a4", "１２３４", "-123"} {
		if _, err := s.newPINHash(context.Background(), "demo", "customer", prepaid.NewSecret(pin)); !errors.Is(err, errBadPIN) {
			t.Errorf("%q: %v", pin, err)
		}
	}
}

func TestMalformedHashesAreErrors(t *testing.T) {
	const salt, sum = "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	if _, err := parsePINHash("$argon2id$v=19$m=64,t=1,p=1,keyid=1$" + salt + "$" + sum); err != nil {
		t.Fatalf("the well-formed one: %v", err)
	}
	for _, text := range []string{
		"", "4821", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1,keyid=1$" + salt + "$" + sum,
		"$argon2id$v=16$m=64,t=1,p=1,keyid=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=0,p=1,keyid=1$" + salt + "$" + sum, // argon2 would panic
		"$argon2id$v=19$m=64,t=1,p=0,keyid=1$" + salt + "$" + sum, // and here
		"$argon2id$v=19$m=4000000000,t=1,p=1,keyid=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=4000000,p=1,keyid=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1,keyid=1$" + salt + "$",
		"$argon2id$v=19$m=64,t=1,p=1,keyid=1$$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1,keyid=1$" + salt + "$" + sum + "$",
		"$argon2id$v=19$m=64,t=1,p=1,keyid=1 $" + salt + "$" + sum,
	} {
		if _, err := parsePINHash(text); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
}

func TestAHashWaitsForAFreeCoreOrForItsContext(t *testing.T) {
	s := service(t, map[int]prepaid.Secret{1: pepper("a")})
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.newPINHash(ctx, "demo", "customer", prepaid.NewSecret("4821")); !errors.Is(err, context.Canceled) {
		t.Errorf("all cores busy: %v", err)
	}
	<-s.slots
	if _, err := s.newPINHash(context.Background(), "demo", "customer", prepaid.NewSecret("4821")); err != nil {
		t.Errorf("one core free: %v", err)
	}
	if len(s.slots) != cap(s.slots)-1 {
		t.Errorf("%d cores taken afterwards; want %d", len(s.slots), cap(s.slots)-1)
	}
}

func BenchmarkPINHash(b *testing.B) {
	s := service(b, map[int]prepaid.Secret{1: pepper("a")})
	for name, c := range map[string]cost{"full": fullCost(), "cheap": cheapCost()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.hashPIN(context.Background(), c, "customer", prepaid.NewSecret("4821")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
