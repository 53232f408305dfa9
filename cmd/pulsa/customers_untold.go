package main

import (
	"context"
	"fmt"

	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
)

type customersUntoldCommand struct {
	settings
	deed
	Brand string `help:"Only news of this brand."`
	Told  string `help:"You have told the customer this news: its id in the list." placeholder:"NEWS"`
	Limit int    `help:"How many to list at most, oldest first." default:"50"`
	JSON  bool   `help:"Print one JSON object for each."`
}

// Help implements kong.HelpProvider.
func (customersUntoldCommand) Help() string {
	return "News waits where no channel reaches the customer, or the provider did not take the message: tell them by other means, then " +
		"say so with --told. Where they texted STOP there is nothing to do: they are told when they next write.\n\n" +
		"Example: pulsa customers untold --brand demo\n\n" +
		`pulsa customers untold --told BKTRMWQXZD --reason "ticket 4711: told by phone"`
}

// Run implements the command.
func (u *customersUntoldCommand) Run(ctx context.Context, e environ) error {
	if u.Limit < 1 {
		return wrongFlag("--limit must be positive: --limit 50")
	}
	if u.Told != "" {
		return u.told(ctx, e)
	}
	desk, err := u.openDesk(ctx, e, u.Brand)
	if err != nil {
		return err
	}
	defer desk.Close()
	untold, err := desk.Customers.Untold(ctx, u.Brand, u.Limit)
	if err != nil {
		return err
	}
	return term.Rows(e.terminal(), term.Output{JSON: u.JSON}, untold, operators.UntoldColumns()...)
}

func (u *customersUntoldCommand) told(ctx context.Context, e environ) error {
	by, err := u.by(e)
	if err != nil {
		return err
	}
	desk, err := u.openDesk(ctx, e, u.Brand)
	if err != nil {
		return err
	}
	defer desk.Close()
	if err := desk.Customers.Told(ctx, prepaid.NoticeID(u.Told), by); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s was told\n", u.Told)
	return nil
}
