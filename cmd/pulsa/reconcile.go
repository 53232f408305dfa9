package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
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

func (r *reconcileCommand) Run(ctx context.Context, e term.Env) error {
	return r.onBooks(ctx, e, func(b *app.Books) error {
		if r.Close != "" {
			by, err := r.by(e)
			if err != nil {
				return err
			}
			return b.Reconciliation.Close(ctx, r.Close, by)
		}
		if !r.List {
			if err := r.compare(ctx, e, b); err != nil {
				return err
			}
		}
		list := b.Reconciliation.List
		if r.All {
			list = b.Reconciliation.ListAll
		}
		items, err := list(ctx)
		if err != nil {
			return err
		}
		err = term.NewTable[operators.OpenItemRow](e, r.Output).Columns(operators.OpenItemColumns()...).Nothing("no open item").
			Show("ours", operators.OpenItemRow.OurMoney).Show("theirs", operators.OpenItemRow.TheirMoney).
			Show("state", operators.OpenItemRow.State).Least("note", "order", "happened_at").Print(items)
		if err == nil && slices.ContainsFunc(items, func(i operators.OpenItemRow) bool { return i.Open }) {
			err = exitCode(1)
		}
		return err
	})
}

func (r *reconcileCommand) compare(ctx context.Context, e term.Env, b *app.Books) error {
	log := slog.New(slog.NewTextHandler(e.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	bar := e.Progress("days")
	left, err := b.Compare(ctx, r.From, r.To, log, bar.Show)
	bar.End()
	for _, what := range left.Sentences() {
		fmt.Fprintln(e.Stderr, what)
	}
	return err
}
