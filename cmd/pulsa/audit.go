package main

import (
	"context"
	"errors"
	"fmt"

	"pulsa/app"
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
	return a.onBooks(ctx, e, func(b *app.Books) error {
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

// onBooks opens what operators compare, and has do work with it.
func (s settings) onBooks(ctx context.Context, e term.Env, do func(*app.Books) error) error {
	c, err := s.load(e, nil)
	if err != nil {
		return err
	}
	books, err := app.OpenBooks(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(do(books), books.Close())
}
