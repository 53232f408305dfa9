package main

import (
	"context"
	"fmt"

	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type resellersCommand struct {
	Create    resellersCreateCommand    `cmd:"" help:"Create a reseller, who can then be given cards."`
	List      resellersListCommand      `cmd:"" help:"List a brand's resellers."`
	Statement resellersStatementCommand `cmd:"" help:"Tell where a reseller's cards stand, by series."`
}

type resellersCreateCommand struct {
	forBrand
	Name  string `required:"" help:"What cards call it: kiosk-7."`
	Title string `help:"What people call it: Kiosk Central Station."`
	deed
}

// Run implements the command.
func (c *resellersCreateCommand) Run(ctx context.Context, e term.Env) error {
	return c.onCards(ctx, e, func(shop operators.Cards) error {
		err := shop.CreateReseller(ctx, c.Name, c.Title, c.given(e))
		if err == nil {
			fmt.Fprintf(e.Stdout, "Reseller %s created.\n", c.Name)
		}
		return err
	})
}

type resellersListCommand struct {
	forBrand
	term.Output
}

// Run implements the command.
func (c *resellersListCommand) Run(ctx context.Context, e term.Env) error {
	return askCards(ctx, e, c.forBrand, func(shop operators.Cards) ([]operators.ResellerRow, error) { return shop.Resellers(ctx) },
		term.NewTable[operators.ResellerRow](e, c.Output).Least("by", "created").Print)
}

type resellersStatementCommand struct {
	forBrand
	term.Output
	Name string `arg:"" help:"Which reseller."`
}

// Run implements the command.
func (c *resellersStatementCommand) Run(ctx context.Context, e term.Env) error {
	return printBalances(ctx, e, c.forBrand, c.Output, func(shop operators.Cards) (operators.CardBalances, error) {
		return shop.Statement(ctx, c.Name)
	})
}
