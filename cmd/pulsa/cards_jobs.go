package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
)

type cardsRekeyCommand struct {
	forBrand
	actor
}

// Run implements the command.
func (c *cardsRekeyCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	by := c.who(e)
	job, err := d.StartRekey(ctx, d.brand.Name, by)
	if err != nil {
		return err
	}
	return d.rekey(ctx, job)
}

// rekey runs a rekeying job, from wherever it is.
func (d *cardDesk) rekey(ctx context.Context, j cards.Job) error {
	bar := d.Env.Progress("rekeying")
	j, err := d.ResumeRekey(ctx, j, bar.Show)
	bar.End()
	if err != nil {
		return interrupted(ctx, j, err)
	}
	fmt.Fprintf(d.Stdout, "%s sealed anew; all cards of %s are under key version %d.\n", cards.HowMany(j.Done, "card"), d.brand.Name, j.Spec.Version)
	return nil
}

type cardsJobsCommand struct {
	forBrand
	term.Output
	Open bool   `help:"Only what is under way or was interrupted."`
	Job  string `arg:"" optional:"" help:"Show what this job has done, step by step."`
}

// Run implements the command.
func (c *cardsJobsCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	if c.Job != "" {
		return d.printAudit(ctx, c.Job, c.Output)
	}
	jobs, err := d.Jobs(ctx, d.brand.Name, c.Open)
	if err != nil {
		return err
	}
	rows := make([]jobRow, len(jobs))
	for i, j := range jobs {
		rows[i] = jobRow{string(j.ID), j.Action(), string(j.State), j.Done, j.Total, j.By, j.Why, term.Stamp(j.CreatedAt), term.Stamp(j.EndedAt), j.Summary()}
	}
	return term.NewTable[jobRow](d.Env, c.Output).Least("what", "ended", "total", "started", "why").Print(rows)
}

// jobRow is a job as it is listed.
type jobRow struct {
	Job     string `json:"job"`
	Kind    string `json:"kind"`
	State   string `json:"state"`
	Done    int64  `json:"done"`
	Total   int64  `json:"total"`
	By      string `json:"by"`
	Why     string `json:"why"`
	Started string `json:"started"`
	Ended   string `json:"ended"`
	What    string `json:"what"`
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
func (d *cardDesk) printAudit(ctx context.Context, id string, o term.Output) error {
	j, err := d.job(ctx, id)
	if err != nil {
		return err
	}
	records, err := d.Audit(ctx, j.ID)
	if err != nil {
		return err
	}
	if o.IsText() {
		fmt.Fprintf(d.Stdout, "%s %s: %s\n%s, %d of %s, by %s, why: %s\n\n", j.Action(), j.ID, j.Summary(), j.State, j.Done, cards.HowMany(j.Total, "card"), j.By, cmp.Or(j.Why, "not said"))
	}
	rows := make([]auditRow, len(records))
	for i, r := range records {
		rows[i] = auditRow{term.Stamp(r.At), string(r.Kind), r.By, r.Why, r.First, r.Last, r.Cards}
	}
	return term.NewTable[auditRow](d.Env, o).Least("why", "by", "kind").Print(rows)
}

// auditRow is a step of a job as it is listed.
type auditRow struct {
	At    string `json:"at"`
	Kind  string `json:"kind"`
	By    string `json:"by"`
	Why   string `json:"why"`
	First string `json:"first"`
	Last  string `json:"last"`
	Cards int64  `json:"cards"`
}

type cardsResumeCommand struct {
	forBrand
	Job string `arg:"" help:"Which: pulsa cards jobs --open lists them."`
	Out string `help:"Of an export: another file than it was to write." placeholder:"FILE"`
}

// Run implements the command.
func (c *cardsResumeCommand) Run(ctx context.Context, e term.Env) error {
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
