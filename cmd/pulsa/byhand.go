package main

import (
	"context"
	"errors"
	"strings"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/prepaid"
	"pulsa/store"
)

// actor says who does something by hand.
type actor struct {
	By string `help:"Who does it, for the record (default: $PULSA_OPERATOR, else the operating system's user)." placeholder:"NAME"`
}

// who is the operator's name.
func (a actor) who(e environ) string { return operatorName(e, a.By) }

// deed says who does something by hand, and why.
type deed struct {
	actor
	Reason string `help:"Why, for the record. Write no number or name of a customer." placeholder:"TEXT"`
}

// by is for the record. It is an error not to give a reason; a command that needs none calls who instead.
func (d deed) by(e environ) (prepaid.By, error) {
	by := prepaid.By{Who: d.who(e), Why: strings.TrimSpace(d.Reason)}
	if by.Why == "" {
		return by, errors.New("say why: --reason TEXT")
	}
	return by, nil
}

// openDB opens the store alone: what only reads or writes SQL may run beside a server.
func (s settings) openDB(ctx context.Context, e environ) (config.Config, *store.DB, error) {
	c, err := s.load(e, nil)
	if err != nil {
		return c, nil, err
	}
	db, err := store.Open(ctx, c.Database(), store.Options{})
	return c, db, err
}

// openFor is openDB for what only looks, or changes what is there, of one brand; "" for all. See core.OpenExisting.
func (s settings) openFor(ctx context.Context, e environ, brand string) (config.Config, *store.DB, error) {
	c, err := s.loadFor(e, brand)
	if err != nil {
		return c, nil, err
	}
	db, err := core.OpenExisting(ctx, c)
	return c, db, err
}

// loadFor loads the configuration, in which the brand must be; "" for a command about all.
func (s settings) loadFor(e environ, brand string) (config.Config, error) {
	c, err := s.load(e, nil)
	if err == nil && brand != "" {
		_, err = c.Brand(brand)
	}
	return c, err
}

// openDesk opens what operators do with SQL alone, for one brand; "" for all. The caller closes it.
func (s settings) openDesk(ctx context.Context, e environ, brand string) (*core.Desk, error) {
	c, err := s.loadFor(e, brand)
	if err != nil {
		return nil, err
	}
	return core.OpenDesk(ctx, c)
}
