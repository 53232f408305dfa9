package app

import (
	"context"
	"errors"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
)

// ChannelDesk holds what operators do with one brand's channels. It needs no running server. The caller closes it.
type ChannelDesk struct {
	operators.Channels
	db *store.DB
}

// OpenChannels opens the channels of a brand; *config.NoBrandError. It creates the database where there is none, since a channel
// may be tried before the first start.
func OpenChannels(ctx context.Context, c config.Config, brand string) (*ChannelDesk, error) {
	db, err := store.Open(ctx, c.Database(), store.Options{MigrateURL: c.MigrateURL.Reveal()})
	if err != nil {
		return nil, err
	}
	settings, err := core.ReadSettings(ctx, c, db.Brands)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b, err := settings.Brand(brand)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	clock := prepaid.SystemClock{}
	registry := channels.NewRegistry(prepaid.NewBrands(b), c.PublicURL, db.Channels, clock)
	for _, a := range append(Providers(clock), fake.New(db.Outbox, clock)) {
		if err := registry.Register(a); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return &ChannelDesk{operators.Channels{Brand: b, Registry: registry, Store: db.Channels, Outbox: db.Outbox, Leases: db.Leases,
		BotLease: BotLeaseOf, Clock: clock}, db}, nil
}

// Close closes the store.
func (d *ChannelDesk) Close() error { return d.db.Close() }
