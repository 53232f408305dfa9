package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pulsa/cards"
	"pulsa/prepaid"
)

type cardsListCommand struct {
	forBrand
	cardFilter
	output
	Sort   string `help:"serial, status, amount, reseller, created, expires or activated; by the last two only cards that expire or are activated." enum:"serial,status,amount,reseller,created,expires,activated" default:"serial"`
	Desc   bool   `help:"The last first."`
	Limit  int    `help:"Cards on a page." default:"50"`
	After  string `help:"The page after this key, which the page before it ends with." placeholder:"KEY"`
	Before string `help:"The page before this key." placeholder:"KEY"`
	Last   bool   `help:"The last page."`
	All    bool   `help:"All pages."`
	Count  bool   `help:"Only count them, by status."`
}

// Help implements kong.HelpProvider.
func (cardsListCommand) Help() string {
	return "Example: pulsa cards list --brand demo --status new --series 101 --sort created --desc"
}

// Run implements the command.
func (l *cardsListCommand) Run(ctx context.Context, e environ) error {
	d, err := l.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	filter, err := l.filter(d.brand)
	if err != nil {
		return err
	}
	if l.Count {
		return d.printBalances(ctx, filter, cards.ByNothing, l.output)
	}
	page, err := l.page()
	if err != nil {
		return err
	}
	return d.printPages(ctx, filter, page, l.output, l.All)
}

func (l *cardsListCommand) page() (cards.Page, error) {
	p := cards.Page{Sort: cards.Sort(l.Sort), Descending: l.Desc, Limit: l.Limit, Last: l.Last}
	if l.Limit < 1 {
		return p, fmt.Errorf("--limit %d: a page has 1 to %d cards", l.Limit, cards.MaxPage)
	}
	given := 0
	for text, key := range map[string]**cards.Key{l.After: &p.After, l.Before: &p.Before} {
		if text == "" {
			continue
		}
		given++
		k, err := cards.ParseKey(text)
		if err != nil {
			return p, fmt.Errorf("%q is no key of a page: copy it from the end of a listing", text)
		}
		*key = &k
	}
	if l.Last {
		given++
	}
	if l.All && (l.Before != "" || l.Last) || given > 1 {
		return p, errors.New("give at most one of --after, --before, --last, and --all with --after only")
	}
	if l.All {
		p.Limit = cards.MaxPage
	}
	return p, nil
}

// printPages prints one page, or all from there.
func (d *cardDesk) printPages(ctx context.Context, f cards.Filter, p cards.Page, o output, all bool) error {
	t := o.table(d.environ, cardNames, "order", "batch", "state", "created", "currency", "expires")
	for {
		list, err := d.Search(ctx, f, p)
		if err != nil {
			return err
		}
		now := prepaid.SystemClock{}.Now()
		for _, c := range list.Cards {
			err := t.row(cardFields(c, now), map[int]string{0: coloured(c.Shown(now), d.colours())})
			if err != nil {
				return err
			}
		}
		if !all || list.Next == nil {
			if err := t.end(); err != nil {
				return err
			}
			if !all {
				d.printKeys(list, o)
			}
			return nil
		}
		p.After = list.Next
	}
}

func (d *cardDesk) printKeys(l cards.Listing, o output) {
	out := d.stdout
	if o.format() != "text" {
		out = d.stderr // what programs read holds cards alone
	}
	if l.Next != nil {
		fmt.Fprintf(out, "next page: --after %s\n", l.Next)
	}
	if l.Previous != nil {
		fmt.Fprintf(out, "page before: --before %s\n", l.Previous)
	}
}

type cardsShowCommand struct {
	forBrand
	output
	Serial string `arg:"" help:"Which card: 101-00000042."`
}

// Help implements kong.HelpProvider.
func (cardsShowCommand) Help() string {
	return "Example: pulsa cards show --brand demo 101-00000042"
}

// Run implements the command.
func (s *cardsShowCommand) Run(ctx context.Context, e environ) error {
	d, err := s.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	c, err := d.Card(ctx, d.brand.Name, s.Serial)
	if err != nil {
		if errors.Is(err, cards.ErrUnknown) {
			return fmt.Errorf("brand %s has no card with serial %s", d.brand.Name, s.Serial)
		}
		return err
	}
	now := prepaid.SystemClock{}.Now()
	names := append(slices.Clone(cardNames), "released", "export")
	fields := append(cardFields(c, now), stamp(c.ReleasedAt), string(c.Export))
	if s.format() != "text" {
		t := s.table(d.environ, names)
		if err := t.row(fields, nil); err != nil {
			return err
		}
		return t.end()
	}
	fields[0] = coloured(fields[0], d.colours())
	for i, name := range names {
		fmt.Fprintf(d.stdout, "%-10s %s\n", name, fields[i])
	}
	return nil
}
