package accounts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// minPepper is as long as what SHA-256 gives: a shorter key would be the weakest part.
const minPepper = 32

// What a pepper is used for. A MAC made for one purpose means nothing for another.
const (
	forPIN      = "pin"
	forPINKey   = "pin key"
	forCode     = "one-time code"
	forCodeHash = "one-time code hash"
)

// peppers are Peppers in use.
type peppers struct {
	keys   map[int][]byte
	newest int
}

func newPeppers(config Peppers) (peppers, error) {
	if len(config) == 0 {
		return peppers{}, errors.New("no PIN pepper is given")
	}
	p := peppers{keys: make(map[int][]byte, len(config))}
	for version, key := range config {
		if version < 1 {
			return peppers{}, fmt.Errorf("PIN pepper version %d: versions count from 1", version)
		}
		if len(key.Reveal()) < minPepper {
			return peppers{}, fmt.Errorf("PIN pepper version %d is shorter than %d bytes", version, minPepper)
		}
		p.keys[version] = []byte(key.Reveal())
		p.newest = max(p.newest, version)
	}
	return p, nil
}

// mac returns the HMAC-SHA256 of the fields for a purpose. Each field goes in with its length, so that no
// two lists of fields look the same.
func (p peppers) mac(version int, purpose string, fields ...string) ([]byte, error) {
	key, ok := p.keys[version]
	if !ok {
		return nil, fmt.Errorf("PIN pepper version %d is not given", version)
	}
	h := hmac.New(sha256.New, key)
	for _, field := range append([]string{purpose}, fields...) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		h.Write(length[:])
		h.Write([]byte(field))
	}
	return h.Sum(nil), nil
}

// newMAC is mac with the newest pepper.
func (p peppers) newMAC(purpose string, fields ...string) []byte {
	sum, err := p.mac(p.newest, purpose, fields...)
	if err != nil {
		panic(err) // newPeppers has made sure of the newest
	}
	return sum
}
