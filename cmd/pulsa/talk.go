package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

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

// talkFlags are those of every command that reads stories.
type talkFlags struct {
	Config string `help:"Configuration file, for its test brands (default: ./pulsa.yaml, else the built-in demo)." placeholder:"FILE"`
}

// talkOnlyFlags choose among the stories that were read.
type talkOnlyFlags struct {
	Only []string `help:"Only stories with this tag, or with this in their name; may be repeated." placeholder:"TAG" sep:"none"`
}

// choose leaves out the stories that were not asked for. Where none is left it says so, and ends with exit code 2.
func (f talkOnlyFlags) choose(e term.Env, s *talk.Scripts) error {
	tags := s.Tags()
	if s.Only(f.Only) {
		return nil
	}
	fmt.Fprintf(e.Stderr, "--only %s: no story has that tag, or that in its name\n", strings.Join(f.Only, ", "))
	if len(tags) > 0 {
		fmt.Fprintf(e.Stderr, "the tags are: %s\n", strings.Join(tags, ", "))
	}
	return exitCode(talk.ExitScript)
}

// talkPlayFlags are those of every command that runs stories.
type talkPlayFlags struct {
	talkFlags
	Database string `help:"PostgreSQL in which each story gets a schema of its own (default: an embedded file each)." placeholder:"URL"`
	Redis    string `help:"Redis for the sessions, each story under a prefix of its own (default: the embedded file)." placeholder:"URL"`
	Workers  int    `help:"Stories at the same time (default: one for each processor)." placeholder:"N"`
}

// vocabulary reads the configuration and what scripts are checked against.
func (f talkFlags) vocabulary(e term.Env) (config.Config, *talk.Vocabulary, error) {
	c, err := settings{Config: f.Config}.load(e, nil)
	if err != nil {
		return config.Config{}, nil, err
	}
	v, err := harness.Vocabulary(c)
	if err != nil {
		return config.Config{}, nil, err
	}
	if len(v.Brands) == 0 {
		return config.Config{}, nil, fmt.Errorf("%s declares no brand marked test, and stories talk to no other", c.File)
	}
	return c, v, nil
}

// loadStories reads the stories of files and folders. What is wrong with them is printed, and ends with exit code 2.
func loadStories(e term.Env, v *talk.Vocabulary, paths []string) (*talk.Scripts, error) {
	files, err := harness.Files(paths)
	if err != nil {
		fmt.Fprintln(e.Stderr, err)
		return nil, exitCode(talk.ExitScript)
	}
	scripts, err := talk.Load(files, v)
	var wrong talk.ScriptErrors
	if errors.As(err, &wrong) {
		fmt.Fprintln(e.Stderr, wrong.Error())
		return nil, exitCode(talk.ExitScript)
	}
	return scripts, err
}

type talkRunCommand struct {
	talkPlayFlags
	talkOnlyFlags
	Server string   `help:"Run them against a server's fake channel instead of a fresh program for each story." placeholder:"URL"`
	Admin  string   `help:"With --server: its admin listener, for facts and events." default:"http://127.0.0.1:9090" placeholder:"URL"`
	JUnit  string   `help:"Write a JUnit report." placeholder:"FILE" name:"junit"`
	HTML   string   `help:"Write a report with chat bubbles." placeholder:"FILE" name:"html"`
	JSON   bool     `help:"Print the report as JSON." name:"json"`
	Paths  []string `arg:"" help:"Stories: files, or folders of .talk files." name:"file"`
}

// Run implements the command.
func (r *talkRunCommand) Run(ctx context.Context, e term.Env) error {
	c, v, err := r.vocabulary(e)
	if err != nil {
		return err
	}
	scripts, err := loadStories(e, v, r.Paths)
	if err == nil {
		err = r.choose(e, scripts)
	}
	if err != nil {
		return err
	}
	maker, end, err := r.maker(ctx, c)
	if err != nil {
		return err
	}
	if r.Server != "" {
		r.Workers = 1 // the server's simulators behave alike for everybody
	}
	report := talk.Run(ctx, maker, scripts, r.options(e))
	return errors.Join(r.write(report, e), end())
}

// maker is where stories are played.
func (r *talkRunCommand) maker(ctx context.Context, c config.Config) (talk.Maker, func() error, error) {
	if r.Server != "" {
		m, err := harness.NewServerMaker(ctx, r.Server, r.Admin, c)
		return m, func() error { return nil }, err
	}
	m, err := harness.NewMaker(ctx, c, r.Database, r.Redis)
	if err != nil {
		return nil, nil, err
	}
	return m, m.Close, nil
}

