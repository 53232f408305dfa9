package network

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pulsa/prepaid"
	simbook "pulsa/sim/book"
	"pulsa/topup"
)

// Codes of results that no network gives: the caller has no answer at all, or none that can be read.
const (
	CodeTimeout = "timeout"
	CodeGarbage = "garbage"
)

// CodeTakenBack is the code of a delivery that was taken back.
const CodeTakenBack = "TAKEN_BACK"

const (
	// patience is how long a time-out takes: no caller waits longer.
	patience = 90 * time.Second
	// gap is how far apart the check for a used reference and its use are, where they are not atomic.
	gap = 50 * time.Millisecond
)

// Config is what a Network is made of.
type Config struct {
	Clock    prepaid.Clock
	Book     string           // path of the book; "" keeps it in memory only
	Currency prepaid.Currency // of our wallet there; "" is the currency of each credit
	// Rate is how many millionths of Currency one unit of a credit's currency costs; 0 is one for one.
	Rate int64
	// NonAtomic delivers all requests under one reference that meet, as Reloadly does. Otherwise, and later, a
	// repeated reference is answered with what the first came to.
	NonAtomic bool
	// Patience is how long a time-out takes; 0 is longer than any caller waits.
	Patience time.Duration
	Log      *slog.Logger
}

// Network is the simulated network. Safe for concurrent use. It may outlive the program that it serves.
type Network struct {
	c    Config
	book *simbook.Book[line]

	mu      sync.Mutex // never held while sleeping or telling news
	events  func(ctx context.Context, reference string) error
	told    Behaviour     // the zero value: the number chooses
	late    time.Duration // of look-ups
	meet    bool          // requests under one reference that meet are all delivered
	credits []credit
	index   map[string]int    // into credits, by NetworkRef
	first   map[string]string // by reference, the first credit's NetworkRef
	slow    map[int]bool      // index of the credits to which something is still to happen
}

var _ topup.Network = (*Network)(nil)

func empty(c Config) *Network {
	if c.Patience == 0 {
		c.Patience = patience
	}
	return &Network{c: c, meet: c.NonAtomic, index: map[string]int{}, first: map[string]string{}, slow: map[int]bool{}}
}

// New opens the book and returns the network as the book left it.
func New(c Config) (*Network, error) {
	n := empty(c)
	book, err := simbook.Open(c.Book, n.apply)
	if err != nil {
		return nil, fmt.Errorf("start simulated network: %w", err)
	}
	n.book = book
	c.Log.Warn("SIMULATED NETWORK: nobody's phone is credited", "book", c.Book, "credits", len(n.credits))
	return n, nil
}

// Close closes the book.
func (n *Network) Close() error { return n.book.Close() }

// Set tells how credits go from now on; the zero Behaviour lets the number choose again, and forgets all that was
// told. ReportsAfter, NotAtomic and Atomic change only what they say. TakesBack is carried out at once, as TakeBack.
func (n *Network) Set(ctx context.Context, b Behaviour) error {
	if b.Kind == TakesBack {
		return n.TakeBack(ctx, Filter{})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch b.Kind {
	case ReportsAfter:
		n.late = b.After
	case NotAtomic, Atomic:
		n.meet = b.Kind == NotAtomic
	case "":
		n.told, n.late, n.meet = b, 0, n.c.NonAtomic
	default:
		n.told = b
	}
	return nil
}

// Told is how credits go; the zero Behaviour where the number chooses.
func (n *Network) Told() Behaviour {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told
}

// Recognise implements topup.Network.
func (n *Network) Recognise(_ context.Context, m prepaid.MSISDN) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.told.Kind == Unavailable:
		return topup.ErrNetworkDown
	case lastFour(string(m)) == unknownNumber:
		return topup.ErrUnknownNumber
	}
	return nil
}

// Credit implements topup.Network. One that takes its time is delivered then even if nobody waits for it.
func (n *Network) Credit(ctx context.Context, r topup.Credit) topup.Result {
	switch {
	case lastFour(recipient(r)) == unknownNumber:
		return topup.Result{Outcome: topup.Refused, Code: topup.CodeInvalidNumber}
	case r.Amount.Minor <= 0:
		return topup.Result{Outcome: topup.Refused, Code: topup.CodeInvalidAmount}
	}
	meets := n.meets(r)
	if meets {
		_ = n.c.Clock.Sleep(ctx, gap) // whoever comes meanwhile finds the reference unused, too
	}
	ref, b, err := n.begin(r, !meets)
	if err != nil {
		return n.notBooked(ctx, r.Reference, err)
	}
	if b.After > 0 && n.c.Clock.Sleep(ctx, b.After) != nil {
		return topup.Result{Outcome: topup.Unknown, Code: CodeTimeout}
	}
	switch refusal := b.refusal(); {
	case refusal.Outcome != "":
		return refusal
	case b.Kind == TimesOut, b.Kind == TimesOutAfterDelivering:
		_ = n.c.Clock.Sleep(ctx, n.c.Patience) // whichever ends the wait, the caller has learnt nothing
		return topup.Result{Outcome: topup.Unknown, Code: CodeTimeout}
	case b.Kind == Fails:
		return topup.Result{Outcome: topup.Unknown, Code: b.Code}
	case b.Kind == AnswersGarbage:
		return topup.Result{Outcome: topup.Unknown, Code: CodeGarbage}
	}
	return n.answer(ctx, ref, b.Code)
}

