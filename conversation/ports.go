package conversation

import (
	"context"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Sessions keeps conversations: per sender one session with its lock, its line of waiting turns and the
// memos of messages that have been answered. Both scripts may be sent twice and mean the same; nothing
// is decided by a TTL, all by the now that comes with the call. An error means that the store does not
// answer.
type Sessions interface {
	// Begin starts a turn. A message with a memo is Seen. Else, if the sender's lock is free, lapsed or
	// holds this token, and no earlier turn waits in line, the turn takes the lock for LockFor and
	// gets session and version (Yours). Else it stands InLine, first come, first served, until LineUntil;
	// call again.
	Begin(ctx context.Context, b Begin) (Begun, error)
	// Commit ends a turn. A message with a memo is Seen. Else, if token and version match, session, memo
	// and transcript are stored, the version counts up and the lock is free (Stored). Else Lost: begin again.
	Commit(ctx context.Context, c Commit) (Committed, error)
	// Leave gives up a turn: its lock or its place in line.
	Leave(ctx context.Context, sender, token string) error
	// DrainTranscripts hands stored transcript entries to save in batches of at most n, and forgets them
	// when it returns nil. An entry may be handed over twice. It returns how many were saved.
	DrainTranscripts(ctx context.Context, n int, save func(context.Context, []Transcript) error) (int, error)
}

// Begin is the input of Sessions.Begin.
type Begin struct {
	Sender    string // brand/channel/address: "demo/twilio/tel:+31612345678"
	MessageID string
	Token     string // this turn's own, from prepaid.NewToken
	Now       time.Time
	LockFor   time.Duration
	LineUntil time.Time
}

// BeginStatus says how a turn may go on.
type BeginStatus string

// The answers of Begin.
const (
	Yours  BeginStatus = "yours"
	Seen   BeginStatus = "seen"
	InLine BeginStatus = "in line"
)

// Begun is the answer of Sessions.Begin.
type Begun struct {
	Status  BeginStatus
	Memo    []byte // with Seen
	Session []byte // with Yours; empty where there is none yet
	Version int64  // with Yours; 0 where there is no session yet
}

// Commit is the input of Sessions.Commit.
type Commit struct {
	Sender     string
	MessageID  string
	Token      string
	Version    int64 // as begun
	Session    []byte
	Memo       []byte
	Transcript []byte // secrets masked
	Now        time.Time
	MemoFor    time.Duration // how long the memo is kept at least
	SessionFor time.Duration // how long the session is kept at least
}

// CommitStatus says what became of a turn.
type CommitStatus string

// The answers of Commit; Seen comes with the memo of the turn that was first.
const (
	Stored CommitStatus = "stored"
	Lost   CommitStatus = "lost"
)

// Committed is the answer of Sessions.Commit.
type Committed struct {
	Status CommitStatus // Stored, Lost, or CommitStatus(Seen)
	Memo   []byte
}

// Transcript is one turn as it is kept for support: secrets masked.
type Transcript struct {
	Sender    string
	MessageID string
	At        time.Time
	Entry     []byte // JSON
}

// Transcripts keeps what was drained. A repeated entry (sender, message id) is stored once.
type Transcripts interface {
	SaveTranscripts(ctx context.Context, entries []Transcript) error
}

// Windows keeps when addresses have last written on channels that take our own words only for a while after that
// (channels.Capabilities.Window).
type Windows interface {
	// SawInbound writes down that an address has written on a channel at a time, and how the provider spells it: that is where messages
	// are sent. A time before the one that is known changes nothing.
	SawInbound(ctx context.Context, brand, channel string, a prepaid.Address, sender string, at time.Time) error
	// LastInbound returns when an address has last written on a channel. It is zero where it never has, and where the provider has said
	// since that the window is shut.
	LastInbound(ctx context.Context, brand, channel string, a prepaid.Address) (time.Time, error)
}

// Notice is news for a customer who has not been told yet: what happened, and where they are to be told.
type Notice struct {
	ID       prepaid.NoticeID
	Brand    string
	Channel  string
	Kind     string // how the customer writes to us: a channels.Kind
	Address  prepaid.Address
	Language string
	About    prepaid.NoticeKind
	Order    prepaid.OrderID // that it is about; "" for none
	DueAt    time.Time
	NoticeState
}

// NoticeState says whether a notice's customer was told, and if not, what keeps them from it.
type NoticeState struct {
	ToldAt time.Time       // zero: not yet
	Held   prepaid.HeldFor // why the notice waits; "" where it does not
	HeldAt time.Time
	// Retold: it was sent in vain, or is now told at another address of the customer's than the one that it was for.
	// What the conversation there has heard of it before does not count.
	Retold bool
}

// Notices keeps notices until their customers are told.
type Notices interface {
	// ClaimNotices leases up to n untold notices that are due until the given time.
	ClaimNotices(ctx context.Context, now, until time.Time, n int) ([]Notice, error)
	// NoticesOf returns the untold notices of how an order stands, whether due or not, as long as that is its status;
	// none where it has another by now.
	NoticesOf(ctx context.Context, o prepaid.OrderID, status topup.Status) ([]prepaid.NoticeID, error)
	// MarkTold writes down what customers have been told: those notices are due no more, and the PINs are forgotten, unless a
	// message that shows one waits to be sent.
	MarkTold(ctx context.Context, told prepaid.Told, now time.Time) error
	// NextNotice tells when the next one is due or its lease lapses, whichever is later; zero for none.
	NextNotice(ctx context.Context) (time.Time, error)
	// HandOver puts the messages that tell a notice into the outbox and marks it told, in one transaction. Where one of
	// them ends as given up, the notice is untold again, under another id, and Retold: due at once where the recipient
	// refuses us there, else held as HeldUndelivered.
	HandOver(ctx context.Context, id prepaid.NoticeID, parts []channels.Outbound, now time.Time) error
}

// HeldNotices keeps notices that no customer can be told of for now.
type HeldNotices interface {
	// Redirect has an untold notice retold at its new channel, kind and address.
	Redirect(ctx context.Context, n Notice) error
	// Hold keeps an untold notice from being due.
	Hold(ctx context.Context, id prepaid.NoticeID, why prepaid.HeldFor, now time.Time) error
	// Held lists what is held for an address, oldest first.
	Held(ctx context.Context, brand string, a prepaid.Address) ([]Notice, error)
	// HeldOf lists the held notices of how an order stands.
	HeldOf(ctx context.Context, o prepaid.OrderID) ([]prepaid.NoticeID, error)
	// Release makes what is held for an address due again.
	Release(ctx context.Context, brand string, a prepaid.Address) error
}
