package main

import (
	"context"
	"fmt"
)

type customersNumberCommand struct {
	whom
	To string `arg:"" help:"The new number: +31687654321." placeholder:"NEW"`
	deed
}

// Help implements kong.HelpProvider.
func (customersNumberCommand) Help() string {
	return "For a customer who can't read a code on the old number any more. No code is sent: make sure who they are, and that the new " +
		"number is theirs. They stay the same customer: PIN, way to pay, limits and debts go along, and both numbers are told. " +
		"It is refused while an order of theirs is under way or the account is frozen. The network looks the new number up " +
		"before the first purchase.\n\n" +
		`Example: pulsa customers number +31612345678 +31687654321 --brand demo --reason "ticket 4711: showed passport in the shop"`
}

// Run implements the command.
func (n *customersNumberCommand) Run(ctx context.Context, e environ) error {
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
	fmt.Fprintf(e.stdout, "%s is now %s: the customer's PIN, way to pay, limits and debts went along\n", who.MSISDN.Masked(), number)
	return nil
}
