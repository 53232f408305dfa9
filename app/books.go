package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store"
	"pulsa/topup"
)

// Books is for comparing our SQL with itself, with simulators' books and with providers' reports. It may be open beside a running
// server. The caller closes it.
type Books struct {
	// Reconciliation lists and closes open items. Books.Compare finds them.
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
			Ledger: db.Reconciliation, Items: db.Reconciliation, Orders: db.Orders, Clock: prepaid.SystemClock{},
		},
		config: c, audit: operators.Audit{Rules: db.Audit, Orders: db.Orders, Seal: db.Deeds, Clock: prepaid.SystemClock{}}, db: db,
	}, nil
}

// Close closes the store.
func (b *Books) Close() error { return b.db.Close() }

// Compare compares what was booked on whole days, in UTC, with the reports of all configured providers, and stores the
// differences. Days are written 2026-11-20; first defaults to yesterday, last to first. Trouble at providers goes to log. See
// operators.Reconciliation.Compare for progress and what is returned.
func (b *Books) Compare(ctx context.Context, first, last string, log *slog.Logger, progress func(done, total int64)) (operators.LeftOut, error) {
	from, to, err := days(first, last, b.Reconciliation.Clock.Now().UTC())
	if err != nil {
		return operators.LeftOut{}, err
	}
	if b.Reconciliation.Reporters, err = newReporters(b.config, log); err != nil {
		return operators.LeftOut{}, err
	}
	return b.Reconciliation.Compare(ctx, from, to, progress)
}

// days returns the beginning of the first day and the end of the last.
func days(first, last string, now time.Time) (from, to time.Time, err error) {
	from = now.Truncate(24*time.Hour).AddDate(0, 0, -1)
	if first != "" {
		if from, err = time.Parse(time.DateOnly, first); err != nil {
			return from, to, fmt.Errorf("--from %s: write a day like 2026-11-20", first)
		}
	}
	to = from
	if last != "" {
		if to, err = time.Parse(time.DateOnly, last); err != nil {
			return from, to, fmt.Errorf("--to %s: write a day like 2026-11-20", last)
		}
	}
	if to.Before(from) {
		return from, to, fmt.Errorf("--to %s is before --from %s", last, first)
	}
	return from, to.AddDate(0, 0, 1), nil
}

// Audit returns every violation that SQL shows, and, where folders are given, every one that simulators' books show: those in
// the folders, and those of simulators that run. kept are links of the record that were kept outside, or files with one on each line. The run is kept. The coverage says what was not compared with books. Errors: *operators.FieldError for
// a folder without a book.
func (b *Books) Audit(ctx context.Context, folders []string, kept []string) ([]operators.Violation, *operators.Coverage, error) {
	coverage := &operators.Coverage{}
	audit := b.audit
	for _, text := range kept {
		if file, err := os.ReadFile(text); err == nil {
			text = string(file)
		}
		links, err := operators.ReadLinks(text)
		if err != nil {
			return nil, coverage, &operators.FieldError{Field: "from-link", Value: text, Err: err}
		}
		audit.Kept = append(audit.Kept, links...)
	}
	for _, folder := range folders {
		if err := hasBooks(folder); err != nil {
			return nil, coverage, &operators.FieldError{Field: "books", Value: folder, Err: err}
		}
	}
	run := operators.AuditRun{By: prepaid.ByMachine(OSUser(), "pulsa audit")}
	if len(folders) == 0 {
		violations, err := run.Keep(ctx, b.db.Audit, b.Reconciliation.Clock, audit.Check)
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
	violations, err := run.Keep(ctx, b.db.Audit, b.Reconciliation.Clock, func(ctx context.Context) ([]operators.Violation, error) {
		return audit.CheckWithBooks(ctx, read, func(o topup.History) operators.SeenBooks { return coverage.Sees(o) })
	})
	return violations, coverage, err
}

// hasBooks is an error where a folder holds no simulator's book: compared with no book at all, every order would be a
// violation.
func hasBooks(folder string) error {
	if sim.HasBook(folder, sim.GatewayBook) || sim.HasBook(folder, sim.NetworkBook) {
		return nil
	}
	return fmt.Errorf("neither %s nor %s is there: name the folder of --data, of the server or of pulsa sim", sim.GatewayBook, sim.NetworkBook)
}
