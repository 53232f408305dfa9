package accounts

import (
	"context"
	"errors"
	"fmt"

	"pulsa/prepaid"
)

var errBadPIN = errors.New("PIN is not four digits")

// Registration is what a customer has typed.
type Registration struct {
	Brand      string
	MSISDN     prepaid.MSISDN
	PIN        prepaid.Secret
	Language   string
	Places     []Place // proven to be the customer's
	Recognised bool    // the network knows the number
	// OperationKey is the registration's: repeated or corrected (another PIN) it is the same.
	OperationKey string
}

// PINKey is a PIN as it may wait in a session between being typed twice: the pepper's version and a MAC that is bound to the
// sender, "1:3q2-7w…". It is only good for SamePIN.
func (s *Service) PINKey(sender string, pin prepaid.Secret) string {
	sum, version := s.newMAC(forPINKey, sender, pin.Reveal())
	return versioned(version, sum)
}

// SamePIN reports whether a PIN is the one that a PINKey was made of, for the same sender. With a pepper that we do not have no
// PIN is: it is then chosen anew.
func (s *Service) SamePIN(key, sender string, pin prepaid.Secret) bool {
	same, err := s.fits(key, forPINKey, sender, pin.Reveal())
	return err == nil && same
}

// ErrNumberBlocked says that an operator has blocked a number.
var ErrNumberBlocked = errors.New("number is blocked")

// Register stores a customer who can't pay yet and the addresses proven to be theirs. Its own operation key may do so again,
// with another PIN too, until the customer can pay or the number is recovered. ErrRegistered, and nothing is stored, where the number is a customer's
// already: who knows the PIN links another address, who does not recovers the number. Whoever closed an account with this
// number comes back to it: registering anew sheds nothing. ErrFrozen where that account was frozen,
// ErrNumberBlocked where an operator has blocked the number.
func (s *Service) Register(ctx context.Context, r Registration) (Customer, error) {
	customer, err := s.register(ctx, r)
	if err != nil {
		return Customer{}, fmt.Errorf("register customer: %w", err)
	}
	return customer, nil
}

func (s *Service) register(ctx context.Context, r Registration) (Customer, error) {
	if s.c.Blocked != nil && s.c.Blocked(r.Brand, r.MSISDN) {
		return Customer{}, ErrNumberBlocked
	}
	now := s.c.Clock.Now()
	for _, p := range r.Places {
		if err := s.Remember(ctx, r.Brand, p.Address); err != nil {
			return Customer{}, err
		}
	}
	c := Customer{Brand: r.Brand, MSISDN: r.MSISDN, Language: r.Language, Status: Pending, CreatedAt: now, RegisteredBy: r.OperationKey}
	if r.Recognised {
		c.Recognised = now
	}
	known, err := s.c.Customers.CustomerByMSISDN(ctx, r.Brand, r.MSISDN)
	switch {
	case err == nil:
		c.ID = known.ID
	case errors.Is(err, ErrNoCustomer):
		c.ID = prepaid.NewID[prepaid.CustomerID]()
	default:
		return Customer{}, err
	}
	// The hash is bound to the id. Where another registration of the number was first, or a customer comes back, that id is
	// kept, and the PIN is hashed once more for it.
	for {
		if c.PIN.Hash, err = s.newPINHash(ctx, c.Brand, c.ID, r.PIN); err != nil {
			return Customer{}, err
		}
		stored, err := s.c.Customers.SaveRegistration(ctx, c, r.Places, s.numberPseudonyms(r.Brand, r.MSISDN)...)
		switch {
		case err != nil:
			return Customer{}, err
		case stored.ID == c.ID && stored.PIN.Hash != c.PIN.Hash:
			return Customer{}, ErrRegistered
		case stored.ID == c.ID:
			return stored, nil
		}
		c.ID = stored.ID
	}
}

// ChangePIN stores a new PIN and ends all locks. ErrRecovered where the number has another holder than c by now, ErrFrozen
// while the account is.
func (s *Service) ChangePIN(ctx context.Context, c Customer, pin prepaid.Secret) error {
	hash, err := s.newPINHash(ctx, c.Brand, c.ID, pin)
	if err != nil {
		return fmt.Errorf("change PIN: %w", err)
	}
	return s.c.Customers.UpdateCustomer(ctx, c.ID, Update{PINHash: &hash, Holder: c.Holder})
}

func (s *Service) newPINHash(ctx context.Context, brand string, id prepaid.CustomerID, pin prepaid.Secret) (string, error) {
	b, err := s.brand(brand)
	if err != nil {
		return "", err
	}
	if !wellFormed(pin) {
		return "", errBadPIN
	}
	if b.Test && b.CheapPINHash {
		return s.hashPIN(ctx, cheapCost(), id, pin)
	}
	return s.hashPIN(ctx, fullCost(), id, pin)
}
