package accounts

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a pepper is used for. A MAC made for one purpose means nothing for another.
const (
	forPIN      = "pin"
	forPINKey   = "pin key"
	forCode     = "one-time code"
	forCodeHash = "one-time code hash"
)

// mac returns the HMAC-SHA256 of the fields for a purpose. Each field goes in with its length, so that no
// two lists of fields look the same.
func (s *Service) mac(version int, purpose string, fields ...string) ([]byte, error) {
	key, ok := s.c.Peppers.Key(version)
	if !ok {
		return nil, fmt.Errorf("PIN pepper version %d is not given", version)
	}
	h := hmac.New(sha256.New, []byte(key.Reveal()))
	for _, field := range append([]string{purpose}, fields...) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		h.Write(length[:])
		h.Write([]byte(field))
	}
	return h.Sum(nil), nil
}

// newMAC is mac with the pepper in use, and its version.
func (s *Service) newMAC(purpose string, fields ...string) (sum []byte, version int) {
	version = s.c.Peppers.InUse()
	sum, err := s.mac(version, purpose, fields...)
	if err != nil {
		panic(err) // a ring has its version in use
	}
	return sum, version
}

// versioned is a MAC with the version of its pepper, as it is stored: "1:3q2-7w…".
func versioned(version int, sum []byte) string {
	return strconv.Itoa(version) + ":" + base64.RawURLEncoding.EncodeToString(sum)
}

// fits reports whether a stored MAC is that of the fields for a purpose, in constant time.
func (s *Service) fits(stored, purpose string, fields ...string) (bool, error) {
	version, want, _ := strings.Cut(stored, ":")
	v, err := strconv.Atoi(version)
	if err != nil {
		return false, errors.New("stored MAC is malformed")
	}
	sum, err := s.mac(v, purpose, fields...)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum)), []byte(want)) == 1, nil
}
