package operators

import (
	"context"
	"strings"

	"pulsa/cards"
	"pulsa/prepaid"
)

// OfJob is a job on a brand's cards.
type OfJob struct{ Brand, Job string }

// Act implements Operation.
func (OfJob) Act(Actor) Act { return ActCards }

// On implements Operation.
func (o OfJob) On() Object { return Object{o.Brand, prepaid.OnCards, o.Job} }

// find reads the job; an error where it may not be moved to the state.
func (o OfJob) find(ctx context.Context, d *Desk, to cards.JobState) (Cards, cards.Job, error) {
	c, err := d.Cards(o.Brand)
	if err != nil {
		return c, cards.Job{}, err
	}
	j, err := c.job(ctx, o.Job)
	if err == nil {
		err = j.MaySwitch(to)
	}
	return c, j, err
}

func (o OfJob) plan(ctx context.Context, d *Desk, to cards.JobState, does Sentence) (Plan, error) {
	_, j, err := o.find(ctx, d, to)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: does.Fill("job", Word{Kind: "jobs.kind", Is: j.Action()}), State: Say("the job is {state}", "state", jobState(j.State))}, nil
}

// jobState is where a job stands, as the desk's words name it.
func jobState(s cards.JobState) Word {
	return Word{Kind: "jobs.state", Is: strings.ReplaceAll(string(s), " ", "-")}
}

func (o OfJob) carry(ctx context.Context, d *Desk, to cards.JobState, by prepaid.By) (Result, error) {
	if err := d.notCarried(ctx, by); err != nil {
		return Result{}, err
	}
	// a chunk that ends meanwhile is no reason to refuse
	for {
		c, j, err := o.find(ctx, d, to)
		if err != nil {
			return Result{}, err
		}
		err = c.Service.SwitchJob(ctx, j, to, by)
		if err == nil {
			return Result{Text: Say("Job {job} is {state}: {done} of {cards} are done.", "job", j.ID, "state", jobState(to), "done", j.Done, "cards", howManyCards(j.Total)), Job: o.Job}, nil
		}
		if again, readErr := c.job(ctx, o.Job); readErr != nil || again.Step == j.Step {
			return Result{}, err
		}
	}
}

// StopJob stops a job. What it has done stays.
type StopJob struct{ OfJob }

// Kind implements Operation.
func (StopJob) Kind() string { return "stop job" }

// Plan implements Operation.
func (o StopJob) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return o.plan(ctx, d, cards.Stopped, Say("Stops the job after the cards that it is just dealing with ({job}). What is done stays, and it can go on."))
}

// Carry implements Operation.
func (o StopJob) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return o.carry(ctx, d, cards.Stopped, by)
}

// ResumeJob has the server go on with a job that was stopped, or that a command has begun and left.
type ResumeJob struct{ OfJob }

// Kind implements Operation.
func (ResumeJob) Kind() string { return "go on with job" }

// Plan implements Operation.
func (o ResumeJob) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return o.plan(ctx, d, cards.UnderWay, Say("The server goes on with the job where it was ({job})."))
}

// Carry implements Operation.
func (o ResumeJob) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return o.carry(ctx, d, cards.UnderWay, by)
}

// GiveUpJob ends a job for good. What it has done stays.
type GiveUpJob struct{ OfJob }

// Kind implements Operation.
func (GiveUpJob) Kind() string { return "give up job" }

// Plan implements Operation.
func (o GiveUpJob) Plan(ctx context.Context, d *Desk) (Plan, error) {
	_, j, err := o.find(ctx, d, cards.Abandoned)
	if err != nil {
		return Plan{}, err
	}
	does := Say("Ends the job for good ({job}). What is done stays.")
	switch j.Kind {
	case cards.KindGenerate, cards.KindImport:
		does = Say("Ends the job for good ({job}). The cards that it has made are never released: delete them.")
	case cards.KindExport:
		does = Say("Ends the job for good ({job}). The cards that it has marked count as exported: a file of them is made with new codes alone.")
	}
	return o.plan(ctx, d, cards.Abandoned, does)
}

// Carry implements Operation.
func (o GiveUpJob) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return o.carry(ctx, d, cards.Abandoned, by)
}
