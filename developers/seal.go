package developers

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// seals hash secrets and sign tokens, each with a key of its own made from the program's.
type seals struct {
	ring *prepaid.Keyring
	keys map[int]sealKeys
}

type sealKeys struct{ secret, token []byte }

func newSeals(ring *prepaid.Keyring) (seals, error) {
	if err := ring.Check(); err != nil {
		return seals{}, err
	}
	s := seals{ring: ring, keys: map[int]sealKeys{}}
	for _, version := range ring.Versions() {
		key, _ := ring.Key(version)
		secret, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "pulsa api secret", sha256.Size)
		if err != nil {
			return seals{}, err
		}
		token, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "pulsa api token", sha256.Size)
		if err != nil {
			return seals{}, err
		}
		s.keys[version] = sealKeys{secret, token}
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
	version := s.ring.InUse()
	return strconv.Itoa(version) + "." + sum(s.keys[version].secret, id+"."+secret.Reveal())
}

// fits reports whether a stored hash is the secret's, in constant time.
func (s seals) fits(hash, id string, secret prepaid.Secret) bool {
	version, mac, _ := strings.Cut(hash, ".")
	n, _ := strconv.Atoi(version)
	keys, known := s.keys[n]
	return known && hmac.Equal([]byte(mac), []byte(sum(keys.secret, id+"."+secret.Reveal())))
}

// claims are what a token tells; clients of Reloadly's read when it ends.
type claims struct {
	Key    string `json:"sub"`
	Expiry int64  `json:"exp"` // in seconds since 1970
}

// header is a token's first part. The version says which key has signed it; nothing else of it is ever read.
func header(version int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":"HS256","kid":"%d","typ":"JWT"}`, version))
}

// token is a bearer token of a key, good until expiry: a JSON Web Token. Nothing of it is stored.
func (s seals) token(id string, expiry time.Time) string {
	told, _ := json.Marshal(claims{id, expiry.Unix()}) // a text and a number
	version := s.ring.InUse()
	text := header(version) + "." + base64.RawURLEncoding.EncodeToString(told)
	return text + "." + sum(s.keys[version].token, text)
}

// open reads a token that this program has signed, and until when it is good.
func (s seals) open(token string) (id string, expiry time.Time, ok bool) {
	head, rest, _ := strings.Cut(token, ".")
	body, mac, _ := strings.Cut(rest, ".")
	for version, keys := range s.keys {
		if head != header(version) || !hmac.Equal([]byte(mac), []byte(sum(keys.token, head+"."+body))) {
			continue
		}
		var told claims
		text, err := base64.RawURLEncoding.DecodeString(body)
		if err != nil || json.Unmarshal(text, &told) != nil {
			return "", time.Time{}, false
		}
		return told.Key, time.Unix(told.Expiry, 0), true
	}
	return "", time.Time{}, false
}
