package main

import (
	"context"
	"errors"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/store"
)

// openDB opens the store alone: what only reads or writes SQL may run beside a server.
func (s settings) openDB(ctx context.Context, e term.Env) (config.Config, *store.DB, error) {
	c, err := s.load(e, nil)
	if err != nil {
		return c, nil, err
	}
	db, err := store.Open(ctx, c.Database(), store.Options{})
	return c, db, err
}

// openFor is openDB for what only looks, or changes what is there, of one brand; "" for all. See core.OpenExisting.
func (s settings) openFor(ctx context.Context, e term.Env, brand string) (config.Config, *store.DB, error) {
	c, err := s.loadFor(e, brand)
	if err != nil {
		return c, nil, err
	}
	db, err := core.OpenExisting(ctx, c)
	return c, db, err
}

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

// openDesk opens what operators do with SQL alone, for one brand; "" for all. The caller closes it.
func (s settings) openDesk(ctx context.Context, e term.Env, brand string) (*core.Desk, error) {
	c, err := s.loadFor(e, brand)
	if err != nil {
		return nil, err
	}
	return core.OpenDesk(ctx, c)
}
