package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
)

type cardsImportCommand struct {
	forBrand
	deed
	File           string `arg:"" help:"CSV with the columns serial, code, amount, and if wanted currency and expires." type:"existingfile"`
	Reseller       string `help:"Who sells them."`
	AllowGuessable bool   `help:"Take them over even if codes so short can be guessed."`
}

// Run implements the command.
func (c *cardsImportCommand) Run(ctx context.Context, e term.Env) error {
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
	bar := d.Env.Progress("importing")
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
	fmt.Fprintf(d.Stdout, "%s imported, batch %s, not on sale yet.\n", cards.HowMany(j.Total, "card"), j.ID)
	return nil
}
