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
	keys   map[uint32]cipher.AEAD // draw their own nonces
	newest uint32
}

// ErrSealed is of a text that can't be opened: it was sealed under another key, for something else, or has changed.
var ErrSealed = errors.New("what is sealed can't be opened")

// NewVault makes a vault of master keys by version, which count from 1; the newest seals. Vaults for different
// purposes share no key.
func NewVault(masters map[int]Secret, purpose string) (*Vault, error) {
	v := &Vault{keys: make(map[uint32]cipher.AEAD, len(masters))}
	for version, master := range masters {
		if version < 1 || len(master.Reveal()) < 32 {
			return nil, fmt.Errorf("key version %d: versions count from 1, and a key has 32 bytes at least", version)
		}
		key, err := hkdf.Key(sha256.New, []byte(master.Reveal()), nil, "pulsa vault "+purpose, 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if v.keys[uint32(version)], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
		v.newest = max(v.newest, uint32(version))
	}
	if v.newest == 0 {
		return nil, errors.New("no key is given")
	}
	return v, nil
}

// Seal closes a text up. It opens again only for the same owner, such as the id of the row that it stands in.
func (v *Vault) Seal(text []byte, owner string) []byte {
	sealed := binary.BigEndian.AppendUint32(nil, v.newest)
	return v.keys[v.newest].Seal(sealed, nil, text, []byte(owner))
}

// Open gives a sealed text back, or ErrSealed.
func (v *Vault) Open(sealed []byte, owner string) ([]byte, error) {
	if len(sealed) < 4 {
		return nil, ErrSealed
	}
	key := v.keys[binary.BigEndian.Uint32(sealed)]
	if key == nil {
		return nil, fmt.Errorf("%w: key version %d is not given", ErrSealed, binary.BigEndian.Uint32(sealed))
	}
	text, err := key.Open(nil, nil, sealed[4:], []byte(owner))
	if err != nil {
		return nil, ErrSealed
	}
	return text, nil
}
