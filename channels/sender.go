package channels

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"pulsa/prepaid"
)

const (
	sendFor    = 20 * time.Second                    // timeout of one attempt
	maxPause   = time.Second                         // a worker sleeps that long for the channel's rate, no longer
	leaseFor   = sendFor + maxPause + 40*time.Second // of a claimed message; the rest is for slow databases
	maxTries   = 8                                   // of failures; throttled attempts are repeated until maxAge
	maxAge     = 24 * time.Hour                      // older messages are given up
	mendPause  = 5 * time.Minute                     // between attempts on a channel that is off or misconfigured
	firstPause = 5 * time.Second                     // before the second attempt; each further pause is four times as long
	longPause  = time.Hour                           // the longest such pause
	pollEvery  = time.Second                         // an idle worker looks at the outbox that often
	senders    = 4                                   // workers of one Sender
)

// CodeOff is the code of a message that waits because its channel is off.
const CodeOff = "channel is off"

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	Outbox   Outbox
	Doubts   Doubts
	Registry *Registry
	// OptedOut reports whether an address wants nothing on a channel that it did not ask for.
	OptedOut func(ctx context.Context, brand, channel string, a prepaid.Address) (bool, error)
	// OptOut records that an address has blocked a channel at its provider. It is idempotent.
	OptOut func(ctx context.Context, brand, channel string, a prepaid.Address) error
	// Slot reserves the channel's next sending slot and returns its time: at or after earliest, and at least "every"
	// after the slot before. All copies of the program share the slots. Where the slot would be after latest, ok is
	// false and none is reserved.
	Slot func(ctx context.Context, channel string, earliest, latest time.Time, every time.Duration) (at time.Time, ok bool, err error)
	// Jitter returns a number in [0, 1) that spreads the retries of many messages; nil: a random one.
	Jitter func() float64
	Clock  prepaid.Clock
	Log    *slog.Logger
}

// Sender hands the outbox's messages to the providers, in order for each address. A message is claimed under a lease,
// attempted at most once per claim, and its end is written to the outbox: sent, waiting for a retry, given up, or
// unknown. What is unknown is asked after for a while, and then sent once more, held or dropped (SettleDue). Any number of Senders may share an outbox.
type Sender struct {
	c    SenderConfig
	wake chan struct{}
}

// NewSender returns a Sender.
func NewSender(c SenderConfig) *Sender {
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	return &Sender{c: c, wake: make(chan struct{}, 1)}
}

// Wake makes Run look at the outbox at once. It never blocks.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // a wake-up is pending already
	}
}

// Run sends what is due until ctx ends. It returns after the attempts under way have ended.
func (s *Sender) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range senders {
		workers.Go(func() { s.work(ctx) })
	}
	workers.Wait()
}

func (s *Sender) work(ctx context.Context) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for ctx.Err() == nil {
		err := prepaid.Guard(func() error {
			_, err := s.SendDue(ctx)
			return err
		})
		if err != nil && ctx.Err() == nil {
			s.c.Log.Error("outbox not read", "error", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-poll.C:
		}
	}
}

// SendDue attempts all messages that are due now, one after the other, and returns how many. An error means that the
// outbox does not answer.
func (s *Sender) SendDue(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		now := s.c.Clock.Now()
		due, err := s.c.Outbox.ClaimOutbound(ctx, now, now.Add(leaseFor), 1)
		if err != nil || len(due) == 0 {
			return n, err
		}
		s.Wake() // there may be more: another worker looks meanwhile
		if err := s.process(context.WithoutCancel(ctx), due[0]); err != nil {
			return n, err
		}
	}
}

// process attempts one claimed message and writes the end to the outbox.
func (s *Sender) process(ctx context.Context, m Outbound) error {
	end := s.attempt(ctx, m)
	end.Now = s.c.Clock.Now()
	if end.Status != HandedOn {
		s.c.Log.Warn("message not sent", "brand", m.Brand, "channel", m.Channel, "to", m.Address, "outbound", m.ID,
			"status", end.Status, "code", end.Code, "attempts", m.Attempts)
	}
	return s.c.Outbox.EndOutbound(ctx, m.ID, end)
}

// attempt sends a message if it may be sent, and returns what follows. A message whose lease lapsed in an earlier
// attempt may have been sent: it is sent again only if it is Repeatable, so that nobody is texted twice.
func (s *Sender) attempt(ctx context.Context, m Outbound) SendEnd {
	if _, declared := s.c.Registry.Declared(m.Brand, m.Channel); !declared {
		return SendEnd{Status: GivenUp, Code: "no such channel"}
	}
	if m.PIN != "" && m.Text == "" {
		return SendEnd{Status: GivenUp, Code: "sealed text can't be opened"}
	}
	if m.Lapsed && !m.Repeatable {
		return s.doubtful("interrupted")
	}
	c, a, ok := s.c.Registry.Channel(ctx, m.Brand, m.Channel)
	if !ok {
		return s.postpone(m, mendPause, CodeOff)
	}
	if !m.Answer {
		out, err := s.c.OptedOut(ctx, m.Brand, m.Channel, m.Address)
		if err != nil {
			return s.postpone(m, firstPause, "opt-outs not read")
		}
		if out {
			return SendEnd{Status: GivenUp, Code: string(RecipientOut), Refused: true}
		}
	}
	at, ok, err := s.reserveSlot(ctx, c, a)
	switch {
	case err != nil:
		return s.postpone(m, firstPause, "rate not read")
	case !ok:
		return s.postpone(m, maxPause, "rate")
	}
	_ = s.c.Clock.Sleep(ctx, at.Sub(s.c.Clock.Now())) // this context is never cancelled
	ref, err := s.send(ctx, c, a, m)
	if err == nil {
		s.c.Registry.setTrouble(c, "")
		// Test brands keep the text: their simulated channels list what was sent from the outbox.
		return SendEnd{Status: HandedOn, ProviderRef: ref, Keep: c.Brand.Test}
	}
	return s.afterFailure(ctx, c, m, err)
}

