package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
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

// Run implements the command.
func (l *cardsListCommand) Run(ctx context.Context, e term.Env) error {
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
		return d.printBalances(ctx, filter, cards.ByNothing, l.Output)
	}
	page, err := l.page()
	if err != nil {
		return err
	}
	return d.printPages(ctx, filter, page, l.Output, l.All)
}

func (l *cardsListCommand) page() (cards.Page, error) {
	p := cards.Page{Sort: cards.Sort(l.Sort), Descending: l.Desc, Limit: l.Limit, Last: l.Last}
	if l.Limit < 1 {
		return p, wrongFlag("--limit must be positive")
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
func (d *cardDesk) printPages(ctx context.Context, f cards.Filter, p cards.Page, o term.Output, all bool) error {
	t := term.NewTable[cardRow](d.Env, o).Least("order", "batch", "state", "created", "currency", "expires").
		Show("status", d.status)
	for {
		list, err := d.Search(ctx, f, p)
		if err != nil {
			return err
		}
		now := prepaid.SystemClock{}.Now()
		for _, c := range list.Cards {
			if err := t.Row(newCardRow(c, now)); err != nil {
				return err
			}
		}
		if !all || list.Next == nil {
			if err := t.End(); err != nil {
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

func (d *cardDesk) printKeys(l cards.Listing, o term.Output) {
	out := d.Stdout
	if !o.IsText() {
		out = d.Stderr // what programs read holds cards alone
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
	term.Output
	Serial string `arg:"" help:"Which card: 101-00000042."`
}

// Run implements the command.
func (s *cardsShowCommand) Run(ctx context.Context, e term.Env) error {
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
	row := newCardRow(c, prepaid.SystemClock{}.Now())
	detail := cardDetail{row, term.Stamp(c.ReleasedAt), string(c.Export)}
	return term.NewTable[cardDetail](d.Env, s.Output).
		Show("status", func(c cardDetail) string { return d.status(c.cardRow) }).Record(detail)
}

// cardRow is a card as it is listed.
type cardRow struct {
	Status    string `json:"status"`
	Serial    string `json:"serial"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Reseller  string `json:"reseller"`
	Activated string `json:"activated"`
	Customer  string `json:"customer"`
	Created   string `json:"created"`
	Expires   string `json:"expires"`
	State     string `json:"state"`
	Batch     string `json:"batch"`
	Order     string `json:"order"`
}

// cardDetail is a card as it is shown alone.
type cardDetail struct {
	cardRow
	Released string `json:"released"`
	Export   string `json:"export"`
}

func newCardRow(c cards.Card, now time.Time) cardRow {
	return cardRow{
		c.Shown(now), c.Serial, c.Amount.Number(), string(c.Amount.Currency), c.Reseller, term.Stamp(c.ActivatedAt), c.ActivatedBy.String(),
		term.Stamp(c.CreatedAt), term.Stamp(c.ExpiresAt), string(c.State), string(c.Batch), string(c.Order),
	}
}

// status is a card's status for people, in colour where the terminal has colours.
func (d *cardDesk) status(c cardRow) string {
	if !d.Env.Colours() {
		return c.Status
	}
	return coloured(c.Status)
}

// coloured paints a status with the source's colours.
func coloured(status string) string {
	switch status {
	case "new":
		return term.Paint(status, "\x1b[32m")
	case "activated":
		return term.Paint(status, "\x1b[90m")
	case "expired":
		return term.Paint(status, "\x1b[33m")
	case "locked", "void":
		return term.Paint(status, "\x1b[31m")
	}
	return status
}
