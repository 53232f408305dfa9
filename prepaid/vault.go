package prepaid

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Vault seals texts that must be stored for a while and then handed on: AES-GCM under keys that are outside the
// store. Safe for concurrent use.
type Vault struct {
	ring *Keyring
	keys map[int]cipher.AEAD // draw their own nonces
}

// ErrSealed is of a text that can't be opened: it was sealed under another key, for something else, or has changed.
var ErrSealed = errors.New("what is sealed can't be opened")

// NewVault makes a vault of master keys; the version in use seals. Vaults for different purposes share no key.
func NewVault(ring *Keyring, purpose string) (*Vault, error) {
	if err := ring.Check(); err != nil {
		return nil, err
	}
	v := &Vault{ring: ring, keys: make(map[int]cipher.AEAD)}
	for _, version := range ring.Versions() {
		master, _ := ring.Key(version)
		key, err := hkdf.Key(sha256.New, []byte(master.Reveal()), nil, "pulsa vault "+purpose, 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if v.keys[version], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Seal closes a text up. It opens again only for the same owner, such as the id of the row that it stands in.
func (v *Vault) Seal(text []byte, owner string) []byte {
	version := v.ring.InUse()
	sealed := binary.BigEndian.AppendUint32(nil, uint32(version))
	return v.keys[version].Seal(sealed, nil, text, []byte(owner))
}

// Open gives a sealed text back, or ErrSealed.
func (v *Vault) Open(sealed []byte, owner string) ([]byte, error) {
	if len(sealed) < 4 {
		return nil, ErrSealed
	}
	version := int(binary.BigEndian.Uint32(sealed))
	key := v.keys[version]
	if key == nil {
		return nil, fmt.Errorf("%w: key version %d is not given", ErrSealed, version)
	}
	text, err := key.Open(nil, nil, sealed[4:], []byte(owner))
	if err != nil {
		return nil, ErrSealed
	}
	return text, nil
}
