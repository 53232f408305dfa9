package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"pulsa/accounts"
	"pulsa/app/config"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/sessions"
)

// Desk holds what operators do with SQL alone. It works beside a running server. The caller closes it.
type Desk struct {
	Orders    operators.Orders
	Customers operators.Customers
	APIKeys   operators.APIKeys // without its Service until OpenAPIKeys

	config config.Config
	keys   Keyrings // once a method has opened them
	db     *store.DB
	close  []func() error
}

// OpenDesk opens the store as OpenExisting does.
func OpenDesk(ctx context.Context, c config.Config) (*Desk, error) {
	db, err := OpenExisting(ctx, c)
	if err != nil {
		return nil, err
	}
	return newDesk(c, db), nil
}

// NewDesk is OpenDesk for commands that may run before the first start of a server: it creates a missing database.
func NewDesk(ctx context.Context, c config.Config) (*Desk, error) {
	db, err := store.Open(ctx, c.Database(), store.Options{MigrateURL: c.MigrateURL.Reveal()})
	if err != nil {
		return nil, err
	}
	return newDesk(c, db), nil
}

func newDesk(c config.Config, db *store.DB) *Desk {
	clock := prepaid.SystemClock{}
	return &Desk{
		config: c, db: db,
		Orders: operators.Orders{
			Orders: db.Orders, Sales: db.Sales, Ledger: db.Ledger, Notices: db.Notices, Interventions: db.Interventions, Clock: clock,
		},
		Customers: operators.Customers{
			Customers: db.Customers, Addresses: db.OptOuts, Orders: db.Orders, Interventions: db.Interventions, Mandates: db.Mandates,
			Moves: db.Moves, Notices: db.Notices, Switches: db.Channels, Brands: BrandsByName(c), Clock: clock,
		},
		APIKeys: operators.APIKeys{Keys: db.Developers, Webhooks: db.Webhooks, Clock: clock, Terms: c.API},
	}
}

// openPeppers opens the keys that PINs and developers' secrets are hashed with. They must be those that the data was made with,
// else a *KeyError.
func (d *Desk) openPeppers(ctx context.Context) error {
	if err := d.openKeys(config.PINPepper); err != nil {
		return err
	}
	return d.keys.openPepper(ctx, d.config, d.db)
}

func (d *Desk) openKeys(which config.Credentials) error {
	err := d.config.OpenKeys(which)
	if err == nil {
		d.keys = NewKeyrings(d.config)
	}
	return err
}

// OpenAPIKeys opens what changing developers' keys needs beside SQL. Errors as OpenErasing.
func (d *Desk) OpenAPIKeys(ctx context.Context) error {
	err := d.openPeppers(ctx)
	if err == nil {
		d.APIKeys.Service, err = developers.New(DevelopersConfig(d.config, d.keys, d.db, prepaid.SystemClock{}))
	}
	return err
}

// DevelopersConfig configures a service that manages developers' keys. To take orders as well, add Orders, Catalogues and Log.
func DevelopersConfig(c config.Config, keys Keyrings, db *store.DB, clock prepaid.Clock) developers.Config {
	return developers.Config{
		Keys: db.Developers, Usage: db.Developers, Sales: db.Sales, Webhooks: db.Webhooks,
		Terms: c.API, Secrets: keys[operators.PINPepper], Audience: c.PublicURL, Clock: clock,
	}
}

// MasterKeys are the operations on master keys. This machine's are those of the environment and the data folder; none has to be
// there.
func (d *Desk) MasterKeys() (operators.Keys, error) {
	c := d.config
	if err := c.FindKeys(); err != nil {
		return operators.Keys{}, err
	}
	return operators.Keys{Store: d.db.MasterKeys, Ours: NewKeyrings(c).CheckValues(), Clock: prepaid.SystemClock{}}, nil
}

// OpenCards opens what work on one brand's cards needs beside SQL: the card keys, which must be those that the data was made with
// (else a *KeyError). The brand must be in the configuration.
func (d *Desk) OpenCards(ctx context.Context, brand string) (operators.Cards, error) {
	b, err := d.config.Brand(brand)
	if err != nil {
		return operators.Cards{}, err
	}
	if err := d.openKeys(config.CardKey); err != nil {
		return operators.Cards{}, err
	}
	clock := prepaid.SystemClock{}
	service, err := NewCards(d.config, d.keys, d.db, clock, nil) // no customer types a code here, and nothing else is logged
	if err != nil {
		return operators.Cards{}, err
	}
	return operators.Cards{Brand: b, Service: service, Clock: clock}, d.keys.openCardKeys(ctx, d.config, d.db, service)
}

// OpenErasing opens what erasing customers needs beside SQL: the keys, which must be those that the data was made with (else a
// *KeyError), and the conversations.
func (d *Desk) OpenErasing(ctx context.Context) error {
	if err := d.openPeppers(ctx); err != nil {
		return err
	}
	service, err := accounts.New(accounts.Config{Brands: d.Customers.Brands, Peppers: d.keys[operators.PINPepper]})
	if err != nil {
		return err
	}
	d.Customers.Pseudonyms = service
	if d.config.RedisURL.Empty() {
		d.Customers.Conversations = sessions.NewSQLite(d.db.Writer())
		return nil
	}
	client, err := sessions.DialRedis(d.config.RedisURL.Reveal())
	if err != nil {
		return err
	}
	d.Customers.Conversations, d.close = sessions.NewRedis(client), append(d.close, client.Close)
	return nil
}

// Close closes all stores.
func (d *Desk) Close() error {
	errs := []error{d.db.Close()}
	for _, c := range d.close {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// OpenExisting opens the store alone. It refuses to create a database, so that a mistyped --data fails: an empty database
// has no violation, and nobody to refund.
func OpenExisting(ctx context.Context, c config.Config) (*store.DB, error) {
	path, _ := strings.CutPrefix(c.Database(), "sqlite:")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !strings.Contains(path, "://") {
		return nil, fmt.Errorf("there is no database %s: give the server's --data (PULSA_DATA) or --config", path)
	}
	return store.Open(ctx, c.Database(), store.Options{MigrateURL: c.MigrateURL.Reveal()})
}
