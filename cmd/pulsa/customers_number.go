package main

import (
	"context"
	"fmt"

	"pulsa/cmd/pulsa/term"
)

type customersNumberCommand struct {
	whom
	To string `arg:"" help:"The new number: +31687654321." placeholder:"NEW"`
	deed
}

// Run implements the command.
func (n *customersNumberCommand) Run(ctx context.Context, e term.Env) error {
	by, err := n.by(e)
	if err != nil {
		return err
	}
	to, err := n.parse(n.To)
	if err != nil {
		return err
	}
	who, desk, err := n.desk(ctx, e)
	if err != nil {
		return err
	}
	defer desk.Close()
	number, err := desk.Customers.Move(ctx, who, to, by)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "%s is now %s: the customer's PIN, way to pay, limits and debts went along\n", who.MSISDN.Masked(), number)
	return nil
}
