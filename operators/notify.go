package operators

import (
	"context"
	"errors"
	"time"

	"pulsa/prepaid"
)

// NoticeWay is how our staff is told that somebody waits for them.
type NoticeWay string

// The ways.
const (
	ByWebhook NoticeWay = "webhook"
	ByMail    NoticeWay = "mail"
)

// EventAsked is the event of an approval that waits for a decision.
const EventAsked = "approval.asked"

// DeskNotice is something that our staff is to be told. It says nothing of a customer.
type DeskNotice struct {
	ID         string
	Brand      string
	Event      string
	Approval   ApprovalID
	Way        NoticeWay
	CreatedAt  time.Time
	RunAt      time.Time
	LeaseUntil time.Time
	Attempts   int
	Code       string    // why the last attempt failed
	EndedAt    time.Time // it was told, given up, or somebody has decided
}

// NoticeStore keeps what our staff is to be told. Approvals write it: see ApprovalStore.Ask.
type NoticeStore interface {
	// ClaimNotice leases a notice that is due; false where none is.
	ClaimNotice(ctx context.Context, now, until time.Time) (DeskNotice, bool, error)
	// EndNotice writes how an attempt ended: RunAt, Code and EndedAt. The lease ends.
	EndNotice(ctx context.Context, n DeskNotice) error
}

// Telling is what is sent of a notice.
type Telling struct {
	Event string    `json:"event"`
	Brand string    `json:"brand"`
	Kind  string    `json:"kind"` // of the operation: "refund"
	ID    string    `json:"id"`
	Link  string    `json:"link"`
	At    time.Time `json:"at"`
	To    []string  `json:"-"` // the e-mail addresses of those who may decide
}

// Teller sends notices one way.
type Teller interface {
	Tell(ctx context.Context, t Telling) error
}

// Notifier tells our staff what waits for them. Safe for concurrent use.
type Notifier struct {
	Notices NoticeStore
	Desk    *Desk
	DeskURL string // no slash at the end
	Ways    map[NoticeWay]Teller
	Failed  func(n DeskNotice, err error) // is told of attempts that failed; it may be nil
}

const (
	// noticeLease is for how long an attempt has a notice alone.
	noticeLease = time.Minute
	// noticeFirst is how long after a failed attempt the next is made. It doubles, up to noticeMost, until noticeTries is over.
	noticeFirst = 30 * time.Second
	noticeMost  = time.Hour
	noticeTries = 24 * time.Hour
)

// RunDue tells one notice that is due, and returns how many that were.
func (n Notifier) RunDue(ctx context.Context) (int, error) {
	now := n.Desk.Clock.Now()
	notice, due, err := n.Notices.ClaimNotice(ctx, now, now.Add(noticeLease))
	if err != nil || !due {
		return 0, err
	}
	err = n.tell(ctx, notice)
	now = n.Desk.Clock.Now()
	switch {
	case err == nil, errors.Is(err, errDecided), errors.Is(err, errNoWay):
		notice.EndedAt, notice.Code = now, ""
	case now.Sub(notice.CreatedAt) >= noticeTries:
		notice.EndedAt, notice.Code = now, err.Error()
	default:
		notice.RunAt, notice.Code = now.Add(pauseAfter(notice.Attempts)), err.Error()
	}
	if notice.Code != "" && n.Failed != nil {
		n.Failed(notice, err)
	}
	return 1, n.Notices.EndNotice(context.WithoutCancel(ctx), notice)
}

// pauseAfter is how long nothing is tried after so many attempts.
func pauseAfter(attempts int) time.Duration {
	return min(noticeFirst<<min(max(attempts-1, 0), 10), noticeMost)
}

// Why a notice is not told.
var (
	errDecided = errors.New("it was decided meanwhile")
	errNoWay   = errors.New("this way is not set up any more")
)

func (n Notifier) tell(ctx context.Context, notice DeskNotice) error {
	way := n.Ways[notice.Way]
	if way == nil {
		return errNoWay
	}
	q, err := n.Desk.Approvals.Approval(ctx, notice.Approval)
	if err != nil {
		return err
	}
	if q.Status != ApprovalAsked {
		return errDecided
	}
	who, err := n.Desk.Deciders(ctx, q)
	if err != nil {
		return err
	}
	brand := q.Brand
	if brand == "" {
		brand = "-"
	}
	ctx, cancel := context.WithTimeout(ctx, noticeLease/2)
	defer cancel()
	return way.Tell(ctx, Telling{
		Event: notice.Event, Brand: q.Brand, Kind: q.Kind, ID: string(q.ID), Link: n.DeskURL + "/" + brand + "/approvals/" + string(q.ID), At: q.AskedAt, To: who,
	})
}

// notices are those of an approval, one for each way.
func (d *Desk) notices(q Approval) (all []DeskNotice) {
	for _, way := range d.Tells {
		all = append(all, DeskNotice{
			ID: prepaid.NewID[string](), Brand: q.Brand, Event: EventAsked, Approval: q.ID, Way: way, CreatedAt: q.AskedAt, RunAt: q.AskedAt,
		})
	}
	return all
}