// prepare reads stories and makes ready what plays them. The caller closes the maker.
func (f talkPlayFlags) prepare(ctx context.Context, e term.Env, paths []string, only talkOnlyFlags) (*talk.Scripts, *talk.Vocabulary, *harness.Maker, error) {
	c, v, err := f.vocabulary(e)
	if err != nil {
		return nil, nil, nil, err
	}
	scripts, err := loadStories(e, v, paths)
	if err == nil {
		err = only.choose(e, scripts)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := harness.NewMaker(ctx, c, f.Database, f.Redis)
	return scripts, v, m, err
}

func (f talkPlayFlags) options(e term.Env) talk.Options {
	o := talk.Options{Workers: f.Workers}
	if talk.Terminal(e.Stderr) {
		o.Progress = talk.Progress(e.Stderr)
	}
	return o
}

// write prints the report and writes the files asked for.
func (r *talkRunCommand) write(report *talk.Report, e term.Env) error {
	var err error
	if r.JSON {
		err = report.WriteJSON(e.Stdout)
	} else {
		err = report.WriteText(e.Stdout, talk.Terminal(e.Stdout))
	}
	err = errors.Join(err, writeFile(r.JUnit, report.WriteJUnit), writeFile(r.HTML, report.WriteHTML))
	if err != nil {
		return err
	}
	if code := report.ExitCode(); code != 0 {
		return exitCode(code)
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

type talkCheckCommand struct {
	talkFlags
	Paths []string `arg:"" help:"Stories: files, or folders of .talk files." name:"file"`
}

// Run implements the command.
func (t *talkCheckCommand) Run(_ context.Context, e term.Env) error {
	_, v, err := t.vocabulary(e)
	if err != nil {
		return err
	}
	scripts, err := loadStories(e, v, t.Paths)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "nothing is wrong; stories: %d\n", len(scripts.Stories))
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

// Run implements the command.
func (t *talkRecordCommand) Run(ctx context.Context, e term.Env) error {
	c, v, err := t.vocabulary(e)
	if err != nil {
		return err
	}
	if err := t.checkOutput(); err != nil {
		return err
	}
	if t.Brand == "" {
		t.Brand = v.Brands[0].Name
	}
	if _, err := c.TestBrand(t.Brand); err != nil {
		return err
	}
	m, err := harness.NewMaker(ctx, c, t.Database, t.Redis)
	if err != nil {
		return err
	}
	story, err := talk.Record(ctx, m, v, talk.Recording{
		Name: t.Name, Brand: t.Brand, Channel: t.Channel, Language: t.Language, From: t.From,
	}, e.Stdin, e.Stdout)
	if err = errors.Join(err, m.Close()); err != nil {
		fmt.Fprint(e.Stdout, story) // what was said is not lost
		return err
	}
	if story == "" {
		return errors.New("nothing was texted, so no story is written")
	}
	if t.Output == "" {
		_, err = io.WriteString(e.Stdout, story)
		return err
	}
	if err := writeNew(t.Output, story); err != nil {
		fmt.Fprint(e.Stdout, story)
		return err
	}
	fmt.Fprintf(e.Stdout, "%s written. Try: pulsa talk run %s\n", t.Output, t.Output)
	return nil
}

// checkOutput finds out before the chat that the story could not be written after it.
func (t *talkRecordCommand) checkOutput() error {
	if t.Output == "" {
		return nil
	}
	if _, err := os.Lstat(t.Output); err == nil {
		return wrongFlag("-o %s: there is such a file already, and it is not overwritten", t.Output)
	}
	folder := filepath.Dir(t.Output)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return wrongFlag("-o %s: there is no folder %s", t.Output, folder)
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

type talkFixCommand struct {
	talkPlayFlags
	talkOnlyFlags
	DryRun bool     `help:"Only show the difference." short:"n"`
	Paths  []string `arg:"" help:"Stories: files, or folders of .talk files." name:"file"`
}

// Run implements the command.
func (t *talkFixCommand) Run(ctx context.Context, e term.Env) error {
	scripts, _, m, err := t.prepare(ctx, e, t.Paths, t.talkOnlyFlags)
	if err != nil {
		return err
	}
	fixed, notes := talk.Fix(ctx, m, scripts, t.options(e))
	err = m.Close()
	for _, f := range fixed {
		fmt.Fprint(e.Stdout, f.Diff)
		if !t.DryRun {
			err = errors.Join(err, os.WriteFile(f.File, f.New, 0o644))
		}
	}
	for _, note := range notes {
		fmt.Fprintln(e.Stderr, note)
	}
	if err != nil {
		return err
	}
	if len(notes) > 0 {
		return exitCode(talk.ExitFailed)
	}
	if len(fixed) == 0 {
		fmt.Fprintln(e.Stdout, "nothing to mend")
	}
	return nil
}

type talkCoverageCommand struct {
	talkPlayFlags
	talkOnlyFlags
	Paths []string `arg:"" help:"Stories: files, or folders of .talk files." name:"file"`
}

// Run implements the command.
func (t *talkCoverageCommand) Run(ctx context.Context, e term.Env) error {
	scripts, v, m, err := t.prepare(ctx, e, t.Paths, t.talkOnlyFlags)
	if err != nil {
		return err
	}
	report := talk.Run(ctx, m, scripts, t.options(e))
	coverage := report.Cover(v.Flows)
	if err := errors.Join(coverage.WriteText(e.Stdout), m.Close()); err != nil {
		return err
	}
	if failed := report.Count(talk.Failed); failed > 0 {
		fmt.Fprintf(e.Stderr, "%d stories failed: pulsa talk run says why\n", failed)
	}
	if !coverage.Complete() || report.ExitCode() != 0 {
		return exitCode(1)
	}
	return nil
}

type talkPointsCommand struct{}

// Run implements the command.
func (talkPointsCommand) Run(_ context.Context, e term.Env) error {
	return talk.WritePoints(e.Stdout, harness.Points())
}
