package app

import (
	"context"
	"fmt"
	"log/slog"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store"
	"pulsa/topup"
)

// Books are what operators compare: our SQL with itself, with simulators' books and with providers' reports. They may be
// open beside a running server. Close them.
type Books struct {
	// Reconciliation lists and closes open items. It compares after ReadReporters.
	Reconciliation operators.Reconciliation

	config config.Config
	audit  operators.Audit
	db     *store.DB
}

// OpenBooks opens the store as core.OpenExisting does.
func OpenBooks(ctx context.Context, c config.Config) (*Books, error) {
	db, err := core.OpenExisting(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Books{
		Reconciliation: operators.Reconciliation{
			Ledger: db.Reconciliation, Items: db.Reconciliation, Orders: db.Orders, Networks: c.Networks, Clock: prepaid.SystemClock{},
		},
		config: c, audit: operators.Audit{Rules: db.Audit, Orders: db.Orders}, db: db,
	}, nil
}

// Close closes the store.
func (b *Books) Close() error { return b.db.Close() }

// ReadReporters finds the providers that the reconciliation compares with. log is told of what goes wrong at them.
func (b *Books) ReadReporters(log *slog.Logger) (err error) {
	b.Reconciliation.Reporters, err = newReporters(b.config, log)
	return err
}

// Audit returns every violation that SQL shows, and, where folders are given, every one that simulators' books show: those in
// the folders, and those of simulators that run. The coverage says what was not compared with books.
func (b *Books) Audit(ctx context.Context, folders []string) ([]operators.Violation, *operators.Coverage, error) {
	coverage := &operators.Coverage{}
	if len(folders) == 0 {
		violations, err := b.audit.Check(ctx)
		return violations, coverage, err
	}
	read := func(ctx context.Context) (operators.ProviderBooks, error) {
		books, seen, err := readBooks(ctx, b.config, folders)
		if err != nil {
			return operators.ProviderBooks{}, err
		}
		coverage = seen
		return books.Provider(), nil
	}
	violations, err := b.audit.CheckWithBooks(ctx, read, func(o topup.History) operators.SeenBooks { return coverage.Sees(o) })
	return violations, coverage, err
}

// HasBooks is an error where a folder holds no simulator's book: compared with no book at all, every order would be a
// violation.
func HasBooks(folder string) error {
	if sim.HasBook(folder, sim.GatewayBook) || sim.HasBook(folder, sim.NetworkBook) {
		return nil
	}
	return fmt.Errorf("neither %s nor %s is there: name the folder of --data, of the server or of pulsa sim", sim.GatewayBook, sim.NetworkBook)
}
