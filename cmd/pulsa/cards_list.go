package main

import (
	"context"
	"fmt"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type cardsListCommand struct {
	ofBrand
	cardFilter
	term.Output
	Sort   string `help:"serial, status, amount, reseller, created, expires or activated; by the last two only cards that expire or are activated." enum:"serial,status,amount,reseller,created,expires,activated" default:"serial"`
	Desc   bool   `help:"The last first."`
	Limit  int    `help:"Cards on a page." default:"50"`
	After  string `xor:"page" help:"The page after this key, which the page before it ends with." placeholder:"KEY"`
	Before string `xor:"page,all" help:"The page before this key." placeholder:"KEY"`
	Last   bool   `xor:"page,all" help:"The last page."`
	All    bool   `xor:"all" help:"All pages."`
	Count  bool   `help:"Only count them, by status."`
}

func (l *cardsListCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	query := operators.CardQuery(l.cardFilter)
	if l.Count {
		return balances(e, l.Output)(shop.Balances(ctx, query, cards.ByNothing))
	}
	page := operators.CardPage{Sort: cards.Sort(l.Sort), Descending: l.Desc, After: l.After, Before: l.Before, Last: l.Last, Limit: l.Limit}
	table := term.NewTable[operators.CardRow](e, l.Output).Least("order", "batch", "state", "expires", "created", "currency", "valid_through").
		Paint("status", statusColours())
	if l.All {
		return table.Print(nil, shop.Each(ctx, query, page, table.Row))
	}
	list, err := shop.Search(ctx, query, page)
	if err = table.Print(list.Cards, err); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(l.Beside(e), "next page: --after %s\n", list.Next)
	}
	if list.Previous != "" {
		fmt.Fprintf(l.Beside(e), "page before: --before %s\n", list.Previous)
	}
	return nil
}

type cardsShowCommand struct {
	ofBrand
	term.Output
	Serial string `arg:"" help:"Which card: 101-00000042."`
}

func (s *cardsShowCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return term.NewTable[operators.CardDetail](e, s.Output).Paint("status", statusColours()).Record(shop.Show(ctx, s.Serial))
}

// statusColours are how a terminal shows a card's status.
func statusColours() map[string]string {
	return map[string]string{"new": "\x1b[32m", "activated": "\x1b[90m", "expired": "\x1b[33m", "locked": "\x1b[31m", "void": "\x1b[31m"}
}

type cardsJobsCommand struct {
	ofBrand
	term.Output
	Open bool   `help:"Only what is under way or was interrupted."`
	Job  string `arg:"" optional:"" help:"Show what this job has done, step by step."`
}

func (c *cardsJobsCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	if c.Job != "" {
		j, err := shop.ShowJob(ctx, c.Job)
		if err == nil && c.IsText() {
			fmt.Fprintf(e.Stdout, "%s\n\n", j.Text())
		}
		return term.NewTable[operators.JobStep](e, c.Output).Least("why", "by", "kind").Print(j.Steps, err)
	}
	jobs := shop.Jobs
	if c.Open {
		jobs = shop.OpenJobs
	}
	return term.NewTable[operators.JobRow](e, c.Output).Least("what", "ended", "total", "started", "why").Print(jobs(ctx))
}

type cardsReportCommand struct {
	Liability   liabilityCommand   `cmd:"" help:"What may still be redeemed: issued without spent, expired and void."`
	Redemptions redemptionsCommand `cmd:"" help:"What was spent, by day."`
}

type liabilityCommand struct {
	ofBrand
	cardFilter
	term.Output
	Group string `help:"Divide by series or reseller." enum:"series,reseller,none" default:"none"`
}

func (c *liabilityCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return balances(e, c.Output)(shop.Balances(ctx, operators.CardQuery(c.cardFilter), cards.Group(c.Group)))
}

// balances prints a row for each group, and the sums of all for people.
func balances(e term.Env, o term.Output) func(operators.CardBalances, error) error {
	return func(b operators.CardBalances, err error) error {
		if o.IsText() {
			b.Rows = b.ForPeople()
		}
		return term.NewTable[operators.BalanceRow](e, o).
			Least("currency", "reserved", "expired_worth", "void", "issued_worth", "spent_worth", "locked", "generated", "expired").Print(b.Rows, err)
	}
}

type redemptionsCommand struct {
	ofBrand
	term.Output
	Group string `help:"Divide by series or reseller." enum:"series,reseller,none" default:"none"`
	From  string `help:"The first day." placeholder:"DATE"`
	To    string `help:"The first day that is not meant." placeholder:"DATE"`
}

func (c *redemptionsCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return term.NewTable[operators.RedemptionRow](e, c.Output).Print(shop.Redemptions(ctx, c.From, c.To, cards.Group(c.Group)))
}

type resellersCommand struct {
	Create    resellersCreateCommand    `cmd:"" help:"Create a reseller, who can then be given cards."`
	List      resellersListCommand      `cmd:"" help:"List a brand's resellers."`
	Statement resellersStatementCommand `cmd:"" help:"Tell where a reseller's cards stand, by series."`
}

type resellersCreateCommand struct {
	ofBrand
	Name  string `required:"" help:"What cards call it: kiosk-7."`
	Title string `help:"What people call it: Kiosk Central Station."`
	deed
}

func (c *resellersCreateCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return say(e)(shop.CreateReseller(ctx, c.Name, c.Title, c.by()))
}

type resellersListCommand struct {
	ofBrand
	term.Output
}

func (c *resellersListCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return term.NewTable[operators.ResellerRow](e, c.Output).Least("by", "created").Print(shop.Resellers(ctx))
}

type resellersStatementCommand struct {
	ofBrand
	term.Output
	Name string `arg:"" help:"Which reseller."`
}

func (c *resellersStatementCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return balances(e, c.Output)(shop.Statement(ctx, c.Name))
}
