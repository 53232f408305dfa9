package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"pulsa/app"
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
	JSON  bool   `help:"Print one JSON object per item."`
	deed
}

// Help implements kong.HelpProvider.
func (reconcileCommand) Help() string {
	return "Compares our ledger with the gateway's and the network's own reports, order by order. Every difference is an " +
		"open item: stored, listed, and closed with a reason. One that is gone by the next comparison is closed by it. " +
		"A wallet's balance is held against what the ledger has booked on it since the last comparison. " +
		"Exit code 1 while items are open.\n\n" +
		"Example: pulsa reconcile --from 2026-11-20 --to 2026-11-20"
}

// Run implements the command.
func (r *reconcileCommand) Run(ctx context.Context, e environ) error {
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
	return r.print(e.stdout, items)
}

func (r *reconcileCommand) compare(ctx context.Context, e environ, books *app.Books) error {
	from, to, err := r.days(books.Reconciliation.Clock.Now().UTC())
	if err != nil {
		return err
	}
	if err := books.ReadReporters(slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))); err != nil {
		return err
	}
	bar := e.terminal().Progress("days")
	left, err := books.Reconciliation.Compare(ctx, from, to, bar.Show)
	bar.End()
	for _, name := range left.Unreported {
		fmt.Fprintf(e.stderr, "%s gives us no report: what was booked with it is not compared\n", name)
	}
	for _, name := range left.BusyWallets {
		fmt.Fprintf(e.stderr, "top-ups are under way at %s: its wallet is compared next time\n", name)
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

func (r *reconcileCommand) print(w io.Writer, items []operators.OpenItem) error {
	open := 0
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	out := json.NewEncoder(w)
	for _, i := range items {
		if i.ClosedAt.IsZero() {
			open++
		}
		if r.JSON {
			if err := out.Encode(openItemJSON(i)); err != nil {
				return err
			}
			continue
		}
		state := "open"
		if !i.ClosedAt.IsZero() {
			state = "closed by " + i.ClosedBy + ": " + i.Reason
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s %s\torder %s\tours %s\ttheirs %s %s\t%s\n", i.ID, i.HappenedAt.Format(time.DateTime), i.Provider,
			i.Kind, i.Reference, cmp.Or(string(i.Order), "-"), prepaid.Money{Minor: i.Ours, Currency: i.Currency},
			prepaid.Money{Minor: i.Theirs, Currency: i.Currency}, i.Note, state)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if open > 0 {
		return exitCode(1)
	}
	if !r.JSON {
		fmt.Fprintln(w, "no open item")
	}
	return nil
}

func openItemJSON(i operators.OpenItem) map[string]any {
	line := map[string]any{
		"id": i.ID, "provider": i.Provider, "reference": i.Reference, "kind": i.Kind, "order": i.Order, "currency": i.Currency,
		"ours": i.Ours, "theirs": i.Theirs, "note": i.Note, "happened_at": i.HappenedAt, "found_at": i.FoundAt, "open": i.ClosedAt.IsZero(),
	}
	if !i.ClosedAt.IsZero() {
		line["closed_at"], line["closed_by"], line["reason"] = i.ClosedAt, i.ClosedBy, i.Reason
	}
	return line
}
