package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"pulsa/cards"
)

type cardsRekeyCommand struct {
	forBrand
	By string `help:"Who does it, for the record (default: $PULSA_OPERATOR, else the operating system's user)."`
}

// Help implements kong.HelpProvider.
func (cardsRekeyCommand) Help() string {
	return "Give every running server the new key first, beside the old one. When this has ended, the old key is not needed\n" +
		"for the brand's cards any more.\n\nExample: pulsa cards rekey --brand acme"
}

// Run implements the command.
func (c *cardsRekeyCommand) Run(ctx context.Context, e environ) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	by := operatorName(e, c.By)
	job, err := d.StartRekey(ctx, d.brand.Name, by)
	if err != nil {
		return err
	}
	return d.rekey(ctx, job)
}

// rekey runs a rekeying job, from wherever it is.
func (d *cardDesk) rekey(ctx context.Context, j cards.Job) error {
	bar := d.progress("rekeying")
	j, err := d.ResumeRekey(ctx, j, bar.show)
	bar.end()
	if err != nil {
		return interrupted(ctx, j, err)
	}
	fmt.Fprintf(d.stdout, "%s sealed anew; all cards of %s are under key version %d.\n", cards.HowMany(j.Done, "card"), d.brand.Name, j.Spec.Version)
	return nil
}

type cardsJobsCommand struct {
	forBrand
	output
	Open bool   `help:"Only what is under way or was interrupted."`
	Job  string `arg:"" optional:"" help:"Show what this job has done, step by step."`
}

// Help implements kong.HelpProvider.
func (cardsJobsCommand) Help() string {
	return "Example: pulsa cards jobs --brand demo --open"
}

// Run implements the command.
func (c *cardsJobsCommand) Run(ctx context.Context, e environ) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	if c.Job != "" {
		return d.printAudit(ctx, c.Job, c.output)
	}
	jobs, err := d.Jobs(ctx, d.brand.Name, c.Open)
	if err != nil {
		return err
	}
	t := c.table(d.environ, []string{"job", "kind", "state", "done", "total", "by", "why", "started", "ended", "what"}, "what", "ended", "total", "started", "why").
		counting("done", "total")
	for _, j := range jobs {
		err := t.row([]string{
			string(j.ID), j.Action(), string(j.State), strconv.FormatInt(j.Done, 10), strconv.FormatInt(j.Total, 10), j.By, j.Why,
			stamp(j.CreatedAt), stamp(j.EndedAt), j.Summary(),
		}, nil)
		if err != nil {
			return err
		}
	}
	return t.end()
}

// job is one of the brand's.
func (d *cardDesk) job(ctx context.Context, id string) (cards.Job, error) {
	j, err := d.Job(ctx, cards.JobID(id))
	if err == nil && j.Brand != d.brand.Name {
		return j, fmt.Errorf("job %s is of brand %s", j.ID, j.Brand)
	}
	return j, err
}

// printAudit prints what a job did, and before it, for people, what it was to do.
func (d *cardDesk) printAudit(ctx context.Context, id string, o output) error {
	j, err := d.job(ctx, id)
	if err != nil {
		return err
	}
	records, err := d.Audit(ctx, j.ID)
	if err != nil {
		return err
	}
	if o.format() == "text" {
		fmt.Fprintf(d.stdout, "%s %s: %s\n%s, %d of %s, by %s, why: %s\n\n", j.Action(), j.ID, j.Summary(), j.State, j.Done, cards.HowMany(j.Total, "card"), j.By, cmp.Or(j.Why, "not said"))
	}
	t := o.table(d.environ, []string{"at", "kind", "by", "why", "first", "last", "cards"}, "why", "by", "kind").counting("cards")
	for _, r := range records {
		err := t.row([]string{stamp(r.At), string(r.Kind), r.By, r.Why, r.First, r.Last, strconv.FormatInt(r.Cards, 10)}, nil)
		if err != nil {
			return err
		}
	}
	return t.end()
}

type cardsResumeCommand struct {
	forBrand
	Job string `arg:"" help:"Which: pulsa cards jobs --open lists them."`
	Out string `help:"Of an export: another file than it was to write." placeholder:"FILE"`
}

// Help implements kong.HelpProvider.
func (cardsResumeCommand) Help() string {
	return "Example: pulsa cards resume --brand demo bcdfghjklm"
}

// Run implements the command.
func (c *cardsResumeCommand) Run(ctx context.Context, e environ) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	j, err := d.job(ctx, c.Job)
	switch {
	case err != nil:
		return err
	case j.State != cards.UnderWay:
		return fmt.Errorf("job %s is %s already", j.ID, j.State)
	}
	switch j.Kind {
	case cards.KindGenerate:
		return d.generate(ctx, j)
	case cards.KindEdit, cards.KindDelete:
		return d.edit(ctx, j)
	case cards.KindRekey:
		return d.rekey(ctx, j)
	case cards.KindExport:
		out := j.Spec.Export.Name
		if c.Out != "" {
			if out, err = newFile(c.Out); err != nil {
				return err
			}
		}
		return d.export(ctx, j, out)
	}
	return errors.New("an import goes on with the same file: pulsa cards import FILE")
}
