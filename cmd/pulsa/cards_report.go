package main

import (
	"context"
	"time"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
)

type cardsReportCommand struct {
	Liability   liabilityCommand   `cmd:"" help:"What may still be redeemed: issued without spent, expired and void."`
	Redemptions redemptionsCommand `cmd:"" help:"What was spent, by day."`
}

type liabilityCommand struct {
	forBrand
	cardFilter
	term.Output
	Group string `help:"Divide by series or reseller." enum:"series,reseller,none" default:"none"`
}

// Run implements the command.
func (c *liabilityCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	filter, err := c.filter(d.brand)
	if err != nil {
		return err
	}
	return d.printBalances(ctx, filter, group(c.Group), c.Output)
}

func group(name string) cards.Group {
	if name == "none" {
		return cards.ByNothing
	}
	return cards.Group(name)
}

func (d *cardDesk) printBalances(ctx context.Context, f cards.Filter, by cards.Group, o term.Output) error {
	balances, err := d.Balances(ctx, f, by)
	if err != nil {
		return err
	}
	return printBalances(d, balances, by, o)
}

// printBalances prints a row for each group, and the sums of all for people.
func printBalances(d *cardDesk, balances []cards.Balance, by cards.Group, o term.Output) error {
	var rows []balanceRow
	for _, b := range balances {
		rows = append(rows, newBalanceRow(b, by))
	}
	if o.IsText() && len(balances) > 1 {
		for _, b := range cards.Total(balances) {
			rows = append(rows, newBalanceRow(b, cards.ByNothing))
		}
	}
	return term.NewTable[balanceRow](d.Env, o).Show("group", func(b balanceRow) string { return b.shown }).
		Least("currency", "reserved", "expired_worth", "void", "issued_worth", "spent_worth", "locked", "generated", "expired").Print(rows)
}

// balanceRow is a group's numbers of cards, and the money that is owed for them.
type balanceRow struct {
	Group        string `json:"group"`
	Issued       int64  `json:"issued"`
	Generated    int64  `json:"generated"`
	Live         int64  `json:"live"`
	Reserved     int64  `json:"reserved"`
	Locked       int64  `json:"locked"`
	Spent        int64  `json:"spent"`
	Expired      int64  `json:"expired"`
	Void         int64  `json:"void"`
	Open         int64  `json:"open"`
	Currency     string `json:"currency"`
	IssuedWorth  string `json:"issued_worth"`
	SpentWorth   string `json:"spent_worth"`
	ExpiredWorth string `json:"expired_worth"`
	Liability    string `json:"liability"`

	shown string // the group for people
}

func newBalanceRow(b cards.Balance, by cards.Group) balanceRow {
	worth := func(s cards.Sum) string { return prepaid.Money{Minor: s.Minor, Currency: b.Currency}.Number() }
	row := balanceRow{
		b.Group, b.Issued.Cards, b.Generated.Cards, b.Live.Cards, b.Reserved.Cards, b.Locked.Cards, b.Spent.Cards, b.Expired.Cards,
		b.Void.Cards, b.Liability.Cards, string(b.Currency), worth(b.Issued), worth(b.Spent), worth(b.Expired), worth(b.Liability), b.Group,
	}
	switch {
	case by == cards.ByNothing:
		row.shown = "all"
	case b.Group == "":
		row.shown = cards.NoReseller
	}
	return row
}

type redemptionsCommand struct {
	forBrand
	term.Output
	Group string `help:"Divide by series or reseller." enum:"series,reseller,none" default:"none"`
	From  string `help:"The first day." placeholder:"DATE"`
	To    string `help:"The first day that is not meant." placeholder:"DATE"`
}

// Run implements the command.
func (c *redemptionsCommand) Run(ctx context.Context, e term.Env) error {
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
	rows := make([]redemptionRow, len(found))
	for i, r := range found {
		worth := prepaid.Money{Minor: r.Minor, Currency: r.Currency}.Number()
		rows[i] = redemptionRow{r.Day.Format(time.DateOnly), r.Group, r.Cards, string(r.Currency), worth}
	}
	return term.Rows(d.Env, c.Output, rows)
}

// redemptionRow is what was spent on a day.
type redemptionRow struct {
	Day      string `json:"day"`
	Group    string `json:"group"`
	Cards    int64  `json:"cards"`
	Currency string `json:"currency"`
	Worth    string `json:"worth"`
}
