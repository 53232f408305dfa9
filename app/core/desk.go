package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
)

// Desk is what operators do with SQL alone: it works beside a running server. Close it.
type Desk struct {
	Orders    operators.Orders
	Customers operators.Customers

	db *store.DB
}

// OpenDesk opens the store as OpenExisting does.
func OpenDesk(ctx context.Context, c config.Config) (*Desk, error) {
	db, err := OpenExisting(ctx, c)
	if err != nil {
		return nil, err
	}
	clock := prepaid.SystemClock{}
	return &Desk{
		db: db,
		Orders: operators.Orders{
			Orders: db.Orders, Sales: db.Sales, Ledger: db.Ledger, Notices: db.Notices, Interventions: db.Interventions, Clock: clock,
		},
		Customers: operators.Customers{
			Customers: db.Customers, Addresses: db.OptOuts, Orders: db.Orders, Interventions: db.Interventions, Mandates: db.Mandates, Clock: clock,
		},
	}, nil
}

// Close closes the store.
func (d *Desk) Close() error { return d.db.Close() }

// OpenExisting opens the store alone. It refuses to create a database, so that a mistyped --data fails: an empty database
// has no violation, and nobody to refund.
func OpenExisting(ctx context.Context, c config.Config) (*store.DB, error) {
	path, _ := strings.CutPrefix(c.Database(), "sqlite:")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !strings.Contains(path, "://") {
		return nil, fmt.Errorf("there is no database %s: give the server's --data (PULSA_DATA) or --config", path)
	}
	return store.Open(ctx, c.Database(), store.Options{})
}
