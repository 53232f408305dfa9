package developers

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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
	text := header(s.newest) + "." + base64.RawURLEncoding.EncodeToString(told)
	return text + "." + sum(s.keys[s.newest].token, text)
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
