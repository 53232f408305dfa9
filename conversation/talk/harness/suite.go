package harness

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pulsa/app/config"
	"pulsa/conversation/talk"
)

// Suite is stories that were read and checked, and the configuration of the brands that they talk to.
type Suite struct {
	*talk.Scripts
	config config.Config
	flows  []talk.Flow
}

// Stage says where and how stories are played. The zero Stage is a fresh program with an embedded store for each story.
type Stage struct {
	Database string // PostgreSQL in which each story gets a schema of its own
	Redis    string // where each story keeps its sessions under a prefix of its own
	Server   string // a running server instead, by its fake channel
	Admin    string // that server's admin listener, for facts and events
	Options  talk.Options
}

// ReadSuite reads the stories of files and folders, and keeps those of the choices (see talk.Scripts.Only). Where stories are
// wrong it returns talk.ScriptErrors, where none is left a *talk.ChoiceError.
func ReadSuite(c config.Config, paths, choices []string) (*Suite, error) {
	v, err := testVocabulary(c)
	if err != nil {
		return nil, err
	}
	files, err := Files(paths)
	if err != nil {
		return nil, err
	}
	scripts, err := talk.Load(files, v)
	if err != nil {
		return nil, err
	}
	return &Suite{Scripts: scripts, config: c, flows: v.Flows}, scripts.Only(choices)
}

func testVocabulary(c config.Config) (*talk.Vocabulary, error) {
	if _, err := c.TestBrand(""); err != nil {
		return nil, fmt.Errorf("%w, and stories talk to no other", err)
	}
	return Vocabulary(c)
}

// Run plays the stories. The report is nil only where they could not be played at all. On a running server they are played
// one after the other, because its simulators behave alike for everybody.
func (s *Suite) Run(ctx context.Context, at Stage) (*talk.Report, error) {
	if at.Server != "" {
		m, err := NewServerMaker(ctx, at.Server, at.Admin, s.config)
		if err != nil {
			return nil, err
		}
		at.Options.Workers = 1
		return talk.Run(ctx, m, s.Scripts, at.Options), nil
	}
	m, err := NewMaker(ctx, s.config, at.Database, at.Redis)
	if err != nil {
		return nil, err
	}
	return talk.Run(ctx, m, s.Scripts, at.Options), m.Close()
}

// Cover tells which states and transitions of the conversations the stories of a report entered.
func (s *Suite) Cover(r *talk.Report) talk.Coverage { return r.Cover(s.flows) }

// Fix is talk.Fix on fresh programs.
func (s *Suite) Fix(ctx context.Context, at Stage) ([]talk.Fixed, []string, error) {
	m, err := NewMaker(ctx, s.config, at.Database, at.Redis)
	if err != nil {
		return nil, nil, err
	}
	fixed, notes := talk.Fix(ctx, m, s.Scripts, at.Options)
	return fixed, notes, m.Close()
}

// Record is talk.Record on a fresh program. "" stands for the first test brand. Where it fails, it returns the story so far.
// A story without a line is an error.
func Record(ctx context.Context, c config.Config, at Stage, r talk.Recording, in io.Reader, out io.Writer) (string, error) {
	v, err := testVocabulary(c)
	if err != nil {
		return "", err
	}
	b, err := c.TestBrand(r.Brand)
	if err != nil {
		return "", err
	}
	r.Brand = b.Name
	m, err := NewMaker(ctx, c, at.Database, at.Redis)
	if err != nil {
		return "", err
	}
	story, err := talk.Record(ctx, m, v, r, in, out)
	if err = errors.Join(err, m.Close()); err == nil && story == "" {
		err = errors.New("nothing was texted, so no story is written")
	}
	return story, err
}
