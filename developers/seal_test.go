package developers

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/prepaid"
)

func key(letter string) prepaid.Secret { return prepaid.NewSecret(strings.Repeat(letter, 32)) }

func sealed(t *testing.T, keys map[int]prepaid.Secret) seals {
	t.Helper()
	ring := prepaid.NewKeyring(keys)
	ring.Use(slices.Max(ring.Versions()))
	s, err := newSeals(ring)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASecretFitsItsOwnHashAlone(t *testing.T) {
	s, secret := sealed(t, map[int]prepaid.Secret{1: key("a")}), prepaid.NewSecret("secret")
	hash := s.hash("id", secret)
	if strings.Contains(hash, "secret") || !s.fits(hash, "id", secret) {
		t.Errorf("hash %s", hash)
	}
	both, other := sealed(t, map[int]prepaid.Secret{1: key("a"), 2: key("b")}), sealed(t, map[int]prepaid.Secret{1: key("b")})
	if !both.fits(hash, "id", secret) {
		t.Error("an old hash no longer fits after a key was added")
	}
	for name, fits := range map[string]bool{
		"another secret": s.fits(hash, "id", prepaid.NewSecret("Secret")), "no secret": s.fits(hash, "id", prepaid.Secret{}),
		"another id": s.fits(hash, "di", secret), "another key": other.fits(hash, "id", secret), "no hash": s.fits("", "id", secret),
		"another version": s.fits("2"+hash[1:], "id", secret), "half a hash": s.fits(hash[:10], "id", secret),
	} {
		if fits {
			t.Errorf("%s fits", name)
		}
	}
	for name, keys := range map[string]map[int]prepaid.Secret{"none": {}, "a short one": {1: prepaid.NewSecret("short")}} {
		if _, err := newSeals(prepaid.NewKeyring(keys)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestATokenIsReadAsItWasSigned(t *testing.T) {
	s, end := sealed(t, map[int]prepaid.Secret{1: key("a")}), time.Unix(1_795_000_000, 0)
	token := s.token("id", end)
	both := sealed(t, map[int]prepaid.Secret{1: key("a"), 2: key("b")})
	for _, reader := range []seals{s, both} {
		if id, until, ok := reader.open(token); !ok || id != "id" || !until.Equal(end) {
			t.Errorf("read %s %s %v", id, until, ok)
		}
	}
	parts := strings.Split(token, ".")
	encoded := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	if len(parts) != 3 || parts[0] != encoded(`{"alg":"HS256","kid":"1","typ":"JWT"}`) || parts[1] != encoded(`{"sub":"id","exp":1795000000}`) {
		t.Errorf("%s is no JSON Web Token", token)
	}
	for name, forged := range map[string]string{
		"another id":      parts[0] + "." + encoded(`{"sub":"di","exp":1795000000}`) + "." + parts[2],
		"a later end":     parts[0] + "." + encoded(`{"sub":"id","exp":1895000000}`) + "." + parts[2],
		"another version": header(2) + "." + parts[1] + "." + parts[2], "an unknown version": header(3) + "." + parts[1] + "." + parts[2],
		"no algorithm": encoded(`{"alg":"none","kid":"1","typ":"JWT"}`) + "." + parts[1] + ".", "no signature": parts[0] + "." + parts[1] + ".",
		"a part missing": parts[0] + "." + parts[1], "more": token + ".x", "nothing": "", "dots": "..",
		"of a stranger": sealed(t, map[int]prepaid.Secret{1: key("b")}).token("id", end),
	} {
		if _, _, ok := both.open(forged); ok {
			t.Errorf("%s is read", name)
		}
	}
}
