package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type auditCommand struct {
	settings
	Books []string `help:"Also hold the simulators' books against the orders: the server's --data, and that of a pulsa sim that does not run. One that runs is asked." placeholder:"DIR" type:"existingdir"`
	JSON  bool     `help:"Print one JSON object per violation."`
}

// Run implements the command.
func (a *auditCommand) Run(ctx context.Context, e term.Env) error {
	for _, folder := range a.Books {
		if err := app.HasBooks(folder); err != nil {
			return wrongFlag("--books %s: %s", folder, err)
		}
	}
	c, err := a.load(e, nil)
	if err != nil {
		return err
	}
	books, err := app.OpenBooks(ctx, c)
	if err != nil {
		return err
	}
	defer books.Close()
	violations, coverage, err := books.Audit(ctx, a.Books)
	if err != nil {
		return err
	}
	for _, u := range coverage.Uncompared() {
		fmt.Fprintf(e.Stderr, "not compared: %s (%s)\n", u.What, u.Why)
	}
	if err := a.print(e.Stdout, violations); err != nil || !coverage.Incomplete() {
		return err
	}
	return errors.New("not all simulators' books were seen: what was not compared stands above")
}

func (a *auditCommand) print(w io.Writer, violations []operators.Violation) error {
	out := json.NewEncoder(w)
	for _, v := range violations {
		if !a.JSON {
			fmt.Fprintln(w, v)
			continue
		}
		line := map[string]any{"invariant": v.Invariant, "order": v.Order, "card": v.Card, "text": v.Text}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	if len(violations) > 0 {
		return exitCode(1)
	}
	if !a.JSON {
		fmt.Fprintln(w, "no violation")
	}
	return nil
}
