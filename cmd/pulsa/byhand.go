package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"pulsa/app/config"
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

// openExisting is openDB for what only looks, or changes what is there: an empty database, made for a mistyped --data,
// would have no violation and nobody to refund.
func (s settings) openExisting(ctx context.Context, e environ) (config.Config, *store.DB, error) {
	return s.openFor(ctx, e, "")
}

// openFor is openExisting for a command about one brand; "" for one about all.
func (s settings) openFor(ctx context.Context, e environ, brand string) (config.Config, *store.DB, error) {
	c, err := s.load(e, nil)
	if err == nil && brand != "" {
		_, err = c.Brand(brand)
	}
	if err != nil {
		return c, nil, err
	}
	path, _ := strings.CutPrefix(c.Database(), "sqlite:")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !strings.Contains(path, "://") {
		return c, nil, fmt.Errorf("there is no database %s: give the server's --data (PULSA_DATA) or --config", path)
	}
	db, err := store.Open(ctx, c.Database(), store.Options{})
	return c, db, err
}
