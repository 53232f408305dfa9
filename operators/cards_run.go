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

// UnfinishedError says how far an interrupted job got, and how to go on. Run resumes the job; an import is resumed with its file. Where Err is
// cards.ErrJobElsewhere, another process has worked on the job meanwhile, and this count is out of date.
type UnfinishedError struct {
	Job cards.Job
	Err error
}

func (e *UnfinishedError) Error() string {
	if errors.Is(e.Err, cards.ErrJobElsewhere) {
		return fmt.Sprintf("%v: pulsa cards jobs %s --brand %s tells how far it is", e.Err, e.Job.ID, e.Job.Brand)
	}
	next := fmt.Sprintf("go on with: pulsa cards resume %s --brand %s", e.Job.ID, e.Job.Brand)
	if e.Job.Kind == cards.KindImport {
		next = "go on with the same command and file"
	}
	return fmt.Sprintf("%v\n%d of %s are done; %s", e.Err, e.Job.Done, cards.HowMany(e.Job.Total, "card"), next)
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
	Reseller       string   // "": whom the file names
	Map            []string // what columns are whose names are not known: "PIN nr=code"; "-" leaves one out
	CodeLength     int      // digits that every code has at least; 0: as many as the brand's
	AllowGuessable bool
}

// Import imports the cards of a file. It needs no reason. After an interruption, another call with the same file resumes it.
// Errors: *FieldError; *cards.ImportError if lines are wrong and nothing was imported; *UnfinishedError; cards.ErrGuessable.
func (c Cards) Import(ctx context.Context, i CardImport, by prepaid.By, p cards.Progress) (CardsDone, error) {
	request, file, err := c.openImport(i, by)
	if err != nil {
		return CardsDone{}, err
	}
	defer file.Close()
	j, err := c.Service.Import(ctx, request, file, p)
	if err = i.explained(err); err != nil && !errors.As(err, new(*cards.ImportError)) {
		err = unfinished(ctx, j, err)
	}
	return CardsDone{Job: j}, err
}

// CheckImport tells what Import would do, and changes nothing. Errors are the same.
func (c Cards) CheckImport(ctx context.Context, i CardImport, p cards.Progress) (ImportPlan, error) {
	request, file, err := c.openImport(i, prepaid.By{})
	if err != nil {
		return ImportPlan{}, err
	}
	defer file.Close()
	check, err := c.Service.CheckImport(ctx, request, file, p)
	return ImportPlan{check}, i.explained(err)
}

func (c Cards) openImport(i CardImport, by prepaid.By) (cards.ImportRequest, *os.File, error) {
	r := cards.ImportRequest{Brand: c.Brand.Name, Reseller: i.Reseller, CodeLength: i.CodeLength, AllowGuessable: i.AllowGuessable, By: by}
	var err error
	if r.Columns, err = cards.ParseMapping(i.Map); err != nil {
		return r, nil, &FieldError{Field: "map", Err: err}
	}
	file, err := os.Open(i.File)
	if err != nil {
		return r, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is read several times: write what it gives to a file, and import that", i.File)
	}
	if err != nil {
		_ = file.Close()
		return r, nil, err
	}
	return r, file, nil
}

// explained names the file in an error, and says that nothing of it was stored where that is so.
func (i CardImport) explained(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*cards.ImportError)):
		return fmt.Errorf("%s: nothing was imported\n%w", i.File, err)
	}
	return fmt.Errorf("%s: %w", i.File, err)
}

// ImportPlan is what an import would do.
type ImportPlan struct{ cards.ImportCheck }

// Text says it for people.
func (c ImportPlan) Text() string {
	text := cards.HowMany(c.New, "card") + " to import, worth " + c.Worth.String()
	for _, other := range []struct {
		n    int64
		what string
	}{{c.Activated, "activated"}, {c.Expired, "expired"}, {c.Void, "void"}} {
		if other.n > 0 {
			text += fmt.Sprintf(", and %d %s", other.n, other.what)
		}
	}
	return text + ". Nothing was changed."
}
