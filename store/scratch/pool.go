package scratch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"pulsa/store"
)

// Clear deletes all rows of a store in PostgreSQL, which takes a tenth of the time that migrating another takes. Its user is a superuser.
func Clear(ctx context.Context, db *store.DB) error {
	var tables []string
	err := db.Writer().SelectContext(ctx, &tables, `
		SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
			AND NOT relispartition AND relname NOT LIKE 'goose%'`)
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	// Without triggers, which keep the ledger. DELETE takes a quarter of TRUNCATE's time.
	all := "SET session_replication_role = replica"
	for _, table := range tables {
		if strings.HasPrefix(table, "detached_") { // an earlier test has set it aside
			all += "; DROP TABLE " + table
		} else {
			all += "; DELETE FROM " + table
		}
	}
	if _, err := db.Writer().ExecContext(ctx, all+"; RESET session_replication_role"); err != nil {
		return fmt.Errorf("delete all rows: %w", err)
	}
	return nil
}

// Pool lends schemas of one PostgreSQL database, each to one borrower at a time, who finds it empty. It is safe for concurrent use.
type Pool struct {
	Database string // its URL

	mu   sync.Mutex
	free []lent // given back, and empty
}

type lent struct {
	address string
	drop    func(context.Context) error
}

// Take lends a schema, and returns a URL that leads into it and what gives it back. Where its user can't clear it, it is not lent again.
func (p *Pool) Take(ctx context.Context) (address string, giveBack func(context.Context) error, err error) {
	p.mu.Lock()
	var l lent
	if last := len(p.free) - 1; last >= 0 {
		l, p.free = p.free[last], p.free[:last]
	}
	p.mu.Unlock()
	if l.drop == nil {
		if l.address, l.drop, err = Schema(ctx, p.Database); err != nil {
			return "", nil, err
		}
	}
	return l.address, func(ctx context.Context) error {
		if p.clear(ctx, l.address) != nil {
			return l.drop(ctx)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, l)
		return nil
	}, nil
}

func (p *Pool) clear(ctx context.Context, address string) error {
	db, err := store.Open(ctx, Direct(address), store.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	return errors.Join(Clear(ctx, db), db.Close())
}

// Close drops the schemas that were given back.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, l := range p.free {
		errs = append(errs, l.drop(ctx))
	}
	p.free = nil
	return errors.Join(errs...)
}
