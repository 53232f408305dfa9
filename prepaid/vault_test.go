package prepaid

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func masters(letters string) map[int]Secret {
	keys := map[int]Secret{}
	for i, letter := range letters {
		keys[i+1] = NewSecret(strings.Repeat(string(letter), 32))
	}
	return keys
}

func vaultOf(t *testing.T, keys map[int]Secret, purpose string) *Vault {
	t.Helper()
	ring := NewKeyring(keys)
	ring.Use(len(keys))
	v, err := NewVault(ring, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWhatIsSealedOpensForItsOwnerAlone(t *testing.T) {
	v := vaultOf(t, masters("a"), "pins")
	sealed := v.Seal([]byte("773709733097662"), "ORDER")
	if bytes.Contains(sealed, []byte("7737")) || bytes.Equal(sealed, v.Seal([]byte("773709733097662"), "ORDER")) {
		t.Error("it shows, or is sealed alike twice")
	}
	if text, err := v.Open(sealed, "ORDER"); err != nil || string(text) != "773709733097662" {
		t.Errorf("opened %q, %v", text, err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another owner":   func() ([]byte, error) { return v.Open(sealed, "OTHER") },
		"another key":     func() ([]byte, error) { return vaultOf(t, masters("b"), "pins").Open(sealed, "ORDER") },
		"another purpose": func() ([]byte, error) { return vaultOf(t, masters("a"), "ibans").Open(sealed, "ORDER") },
		"changed":         func() ([]byte, error) { return v.Open(changed, "ORDER") },
		"cut off":         func() ([]byte, error) { return v.Open(sealed[:3], "ORDER") },
		"empty":           func() ([]byte, error) { return v.Open(nil, "ORDER") },
	} {
		if text, err := open(); !errors.Is(err, ErrSealed) || text != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestTheKeyInUseSealsAndOthersStillOpen(t *testing.T) {
	old := vaultOf(t, masters("a"), "pins").Seal([]byte("text"), "o")
	both := vaultOf(t, masters("ab"), "pins")
	if text, err := both.Open(old, "o"); err != nil || string(text) != "text" {
		t.Errorf("under the older key: %q, %v", text, err)
	}
	if _, err := vaultOf(t, masters("a"), "pins").Open(both.Seal([]byte("text"), "o"), "o"); !errors.Is(err, ErrSealed) {
		t.Errorf("under a key that is not given: %v", err)
	}
	for name, keys := range map[string]map[int]Secret{
		"none": nil, "short": {1: NewSecret("short")}, "version 0": {0: NewSecret(strings.Repeat("a", 32))},
	} {
		if _, err := NewVault(NewKeyring(keys), "pins"); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
