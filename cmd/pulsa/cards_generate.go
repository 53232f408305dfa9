package main

import (
	"context"
	"fmt"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
)

type cardsGenerateCommand struct {
	forBrand
	deed
	Amount         string `required:"" help:"What each is worth, in the brand's currency: 10 or 7.50."`
	Quantity       int    `required:"" help:"How many: 1 to 10000000."`
	Series         string `required:"" help:"What their serials begin with: 101 gives 101-00000001."`
	CodeLength     int    `help:"Digits of a code, 5 or more (default: the brand's)."`
	Reseller       string `help:"Who sells them."`
	Expires        string `help:"The first day on which they are worth nothing: 2027-12-31." placeholder:"DATE"`
	Hold           bool   `help:"Treat a test brand's cards like others: not on sale yet, codes not shown."`
	AllowGuessable bool   `help:"Make them even if codes so short can be guessed."`
}

// Run implements the command.
func (g *cardsGenerateCommand) Run(ctx context.Context, e term.Env) error {
	d, err := g.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	request, err := g.request(d)
	if err != nil {
		return err
	}
	job, err := d.StartGenerate(ctx, request)
	if err != nil {
		return withFlag(err)
	}
	return d.generate(ctx, job)
}

// generate runs a generating job, from wherever it is.
func (d *cardDesk) generate(ctx context.Context, j cards.Job) error {
	if j.Total > 1000 {
		d.announce(j)
	}
	var made func(cards.Card, prepaid.Secret) error
	if j.Spec.Generate.Live {
		made = func(c cards.Card, code prepaid.Secret) error {
			_, err := fmt.Fprintf(d.Stdout, "%s  %s  %s\n", c.Serial, code.Reveal(), c.Amount)
			return err
		}
	}
	bar := d.Env.Progress("generating")
	j, err := d.ResumeGenerate(ctx, j, made, bar.Show)
	bar.End()
	if err != nil {
		return interrupted(ctx, j, err)
	}
	if j.Spec.Generate.Live {
		fmt.Fprintf(d.Stdout, "%s, on sale. Spend one by text: REDEEM code\n", cards.HowMany(j.Total, "card"))
		return nil
	}
	request := j.Spec.Generate
	fmt.Fprintf(d.Stdout, "%s generated, %s to %s, batch %s, not on sale yet.\n", cards.HowMany(j.Total, "card"), request.Serial(0), request.Serial(request.Quantity-1), j.ID)
	return nil
}

func (g *cardsGenerateCommand) request(d *cardDesk) (cards.GenerateRequest, error) {
	r := cards.GenerateRequest{
		Brand: d.brand.Name, Quantity: g.Quantity, Series: g.Series, CodeLength: g.CodeLength, Reseller: g.Reseller,
		Live: d.brand.Test && !g.Hold, AllowGuessable: g.AllowGuessable, Why: g.Reason, By: g.who(d.Env),
	}
	var err error
	if r.Amount, err = parseAmount(g.Amount, d.brand); err != nil {
		return r, err
	}
	r.ExpiresAt, err = parseTime("--expires", g.Expires)
	return r, err
}
