package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"pulsa/app"
	"pulsa/operators"
)

type auditCommand struct {
	settings
	Books []string `help:"Also hold the simulators' books against the orders: the server's --data, and that of a pulsa sim that does not run. One that runs is asked." placeholder:"DIR" type:"existingdir"`
	JSON  bool     `help:"Print one JSON object per violation."`
}

// Help implements kong.HelpProvider.
func (auditCommand) Help() string {
	return "Checks that no money and no airtime is lost, made or spent twice, and prints every violation with its order. " +
		"It only reads, and may run beside a server. Exit code 1 if there is a violation, or --books did not show all simulators' books.\n\n" +
		"Example: pulsa audit --books pulsa-data"
}

// Run implements the command.
func (a *auditCommand) Run(ctx context.Context, e environ) error {
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
		fmt.Fprintf(e.stderr, "not compared: %s (%s)\n", u.What, u.Why)
	}
	if err := a.print(e.stdout, violations); err != nil || !coverage.Incomplete() {
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
