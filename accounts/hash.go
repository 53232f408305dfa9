package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"pulsa/prepaid"
)

// cost is what one hash takes of a machine.
type cost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// fullCost is what OWASP asks of Argon2id at least. Stored hashes are checked at the cost they were made with.
func fullCost() cost { return cost{Memory: 19 * 1024, Time: 2, Threads: 1} }

// cheapCost is for test brands, whose scripts register thousands.
func cheapCost() cost { return cost{Memory: 64, Time: 1, Threads: 1} }

// sane reports whether a stored hash asks for no more than a machine has: whoever can write to the database
// shall not be able to stop the program with it.
func (c cost) sane() bool {
	return c.Memory <= 1<<20 && 1 <= c.Time && c.Time <= 16 && 1 <= c.Threads && c.Threads <= 16
}

const (
	saltLength = 16
	hashLength = 32
)

// pinHash is a stored hash, written as PHC strings are:
// "$argon2id$v=19$m=19456,t=2,p=1,keyid=1$<salt>$<hash>"; keyid is the pepper's version.
type pinHash struct {
	Cost   cost
	Pepper int
	Salt   []byte
	Sum    []byte
}

var errBadHash = errors.New("stored PIN hash is malformed")

func (h pinHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d,keyid=%d$%s$%s", argon2.Version,
		h.Cost.Memory, h.Cost.Time, h.Cost.Threads, h.Pepper,
		base64.RawStdEncoding.EncodeToString(h.Salt), base64.RawStdEncoding.EncodeToString(h.Sum))
}

func parsePINHash(text string) (pinHash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return pinHash{}, errBadHash
	}
	var h pinHash
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d,keyid=%d", &h.Cost.Memory, &h.Cost.Time, &h.Cost.Threads, &h.Pepper)
	if err != nil || n != 4 {
		return pinHash{}, errBadHash
	}
	if h.Salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return pinHash{}, errBadHash
	}
	if h.Sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return pinHash{}, errBadHash
	}
	if !h.Cost.sane() || len(h.Salt) != saltLength || len(h.Sum) != hashLength || h.String() != text {
		return pinHash{}, errBadHash
	}
	return h, nil
}

// hashPIN returns the hash of a customer's PIN to be stored. It waits for a free core, or for ctx.
func (s *Service) hashPIN(ctx context.Context, c cost, id prepaid.CustomerID, pin prepaid.Secret) (string, error) {
	if err := s.c.PeppersFit(ctx); err != nil {
		return "", err
	}
	h := pinHash{Cost: c, Pepper: s.c.Peppers.InUse(), Salt: make([]byte, saltLength)}
	_, _ = rand.Read(h.Salt) // crypto/rand.Read never fails since Go 1.24
	var err error
	if h.Sum, err = s.derive(ctx, h, id, pin); err != nil {
		return "", err
	}
	return h.String(), nil
}

// rightPIN reports whether a stored hash is the PIN's. It waits for a free core, or for ctx.
func (s *Service) rightPIN(ctx context.Context, stored string, id prepaid.CustomerID, pin prepaid.Secret) (bool, error) {
	h, err := parsePINHash(stored)
	if err != nil {
		return false, err
	}
	sum, err := s.derive(ctx, h, id, pin)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, h.Sum) == 1, nil
}

func (s *Service) derive(ctx context.Context, h pinHash, id prepaid.CustomerID, pin prepaid.Secret) ([]byte, error) {
	mac, err := s.mac(h.Pepper, forPIN, string(id), pin.Reveal())
	if err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey(mac, h.Salt, h.Cost.Time, h.Cost.Memory, h.Cost.Threads, hashLength), nil
}
