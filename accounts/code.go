package accounts

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

const (
	codeAge   = 10 * time.Minute
	codeTries = 3
	codeHour  = time.Hour // what a brand's budget is for
)

// CodeRequest asks for a one-time code.
type CodeRequest struct {
	Brand, Channel string
	Address        prepaid.Address // who asks
	MSISDN         prepaid.MSISDN  // whose phone it goes to
	OperationKey   string
}

// NewCode makes a one-time code of six digits for a number, valid 10 min and 3 tries, to be sent to it by SMS. Repeated
// with the same operation key it returns the same code, which counts once. Errors: ErrTooManyCodes where the address or
// the number has had its share of the hour; ErrCodesSpent where the number's block, the channel or the brand has.
// Strangers leave the last fifth of all but the address's share to customers, who are known by their address: else whoever
// types somebody's number often enough keeps its owner from a new PIN.
func (s *Service) NewCode(ctx context.Context, r CodeRequest) (prepaid.Secret, error) {
	b, err := s.brand(r.Brand)
	if err != nil {
		return prepaid.Secret{}, err
	}
	budget := b.Codes.OrDefault()
	for _, a := range []prepaid.Address{r.Address, r.MSISDN.Tel()} { // what was sent to either counts, whoever has left since
		if err := s.Remember(ctx, r.Brand, a); err != nil {
			return prepaid.Secret{}, err
		}
	}
	c, err := s.c.Customers.CustomerByAddress(ctx, r.Brand, r.Address)
	switch {
	case err != nil && !errors.Is(err, ErrNoCustomer):
		return prepaid.Secret{}, fmt.Errorf("look up who asks for a one-time code: %w", err)
	case err != nil || !c.Registered():
		budget = forStrangers(budget)
	}
	now := s.c.Clock.Now()
	code := s.makeCode(b, r.Address, r.MSISDN, r.OperationKey)
	by, err := s.c.Codes.SaveCode(ctx, Code{
		Brand: r.Brand, Channel: r.Channel, Address: r.Address, MSISDN: r.MSISDN, OperationKey: r.OperationKey,
		Hash:      s.hashCode(r.Brand, r.Address, r.MSISDN, code),
		CreatedAt: now, ExpiresAt: now.Add(codeAge),
	}, CodeCaps{Since: now.Add(-codeHour), Budget: budget})
	if err != nil {
		return prepaid.Secret{}, fmt.Errorf("save one-time code: %w", err)
	}
	switch by {
	case NoCap:
		return code, nil
	case CapAddress, CapNumber:
		err = ErrTooManyCodes
	default:
		err = ErrCodesSpent
	}
	s.c.CodeRefused(r.Brand, r.Channel, by)
	return prepaid.Secret{}, err
}

// forStrangers is the budget without the fifth that is kept for customers.
func forStrangers(b prepaid.CodeBudget) prepaid.CodeBudget {
	for _, shared := range []*int{&b.PerNumber, &b.PerBlock, &b.PerChannel, &b.PerBrand} {
		*shared -= *shared / 5
	}
	return b
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
	sum, _ := s.newMAC(forCode, b.Name, string(a), string(m), operationKey)
	return prepaid.NewSecret(fmt.Sprintf("%06d", binary.BigEndian.Uint64(sum)%1_000_000))
}

// hashCode is a code as it is stored: the pepper's version and a MAC, "1:3q2-7w…". It needs no slow hash: it
// is worth nothing after ten minutes.
func (s *Service) hashCode(brand string, a prepaid.Address, m prepaid.MSISDN, code prepaid.Secret) string {
	sum, version := s.newMAC(forCodeHash, brand, string(a), string(m), code.Reveal())
	return versioned(version, sum)
}

func (s *Service) rightCode(stored Code, code prepaid.Secret) (bool, error) {
	return s.fits(stored.Hash, forCodeHash, stored.Brand, string(stored.Address), string(stored.MSISDN), code.Reveal())
}
