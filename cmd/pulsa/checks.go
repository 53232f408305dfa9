package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type auditCommand struct {
	settings
	term.Output
	Books []string `help:"Also hold the simulators' books against the orders: the server's --data, and that of a pulsa sim that does not run. One that runs is asked." placeholder:"DIR" type:"existingdir"`
}

func (a *auditCommand) Run(ctx context.Context, e term.Env) error {
	for _, folder := range a.Books {
		if err := app.HasBooks(folder); err != nil {
			return wrongFlag("--books %s: %s", folder, err)
		}
	}
	return a.onBooks(ctx, e, config.NoCredentials, func(b *app.Books) error {
		violations, coverage, err := b.Audit(ctx, a.Books)
		if err != nil {
			return err
		}
		for _, u := range coverage.Uncompared() {
			fmt.Fprintf(e.Stderr, "not compared: %s (%s)\n", u.What, u.Why)
		}
		err = term.NewTable[operators.Violation](e, a.Output).Columns("violation").Show("violation", operators.Violation.String).
			Nothing("no violation").Print(violations)
		switch {
		case err != nil:
			return err
		case len(violations) > 0:
			return exitCode(1)
		case coverage.Incomplete():
			return errors.New("not all simulators' books were seen: what was not compared stands above")
		}
		return nil
	})
}

// onBooks opens the books, and calls do with them.
func (s settings) onBooks(ctx context.Context, e term.Env, needs config.Credentials, do func(*app.Books) error) error {
	c, err := s.load(e, needs, nil)
	if err != nil {
		return err
	}
	books, err := app.OpenBooks(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(do(books), books.Close())
}

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
	needs := config.NoCredentials
	if r.Close == "" && !r.List {
		needs = config.GatewaySecrets | config.NetworkSecrets
	}
	return r.onBooks(ctx, e, needs, func(b *app.Books) error {
		if r.Close != "" {
			return b.Reconciliation.Close(ctx, r.Close, r.by(e))
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
		err = term.NewTable[operators.OpenItemRow](e, r.Output).Columns(operators.OpenItemColumns()...).Nothing("no open item").
			Show("ours", operators.OpenItemRow.OurMoney).Show("theirs", operators.OpenItemRow.TheirMoney).
			Show("state", operators.OpenItemRow.State).Least("note", "order", "happened_at").PrintResult(items, err)
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

type doctorCommand struct {
	settings
	term.Output
}

func (d *doctorCommand) Run(ctx context.Context, e term.Env) error {
	c, err := d.load(e, config.NoCredentials, nil)
	if err != nil {
		return err
	}
	table, failed := term.NewTable[operators.Finding](e, d.Output).Columns("level", "what", "found"), false
	for _, f := range app.Examine(ctx, c) {
		failed = failed || f.Level == operators.LevelError
		if err := table.Row(f); err != nil {
			return err
		}
		if f.Do != "" && d.IsText() {
			if err := table.Row(operators.Finding{Found: "  -> " + f.Do}); err != nil {
				return err
			}
		}
	}
	if err := table.End(); err != nil || !failed {
		return err
	}
	return exitCode(1)
}
