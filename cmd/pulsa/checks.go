package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type auditCommand struct {
	settings
	term.Output
	Books    []string `help:"Also hold the simulators' books against the orders: the server's --data, and that of a pulsa sim that does not run. One that runs is asked." placeholder:"DIR" type:"existingdir"`
	FromLink []string `help:"Also hold the record of deeds against links that were kept outside: BRAND:NUMBER:DIGEST as the server logs it, or a file with one on each line." placeholder:"LINK"`
}

func (a *auditCommand) Run(ctx context.Context, e term.Env, b *app.Books) error {
	violations, coverage, err := b.Audit(ctx, a.Books, a.FromLink)
	if err != nil {
		return err
	}
	for _, u := range coverage.Uncompared() {
		fmt.Fprintf(e.Stderr, "not compared: %s (%s)\n", u.What, u.Why)
	}
	err = term.NewTable[operators.Violation](e, a.Output).Nothing("no violation").Print(violations, nil)
	if err == nil && coverage.Incomplete() {
		err = errors.New("not all simulators' books were seen: what was not compared stands above")
	}
	return err
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
func (r *reconcileCommand) ProvideBooks(ctx context.Context, o *opened) (*app.Books, error) {
	needs := config.GatewaySecrets | config.NetworkSecrets
	if r.Close != "" || r.List {
		needs = config.NoCredentials
	}
	return open(ctx, o, r.settings, needs, app.OpenBooks)
}

func (r *reconcileCommand) Run(ctx context.Context, e term.Env, b *app.Books) error {
	if r.Close != "" {
		return b.Reconciliation.Close(ctx, r.Close, r.by())
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
	return term.NewTable[operators.OpenItemRow](e, r.Output).Nothing("no open item").Least("note", "order", "happened_at").Print(list(ctx))
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
	findings := app.Examine(ctx, c)
	if d.IsText() {
		findings = operators.WithAdvice(findings)
	}
	return term.NewTable[operators.Finding](e, d.Output).Print(findings, nil)
}
