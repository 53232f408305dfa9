package main

import (
	"context"
	"errors"
	"fmt"

	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
)

type talkCommand struct {
	Run      talkRunCommand      `cmd:"" help:"Run stories and say which fail."`
	Check    talkCheckCommand    `cmd:"" help:"Only read stories and say what is wrong with them."`
	Record   talkRecordCommand   `cmd:"" help:"Chat, and have it written down as a story."`
	Fix      talkFixCommand      `cmd:"" help:"Rewrite the answers in stories to what is answered, and show the difference."`
	Coverage talkCoverageCommand `cmd:"" help:"List the states and transitions that no story enters."`
	Points   talkPointsCommand   `cmd:"" help:"List where 'crash after' can strike."`
}

// talkConfig is the flag of every command that needs test brands.
type talkConfig struct {
	Config string `help:"Configuration file, for its test brands (default: ./pulsa.yaml, else the built-in demo)." placeholder:"FILE"`
}

// read reads stories.
func (f talkConfig) read(e term.Env, paths, only []string) (*harness.Suite, error) {
	c, err := settings{Config: f.Config}.load(e, config.NoCredentials, nil)
	if err != nil {
		return nil, err
	}
	return harness.ReadSuite(c, paths, only)
}

// talkPlayFlags are those of every command that plays stories.
type talkPlayFlags struct {
	talkConfig
	Database string `help:"PostgreSQL in which each story gets a schema of its own (default: an embedded file each)." placeholder:"URL"`
	Redis    string `help:"Redis for the sessions, each story under a prefix of its own (default: the embedded file)." placeholder:"URL"`
	Workers  int    `help:"Stories at the same time (default: one for each processor)." placeholder:"N"`
}

func (f talkPlayFlags) stage(e term.Env) harness.Stage {
	stage := harness.Stage{Database: f.Database, Redis: f.Redis, Options: talk.Options{Workers: f.Workers}}
	if talk.Terminal(e.Stderr) {
		stage.Options.Progress = talk.Progress(e.Stderr)
	}
	return stage
}

// talkSuiteFlags are those of commands that play some of the stories in files.
type talkSuiteFlags struct {
	talkPlayFlags
	Only  []string `help:"Only stories with this tag, or with this in their name; may be repeated." placeholder:"TAG" sep:"none"`
	Paths []string `arg:"" help:"Stories: files, or folders of .talk files." name:"file"`
}

type talkRunCommand struct {
	talkSuiteFlags
	Server string `help:"Run them against a server's fake channel instead of a fresh program for each story." placeholder:"URL"`
	Admin  string `help:"With --server: its admin listener, for facts and events." default:"http://127.0.0.1:9090" placeholder:"URL"`
	JUnit  string `help:"Write a JUnit report." placeholder:"FILE" name:"junit"`
	HTML   string `help:"Write a report with chat bubbles." placeholder:"FILE" name:"html"`
	JSON   bool   `help:"Print the report as JSON." name:"json"`
}

func (r *talkRunCommand) Run(ctx context.Context, e term.Env) error {
	suite, err := r.read(e, r.Paths, r.Only)
	if err != nil {
		return err
	}
	stage := r.stage(e)
	stage.Server, stage.Admin = r.Server, r.Admin
	report, err := suite.Run(ctx, stage)
	if report == nil {
		return err
	}
	if r.JSON {
		err = errors.Join(report.WriteJSON(e.Stdout), err)
	} else {
		err = errors.Join(report.WriteText(e.Stdout, talk.Terminal(e.Stdout)), err)
	}
	if err = errors.Join(err, report.Save(r.JUnit, r.HTML)); err == nil && report.ExitCode() != 0 {
		err = exitCode(report.ExitCode())
	}
	return err
}

type talkCheckCommand struct {
	talkConfig
	Paths []string `arg:"" help:"Stories: files, or folders of .talk files." name:"file"`
}

func (t *talkCheckCommand) Run(_ context.Context, e term.Env) error {
	suite, err := t.read(e, t.Paths, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "nothing is wrong; stories: %d\n", len(suite.Stories))
	return nil
}

type talkRecordCommand struct {
	talkPlayFlags
	Brand    string `help:"Whom to talk to (default: the first test brand)."`
	Channel  string `help:"sms, telegram, ussd, whatsapp or web." enum:"sms,telegram,ussd,whatsapp,web" default:"sms"`
	Language string `help:"The story's language (default: the brand's first)."`
	From     string `help:"The customer's number (default: a new one)." placeholder:"+NUMBER"`
	Name     string `help:"The story's name." default:"Recorded"`
	Output   string `short:"o" help:"Where the story is written (default: printed)." placeholder:"FILE"`
}

func (t *talkRecordCommand) Run(ctx context.Context, e term.Env) error {
	c, err := settings{Config: t.Config}.load(e, config.NoCredentials, nil)
	if err != nil {
		return err
	}
	if err := talk.CheckNew(t.Output); err != nil {
		return wrongFlag("-o %s: %w", t.Output, err)
	}
	story, err := harness.Record(ctx, c, t.stage(e), talk.Recording{
		Name: t.Name, Brand: t.Brand, Channel: t.Channel, Language: t.Language, From: t.From,
	}, e.Stdin, e.Stdout)
	return talk.Keep(e.Stdout, t.Output, story, err)
}

type talkFixCommand struct {
	talkSuiteFlags
	DryRun bool `help:"Only show the difference." short:"n"`
}

func (t *talkFixCommand) Run(ctx context.Context, e term.Env) error {
	suite, err := t.read(e, t.Paths, t.Only)
	if err != nil {
		return err
	}
	fixed, notes, err := suite.Fix(ctx, t.stage(e))
	for _, f := range fixed {
		fmt.Fprint(e.Stdout, f.Diff)
		if !t.DryRun {
			err = errors.Join(err, f.Write())
		}
	}
	for _, note := range notes {
		fmt.Fprintln(e.Stderr, note)
	}
	switch {
	case err != nil:
		return err
	case len(notes) > 0:
		return exitCode(talk.ExitFailed)
	case len(fixed) == 0:
		fmt.Fprintln(e.Stdout, "nothing to mend")
	}
	return nil
}

type talkCoverageCommand struct{ talkSuiteFlags }

func (t *talkCoverageCommand) Run(ctx context.Context, e term.Env) error {
	suite, err := t.read(e, t.Paths, t.Only)
	if err != nil {
		return err
	}
	report, err := suite.Run(ctx, t.stage(e))
	if report == nil {
		return err
	}
	coverage := suite.Cover(report)
	if err := errors.Join(coverage.WriteText(e.Stdout), err); err != nil {
		return err
	}
	if failed := report.Count(talk.Failed); failed > 0 {
		return fmt.Errorf("%d stories failed: pulsa talk run says why", failed)
	}
	if !coverage.Complete() {
		return exitCode(1)
	}
	return nil
}

type talkPointsCommand struct{}

func (talkPointsCommand) Run(_ context.Context, e term.Env) error {
	return talk.WritePoints(e.Stdout, harness.Points())
}
