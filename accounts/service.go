package accounts

import (
	"context"
	"fmt"
	"runtime"

	"pulsa/prepaid"
)

// Config is what a Service is made of.
type Config struct {
	Customers Customers
	Tries     Tries
	Codes     Codes
	OptOuts   OptOuts
	Moves     Moves
	Brands    *prepaid.Brands
	Clock     prepaid.Clock
	// Peppers are the keys outside the database that PINs, one-time codes and pseudonyms are hashed with.
	Peppers *prepaid.Keyring
	// PeppersFit returns an error where PINs are stored under other peppers than ours, given to another copy of the program:
	// then none is judged, counted or stored. nil: that need not be asked.
	PeppersFit func(context.Context) error
	// Blocked reports whether an operator has blocked a number: it can't register. nil: none is.
	Blocked func(brand string, m prepaid.MSISDN) bool
	// CodeRefused is told of each one-time code that a cap has refused; may be nil.
	CodeRefused func(brand, channel string, by CodeCap)
}

// Service answers who a customer is. Safe for concurrent use.
type Service struct {
	c Config
	// slots has room for one PIN hash per core: more at once would only take longer and more memory.
	slots chan struct{}
}

// New returns a Service; an error where there is no pepper or a short one.
func New(c Config) (*Service, error) {
	if err := c.Peppers.Check(); err != nil {
		return nil, fmt.Errorf("PIN pepper: %w", err)
	}
	if c.PeppersFit == nil {
		c.PeppersFit = func(context.Context) error { return nil }
	}
	if c.CodeRefused == nil {
		c.CodeRefused = func(string, string, CodeCap) {}
	}
	return &Service{c: c, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}, nil
}

// ByAddress returns the customer who has proven to own an address (for a phone: its number); ErrNoCustomer.
func (s *Service) ByAddress(ctx context.Context, brand string, a prepaid.Address) (Customer, error) {
	return s.c.Customers.CustomerByAddress(ctx, brand, a)
}

// ByMSISDN returns the customer with the number; ErrNoCustomer.
func (s *Service) ByMSISDN(ctx context.Context, brand string, m prepaid.MSISDN) (Customer, error) {
	return s.c.Customers.CustomerByMSISDN(ctx, brand, m)
}

// SetLanguage stores the language the customer wants.
func (s *Service) SetLanguage(ctx context.Context, id prepaid.CustomerID, language string) error {
	return s.c.Customers.UpdateCustomer(ctx, id, Update{Language: &language})
}

// SetRecognised notes that the network knows the customer's number.
func (s *Service) SetRecognised(ctx context.Context, id prepaid.CustomerID) error {
	now := s.c.Clock.Now()
	return s.c.Customers.UpdateCustomer(ctx, id, Update{Recognised: &now})
}

// Link says that the customer has proven to own an address. ErrRecovered where the number has another holder than c by
// now, ErrFrozen while the account is frozen.
func (s *Service) Link(ctx context.Context, c Customer, p Place) error {
	if err := s.Remember(ctx, c.Brand, p.Address); err != nil {
		return err
	}
	return s.c.Customers.LinkAddress(ctx, c, p, s.c.Clock.Now())
}

func (s *Service) brand(name string) (*prepaid.Brand, error) {
	b := s.c.Brands.Named(name)
	if b == nil {
		return nil, fmt.Errorf("no brand is named %q", name)
	}
	return b, nil
}
