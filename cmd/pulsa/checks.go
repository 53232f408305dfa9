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

// ProvideBooks opens the books that are audited.
func (a *auditCommand) ProvideBooks(ctx context.Context, e term.Env, o *opened) (*app.Books, error) {
	for _, folder := range a.Books {
		if err := app.HasBooks(folder); err != nil {
			return nil, wrongFlag("--books %s: %s", folder, err)
		}
	}
	return open(ctx, e, o, a.settings, config.NoCredentials, app.OpenBooks)
}

func (a *auditCommand) Run(ctx context.Context, e term.Env, b *app.Books) error {
	violations, coverage, err := b.Audit(ctx, a.Books)
	if err != nil {
		return err
	}
	for _, u := range coverage.Uncompared() {
		fmt.Fprintf(e.Stderr, "not compared: %s (%s)\n", u.What, u.Why)
	}
	err = term.NewTable[operators.Violation](e, a.Output).Nothing("no violation").Print(violations, nil)
	switch {
	case err != nil:
		return err
	case len(violations) > 0:
		return exitCode(1)
	case coverage.Incomplete():
		return errors.New("not all simulators' books were seen: what was not compared stands above")
	}
	return nil
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

// ProvideBooks opens the books, and the providers' credentials where they are asked.
func (r *reconcileCommand) ProvideBooks(ctx context.Context, e term.Env, o *opened) (*app.Books, error) {
	needs := config.GatewaySecrets | config.NetworkSecrets
	if r.Close != "" || r.List {
		needs = config.NoCredentials
	}
	return open(ctx, e, o, r.settings, needs, app.OpenBooks)
}

func (r *reconcileCommand) Run(ctx context.Context, e term.Env, b *app.Books) error {
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
	err = term.NewTable[operators.OpenItemRow](e, r.Output).Nothing("no open item").Least("note", "order", "happened_at").Print(items, err)
	if err == nil && slices.ContainsFunc(items, func(i operators.OpenItemRow) bool { return i.Open }) {
		err = exitCode(1)
	}
	return err
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
	table, failed := term.NewTable[operators.Finding](e, d.Output), false
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
