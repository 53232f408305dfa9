package main

import (
	"context"
	"errors"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

// loadFor loads the configuration, in which the brand must be; "" for a command about all.
func (s settings) loadFor(e term.Env, brand string) (config.Config, error) {
	c, err := s.load(e, nil)
	if err == nil && brand != "" {
		_, err = c.Brand(brand)
	}
	return c, err
}

// onDesk opens what operators do with SQL alone, for one brand or for all (""), and has do work with it.
func (s settings) onDesk(ctx context.Context, e term.Env, brand string, do func(*core.Desk) error) error {
	desk, err := s.openDesk(ctx, e, brand)
	if err != nil {
		return err
	}
	return errors.Join(do(desk), desk.Close())
}

// onNewDesk is onDesk for what may come first: it creates the database where there is none.
func (s settings) onNewDesk(ctx context.Context, e term.Env, brand string, do func(*core.Desk) error) error {
	c, err := s.loadFor(e, brand)
	if err != nil {
		return err
	}
	desk, err := core.NewDesk(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(do(desk), desk.Close())
}

// onKeys opens what changes keys, and has do work with it.
func (s settings) onKeys(ctx context.Context, e term.Env, do func(operators.APIKeys) error) error {
	return s.onDesk(ctx, e, "", func(d *core.Desk) error {
		if err := d.OpenAPIKeys(ctx); err != nil {
			return err
		}
		return do(d.APIKeys)
	})
}

// onChannels opens the brand's channels, and has do work with them.
func (o ofBrand) onChannels(ctx context.Context, e term.Env, do func(operators.Channels) error) error {
	c, err := o.load(e, nil)
	if err != nil {
		return err
	}
	d, err := app.OpenChannels(ctx, c, o.Brand)
	if err != nil {
		return err
	}
	return errors.Join(do(d.Channels), d.Close())
}

// openDesk opens what operators do with SQL alone, for one brand; "" for all. The caller closes it.
func (s settings) openDesk(ctx context.Context, e term.Env, brand string) (*core.Desk, error) {
	c, err := s.loadFor(e, brand)
	if err != nil {
		return nil, err
	}
	return core.OpenDesk(ctx, c)
}
