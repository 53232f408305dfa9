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
	Record    operators.Record
	APIKeys   operators.APIKeys // without its Service: see OpenAPIKeys
	People    operators.People
	Approvals operators.MachineApprovals
	Pauses    operators.MachinePauses

	brands   operators.Brands // without its Reach: see OpenBrands
	config   config.Config
	settings *Settings
	keys     Keyrings // once a method has opened them
	db       *store.DB
	close    []func() error
}

// OpenDesk opens the store as OpenExisting does.
func OpenDesk(ctx context.Context, c config.Config) (*Desk, error) {
	db, err := OpenExisting(ctx, c)
	if err != nil {
		return nil, err
	}
	return newDesk(ctx, c, db)
}

// OpenDeskFor is OpenDesk for what is done for one brand, which must be known, else a *config.NoBrandError; "" is any. A withdrawn
// brand still has orders, customers and what is owed.
func OpenDeskFor(ctx context.Context, c config.Config, brand string) (*Desk, error) {
	d, err := OpenDesk(ctx, c)
	if err != nil || brand == "" {
		return d, err
	}
	if _, err := d.settings.Known(brand); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// NewDesk is OpenDesk for commands that may run before the first start of a server: it creates a missing database.
func NewDesk(ctx context.Context, c config.Config) (*Desk, error) {
	db, err := store.Open(ctx, c.Database(), store.Options{MigrateURL: c.MigrateURL.Reveal()})
	if err != nil {
		return nil, err
	}
	return newDesk(ctx, c, db)
}

func newDesk(ctx context.Context, c config.Config, db *store.DB) (*Desk, error) {
	clock := prepaid.SystemClock{}
	settings, err := ReadSettings(ctx, c, db.Brands)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	d := &Desk{
		config: c, settings: settings, db: db,
		brands: operators.Brands{Store: db.Brands, Read: BrandReader(c), File: config.SettingsFile, Clock: clock},
		Orders: operators.Orders{
			Orders: db.Orders, Sales: db.Sales, Ledger: db.Ledger, Notices: db.Notices, Deeds: db.Deeds, Clock: clock,
		},
		Customers: operators.Customers{
			Customers: db.Customers, Addresses: db.OptOuts, Orders: db.Orders, Deeds: db.Deeds, Mandates: db.Mandates,
			Moves: db.Moves, Notices: db.Notices, Switches: db.Channels, Brands: settings.Brands, Clock: clock,
		},
		Record:  operators.Record{Deeds: db.Deeds, Clock: clock},
		APIKeys: operators.APIKeys{Keys: db.Developers, Deeds: db.Deeds, Webhooks: db.Webhooks, Clock: clock, Brands: settings.Brands, Terms: settings.Terms},
		People:  operators.People{Store: db.People, Clock: clock, Brands: settings.Brands, DeskURL: c.DeskURL},
	}
	d.Approvals.Desk = &operators.Desk{Deeds: db.Deeds, Approvals: db.Approvals, Staff: d.People, Clock: clock}
	d.Pauses.Desk = &operators.Desk{Pauses: db.Blocks, Brands: settings.Brands, Clock: clock}
	d.brands.FileNote = d.fileNote
	return d, nil
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
func (d *Desk) OpenAPIKeys(ctx context.Context) (operators.APIKeys, error) {
	keys := d.APIKeys
	err := d.openPeppers(ctx)
	if err == nil {
		keys.Service, err = developers.New(DevelopersConfig(d.config, d.settings, d.keys, d.db, prepaid.SystemClock{}))
	}
	return keys, err
}

// DevelopersConfig configures a service that manages developers' keys. To take orders as well, add Orders, Catalogue and Log.
func DevelopersConfig(c config.Config, s *Settings, keys Keyrings, db *store.DB, clock prepaid.Clock) developers.Config {
	return developers.Config{
		Keys: db.Developers, Usage: db.Developers, Sales: db.Sales, Webhooks: db.Webhooks,
		Terms: s.Terms, Secrets: keys[operators.PINPepper], Audience: c.PublicURL, Clock: clock,
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
// (else a *KeyError). The brand must be in force, else a *config.NoBrandError.
func (d *Desk) OpenCards(ctx context.Context, brand string) (operators.Cards, error) {
	b, err := d.settings.Brand(brand)
	if err != nil {
		return operators.Cards{}, err
	}
	if err := d.openKeys(config.CardKey); err != nil {
		return operators.Cards{}, err
	}
	clock := prepaid.SystemClock{}
	service, err := NewCards(d.settings.Brands, d.keys, d.db, clock, nil) // no customer types a code here, and nothing else is logged
	if err != nil {
		return operators.Cards{}, err
	}
	return operators.Cards{Brand: b, Service: service, Clock: clock}, d.keys.openCardKeys(ctx, d.config, d.db, service)
}

// fileNote is operators.Brands.FileNote.
func (d *Desk) fileNote(brand string) string {
	b := d.settings.Brands.Known(brand)
	if _, declared := d.config.Sources[brand]; !declared || !takesFile(d.db, b) {
		return ""
	}
	return fmt.Sprintf("a test brand on the embedded database: the next start of a server takes what %s says of it", d.config.File)
}

// OpenBrands opens what counting whom a brand's settings reach needs beside SQL: the conversations.
func (d *Desk) OpenBrands() (operators.Brands, error) {
	brands := d.brands
	each, err := d.openConversations()
	if err == nil {
		brands.Reach = reach{d.db.Brands, prepaid.SystemClock{}, each.Each}
	}
	return brands, err
}

// conversations is what operators do with conversations, where no turn is under way.
type conversations interface {
	operators.ConversationEraser
	Each(ctx context.Context, prefix string, visit func(sender string, session []byte) error) error
}

func (d *Desk) openConversations() (conversations, error) {
	if d.config.RedisURL.Empty() {
		return sessions.NewSQLite(d.db.Writer()), nil
	}
	client, err := sessions.DialRedis(d.config.RedisURL.Reveal())
	if err != nil {
		return nil, err
	}
	d.close = append(d.close, client.Close)
	return sessions.NewRedis(client), nil
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
	d.Customers.Conversations, err = d.openConversations()
	return err
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
