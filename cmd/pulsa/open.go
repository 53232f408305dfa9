package main

import (
	"context"
	"errors"
	"io"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

// What a command's Run works on is opened by the methods of its flags whose names begin with Provide: kong calls the one that
// returns what Run takes.

// opened is what they have opened. run closes it.
type opened struct {
	env    term.Env
	things []io.Closer
}

func (o *opened) Close() error {
	var errs []error
	for _, thing := range o.things {
		errs = append(errs, thing.Close())
	}
	return errors.Join(errs...)
}

// open opens something by the configuration. The credentials that are needed must be there.
func open[T io.Closer](ctx context.Context, o *opened, s settings, needs config.Credentials, with func(context.Context, config.Config) (T, error)) (T, error) {
	var thing T
	c, err := s.load(o.env, needs, nil)
	if err != nil {
		return thing, err
	}
	if thing, err = with(ctx, c); err == nil {
		o.things = append(o.things, thing)
	}
	return thing, err
}

// partOf returns a part of what was opened, if that has not failed.
func partOf[D, T any](part func(D) (T, error)) func(D, error) (T, error) {
	return func(d D, err error) (t T, _ error) {
		if err != nil {
			return t, err
		}
		return part(d)
	}
}

// ProvideDesk opens the desk. It needs no credentials but those of the stores.
func (s settings) ProvideDesk(ctx context.Context, o *opened) (*core.Desk, error) {
	return open(ctx, o, s, config.NoCredentials, core.OpenDesk)
}

// ProvideDesk opens the desk. A brand that is named must be known: in force, or withdrawn.
func (b someBrand) ProvideDesk(ctx context.Context, o *opened) (*core.Desk, error) {
	return open(ctx, o, b.settings, config.NoCredentials, func(ctx context.Context, c config.Config) (*core.Desk, error) {
		return core.OpenDeskFor(ctx, c, b.Brand)
	})
}

// ProvideDesk opens the desk. The brand must be known: in force, or withdrawn.
func (b ofBrand) ProvideDesk(ctx context.Context, o *opened) (*core.Desk, error) {
	return someBrand(b).ProvideDesk(ctx, o)
}

// ProvideBooks opens the books. No provider can be asked.
func (s settings) ProvideBooks(ctx context.Context, o *opened) (*app.Books, error) {
	return open(ctx, o, s, config.NoCredentials, app.OpenBooks)
}

// ProvideBrands opens the operations on brands' settings.
func (s settings) ProvideBrands(ctx context.Context, o *opened) (operators.Brands, error) {
	return partOf((*core.Desk).OpenBrands)(s.ProvideDesk(ctx, o))
}

// ProvideMasterKeys opens the operations on master keys.
func (s settings) ProvideMasterKeys(ctx context.Context, o *opened) (operators.Keys, error) {
	return partOf((*core.Desk).MasterKeys)(s.ProvideDesk(ctx, o))
}

// ProvideAPIKeys opens the operations that change developers' keys.
func (s settings) ProvideAPIKeys(ctx context.Context, o *opened) (operators.APIKeys, error) {
	return apiKeys(ctx)(open(ctx, o, s, config.PINPepper, core.OpenDesk))
}

func apiKeys(ctx context.Context) func(*core.Desk, error) (operators.APIKeys, error) {
	return partOf(func(d *core.Desk) (operators.APIKeys, error) { return d.OpenAPIKeys(ctx) })
}

// ProvideCards opens the operations on the brand's cards. It creates a missing database: cards may be made before the first start
// of a server.
func (b ofBrand) ProvideCards(ctx context.Context, o *opened) (operators.Cards, error) {
	return partOf(func(d *core.Desk) (operators.Cards, error) { return d.OpenCards(ctx, b.Brand) })(open(ctx, o, b.settings, config.CardKey, core.NewDesk))
}

// ProvideChannels opens the operations on the brand's channels.
func (b ofBrand) ProvideChannels(ctx context.Context, o *opened) (operators.Channels, error) {
	desk, err := open(ctx, o, b.settings, config.ChannelSecrets, func(ctx context.Context, c config.Config) (*app.ChannelDesk, error) {
		return app.OpenChannels(ctx, c, b.Brand)
	})
	if err != nil {
		return operators.Channels{}, err
	}
	return desk.Channels, nil
}
