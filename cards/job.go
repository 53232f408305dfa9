package cards

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// JobID names one piece of work on many cards; of a batch of cards it is also the batch's name.
type JobID string

// Kind is what a job does.
type Kind string

// The kinds of jobs.
const (
	KindGenerate Kind = "generate"
	KindImport   Kind = "import"
	KindEdit     Kind = "edit" // also release, lock, unlock and void
	KindDelete   Kind = "delete"
	KindExport   Kind = "export"
	KindRekey    Kind = "rekey"
	KindReseller Kind = "reseller" // a reseller was created: its record names it instead of cards
)

// makes reports whether jobs of the kind make cards.
func (k Kind) makes() bool { return k == KindGenerate || k == KindImport }

// JobState is where a job stands.
type JobState string

// The states of a job. What is under way when nobody works on it was interrupted, and can be resumed.
const (
	UnderWay  JobState = "under way"
	JobDone   JobState = "done"
	Abandoned JobState = "abandoned" // its cards were deleted before it was complete
)

// Job is work on many cards: done in chunks, each one transaction that also says how far the job is, so that
// it goes on where it was interrupted, and each written to the audit record.
type Job struct {
	ID        JobID
	Brand     string
	Kind      Kind
	State     JobState
	By        string // who wants it
	Why       string
	Spec      Spec
	Total     int64 // cards to deal with, as counted at the start
	Done      int64 // cards dealt with
	Step      int64 // transactions so far: two processes can't both make the next
	After     Key   // the last card dealt with
	CreatedAt time.Time
	EndedAt   time.Time
}

// Spec is what a job does, as it is kept. It holds no code.
type Spec struct {
	Generate *GenerateRequest `json:",omitempty"`
	Import   *ImportSpec      `json:",omitempty"`
	Filter   *Filter          `json:",omitempty"` // of an edit, deletion or export
	Change   *Change          `json:",omitempty"` // of an edit
	Export   *ExportSpec      `json:",omitempty"`
	Version  int              `json:",omitempty"` // of the key that rekeying seals with
}

// Chunk is one transaction of a job: which cards it dealt with, and when.
type Chunk struct {
	Job   Job // as before the chunk
	Cards int64
	First string // serials
	Last  Key
	Now   time.Time
	End   bool // the job is done with it
}

// Record is one row of the audit record, which nobody changes.
type Record struct {
	At    time.Time
	Brand string
	Job   JobID
	Kind  Kind
	By    string
	Why   string
	First string // serials
	Last  string
	Cards int64
}

// Why a job can't go on.
var (
	ErrNoJob = errors.New("no such job")
	// ErrJobElsewhere says that another process has worked on the job in the meantime.
	ErrJobElsewhere = errors.New("another process works on this job, or has ended it")
)

// Progress is told how far a job is; it may be nil. The total is 0 while a file that is to be imported is checked.
type Progress func(done, total int64)

func (p Progress) report(done, total int64) {
	if p != nil {
		p(done, total)
	}
}

func (p Progress) reportJob(j Job) { p.report(j.Done, j.Total) }

// Job returns a job; ErrNoJob.
func (s *Service) Job(ctx context.Context, id JobID) (Job, error) {
	j, err := s.c.Jobs.CardJob(ctx, id)
	if err != nil {
		return j, fmt.Errorf("job %s: %w", id, err)
	}
	return j, nil
}

// Jobs lists a brand's newest jobs, at most 200; with open set only those under way.
func (s *Service) Jobs(ctx context.Context, brand string, open bool) ([]Job, error) {
	if _, err := s.brand(brand); err != nil {
		return nil, err
	}
	return s.c.Jobs.CardJobs(ctx, brand, open, 200)
}

// Audit lists what a job has done, chunk by chunk.
func (s *Service) Audit(ctx context.Context, id JobID) ([]Record, error) {
	return s.c.Jobs.CardAudit(ctx, id)
}

// start stores a new job, with the deed of who wants it.
func (s *Service) start(ctx context.Context, j Job, by prepaid.By) (Job, error) {
	if by.Who == "" {
		return j, errors.New("say who does it")
	}
	j.ID, j.State, j.By, j.Why, j.CreatedAt = prepaid.NewID[JobID](), UnderWay, by.Who, by.Why, s.c.Clock.Now()
	j, err := s.c.Jobs.StartCardJob(ctx, j, by)
	if err != nil {
		return j, fmt.Errorf("start %s: %w", j.Kind, err)
	}
	return j, nil
}

// underWay refuses to run a job of another kind, or one that has ended.
func (j Job) underWay(kind Kind) error {
	switch {
	case j.Kind != kind:
		return fmt.Errorf("job %s is to %s, not to %s", j.ID, j.Kind, kind)
	case j.State != UnderWay:
		return fmt.Errorf("job %s is %s", j.ID, j.State)
	}
	return nil
}

// Advanced is the job after a chunk.
func (c Chunk) Advanced() Job {
	j := c.Job
	j.Done += c.Cards
	j.Step++
	j.After = c.Last
	if c.End {
		j.State, j.EndedAt = JobDone, c.Now
	}
	return j
}
