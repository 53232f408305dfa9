package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
)

type reconcileCommand struct {
	settings
	From  string `help:"First day, UTC (default: yesterday)." placeholder:"DATE"`
	To    string `help:"Last day, UTC (default: the first)." placeholder:"DATE"`
	Close string `help:"Close an open item instead; say why with --reason." placeholder:"ITEM"`
	List  bool   `help:"Compare nothing: list the open items that are stored."`
	All   bool   `help:"List closed items too."`
	term.Output
	deed
}

// Run implements the command.
func (r *reconcileCommand) Run(ctx context.Context, e term.Env) error {
	c, err := r.load(e, nil)
	if err != nil {
		return err
	}
	books, err := app.OpenBooks(ctx, c)
	if err != nil {
		return err
	}
	defer books.Close()
	switch {
	case r.Close != "":
		by, err := r.by(e)
		if err != nil {
			return err
		}
		return books.Reconciliation.Close(ctx, r.Close, by)
	case !r.List:
		if err := r.compare(ctx, e, books); err != nil {
			return err
		}
	}
	list := books.Reconciliation.List
	if r.All {
		list = books.Reconciliation.ListAll
	}
	items, err := list(ctx)
	if err != nil {
		return err
	}
	return r.print(e, items)
}

func (r *reconcileCommand) compare(ctx context.Context, e term.Env, books *app.Books) error {
	from, to, err := r.days(books.Reconciliation.Clock.Now().UTC())
	if err != nil {
		return err
	}
	if err := books.ReadReporters(slog.New(slog.NewTextHandler(e.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))); err != nil {
		return err
	}
	bar := e.Progress("days")
	left, err := books.Reconciliation.Compare(ctx, from, to, bar.Show)
	bar.End()
	for _, name := range left.Unreported {
		fmt.Fprintf(e.Stderr, "%s gives us no report: what was booked with it is not compared\n", name)
	}
	for _, name := range left.BusyWallets {
		fmt.Fprintf(e.Stderr, "top-ups are under way at %s: its wallet is compared next time\n", name)
	}
	return err
}

// days are the times from which and before which is compared.
func (r *reconcileCommand) days(now time.Time) (from, to time.Time, err error) {
	from = now.Truncate(24*time.Hour).AddDate(0, 0, -1)
	if r.From != "" {
		if from, err = time.Parse(time.DateOnly, r.From); err != nil {
			return from, to, fmt.Errorf("--from %s: write a day like 2026-11-20", r.From)
		}
	}
	last := from
	if r.To != "" {
		if last, err = time.Parse(time.DateOnly, r.To); err != nil {
			return from, to, fmt.Errorf("--to %s: write a day like 2026-11-20", r.To)
		}
	}
	if last.Before(from) {
		return from, to, fmt.Errorf("--to %s is before --from %s", r.To, r.From)
	}
	return from, last.AddDate(0, 0, 1), nil
}

// openItemRow is an item as it is printed. Amounts are minor units.
type openItemRow struct {
	ID         string           `json:"id"`
	Provider   string           `json:"provider"`
	Reference  string           `json:"reference"`
	Kind       string           `json:"kind"`
	Order      prepaid.OrderID  `json:"order"`
	Currency   prepaid.Currency `json:"currency"`
	Ours       int64            `json:"ours"`
	Theirs     int64            `json:"theirs"`
	Note       string           `json:"note"`
	HappenedAt time.Time        `json:"happened_at"`
	FoundAt    time.Time        `json:"found_at"`
	Open       bool             `json:"open"`
	ClosedAt   time.Time        `json:"closed_at,omitzero"`
	ClosedBy   string           `json:"closed_by,omitempty"`
	Reason     string           `json:"reason,omitempty"`
}

func (r openItemRow) state() string {
	if r.Open {
		return "open"
	}
	return "closed by " + r.ClosedBy + ": " + r.Reason
}

func (r *reconcileCommand) print(e term.Env, items []operators.OpenItem) error {
	amount := func(minor int64, row openItemRow) string {
		return prepaid.Money{Minor: minor, Currency: row.Currency}.String()
	}
	table := term.NewTable[openItemRow](e, r.Output).
		Columns("id", "happened_at", "provider", "kind", "reference", "order", "ours", "theirs", "note", "state").
		Show("ours", func(row openItemRow) string { return amount(row.Ours, row) }).
		Show("theirs", func(row openItemRow) string { return amount(row.Theirs, row) }).
		Show("state", openItemRow.state).Least("note", "order", "happened_at")
	open := 0
	for _, i := range items {
		row := openItemRow{i.ID, i.Provider, i.Reference, i.Kind, i.Order, i.Currency, i.Ours, i.Theirs, i.Note, i.HappenedAt, i.FoundAt,
			i.ClosedAt.IsZero(), i.ClosedAt, i.ClosedBy, i.Reason}
		if row.Open {
			open++
		}
		if err := table.Row(row); err != nil {
			return err
		}
	}
	if len(items) > 0 || !r.IsText() {
		if err := table.End(); err != nil {
			return err
		}
	}
	if open > 0 {
		return exitCode(1)
	}
	if r.IsText() {
		fmt.Fprintln(e.Stdout, "no open item")
	}
	return nil
}
