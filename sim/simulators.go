package sim

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"pulsa/prepaid"
	simgateway "pulsa/sim/gateway"
	simnetwork "pulsa/sim/network"
)

// Simulators play the payment gateway and the network of test brands. They outlive the program in conversation
// scripts, as the real ones would.
type Simulators struct {
	Gateway *simgateway.Gateway
	Network *simnetwork.Network
}

// Options say how simulators are opened.
type Options struct {
	Clock     prepaid.Clock
	Log       *slog.Logger
	Folder    string           // of their books; "": they are in memory alone
	BaseURL   string           // where customers reach the payment pages
	Currency  prepaid.Currency // of our wallet at the network; "": what is credited costs its own currency
	NonAtomic bool             // the network delivers every request of one reference that meets another, as Reloadly does
	Patience  time.Duration    // how long a simulated time-out takes; 0 for the default
}

// Open opens both, and takes up their books where they are.
func Open(o Options) (*Simulators, error) {
	book := func(name string) string {
		if o.Folder == "" {
			return ""
		}
		return filepath.Join(o.Folder, name)
	}
	gateway, err := simgateway.New(simgateway.Config{
		Clock: o.Clock, Book: book(GatewayBook), BaseURL: o.BaseURL, Patience: o.Patience, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	network, err := simnetwork.New(simnetwork.Config{
		Clock: o.Clock, Book: book(NetworkBook), Currency: o.Currency, NonAtomic: o.NonAtomic, Patience: o.Patience, Log: o.Log,
	})
	if err != nil {
		return nil, errors.Join(err, gateway.Close())
	}
	return &Simulators{Gateway: gateway, Network: network}, nil
}

// Redeliver repeats the news that the program has not taken.
func (s *Simulators) Redeliver(ctx context.Context) error {
	return errors.Join(s.Gateway.Redeliver(ctx), s.Network.Redeliver(ctx))
}

// Close closes the books.
func (s *Simulators) Close() error { return errors.Join(s.Gateway.Close(), s.Network.Close()) }
