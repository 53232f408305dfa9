package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"pulsa/cmd/pulsa/term"
)

type customersMandateCommand struct {
	settings
	Reference string `arg:"" help:"The mandate's reference, or the 12 letters that the gateway's begins with."`
	JSON      bool   `help:"Print JSON."`
}

// Run implements the command.
func (m *customersMandateCommand) Run(ctx context.Context, e term.Env) error {
	desk, err := m.openDesk(ctx, e, "")
	if err != nil {
		return err
	}
	defer desk.Close()
	found, err := desk.Customers.Mandate(ctx, strings.ToUpper(m.Reference))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("no mandate's reference begins with %s", m.Reference)
	}
	if m.JSON {
		return term.Rows(e, term.Output{JSON: true}, found)
	}
	table := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	for _, mandate := range found {
		printFields(table, mandate)
	}
	return table.Flush()
}
