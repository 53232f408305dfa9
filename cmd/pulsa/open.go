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
type opened []io.Closer

func (o opened) Close() error {
	var errs []error
	for _, c := range o {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// open opens something by the configuration. The credentials that are needed must be there.
func open[T io.Closer](ctx context.Context, e term.Env, o *opened, s settings, needs config.Credentials, with func(context.Context, config.Config) (T, error)) (T, error) {
	var thing T
	c, err := s.load(e, needs, nil)
	if err != nil {
		return thing, err
	}
	if thing, err = with(ctx, c); err == nil {
		*o = append(*o, thing)
	}
	return thing, err
}

// openDesk is core.OpenDesk, or core.NewDesk for commands that may run before the first start of a server: it creates a missing
// database.
type openDesk func(context.Context, config.Config) (*core.Desk, error)

// ProvideDesk opens the desk. It needs no credentials but those of the stores.
func (s settings) ProvideDesk(ctx context.Context, e term.Env, o *opened) (*core.Desk, error) {
	return open(ctx, e, o, s, config.NoCredentials, core.OpenDesk)
}

// ProvideDesk opens the desk, where the brand must be one that is in force.
func (b ofBrand) ProvideDesk(ctx context.Context, e term.Env, o *opened) (*core.Desk, error) {
	d, err := b.settings.ProvideDesk(ctx, e, o)
	if err == nil {
		_, err = d.Brand(b.Brand)
	}
	return d, err
}

// ProvideDesk opens the desk, where the brand must be one that is in force, if one is named.
func (b someBrand) ProvideDesk(ctx context.Context, e term.Env, o *opened) (*core.Desk, error) {
	if b.Brand == "" {
		return b.settings.ProvideDesk(ctx, e, o)
	}
	return ofBrand(b).ProvideDesk(ctx, e, o)
}

// ProvideBrands opens the operations on brands' settings.
func (s settings) ProvideBrands(ctx context.Context, e term.Env, o *opened) (operators.Brands, error) {
	return brandsOn(ctx, e, o, s, core.OpenDesk)
}

func brandsOn(ctx context.Context, e term.Env, o *opened, s settings, desk openDesk) (operators.Brands, error) {
	d, err := open(ctx, e, o, s, config.NoCredentials, desk)
	if err != nil {
		return operators.Brands{}, err
	}
	err = d.OpenBrands()
	return d.Brands, err
}

// ProvideAPIKeys opens the operations that change developers' keys.
func (s settings) ProvideAPIKeys(ctx context.Context, e term.Env, o *opened) (operators.APIKeys, error) {
	return apiKeysOn(ctx, e, o, s, core.OpenDesk)
}

func apiKeysOn(ctx context.Context, e term.Env, o *opened, s settings, desk openDesk) (operators.APIKeys, error) {
	d, err := open(ctx, e, o, s, config.PINPepper, desk)
	if err != nil {
		return operators.APIKeys{}, err
	}
	err = d.OpenAPIKeys(ctx)
	return d.APIKeys, err
}

// ProvideMasterKeys opens the operations on master keys.
func (s settings) ProvideMasterKeys(ctx context.Context, e term.Env, o *opened) (operators.Keys, error) {
	d, err := s.ProvideDesk(ctx, e, o)
	if err != nil {
		return operators.Keys{}, err
	}
	return d.MasterKeys()
}

// ProvideCards opens the operations on the brand's cards. It creates a missing database: cards may be made before the first start
// of a server.
func (b ofBrand) ProvideCards(ctx context.Context, e term.Env, o *opened) (operators.Cards, error) {
	d, err := open(ctx, e, o, b.settings, config.CardKey, core.NewDesk)
	if err != nil {
		return operators.Cards{}, err
	}
	return d.OpenCards(ctx, b.Brand)
}

// ProvideChannels opens the operations on the brand's channels.
func (b ofBrand) ProvideChannels(ctx context.Context, e term.Env, o *opened) (operators.Channels, error) {
	d, err := open(ctx, e, o, b.settings, config.ChannelSecrets, func(ctx context.Context, c config.Config) (*app.ChannelDesk, error) {
		return app.OpenChannels(ctx, c, b.Brand)
	})
	if err != nil {
		return operators.Channels{}, err
	}
	return d.Channels, nil
}
