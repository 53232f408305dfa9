package cards

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pulsa/prepaid"
)

const minKey = 32

// vault computes the MACs that codes are found by, and seals codes for print files.
//
// A code is stored twice: as HMAC-SHA256, by which a typed code is looked up without decrypting anything, and as
// AES-256-GCM, so that cards can be exported or sealed with a newer key. Both keys derive from one master key. Several
// master keys may be in use, by version: new cards get the highest; a code is looked up under all.
type vault struct {
	keys     map[int]keyPair
	versions []int // newest first
}

// keyPair holds the keys derived (HKDF-SHA256) from one master key, one for each purpose, so that none reveals another.
type keyPair struct {
	mac   []byte
	seal  cipher.AEAD // draws its own nonces
	check []byte      // stored with cards to recognise the key; nothing follows from it
}

func newVault(keys Keys) (vault, error) {
	if len(keys) == 0 {
		return vault{}, errors.New("no card key is given")
	}
	v := vault{keys: make(map[int]keyPair, len(keys)), versions: slices.Sorted(maps.Keys(keys))}
	slices.Reverse(v.versions)
	for version, master := range keys {
		if version < 1 {
			return vault{}, fmt.Errorf("card key version %d: versions count from 1", version)
		}
		pair, err := newKeyPair(master)
		if err != nil {
			return vault{}, fmt.Errorf("card key version %d: %w", version, err)
		}
		v.keys[version] = pair
	}
	return v, nil
}

func newKeyPair(master prepaid.Secret) (keyPair, error) {
	secret := []byte(master.Reveal())
	if len(secret) < minKey {
		return keyPair{}, fmt.Errorf("is shorter than %d bytes", minKey)
	}
	mac, err := hkdf.Key(sha256.New, secret, nil, "pulsa card code mac", sha256.Size)
	if err != nil {
		return keyPair{}, err
	}
	sealKey, err := hkdf.Key(sha256.New, secret, nil, "pulsa card code seal", 32)
	if err != nil {
		return keyPair{}, err
	}
	block, err := aes.NewCipher(sealKey)
	if err != nil {
		return keyPair{}, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return keyPair{}, err
	}
	check, err := hkdf.Key(sha256.New, secret, nil, "pulsa card key check", 16)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{mac: mac, seal: seal, check: check}, nil
}

// seal returns a card as it is stored: MAC and ciphertext of its normalised code under the newest key. OldMACs are the
// code's MACs under the older keys, so that the store refuses a code that a card of an older key has.
func (v vault) seal(c Card, code string) Sealed {
	version := v.versions[0]
	pair := v.keys[version]
	var old [][]byte
	for _, other := range v.versions[1:] {
		old = append(old, v.keys[other].sum(c.Brand, code))
	}
	return Sealed{
		Card:       c,
		OldMACs:    old,
		MAC:        pair.sum(c.Brand, code),
		Ciphertext: pair.seal.Seal(nil, nil, []byte(code), sealedFor(c)),
		KeyVersion: version,
		KeyCheck:   pair.check,
	}
}

// open returns the code of a sealed card. It fails where the key's version is unknown, or the ciphertext is that of
// another card.
func (v vault) open(c Sealed) (prepaid.Secret, error) {
	pair, ok := v.keys[c.KeyVersion]
	if !ok {
		return prepaid.Secret{}, fmt.Errorf("open card %s: card key version %d is not given", c.Serial, c.KeyVersion)
	}
	code, err := pair.seal.Open(nil, nil, c.Ciphertext, sealedFor(c.Card))
	if err != nil {
		return prepaid.Secret{}, fmt.Errorf("open card %s: %w", c.Serial, err)
	}
	return prepaid.NewSecret(string(code)), nil
}

// macs returns the MACs that a code may be stored under: one for each key version, newest first.
func (v vault) macs(brand, code string) [][]byte {
	sums := make([][]byte, len(v.versions))
	for i, version := range v.versions {
		sums[i] = v.keys[version].sum(brand, code)
	}
	return sums
}

func (k keyPair) sum(brand, code string) []byte {
	h := hmac.New(sha256.New, k.mac)
	h.Write([]byte(brand + "\x00" + code))
	return h.Sum(nil)
}

// sealedFor is the additional data that binds a ciphertext to its card: moved to another row, it does not open.
func sealedFor(c Card) []byte { return []byte(c.Brand + "\x00" + c.Serial) }
