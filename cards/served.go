package cards

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"pulsa/prepaid"
)

// Stopped is the state of a job that people have stopped, and may have go on.
const Stopped JobState = "stopped"

// Served keeps the jobs that the server does.
type Served interface {
	// LeaseCardJob gives a job that is due to one who does it alone until a time; ErrNoJob where none is due.
	LeaseCardJob(ctx context.Context, now, until time.Time) (Job, error)
	// ExtendCardJob extends a lease. It reports false where the job is not under way any more.
	ExtendCardJob(ctx context.Context, id JobID, until time.Time) (bool, error)
	// LeaveCardJob gives a lease back, until a time at which the job is tried again, with why it failed.
	LeaveCardJob(ctx context.Context, id JobID, until time.Time, trouble string) error
	// SwitchCardJob moves a job to another state, with the deed of who wants it; ErrJobElsewhere where it was moved on meanwhile. One that is
	// under way is then done by the server.
	SwitchCardJob(ctx context.Context, j Job, to JobState, d prepaid.Deed) error
}

// PrintFile is a print file that waits on the server, sealed to its printers.
type PrintFile struct {
	Job       JobID
	Brand     string
	File      string // what its parts are kept under
	Cards     int64
	Checksum  string // SHA-256 of its lines, in clear
	Bytes     int64
	MadeAt    time.Time
	FetchedAt time.Time // zero: nobody has
	GoneAt    time.Time // when it was deleted; zero: it is there
}

// Files keeps files in parts.
type Files interface {
	// AddFilePart stores a part of a file.
	AddFilePart(ctx context.Context, file string, part int, data []byte, now time.Time) error
	// FilePart reads one; ErrNoFile behind the last.
	FilePart(ctx context.Context, file string, part int) ([]byte, error)
	// DropFile deletes the parts of a file.
	DropFile(ctx context.Context, file string) error
	// EndExport ends an export, whose file is complete: ErrJobElsewhere where another has made it.
	EndExport(ctx context.Context, j Job, f PrintFile) error
	// PrintFile returns the file of an export; ErrNoFile.
	PrintFile(ctx context.Context, brand string, job JobID) (PrintFile, error)
	// FetchPrintFile writes down that somebody fetches a file; ErrNoFile where it is gone.
	FetchPrintFile(ctx context.Context, f PrintFile, d prepaid.Deed) error
	// DropPrintFile deletes a file that was fetched, with the deed of who confirms it; ErrNoFile where it is gone.
	DropPrintFile(ctx context.Context, f PrintFile, d prepaid.Deed) error
	// ForgetFiles deletes up to n print files that were made before a time, and up to n parts of no file. It returns how many.
	ForgetFiles(ctx context.Context, before, now time.Time, n int) (int, error)
}

// ErrNoFile says that a file is not there, or not any more.
var ErrNoFile = errors.New("there is no such file, or not any more: it was confirmed, or its time was up")

// KeepFiles is for how long a print file waits, and how long an upload may wait for its job.
const KeepFiles = 7 * 24 * time.Hour

const (
	jobLease = time.Minute
	jobBeat  = 15 * time.Second
	jobAgain = 20 * time.Second
	partSize = 512 << 10
)

// RunDue does what it can of a job that the server is to do, and reports whether there was one. Any number of copies may call it: each job
// is leased, and a copy that is killed leaves one that another goes on with.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	now := s.c.Clock.Now()
	j, err := s.c.Served.LeaseCardJob(ctx, now, now.Add(jobLease))
	switch {
	case errors.Is(err, ErrNoJob):
		return 0, nil
	case err != nil:
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		s.beat(running, j.ID, stop)
	}()
	err = prepaid.Guard(func() error { return s.serve(running, j) })
	stop()
	<-beats
	if err == nil || errors.Is(err, ErrJobElsewhere) {
		return 1, nil
	}
	trouble := ""
	again := s.c.Clock.Now()
	if ctx.Err() == nil && running.Err() != nil { // stopped, or another has the lease
		return 1, nil
	}
	if ctx.Err() == nil {
		trouble, again = err.Error(), again.Add(jobAgain)
		s.c.Log.WarnContext(ctx, "card job", "job", j.ID, "error", err)
	}
	return 1, s.c.Served.LeaveCardJob(context.WithoutCancel(ctx), j.ID, again, trouble)
}

// beat extends the lease while the job is done, and stops it where it is not under way any more.
func (s *Service) beat(ctx context.Context, id JobID, stop func()) {
	timer := time.NewTicker(jobBeat)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		still, err := s.c.Served.ExtendCardJob(ctx, id, s.c.Clock.Now().Add(jobLease))
		if err == nil && !still {
			stop()
			return
		}
	}
}

// serve does the rest of a job.
func (s *Service) serve(ctx context.Context, j Job) error {
	var err error
	switch j.Kind {
	case KindGenerate:
		_, err = s.ResumeGenerate(ctx, j, nil, nil)
	case KindEdit, KindDelete:
		_, err = s.ResumeEdit(ctx, j, nil)
	case KindRekey:
		_, err = s.ResumeRekey(ctx, j, nil)
	case KindExport:
		err = s.serveExport(ctx, j)
	default:
		err = fmt.Errorf("the server does no job to %s", j.Kind)
	}
	return err
}

