package cards

import (
	"context"
	"fmt"
	"log/slog"

	"pulsa/prepaid"
)

// Config is what a Service is made of.
type Config struct {
	Store     Store
	Releaser  Releaser
	Tries     Tries
	Jobs      Jobs
	Batches   Batches
	Shelf     Shelf
	Codes     Codes
	KeyChecks KeyChecks
	Reports   Reports
	Brands    *prepaid.Brands
	Keys      *prepaid.Keyring // what codes are MACed and sealed with
	Clock     prepaid.Clock
	Log       *slog.Logger // nil: nothing is logged
	Chunk     int          // how many cards one transaction of a job deals with; 0: 5000
}

// Service runs the card business; it is the topup.Funding by card. Safe for concurrent use.
type Service struct {
	c     Config
	vault vault
}

// New returns a Service; an error where there is no key or a short one.
func New(c Config) (*Service, error) {
	v, err := newVault(c.Keys)
	if err != nil {
		return nil, err
	}
	if c.Chunk == 0 {
		c.Chunk = 5000
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{c: c, vault: v}, nil
}

// Card returns a card by serial; ErrUnknown.
func (s *Service) Card(ctx context.Context, brand, serial string) (Card, error) {
	if _, err := s.brand(brand); err != nil {
		return Card{}, err
	}
	return s.c.Store.CardBySerial(ctx, brand, serial)
}

func (s *Service) brand(name string) (*prepaid.Brand, error) {
	b := s.c.Brands.Named(name)
	if b == nil {
		return nil, fmt.Errorf("no brand is named %q", name)
	}
	return b, nil
}
