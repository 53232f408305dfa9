package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type cardsListCommand struct {
	forBrand
	cardFilter
	term.Output
	Sort   string `help:"serial, status, amount, reseller, created, expires or activated; by the last two only cards that expire or are activated." enum:"serial,status,amount,reseller,created,expires,activated" default:"serial"`
	Desc   bool   `help:"The last first."`
	Limit  int    `help:"Cards on a page." default:"50"`
	After  string `help:"The page after this key, which the page before it ends with." placeholder:"KEY"`
	Before string `help:"The page before this key." placeholder:"KEY"`
	Last   bool   `help:"The last page."`
	All    bool   `help:"All pages."`
	Count  bool   `help:"Only count them, by status."`
}

func (l *cardsListCommand) Run(ctx context.Context, e term.Env) error {
	query := operators.CardQuery(l.cardFilter)
	if l.Count {
		return printBalances(ctx, e, l.forBrand, l.Output, func(shop operators.Cards) (operators.CardBalances, error) {
			return shop.Balances(ctx, query, cards.ByNothing)
		})
	}
	switch {
	case l.Limit < 1:
		return errLimit
	case l.After != "" && l.Before != "", (l.After != "" || l.Before != "" || l.All) && l.Last, l.All && l.Before != "":
		return errors.New("give at most one of --after, --before, --last, and --all with --after only")
	}
	page := operators.CardPage{Sort: cards.Sort(l.Sort), Descending: l.Desc, After: l.After, Before: l.Before, Last: l.Last, Limit: l.Limit}
	table := term.NewTable[operators.CardRow](e, l.Output).Least("order", "batch", "state", "expires", "created", "currency", "valid_through").
		Show("status", func(c operators.CardRow) string { return coloured(e, c.Status) })
	return l.onCards(ctx, e, func(shop operators.Cards) error {
		if l.All {
			if err := shop.Each(ctx, query, page, table.Row); err != nil {
				return err
			}
			return table.End()
		}
		list, err := shop.Search(ctx, query, page)
		if err == nil {
			err = table.Print(list.Cards)
		}
		if err != nil {
			return err
		}
		out := l.Beside(e)
		if list.Next != "" {
			fmt.Fprintf(out, "next page: --after %s\n", list.Next)
		}
		if list.Previous != "" {
			fmt.Fprintf(out, "page before: --before %s\n", list.Previous)
		}
		return nil
	})
}

type cardsShowCommand struct {
	forBrand
	term.Output
	Serial string `arg:"" help:"Which card: 101-00000042."`
}

func (s *cardsShowCommand) Run(ctx context.Context, e term.Env) error {
	table := term.NewTable[operators.CardDetail](e, s.Output).Show("status", func(c operators.CardDetail) string { return coloured(e, c.Status) })
	return s.onCards(ctx, e, func(shop operators.Cards) error { return table.RecordResult(shop.Show(ctx, s.Serial)) })
}

// coloured is a card's status in the source's colours, where the terminal has colours.
func coloured(e term.Env, status string) string {
	colour := map[string]string{"new": "\x1b[32m", "activated": "\x1b[90m", "expired": "\x1b[33m", "locked": "\x1b[31m", "void": "\x1b[31m"}[status]
	if colour == "" || !e.Colours() {
		return status
	}
	return term.Paint(status, colour)
}

type cardsJobsCommand struct {
	forBrand
	term.Output
	Open bool   `help:"Only what is under way or was interrupted."`
	Job  string `arg:"" optional:"" help:"Show what this job has done, step by step."`
}

func (c *cardsJobsCommand) Run(ctx context.Context, e term.Env) error {
	return c.onCards(ctx, e, func(shop operators.Cards) error {
		jobs := shop.Jobs
		switch {
		case c.Job != "":
			j, err := shop.ShowJob(ctx, c.Job)
			if err == nil && c.IsText() {
				fmt.Fprintf(e.Stdout, "%s %s: %s\n%s, %d of %s, by %s, why: %s\n\n", j.Kind, j.Job, j.What, j.State, j.Done,
					cards.HowMany(j.Total, "card"), j.By, cmp.Or(j.Why, "not said"))
			}
			return term.NewTable[operators.JobStep](e, c.Output).Least("why", "by", "kind").PrintResult(j.Steps, err)
		case c.Open:
			jobs = shop.OpenJobs
		}
		return term.NewTable[operators.JobRow](e, c.Output).Least("what", "ended", "total", "started", "why").PrintResult(jobs(ctx))
	})
}

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

func (c *liabilityCommand) Run(ctx context.Context, e term.Env) error {
	return printBalances(ctx, e, c.forBrand, c.Output, func(shop operators.Cards) (operators.CardBalances, error) {
		return shop.Balances(ctx, operators.CardQuery(c.cardFilter), cards.Group(c.Group))
	})
}

// printBalances prints a row for each group, and the sums of all for people.
func printBalances(ctx context.Context, e term.Env, f forBrand, o term.Output, ask func(operators.Cards) (operators.CardBalances, error)) error {
	return f.onCards(ctx, e, func(shop operators.Cards) error {
		b, err := ask(shop)
		if o.IsText() {
			b.Rows = append(b.Rows, b.Totals...)
		}
		return term.NewTable[operators.BalanceRow](e, o).Show("group", func(b operators.BalanceRow) string { return b.Label }).
			Least("currency", "reserved", "expired_worth", "void", "issued_worth", "spent_worth", "locked", "generated", "expired").PrintResult(b.Rows, err)
	})
}

type redemptionsCommand struct {
	forBrand
	term.Output
	Group string `help:"Divide by series or reseller." enum:"series,reseller,none" default:"none"`
	From  string `help:"The first day." placeholder:"DATE"`
	To    string `help:"The first day that is not meant." placeholder:"DATE"`
}

func (c *redemptionsCommand) Run(ctx context.Context, e term.Env) error {
	return c.onCards(ctx, e, func(shop operators.Cards) error {
		return term.NewTable[operators.RedemptionRow](e, c.Output).PrintResult(shop.Redemptions(ctx, c.From, c.To, cards.Group(c.Group)))
	})
}

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

func (c *resellersCreateCommand) Run(ctx context.Context, e term.Env) error {
	return c.onCards(ctx, e, func(shop operators.Cards) error {
		err := shop.CreateReseller(ctx, c.Name, c.Title, c.by(e))
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

func (c *resellersListCommand) Run(ctx context.Context, e term.Env) error {
	return c.onCards(ctx, e, func(shop operators.Cards) error {
		return term.NewTable[operators.ResellerRow](e, c.Output).Least("by", "created").PrintResult(shop.Resellers(ctx))
	})
}

type resellersStatementCommand struct {
	forBrand
	term.Output
	Name string `arg:"" help:"Which reseller."`
}

func (c *resellersStatementCommand) Run(ctx context.Context, e term.Env) error {
	return printBalances(ctx, e, c.forBrand, c.Output, func(shop operators.Cards) (operators.CardBalances, error) {
		return shop.Statement(ctx, c.Name)
	})
}
