package cards

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"pulsa/prepaid"
)

// vault computes the MACs that codes are found by, and seals codes for print files.
//
// A code is stored twice: as HMAC-SHA256, by which a typed code is looked up without decrypting anything, and as
// AES-256-GCM, so that cards can be exported or sealed with a newer key. Both keys derive from one master key. Several
// master keys may be given, by version: new cards get the one in use; a code is looked up under all.
type vault struct {
	ring *prepaid.Keyring
	keys map[int]keyPair
}

// keyPair holds the keys derived (HKDF-SHA256) from one master key, one for each purpose, so that none reveals another.
type keyPair struct {
	mac   []byte
	seal  cipher.AEAD // draws its own nonces
	check []byte      // stored with cards to recognise the key; nothing follows from it
}

func newVault(ring *prepaid.Keyring) (vault, error) {
	if err := ring.Check(); err != nil {
		return vault{}, fmt.Errorf("card keys: %w", err)
	}
	v := vault{ring: ring, keys: map[int]keyPair{}}
	for _, version := range ring.Versions() {
		master, _ := ring.Key(version)
		pair, err := newKeyPair([]byte(master.Reveal()))
		if err != nil {
			return vault{}, fmt.Errorf("card key version %d: %w", version, err)
		}
		v.keys[version] = pair
	}
	return v, nil
}

func newKeyPair(secret []byte) (keyPair, error) {
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

// seal returns a card as it is stored: MAC and ciphertext of its normalised code under the key in use. OldMACs are the
// code's MACs under the other keys, so that the store refuses a code that a card of another key has.
func (v vault) seal(c Card, code string) Sealed {
	version := v.ring.InUse()
	pair := v.keys[version]
	var others [][]byte
	for _, other := range v.ring.Versions() {
		if other != version {
			others = append(others, v.keys[other].sum(c.Brand, code))
		}
	}
	return Sealed{
		Card:       c,
		OldMACs:    others,
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

// macs returns the MACs that a code may be stored under: one for each key version.
func (v vault) macs(brand, code string) [][]byte {
	var sums [][]byte
	for _, version := range v.ring.Versions() {
		sums = append(sums, v.keys[version].sum(brand, code))
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