// send hands a message to the adapter. After a panic it is unknown whether it was sent.
func (s *Sender) send(ctx context.Context, c Channel, a Adapter, m Outbound) (ref string, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	err = prepaid.Guard(func() error {
		ref, err = a.Send(ctx, c, m)
		return err
	})
	if errors.As(err, new(*prepaid.PanicError)) {
		s.c.Log.Error("adapter panicked", "channel", c.ID(), "outbound", m.ID, "error", err.Error())
		return "", &SendError{Class: UnknownIfSent, Code: "panic"}
	}
	return ref, err
}

// afterFailure decides what follows a failed attempt, by the class of the adapter's *SendError; any other error leaves
// it unknown whether the message was sent.
func (s *Sender) afterFailure(ctx context.Context, c Channel, m Outbound, err error) SendEnd {
	failure := &SendError{Class: UnknownIfSent, Code: "unclassified"}
	errors.As(err, &failure)
	if failure.Err != nil {
		s.c.Log.Info("provider failed", "channel", c.ID(), "outbound", m.ID, "error", failure.Err.Error())
	}
	switch failure.Class {
	case Retryable:
		return s.backOff(m, failure.Code)
	case Throttled:
		return s.retryAfter(m, max(pauseAfter(m.Attempts), failure.After), failure.Code)
	case Misconfigured:
		s.c.Registry.setTrouble(c, failure.Code)
		return s.retryAfter(m, mendPause, failure.Code)
	case RecipientOut:
		if err := s.c.OptOut(ctx, m.Brand, m.Channel, m.Address); err != nil {
			return s.retryAfter(m, firstPause, "opt-out not stored") // the provider refuses the next attempt as well
		}
		return SendEnd{Status: GivenUp, Code: failure.Code, Refused: true}
	case RefusedFor:
		return SendEnd{Status: GivenUp, Code: failure.Code}
	case WindowShut:
		return SendEnd{Status: GivenUp, Code: failure.Code, Shut: true}
	}
	if m.Repeatable {
		return s.backOff(m, failure.Code)
	}
	return s.doubtful(failure.Code)
}

// doubtful leaves open whether a message was sent: it is asked after soon.
func (s *Sender) doubtful(code string) SendEnd {
	return SendEnd{Status: Uncertain, Code: code, RunAt: s.c.Clock.Now().Add(firstLook)}
}

// backOff retries after a pause that grows with each attempt; after maxTries the message is given up.
func (s *Sender) backOff(m Outbound, code string) SendEnd {
	if m.Attempts >= maxTries {
		return SendEnd{Status: GivenUp, Code: code}
	}
	return s.retryAfter(m, pauseAfter(m.Attempts), code)
}

// pauseAfter is the pause after so many attempts: 5 s, 20 s, 80 s and so on, an hour at most.
func pauseAfter(tries int) time.Duration {
	return min(firstPause<<(2*min(max(tries-1, 0), maxTries)), longPause)
}

// postpone is retryAfter without counting an attempt: the provider was not asked.
func (s *Sender) postpone(m Outbound, pause time.Duration, code string) SendEnd {
	end := s.retryAfter(m, pause, code)
	end.Untried = end.Status == Waiting
	return end
}

// retryAfter schedules the next attempt after the pause and up to a fifth more; a message older than maxAge by then is
// given up.
func (s *Sender) retryAfter(m Outbound, pause time.Duration, code string) SendEnd {
	at := s.c.Clock.Now().Add(pause + time.Duration(s.c.Jitter()*float64(pause)/5))
	if at.Sub(m.CreatedAt) > maxAge {
		return SendEnd{Status: GivenUp, Code: code}
	}
	return SendEnd{Status: Waiting, RunAt: at, Code: code}
}

// reserveSlot returns when the channel may send its next message, at most maxPause from now; ok is false where its
// rate allows none by then. Slots may lie up to a second in the past, so a channel that was silent for a second sends a
// second's worth of messages at once.
func (s *Sender) reserveSlot(ctx context.Context, c Channel, a Adapter) (at time.Time, ok bool, err error) {
	now, perSecond := s.c.Clock.Now(), rateOf(c, a)
	if perSecond == 0 {
		return now, true, nil
	}
	every := time.Duration(float64(time.Second) / perSecond)
	return s.c.Slot(ctx, c.ID(), now.Add(-max(0, time.Second-every)), now.Add(maxPause), every)
}

// rateOf is how many messages a second a channel sends: its setting "rate", else what its adapter says; 0 for no limit.
func rateOf(c Channel, a Adapter) float64 {
	perSecond, err := strconv.ParseFloat(c.Settings["rate"], 64)
	if err == nil && perSecond > 0 {
		return perSecond
	}
	if limited, ok := a.(RateLimited); ok {
		return limited.Rate()
	}
	return 0
}
