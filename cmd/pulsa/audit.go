package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/sim"
	"pulsa/store"
	"pulsa/topup"
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
	for _, folder := range a.Books { // against none at all every order would be a violation
		if !sim.HasBook(folder, sim.GatewayBook) && !sim.HasBook(folder, sim.NetworkBook) {
			return wrongFlag("--books %s: neither %s nor %s is there: name the folder of --data, of the server or of pulsa sim", folder, sim.GatewayBook, sim.NetworkBook)
		}
	}
	c, db, err := a.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	violations, err := db.Audit.Violations(ctx)
	var unseen map[string]string
	if err == nil && len(a.Books) > 0 {
		var found []operators.Violation
		var seen *app.SeenBooks
		if found, seen, err = auditSeen(ctx, c, db, a.Books); err == nil {
			violations, unseen = append(violations, found...), seen.Unseen
		}
	}
	if err != nil {
		return err
	}
	incomplete := false
	for _, what := range slices.Sorted(maps.Keys(unseen)) {
		incomplete = incomplete || unseen[what] != app.NotSimulated
		fmt.Fprintf(e.stderr, "not compared: %s (%s)\n", what, unseen[what])
	}
	if err := a.print(e.stdout, violations); err != nil || !incomplete {
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

// auditSeen holds the books in folders, and those of simulators that run, against the orders.
func auditSeen(ctx context.Context, c config.Config, db *store.DB, folders []string) ([]operators.Violation, *app.SeenBooks, error) {
	var seen *app.SeenBooks
	read := func(ctx context.Context) (books operators.ProviderBooks, err error) {
		if seen, err = app.SeeBooks(ctx, c, folders); err == nil {
			books = seen.Provider()
		}
		return books, err
	}
	violations, err := auditOf(db).CheckBooks(ctx, read, func(o topup.History) (network, gateway bool) { return seen.Sees(o) })
	return violations, seen, err
}

func auditOf(db *store.DB) operators.Audit {
	return operators.Audit{Rules: db.Audit, Orders: db.Orders}
}
