package payments

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Config is what a Service is made of.
type Config struct {
	Store    Store
	Gateways map[string]Gateway // by name: "sim", "stripe"
	Mandates Mandates
	Keys     *prepaid.Keyring // seals IBANs: the card key
	Brands   *prepaid.Brands
	Clock    prepaid.Clock
	Log      *slog.Logger
	// Blocked reports whether an operator has blocked an instrument, and BlockedIBAN an IBAN: it is neither set up nor charged. nil: none is.
	Blocked     func(i Instrument) bool
	BlockedIBAN func(brand string, i IBAN) bool
	// Reached is called at the named crash points "mandate" and "signed". Only tests set it.
	Reached func(point string)
}

// Service sets up instruments and charges them; it is the topup.Funding by charge. Safe for concurrent use.
type Service struct {
	c     Config
	vault *prepaid.Vault // of IBANs
}

// New returns a Service.
func New(c Config) (*Service, error) {
	vault, err := prepaid.NewVault(c.Keys, "iban")
	if err != nil {
		return nil, fmt.Errorf("vault of IBANs: %w", err)
	}
	return &Service{c, vault}, nil
}

// StartRequest says who wants to pay how, and who is told when it is done.
type StartRequest struct {
	Brand        string
	Customer     prepaid.CustomerID
	MSISDN       prepaid.MSISDN
	Method       Method
	OperationKey string
	ReplyTo      topup.ReplyTo
	Holder       int // who asks, of those who have held the customer's number; 0 is whoever holds it
}

// StartSetup opens a payment page for a customer. Repeated with the same operation key it returns the same page;
// topup.ErrKeyReused where that is another customer's, accounts.ErrRecovered where the number has another holder by now,
// accounts.ErrFrozen while the account is frozen.
func (s *Service) StartSetup(ctx context.Context, r StartRequest) (Setup, error) {
	id := setupID(r.Brand, r.OperationKey)
	stored := context.WithoutCancel(ctx) // the context's end is for the gateway: it would cut off the database's connection
	setup, err := s.c.Store.Setup(stored, id)
	switch {
	case err == nil && setup.Customer != r.Customer:
		return Setup{}, fmt.Errorf("start payment setup: %w", topup.ErrKeyReused)
	case err == nil:
		return setup, nil
	}
	if !errors.Is(err, ErrNoSetup) {
		return Setup{}, fmt.Errorf("start payment setup: %w", err)
	}
	brand := s.c.Brands.Named(r.Brand)
	if brand == nil {
		return Setup{}, fmt.Errorf("start payment setup: no brand %q", r.Brand)
	}
	gateway := s.c.Gateways[brand.Gateway]
	if gateway == nil {
		return Setup{}, fmt.Errorf("start payment setup: brand %q has no gateway %q", r.Brand, brand.Gateway)
	}
	former, err := s.openSetup(ctx, r.Customer)
	if err != nil {
		return Setup{}, fmt.Errorf("start payment setup: %w", err)
	}
	page, err := gateway.StartSetup(ctx, SetupRequest{
		Reference: string(id), Brand: brand, Customer: r.Customer, MSISDN: r.MSISDN,
		Method: r.Method, Language: brand.Language(r.ReplyTo.Language),
	})
	if err != nil {
		return Setup{}, fmt.Errorf("start payment setup: %w", err)
	}
	setup, err = s.c.Store.SaveSetup(stored, Setup{
		ID: id, OperationKey: r.OperationKey, Brand: r.Brand, Customer: r.Customer, Gateway: brand.Gateway,
		Method: r.Method, URL: page.URL, GatewayRef: page.GatewayRef, Status: SetupOpen,
		ReplyTo: r.ReplyTo, Holder: r.Holder, CreatedAt: s.c.Clock.Now(),
	})
	if err != nil {
		return Setup{}, fmt.Errorf("start payment setup: %w", err)
	}
	s.closePage(ctx, former, setup)
	return setup, nil
}

// openSetup returns a customer's open setup, the zero one where there is none.
func (s *Service) openSetup(ctx context.Context, c prepaid.CustomerID) (Setup, error) {
	open, err := s.c.Store.OpenSetup(ctx, c)
	if errors.Is(err, ErrNoSetup) {
		return Setup{}, nil
	}
	return open, err
}

// closePage closes the page of a setup that a newer one has abandoned. A page that stays open for all that completes
// nothing.
func (s *Service) closePage(ctx context.Context, former, setup Setup) {
	gateway := s.c.Gateways[former.Gateway]
	if gateway == nil || former.URL == "" || former.ID == setup.ID || setup.Status != SetupOpen {
		return
	}
	if err := gateway.CloseSetup(ctx, former); err != nil {
		s.c.Log.WarnContext(ctx, "page of an abandoned payment setup not closed", "setup", former.ID, "brand", former.Brand, "error", err)
	}
}

// setupID derives the id from the operation key. A start that is repeated because we died between the
// gateway's answer and ours thus asks the gateway for the same reference, and gets the page that it
// opened the first time.
func setupID(brand, operationKey string) prepaid.SetupID {
	const letters = "bcdfghjklmnpqrstvwxz" // as prepaid's ids
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(brand), brand, operationKey))
	id := make([]byte, 20)
	for i := range id {
		id[i] = letters[int(sum[i])%len(letters)]
	}
	return prepaid.SetupID(id)
}

// Setup returns a setup; ErrNoSetup.
func (s *Service) Setup(ctx context.Context, id prepaid.SetupID) (Setup, error) {
	return s.c.Store.Setup(ctx, id)
}

// Remove ends an instrument at its customer's word. Charges that were begun run on. The gateway is not told: it keeps what it
// stores, and is asked for nothing more.
func (s *Service) Remove(ctx context.Context, r Removal) error {
	r.At = s.c.Clock.Now()
	if err := s.c.Store.RemoveInstrument(ctx, r); err != nil {
		return err
	}
	s.c.Log.InfoContext(ctx, "instrument was removed by its customer", "customer", r.Customer)
	return nil
}

// blocked reports whether an operator has blocked an instrument.
func (s *Service) blocked(i *Instrument) bool {
	return i != nil && s.c.Blocked != nil && s.c.Blocked(*i)
}
