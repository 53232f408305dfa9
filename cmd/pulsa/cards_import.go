package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"pulsa/cards"
)

type cardsImportCommand struct {
	forBrand
	deed
	File           string `arg:"" help:"CSV with the columns serial, code, amount, and if wanted currency and expires." type:"existingfile"`
	Reseller       string `help:"Who sells them."`
	AllowGuessable bool   `help:"Take them over even if codes so short can be guessed."`
}

// Help implements kong.HelpProvider.
func (cardsImportCommand) Help() string {
	return "The file is checked whole before any card is stored. The cards are not on sale until they are released.\n\n" +
		"Example: pulsa cards import old-cards.csv --brand acme --reseller kiosk-7"
}

// Run implements the command.
func (c *cardsImportCommand) Run(ctx context.Context, e environ) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	by := c.who(e)
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is read several times: write what it gives to a file, and import that", c.File)
	}
	bar := d.terminal().Progress("importing")
	j, err := d.Import(ctx, cards.ImportRequest{
		Brand: d.brand.Name, Reseller: c.Reseller, AllowGuessable: c.AllowGuessable, By: by, Why: c.Reason,
	}, file, bar.Show)
	bar.End()
	var wrong *cards.ImportError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: nothing was imported\n%w", c.File, err)
	}
	if err != nil {
		return interrupted(ctx, j, fmt.Errorf("%s: %w", c.File, withFlag(err)))
	}
	fmt.Fprintf(d.stdout, "%s imported, batch %s, not on sale yet.\n", cards.HowMany(j.Total, "card"), j.ID)
	return nil
}