// meets reports whether others under the same reference, which is new, may slip in.
func (n *Network) meets(r topup.Credit) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, used := n.first[r.Reference]
	return !used && (n.meet || n.told == (Behaviour{}) && lastFour(recipient(r)) == "8010")
}

// begin books a new credit, if the behaviour wants one. For a reference that was credited before, the
// behaviour returned is to answer for that one, once it is delivered; unless nobody looks.
func (n *Network) begin(r topup.Credit, look bool) (ref string, b Behaviour, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.c.Clock.Now()
	if ref, ok := n.first[r.Reference]; ok && look {
		return ref, Behaviour{Kind: Delivers, Code: topup.CodeReferenceUsed, After: n.credit(ref).At.Sub(now)}, nil
	}
	b = n.told
	var takenBack time.Time
	if b == (Behaviour{}) {
		b = byRecipient(recipient(r))
		if lastFour(recipient(r)) == "8011" {
			takenBack = now.Add(numberKept)
		}
	}
	if b.refusal().Outcome != "" || b.Kind == TimesOut {
		return "", b, nil
	}
	ref = "sim_" + prepaid.NewID[string]()
	c := credit{
		NetworkRef: ref, Reference: r.Reference, MSISDN: r.MSISDN, Email: r.Email, Amount: r.Amount, Cost: n.cost(r.Amount),
		PIN: b.PIN, Delivered: b.After <= 0, At: now.Add(b.After), TakenBackAt: takenBack,
	}
	if b.Kind == Fails {
		c.Delivered, c.Failed = false, b.Code
	}
	return ref, b, n.write(c)
}

// LookUp implements topup.Network: Done, Pending, Refused where it failed or was taken back, or Absent, of the first credit
// under the reference.
func (n *Network) LookUp(ctx context.Context, reference string) topup.Result {
	n.mu.Lock()
	ref, ok := n.first[reference]
	ok = ok && n.reported(n.credit(ref))
	n.mu.Unlock()
	if !ok {
		return topup.Result{Outcome: topup.Absent}
	}
	return n.answer(ctx, ref, "")
}

// reported tells whether look-ups find a credit. Under mu.
func (n *Network) reported(c credit) bool {
	late := n.late
	if n.told == (Behaviour{}) && lastFour(recipient(topup.Credit{MSISDN: c.MSISDN, Email: c.Email})) == "8009" {
		late = max(late, numberLate)
	}
	return late <= 0 || !c.At.Add(late).After(n.c.Clock.Now())
}

// credit returns one that is in the book. Under mu.
func (n *Network) credit(ref string) credit { return n.credits[n.index[ref]] }

// answer says what a credit has come to.
func (n *Network) answer(ctx context.Context, ref, code string) topup.Result {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.ripen(); err != nil {
		return n.notBooked(ctx, ref, err)
	}
	c := n.credit(ref)
	if c.Failed != "" {
		return topup.Result{Outcome: topup.Refused, Code: c.Failed, ProviderRef: c.NetworkRef}
	}
	if c.TakenBack {
		return topup.Result{Outcome: topup.Refused, Code: CodeTakenBack, ProviderRef: c.NetworkRef}
	}
	if !c.Delivered {
		return topup.Result{Outcome: topup.Pending, Code: code, ProviderRef: c.NetworkRef}
	}
	return topup.Result{Outcome: topup.Done, Code: code, ProviderRef: c.NetworkRef, Cost: c.Cost, PIN: c.entry().PIN}
}

// notBooked answers where the book could not be written: nobody can know what happened.
func (n *Network) notBooked(ctx context.Context, reference string, err error) topup.Result {
	n.c.Log.ErrorContext(ctx, "simulated credit not booked", "reference", reference, "error", err)
	return topup.Result{Outcome: topup.Unknown, Code: "book"}
}
