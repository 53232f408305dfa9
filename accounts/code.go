package accounts

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

const (
	codeAge   = 10 * time.Minute
	codeTries = 3
	codesHour = 5 // for one address or one number
)

// NewCode makes a one-time code of six digits for the number, valid 10 min and 3 tries, to be sent to it by
// SMS. Repeated with the same operation key it returns the same code. ErrTooManyCodes after 5 in an
// hour for the address or the number.
func (s *Service) NewCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN, operationKey string) (prepaid.Secret, error) {
	b, err := s.brand(brand)
	if err != nil {
		return prepaid.Secret{}, err
	}
	now := s.c.Clock.Now()
	code := s.makeCode(b, a, m, operationKey)
	recent, _, err := s.c.Codes.SaveCode(ctx, Code{
		Brand: brand, Address: a, MSISDN: m, OperationKey: operationKey,
		Hash:      s.hashCode(brand, a, m, code),
		CreatedAt: now, ExpiresAt: now.Add(codeAge),
	}, now.Add(-time.Hour))
	if err != nil {
		return prepaid.Secret{}, fmt.Errorf("save one-time code: %w", err)
	}
	if recent > codesHour {
		return prepaid.Secret{}, ErrTooManyCodes
	}
	return code, nil
}

// CheckCode judges a one-time code, once per operation key, and uses it up when it is right. Errors: ErrWrongCode,
// ErrCodeExpired.
func (s *Service) CheckCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN, code prepaid.Secret, operationKey string) error {
	stored, err := s.c.Codes.TryCode(ctx, brand, a, m, operationKey)
	switch {
	case errors.Is(err, ErrCodeExpired):
		return ErrCodeExpired
	case err != nil:
		return fmt.Errorf("try one-time code: %w", err)
	case stored.Tries > codeTries || !s.c.Clock.Now().Before(stored.ExpiresAt):
		return ErrCodeExpired
	}
	right, err := s.rightCode(stored, code)
	switch {
	case err != nil:
		return fmt.Errorf("check one-time code: %w", err)
	case !right:
		return ErrWrongCode
	}
	if err := s.c.Codes.UseCode(ctx, brand, a, m); err != nil {
		return fmt.Errorf("use one-time code: %w", err)
	}
	return nil
}

// makeCode derives the code from the operation key: so a repeated call gives it again, and it is stored
// nowhere in clear. Reducing 64 bits to six digits favours some codes by less than one in ten million million.
func (s *Service) makeCode(b *prepaid.Brand, a prepaid.Address, m prepaid.MSISDN, operationKey string) prepaid.Secret {
	if b.Test && b.TestCode != "" {
		return prepaid.NewSecret(b.TestCode)
	}
	sum := s.peppers.newMAC(forCode, b.Name, string(a), string(m), operationKey)
	return prepaid.NewSecret(fmt.Sprintf("%06d", binary.BigEndian.Uint64(sum)%1_000_000))
}

// hashCode is a code as it is stored: the pepper's version and a MAC, "1:3q2-7w…". It needs no slow hash: it
// is worth nothing after ten minutes.
func (s *Service) hashCode(brand string, a prepaid.Address, m prepaid.MSISDN, code prepaid.Secret) string {
	sum := s.peppers.newMAC(forCodeHash, brand, string(a), string(m), code.Reveal())
	return strconv.Itoa(s.peppers.newest) + ":" + base64.RawURLEncoding.EncodeToString(sum)
}

func (s *Service) rightCode(stored Code, code prepaid.Secret) (bool, error) {
	version, want, _ := strings.Cut(stored.Hash, ":")
	v, err := strconv.Atoi(version)
	if err != nil {
		return false, errors.New("stored one-time code is malformed")
	}
	sum, err := s.peppers.mac(v, forCodeHash, stored.Brand, string(stored.Address), string(stored.MSISDN), code.Reveal())
	if err != nil {
		return false, err
	}
	got := base64.RawURLEncoding.EncodeToString(sum)
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1, nil
}
