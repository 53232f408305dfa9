package developers

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// minKey is as long as what SHA-256 gives: a shorter key would be the weakest part.
const minKey = 32

// seals hash secrets and sign tokens, each with a key of its own made from the program's.
type seals struct {
	keys   map[int]sealKeys
	newest int
}

type sealKeys struct{ secret, token []byte }

func newSeals(keys map[int]prepaid.Secret) (seals, error) {
	s := seals{keys: map[int]sealKeys{}}
	for version, key := range keys {
		if len(key.Reveal()) < minKey {
			return seals{}, fmt.Errorf("key version %d is shorter than %d bytes", version, minKey)
		}
		secret, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "pulsa api secret", sha256.Size)
		if err != nil {
			return seals{}, err
		}
		token, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "pulsa api token", sha256.Size)
		if err != nil {
			return seals{}, err
		}
		s.keys[version] = sealKeys{secret, token}
		s.newest = max(s.newest, version)
	}
	if len(s.keys) == 0 {
		return seals{}, errors.New("no key is given")
	}
	return s, nil
}

func sum(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// hash is what is stored of a key's secret: "1.gC0…". It has 138 random bits: no slow hash makes it safer.
func (s seals) hash(id string, secret prepaid.Secret) string {
	return strconv.Itoa(s.newest) + "." + sum(s.keys[s.newest].secret, id+"."+secret.Reveal())
}

// fits reports whether a stored hash is the secret's, in constant time.
func (s seals) fits(hash, id string, secret prepaid.Secret) bool {
	version, mac, _ := strings.Cut(hash, ".")
	n, _ := strconv.Atoi(version)
	keys, known := s.keys[n]
	return known && hmac.Equal([]byte(mac), []byte(sum(keys.secret, id+"."+secret.Reveal())))
}

// token is a bearer token of a key, good until expiry: "1.bcdf….1795000000.kZ…". Nothing of it is stored.
func (s seals) token(id string, expiry time.Time) string {
	text := fmt.Sprintf("%d.%s.%d", s.newest, id, expiry.Unix())
	return text + "." + sum(s.keys[s.newest].token, text)
}

// open reads a token that this program has signed, and until when it is good.
func (s seals) open(token string) (id string, expiry time.Time, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 4 {
		return "", time.Time{}, false
	}
	version, _ := strconv.Atoi(parts[0])
	keys, known := s.keys[version]
	text := strings.Join(parts[:3], ".")
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	if !known || err != nil || !hmac.Equal([]byte(parts[3]), []byte(sum(keys.token, text))) {
		return "", time.Time{}, false
	}
	return parts[1], time.Unix(seconds, 0), true
}
