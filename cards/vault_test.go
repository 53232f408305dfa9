package cards

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pulsa/prepaid"
)

func key(letter string) prepaid.Secret {
	return prepaid.NewSecret(strings.Repeat(letter, prepaid.KeyBytes))
}

func open(t *testing.T, keys map[int]prepaid.Secret) vault {
	t.Helper()
	ring := prepaid.NewKeyring(keys)
	ring.Use(len(keys))
	v, err := newVault(ring)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNewWantsUsableKeys(t *testing.T) {
	for name, keys := range map[string]map[int]prepaid.Secret{
		"none":      {},
		"short":     {1: prepaid.NewSecret("key")},
		"short old": {1: prepaid.NewSecret("key"), 2: key("b")},
		"version 0": {0: key("a")},
	} {
		if _, err := New(Config{Keys: prepaid.NewKeyring(keys)}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSealedCodesOpenForTheirCardAlone(t *testing.T) {
	v := open(t, map[int]prepaid.Secret{1: key("a")})
	const code = "12345678901234"
	sealed := v.seal(Card{Brand: "demo", Serial: "101-00000042"}, code)
	if bytes.Contains(sealed.Ciphertext, []byte(code)) || bytes.Contains(sealed.MAC, []byte(code)) {
		t.Error("the code shows")
	}
	opened, err := v.open(sealed)
	if err != nil || opened.Reveal() != code {
		t.Fatalf("open: %v", err)
	}
	if again := v.seal(sealed.Card, code); bytes.Equal(again.Ciphertext, sealed.Ciphertext) || !bytes.Equal(again.MAC, sealed.MAC) {
		t.Error("sealed twice: the ciphertexts must differ and the MACs be equal")
	}
	for name, change := range map[string]func(*Sealed){
		"another serial":  func(c *Sealed) { c.Serial = "101-00000043" },
		"another brand":   func(c *Sealed) { c.Brand = "other" },
		"another version": func(c *Sealed) { c.KeyVersion = 2 },
		"a changed byte":  func(c *Sealed) { c.Ciphertext = append([]byte{1}, c.Ciphertext[1:]...) },
		"cut off":         func(c *Sealed) { c.Ciphertext = c.Ciphertext[:5] },
		"nothing":         func(c *Sealed) { c.Ciphertext = nil },
	} {
		other := sealed
		change(&other)
		if _, err := v.open(other); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestCardsOfAnOldKeyAreFound(t *testing.T) {
	const code = "12345678901234"
	before := open(t, map[int]prepaid.Secret{1: key("a")})
	after := open(t, map[int]prepaid.Secret{1: key("a"), 2: key("b")})
	old := before.seal(Card{Brand: "demo", Serial: "101-00000001"}, code)
	if opened, err := after.open(old); err != nil || opened.Reveal() != code {
		t.Errorf("open an old card: %v", err)
	}
	has := func(macs [][]byte, mac []byte) bool {
		return slices.ContainsFunc(macs, func(m []byte) bool { return bytes.Equal(m, mac) })
	}
	if macs := after.macs("demo", code); len(macs) != 2 || !has(macs, old.MAC) {
		t.Error("the old MAC is not looked for")
	}
	if fresh := after.seal(old.Card, code); fresh.KeyVersion != 2 || has(before.macs("demo", code), fresh.MAC) {
		t.Errorf("a new card is sealed under version %d", fresh.KeyVersion)
	}
	if has(after.macs("other", code), old.MAC) {
		t.Error("another brand's code has the same MAC")
	}
}
