package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
)

type cardsReleaseCommand struct {
	forBrand
	cardFilter
	deed
	All bool `help:"Release all cards of the brand."`
	Yes bool `help:"Do not ask."`
}

// Run implements the command.
func (r *cardsReleaseCommand) Run(ctx context.Context, e term.Env) error {
	return editCards(ctx, e, r.forBrand, r.cardFilter, r.deed, cards.Change{Action: cards.Release}, r.All, r.Yes)
}

type cardsEditCommand struct {
	forBrand
	cardFilter
	deed
	SetExpires     string `help:"Set the first day on which they are worth nothing, or never." placeholder:"DATE"`
	SetReseller    string `help:"Set who sells them, or none." placeholder:"NAME"`
	SetStatus      string `help:"lock withdraws cards for now, unlock puts them back where they were, void withdraws them for good." enum:"lock,unlock,void,preserve" default:"preserve"`
	AllowGuessable bool   `help:"Let expired cards be worth something again even if codes so short can be guessed."`
	All            bool   `help:"Edit all cards of the brand that were never spent."`
	Yes            bool   `help:"Do not ask."`
}

// Run implements the command.
func (c *cardsEditCommand) Run(ctx context.Context, e term.Env) error {
	if c.Reason == "" {
		return errors.New("say why: --reason TEXT")
	}
	change := cards.Change{AllowGuessable: c.AllowGuessable}
	if c.SetStatus != "preserve" {
		change.Action = cards.Action(c.SetStatus)
	}
	switch {
	case c.SetExpires == "never":
		change.Expires = new(time.Time)
	case c.SetExpires != "":
		t, err := parseTime("--set-expires", c.SetExpires)
		if err != nil {
			return err
		}
		change.Expires = &t
	}
	switch {
	case c.SetReseller == cards.NoReseller:
		change.Reseller = new(string)
	case c.SetReseller != "":
		change.Reseller = &c.SetReseller
	}
	return editCards(ctx, e, c.forBrand, c.cardFilter, c.deed, change, c.All, c.Yes)
}

func editCards(ctx context.Context, e term.Env, brand forBrand, which cardFilter, o deed, change cards.Change, all, yes bool) error {
	d, err := brand.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	by := o.who(e)
	filter, err := which.filter(d.brand)
	if err != nil {
		return err
	}
	preview, err := d.PreviewEdit(ctx, filter, change, all)
	if err != nil {
		return withFlag(err)
	}
	verb := "edit"
	if change.Action != "" {
		verb = string(change.Action)
	}
	if err := d.announcePreview(ctx, preview, verb, yes); err != nil {
		return err
	}
	job, err := d.StartEdit(ctx, preview, change, by, o.Reason)
	if err != nil {
		return withFlag(err)
	}
	return d.edit(ctx, job)
}

// announcePreview prints which cards will be changed, and asks unless yes is set. It is an error if there are none.
func (d *cardDesk) announcePreview(ctx context.Context, p cards.Preview, verb string, yes bool) error {
	if len(p.Left) > 0 {
		fmt.Fprintf(d.Stdout, "Left alone: %s.\n", states(p.Left))
	}
	if p.Abandons != "" {
		fmt.Fprintf(d.Stdout, "Batch %s is not complete, and can't be resumed afterwards.\n", p.Abandons)
	}
	if p.Cards() == 0 && verb == "export" {
		return fmt.Errorf("no card to export: each is exported once, and those that were imported are in a file already; look with pulsa cards list --brand %s and the same filter", d.brand.Name)
	}
	if p.Cards() == 0 && p.Abandons == "" {
		return fmt.Errorf("no card to %s: look with pulsa cards list --brand %s and the same filter", verb, d.brand.Name)
	}
	fmt.Fprintf(d.Stdout, "To %s: %s.\n", verb, cmp.Or(states(p.Touched), "nothing"))
	if yes {
		return nil
	}
	return d.Env.Confirm(ctx, fmt.Sprintf("%s %s of brand %s?", strings.ToUpper(verb[:1])+verb[1:], cards.HowMany(p.Cards(), "card"), d.brand.Name))
}

// states lists counts: "3 generated, 2 live, 1 expired (locked)".
func states(counts []cards.Count) string {
	parts := make([]string, len(counts))
	for i, c := range counts {
		name := string(c.State)
		if c.Expired {
			name = "expired (" + name + ")"
		}
		parts[i] = fmt.Sprintf("%d %s", c.Cards, name)
	}
	return strings.Join(parts, ", ")
}

// edit runs an editing or deleting job, from wherever it is.
func (d *cardDesk) edit(ctx context.Context, j cards.Job) error {
	if j.Total > 10_000 {
		d.announce(j)
	}
	bar := d.Env.Progress(j.Action())
	j, err := d.ResumeEdit(ctx, j, bar.Show)
	bar.End()
	if err != nil {
		return interrupted(ctx, j, err)
	}
	done := map[string]string{"release": "released", "lock": "locked", "unlock": "unlocked", "void": "made void", "delete": "deleted"}
	fmt.Fprintf(d.Stdout, "%s %s (job %s).\n", cards.HowMany(j.Done, "card"), cmp.Or(done[j.Action()], "edited"), j.ID)
	return nil
}

type cardsDeleteCommand struct {
	forBrand
	cardFilter
	deed
	All bool `help:"Delete all cards of the brand that were never spent."`
	Yes bool `help:"Do not ask."`
}

// Run implements the command.
func (c *cardsDeleteCommand) Run(ctx context.Context, e term.Env) error {
	if c.Reason == "" {
		return errors.New("say why: --reason TEXT")
	}
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	by := c.who(e)
	filter, err := c.filter(d.brand)
	if err != nil {
		return err
	}
	preview, err := d.PreviewDelete(ctx, filter, c.All)
	if err != nil {
		return withFlag(err)
	}
	if err := d.announcePreview(ctx, preview, "delete", c.Yes); err != nil {
		return err
	}
	job, err := d.StartDelete(ctx, preview, by, c.Reason)
	if err != nil {
		return err
	}
	return d.edit(ctx, job)
}
