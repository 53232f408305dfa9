package main

import (
	"context"
	"errors"
	"fmt"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
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
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	by := c.who(e)
	r, err := d.CreateReseller(ctx, cards.Reseller{Brand: d.brand.Name, Name: c.Name, Title: c.Title, CreatedBy: by}, c.Reason)
	switch {
	case errors.Is(err, cards.ErrResellerExists):
		return fmt.Errorf("--name %s: %w", c.Name, cards.ErrResellerExists)
	case err != nil:
		return err
	}
	fmt.Fprintf(d.Stdout, "Reseller %s created.\n", r.Name)
	return nil
}

type resellersListCommand struct {
	forBrand
	term.Output
}

// Run implements the command.
func (c *resellersListCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	list, err := d.Resellers(ctx, d.brand.Name)
	if err != nil {
		return err
	}
	rows := make([]resellerRow, len(list))
	for i, r := range list {
		rows[i] = resellerRow{r.Name, r.Title, term.Stamp(r.CreatedAt), r.CreatedBy}
	}
	return term.NewTable[resellerRow](d.Env, c.Output).Least("by", "created").Print(rows)
}

// resellerRow is a reseller as it is listed.
type resellerRow struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Created string `json:"created"`
	By      string `json:"by"`
}

type resellersStatementCommand struct {
	forBrand
	term.Output
	Name string `arg:"" help:"Which reseller."`
}

// Run implements the command.
func (c *resellersStatementCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	balances, err := d.Statement(ctx, d.brand.Name, c.Name)
	if err != nil {
		return err
	}
	return printBalances(d, balances, cards.BySeries, c.Output)
}
