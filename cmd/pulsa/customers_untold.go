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

// Run implements the command.
func (u *customersUntoldCommand) Run(ctx context.Context, e term.Env) error {
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
	return term.Rows(e, term.Output{JSON: u.JSON}, untold, operators.UntoldColumns()...)
}

func (u *customersUntoldCommand) told(ctx context.Context, e term.Env) error {
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
	fmt.Fprintf(e.Stdout, "%s was told\n", u.Told)
	return nil
}
