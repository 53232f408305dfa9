package accounts

import (
	"errors"
	"fmt"
	"testing"

	"pulsa/prepaid"
)

func TestCheckStrength(t *testing.T) {
	s := service(t, map[int]prepaid.Secret{1: pepper("a")})
	const msisdn = "31612345678"
	for pin, weak := range map[string]bool{
		"1234": true, "0000": true, "2580": false, "1004": true, "6969": true, // the commonest
		"3737": true, "7373": true, "3773": false, // repeats
		"5678": true, "8901": true, "9876": true, "0987": true, "1357": false, // runs
		"1984": true, "1979": false, "2001": true, // years
		"4821": false, "8765": true, "5687": false,
	} {
		err := s.CheckStrength("real", msisdn, prepaid.NewSecret(pin))
		if weak != errors.Is(err, ErrWeakPIN) || (err != nil && !weak) {
			t.Errorf("%s: %v; want weak %v", pin, err, weak)
		}
	}
	if err := s.CheckStrength("real", "31612344821", prepaid.NewSecret("4821")); !errors.Is(err, ErrWeakPIN) {
		t.Errorf("the number's last four digits: %v", err)
	}
	if err := s.CheckStrength("demo", msisdn, prepaid.NewSecret("1234")); err != nil {
		t.Errorf("a test brand takes any: %v", err)
	}
	if err := s.CheckStrength("nobody", msisdn, prepaid.NewSecret("4821")); err == nil {
		t.Error("unknown brand: no error")
	}
}

func TestPINKeyTellsOnlyWhetherTheSameSenderTypedTheSame(t *testing.T) {
	s := service(t, map[int]prepaid.Secret{1: pepper("a")})
	key := s.PINKey("demo/fake/tel:+31612345678", prepaid.NewSecret("4821"))
	if again := s.PINKey("demo/fake/tel:+31612345678", prepaid.NewSecret("4821")); again != key {
		t.Errorf("typed twice: %q and %q", key, again)
	}
	for name, other := range map[string]string{
		"other PIN":       s.PINKey("demo/fake/tel:+31612345678", prepaid.NewSecret("4822")),
		"other sender":    s.PINKey("demo/fake/tel:+31612345679", prepaid.NewSecret("4821")),
		"split otherwise": s.PINKey("demo/fake/tel:+316123456784", prepaid.NewSecret("821")),
		"other pepper":    service(t, map[int]prepaid.Secret{1: pepper("b")}).PINKey("demo/fake/tel:+31612345678", prepaid.NewSecret("4821")),
	} {
		if other == key {
			t.Errorf("%s: the same key", name)
		}
	}
}

func TestOneTimeCodesAreSixDigitsBoundToTheirKey(t *testing.T) {
	s := service(t, map[int]prepaid.Secret{1: pepper("a")})
	const a, m = prepaid.Address("telegram:3527"), prepaid.MSISDN("31612345678")
	real := s.c.Brands.Named("real")
	first := s.makeCode(real, a, m, "m1").Reveal()
	if again := s.makeCode(real, a, m, "m1").Reveal(); again != first {
		t.Errorf("same operation key: %s and %s", first, again)
	}
	seen, leading := map[string]bool{}, map[byte]int{}
	for i := range 1000 {
		code := s.makeCode(real, a, m, fmt.Sprint("k", i)).Reveal()
		if len(code) != 6 {
			t.Fatalf("code %q", code)
		}
		seen[code] = true
		leading[code[0]]++
	}
	if len(seen) < 990 {
		t.Errorf("1000 operation keys give %d codes", len(seen))
	}
	for digit := byte('0'); digit <= '9'; digit++ {
		if n := leading[digit]; n < 50 || n > 150 {
			t.Errorf("first digit %c: %d of 1000", digit, n)
		}
	}
	if code := s.makeCode(s.c.Brands.Named("demo"), a, m, "m1").Reveal(); code != "246810" {
		t.Errorf("a test brand's own code: %s", code)
	}
	if first == "246810" {
		t.Error("a brand that is no test brand has the test code")
	}
}

func TestOneTimeCodeIsStoredAsAHashOfItsOwner(t *testing.T) {
	old := service(t, map[int]prepaid.Secret{1: pepper("a")})
	s := service(t, map[int]prepaid.Secret{1: pepper("a"), 2: pepper("b")})
	code := prepaid.NewSecret("012345")
	for name, tt := range map[string]struct {
		hashedBy *Service
		address  prepaid.Address
		code     string
		want     bool
	}{
		"right":              {s, "telegram:3527", "012345", true},
		"hashed before":      {old, "telegram:3527", "012345", true},
		"wrong":              {s, "telegram:3527", "012346", false},
		"without its zero":   {s, "telegram:3527", "12345", false},
		"of another address": {s, "telegram:3528", "012345", false},
	} {
		stored := Code{Brand: "real", Address: tt.address, MSISDN: "31612345678"}
		stored.Hash = tt.hashedBy.hashCode("real", "telegram:3527", "31612345678", code)
		got, err := s.rightCode(stored, prepaid.NewSecret(tt.code))
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
	for _, hash := range []string{"", "x:y", "9:abc"} {
		if _, err := s.rightCode(Code{Hash: hash}, code); err == nil {
			t.Errorf("stored hash %q: no error", hash)
		}
	}
}

func TestLocksGrow(t *testing.T) {
	got := fmt.Sprint(lockFor(0), lockFor(1), lockFor(2), lockFor(9))
	if want := "15m0s 1h0m0s 24h0m0s 24h0m0s"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}
