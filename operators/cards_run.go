package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardRun says how a job is run.
type CardRun struct {
	// Made is called with each new card that is on sale at once, and its code. It may be nil.
	Made     func(cards.Card, prepaid.Secret) error
	Progress cards.Progress // may be nil
}

// CardsDone is a job that was run.
type CardsDone struct {
	cards.Job
	Exported cards.Exported // of an export
}

// Text says for people what was done, in one sentence.
func (d CardsDone) Text() string {
	switch made := d.Spec.Generate; {
	case d.Kind == cards.KindGenerate && made.Live:
		return cards.HowMany(d.Total, "card") + ", on sale. Spend one by text: REDEEM code"
	case d.Kind == cards.KindGenerate:
		return fmt.Sprintf("%s generated, %s to %s, batch %s, not on sale yet.", cards.HowMany(d.Total, "card"), made.Serial(0), made.Serial(made.Quantity-1), d.ID)
	case d.Kind == cards.KindImport:
		return fmt.Sprintf("%s imported, batch %s, not on sale yet.", cards.HowMany(d.Total, "card"), d.ID)
	case d.Kind == cards.KindExport:
		return fmt.Sprintf("%s in %s, checksum %s (job %s).", cards.HowMany(d.Exported.Cards, "card"), d.Spec.Export.Name, d.Exported.Checksum, d.ID)
	case d.Kind == cards.KindRekey:
		return fmt.Sprintf("%s sealed anew; all cards of %s are under key version %d.", cards.HowMany(d.Done, "card"), d.Brand, d.Spec.Version)
	}
	done := map[string]string{"release": "released", "lock": "locked", "unlock": "unlocked", "void": "made void", "delete": "deleted"}
	return fmt.Sprintf("%s %s (job %s).", cards.HowMany(d.Done, "card"), cmp.Or(done[d.Action()], "edited"), d.ID)
}

// UnfinishedError says how far an interrupted job got. Run resumes the job; an import is resumed with its file. Where Err is
// cards.ErrJobElsewhere, another process has worked on the job meanwhile, and this count is out of date.
type UnfinishedError struct {
	Job cards.Job
	Err error
}

func (e *UnfinishedError) Error() string {
	if errors.Is(e.Err, cards.ErrJobElsewhere) {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v\n%d of %s are done", e.Err, e.Job.Done, cards.HowMany(e.Job.Total, "card"))
}

func (e *UnfinishedError) Unwrap() error { return e.Err }

// Why a job is not done.
var (
	ErrInterrupted = errors.New("interrupted")
	ErrNeedsFile   = errors.New("an import goes on with the same file")
)

// LongJob reports whether a job may take so long that people should know beforehand how it is resumed.
func LongJob(j cards.Job) bool {
	switch j.Kind {
	case cards.KindGenerate:
		return j.Total > 1000
	case cards.KindEdit, cards.KindDelete:
		return j.Total > 10_000
	}
	return j.Kind == cards.KindExport
}

// Run does the rest of a job of any kind. Errors: *UnfinishedError; ErrNeedsFile for an import.
func (c Cards) Run(ctx context.Context, j cards.Job, r CardRun) (CardsDone, error) {
	done := CardsDone{Job: j}
	var err error
	switch j.Kind {
	case cards.KindGenerate:
		made := r.Made
		if !j.Spec.Generate.Live {
			made = nil
		}
		done.Job, err = c.Service.ResumeGenerate(ctx, j, made, r.Progress)
	case cards.KindEdit, cards.KindDelete:
		done.Job, err = c.Service.ResumeEdit(ctx, j, r.Progress)
	case cards.KindRekey:
		done.Job, err = c.Service.ResumeRekey(ctx, j, r.Progress)
	case cards.KindExport:
		write := func(write func(io.Writer) error) error { return keepFile(j.Spec.Export.Name, write) }
		done.Job, done.Exported, err = c.Service.ResumeExport(ctx, j, write, r.Progress)
	default:
		return done, ErrNeedsFile
	}
	return done, unfinished(ctx, done.Job, err)
}

// unfinished adds to an error how far the job got, if the job can be resumed.
func unfinished(ctx context.Context, j cards.Job, err error) error {
	switch {
	case err == nil || j.ID == "" || j.State != cards.UnderWay:
		return err
	case ctx.Err() != nil && !errors.Is(err, cards.ErrJobElsewhere):
		err = ErrInterrupted // whatever was being done just then
	}
	return &UnfinishedError{j, err}
}

// CardImport describes an import of existing cards from a file.
type CardImport struct {
	File           string
	Reseller       string
	AllowGuessable bool
}

// Import imports the cards of a file. It needs no reason. After an interruption, another call with the same file resumes it.
// Errors: *cards.ImportError if lines are wrong and nothing was imported; *UnfinishedError; cards.ErrGuessable.
func (c Cards) Import(ctx context.Context, i CardImport, by prepaid.By, p cards.Progress) (CardsDone, error) {
	file, err := os.Open(i.File)
	if err != nil {
		return CardsDone{}, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil {
		return CardsDone{}, err
	} else if !info.Mode().IsRegular() {
		return CardsDone{}, fmt.Errorf("%s is read several times: write what it gives to a file, and import that", i.File)
	}
	j, err := c.Service.Import(ctx, cards.ImportRequest{Brand: c.Brand.Name, Reseller: i.Reseller, AllowGuessable: i.AllowGuessable, By: by}, file, p)
	switch {
	case errors.As(err, new(*cards.ImportError)):
		err = fmt.Errorf("%s: nothing was imported\n%w", i.File, err)
	case err != nil:
		err = unfinished(ctx, j, fmt.Errorf("%s: %w", i.File, err))
	}
	return CardsDone{Job: j}, err
}
