package main

import (
	"context"
	"strconv"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

type cardsReportCommand struct {
	Liability   liabilityCommand   `cmd:"" help:"What may still be redeemed: issued without spent, expired and void."`
	Redemptions redemptionsCommand `cmd:"" help:"What was spent, by day."`
}

type liabilityCommand struct {
	forBrand
	cardFilter
	output
	Group string `help:"Divide by series or reseller." enum:"series,reseller,none" default:"none"`
}

// Help implements kong.HelpProvider.
func (liabilityCommand) Help() string {
	return "Example: pulsa cards report liability --brand demo --group series"
}

// Run implements the command.
func (c *liabilityCommand) Run(ctx context.Context, e environ) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	filter, err := c.filter(d.brand)
	if err != nil {
		return err
	}
	return d.printBalances(ctx, filter, group(c.Group), c.output)
}

func group(name string) cards.Group {
	if name == "none" {
		return cards.ByNothing
	}
	return cards.Group(name)
}

func (d *cardDesk) printBalances(ctx context.Context, f cards.Filter, by cards.Group, o output) error {
	balances, err := d.Balances(ctx, f, by)
	if err != nil {
		return err
	}
	return printBalances(d, balances, by, o)
}

// printBalances prints a row for each group: numbers of cards, and the money that is owed for them.
func printBalances(d *cardDesk, balances []cards.Balance, by cards.Group, o output) error {
	t := o.table(d.environ, []string{"group", "issued", "generated", "live", "reserved", "locked", "spent", "expired", "void", "open",
		"currency", "issued_worth", "spent_worth", "expired_worth", "liability"},
		"currency", "reserved", "expired_worth", "void", "issued_worth", "spent_worth", "locked", "generated", "expired").
		counting("issued", "generated", "live", "reserved", "locked", "spent", "expired", "void", "open")
	last := len(balances)
	if o.format() == "text" && last > 1 {
		balances = append(balances, cards.Total(balances)...)
	}
	for i, b := range balances {
		fields := []string{b.Group}
		for _, s := range []cards.Sum{b.Issued, b.Generated, b.Live, b.Reserved, b.Locked, b.Spent, b.Expired, b.Void, b.Liability} {
			fields = append(fields, strconv.FormatInt(s.Cards, 10))
		}
		fields = append(fields, string(b.Currency))
		for _, s := range []cards.Sum{b.Issued, b.Spent, b.Expired, b.Liability} {
			fields = append(fields, prepaid.Money{Minor: s.Minor, Currency: b.Currency}.Number())
		}
		shown := map[int]string{}
		switch {
		case by == cards.ByNothing || i >= last:
			shown[0] = "all"
		case b.Group == "":
			shown[0] = cards.NoReseller
		}
		if err := t.row(fields, shown); err != nil {
			return err
		}
	}
	return t.end()
}

type redemptionsCommand struct {
	forBrand
	output
	Group string `help:"Divide by series or reseller." enum:"series,reseller,none" default:"none"`
	From  string `help:"The first day." placeholder:"DATE"`
	To    string `help:"The first day that is not meant." placeholder:"DATE"`
}

// Help implements kong.HelpProvider.
func (redemptionsCommand) Help() string {
	return "Example: pulsa cards report redemptions --brand demo"
}

// Run implements the command.
func (c *redemptionsCommand) Run(ctx context.Context, e environ) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	var during cards.Span
	if during.From, err = parseTime("--from", c.From); err != nil {
		return err
	}
	if during.To, err = parseTime("--to", c.To); err != nil {
		return err
	}
	found, err := d.Redemptions(ctx, d.brand.Name, during, group(c.Group))
	if err != nil {
		return err
	}
	t := c.table(d.environ, []string{"day", "group", "cards", "currency", "worth"}).counting("cards")
	for _, r := range found {
		worth := prepaid.Money{Minor: r.Minor, Currency: r.Currency}.Number()
		err := t.row([]string{r.Day.Format(time.DateOnly), r.Group, strconv.FormatInt(r.Cards, 10), string(r.Currency), worth}, nil)
		if err != nil {
			return err
		}
	}
	return t.end()
}