// serveExport marks the cards and makes the file. A file that is cut off is made anew: what was encrypted can't be gone on with.
func (s *Service) serveExport(ctx context.Context, j Job) error {
	if j.Spec.Export.Plaintext || j.Spec.Export.Name != "" {
		return errors.New("this export writes to a file of a command: go on with it there")
	}
	j, err := s.claim(ctx, j, nil)
	if err != nil {
		return err
	}
	file := PrintFile{Job: j.ID, Brand: j.Brand, File: prepaid.NewID[string](), MadeAt: s.c.Clock.Now()}
	parts := &partWriter{ctx: ctx, s: s, file: file.File}
	made, err := s.writePrintFile(ctx, j, parts, nil)
	if err == nil {
		err = parts.flush()
	}
	if err == nil {
		file.Cards, file.Checksum, file.Bytes = made.Cards, made.Checksum, parts.bytes
		err = s.c.Files.EndExport(ctx, j, file)
	}
	if err != nil {
		return errors.Join(err, s.c.Files.DropFile(context.WithoutCancel(ctx), file.File))
	}
	return nil
}

// partWriter keeps what is written to it as the parts of a file.
type partWriter struct {
	ctx   context.Context
	s     *Service
	file  string
	part  int
	bytes int64
	rest  bytes.Buffer
}

// Write implements io.Writer.
func (w *partWriter) Write(p []byte) (int, error) {
	w.bytes += int64(len(p))
	w.rest.Write(p)
	for w.rest.Len() >= partSize {
		if err := w.keep(w.rest.Next(partSize)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (w *partWriter) flush() error { return w.keep(w.rest.Next(w.rest.Len())) }

func (w *partWriter) keep(data []byte) error {
	err := w.s.c.Files.AddFilePart(w.ctx, w.file, w.part, data, w.s.c.Clock.Now())
	w.part++
	return err
}

// PrintFile returns the print file of an export; ErrNoFile.
func (s *Service) PrintFile(ctx context.Context, brand string, job JobID) (PrintFile, error) {
	return s.c.Files.PrintFile(ctx, brand, job)
}

// FetchPrintFile writes a print file to w, after a deed of who fetches it. It may be fetched again until it is confirmed.
func (s *Service) FetchPrintFile(ctx context.Context, f PrintFile, by prepaid.By, w io.Writer) error {
	f.FetchedAt = s.c.Clock.Now()
	if err := s.c.Files.FetchPrintFile(ctx, f, f.deed("fetch print file", by, f.FetchedAt)); err != nil {
		return err
	}
	for left, part := f.Bytes, 0; left > 0; part++ {
		data, err := s.c.Files.FilePart(ctx, f.File, part)
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		left -= int64(len(data))
	}
	return nil
}

func (f PrintFile) deed(what string, by prepaid.By, at time.Time) prepaid.Deed {
	return prepaid.Deed{Brand: f.Brand, What: what, Kind: prepaid.OnCards, Object: string(f.Job),
		New: HowMany(f.Cards, "card") + ", checksum " + f.Checksum, By: by, At: at}
}

// ErrNotFetched says that a file that nobody has fetched can't have arrived.
var ErrNotFetched = errors.New("nobody has fetched the file yet")

// ConfirmPrintFile deletes a print file that has arrived.
func (s *Service) ConfirmPrintFile(ctx context.Context, f PrintFile, by prepaid.By) error {
	if f.FetchedAt.IsZero() {
		return ErrNotFetched
	}
	f.GoneAt = s.c.Clock.Now()
	return s.c.Files.DropPrintFile(ctx, f, f.deed("confirm print file", by, f.GoneAt))
}

// ForgetFiles deletes files whose time is up, and reports how many.
func (s *Service) ForgetFiles(ctx context.Context) (int, error) {
	now := s.c.Clock.Now()
	return s.c.Files.ForgetFiles(ctx, now.Add(-KeepFiles), now, 20)
}

// SwitchJob stops a job, has it go on, or gives it up. What was done by then stays: cards of a batch that is not complete can only be
// deleted, and those that an export has marked count as exported.
func (s *Service) SwitchJob(ctx context.Context, j Job, to JobState, by prepaid.By) error {
	if err := j.MaySwitch(to); err != nil {
		return err
	}
	what := map[JobState]string{Stopped: "stop", UnderWay: "go on with", Abandoned: "give up"}[to]
	now := s.c.Clock.Now()
	return s.c.Served.SwitchCardJob(ctx, j, to, prepaid.Deed{
		Brand: j.Brand, What: what + " job", Kind: prepaid.OnCards, Object: string(j.ID),
		Old: string(j.State), New: fmt.Sprintf("%s, %d of %s done", to, j.Done, HowMany(j.Total, "card")), By: by, At: now,
	})
}

// MaySwitch returns nil where people may move a job to a state.
func (j Job) MaySwitch(to JobState) error {
	open := j.State == UnderWay || j.State == Stopped
	switch {
	case to == Stopped && j.State == UnderWay, to == Abandoned && open:
		return nil
	case to == UnderWay && open && !(j.State == UnderWay && j.Served):
		return j.mayBeServed()
	}
	return fmt.Errorf("job %s is %s", j.ID, j.State)
}

func (j Job) mayBeServed() error {
	switch e := j.Spec.Export; {
	case j.Kind == KindImport && j.Spec.Import.Upload == "":
		return errors.New("an import that a command has begun goes on with its file")
	case e != nil && (e.Plaintext || e.Name != ""):
		return errors.New("an export that a command has begun goes on there: it writes to a file")
	}
	return nil
}
