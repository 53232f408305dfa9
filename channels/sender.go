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
	sendFor    = 20 * time.Second // one sending, at most
	maxPause   = time.Second      // waited for the channel's rate; more than that and the message waits in the outbox
	leaseFor   = sendFor + maxPause + 40*time.Second
	maxTries   = 8 // of what fails; a provider that asks us to wait is asked for a day
	maxAge     = 24 * time.Hour
	mendPause  = 5 * time.Minute // between tries on a channel that must be mended first
	firstPause = 5 * time.Second // before the second try; four times as long before each further one
	longPause  = time.Hour
	pollEvery  = time.Second
	senders    = 4
)

// CodeOff is the code of a message that waits because its channel is off.
const CodeOff = "channel is off"

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	Outbox   Outbox
	Registry *Registry
	// OptedOut reports whether an address wants nothing on a channel that it did not ask for.
	OptedOut func(ctx context.Context, brand, channel string, a prepaid.Address) (bool, error)
	// OptOut is told who has blocked a channel at its provider. It may be repeated.
	OptOut func(ctx context.Context, brand, channel string, a prepaid.Address) error
	// Slot takes the channel's next sending slot: the first at or after earliest that is every after the one before,
	// and returns its time. All copies of the program share the slots. ok is false, and none is taken, where it
	// would be after latest.
	Slot func(ctx context.Context, channel string, earliest, latest time.Time, every time.Duration) (at time.Time, ok bool, err error)
	// Jitter spreads the tries of many messages: it returns a number in [0, 1). nil: a random one.
	Jitter func() float64
	Clock  prepaid.Clock
	Log    *slog.Logger
}

// Sender takes messages from the outbox to the providers, in order for each address. Any number of
// Senders may share an outbox.
type Sender struct {
	SenderConfig
	wake chan struct{}
}

// NewSender returns a Sender.
func NewSender(c SenderConfig) *Sender {
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	return &Sender{SenderConfig: c, wake: make(chan struct{}, 1)}
}

// Wake makes Run look at the outbox at once. It never blocks.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it has been woken already
	}
}

// Run sends what is due until ctx ends; what is being sent then is finished first.
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
			s.Log.Error("outbox not read", "error", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-poll.C:
		}
	}
}

// SendDue sends, one after the other, all that is due now, and returns how many messages it has dealt
// with. An error means that the outbox does not answer.
func (s *Sender) SendDue(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		now := s.Clock.Now()
		due, err := s.Outbox.ClaimOutbound(ctx, now, now.Add(leaseFor), 1)
		if err != nil || len(due) == 0 {
			return n, err
		}
		s.Wake() // there may be more: let another worker look
		if err := s.deal(context.WithoutCancel(ctx), due[0]); err != nil {
			return n, err
		}
	}
}

// deal takes one claimed message as far as it gets and writes down what became of it.
func (s *Sender) deal(ctx context.Context, m Outbound) error {
	end := s.try(ctx, m)
	end.Now = s.Clock.Now()
	if end.Status != HandedOn {
		s.Log.Warn("message not sent", "brand", m.Brand, "channel", m.Channel, "to", m.Address, "outbound", m.ID,
			"status", end.Status, "code", end.Code, "attempts", m.Attempts)
	}
	return s.Outbox.EndOutbound(ctx, m.ID, end)
}

// try decides whether a message may be sent, sends it, and decides what follows.
func (s *Sender) try(ctx context.Context, m Outbound) SendEnd {
	if _, declared := s.Registry.Declared(m.Brand, m.Channel); !declared {
		return SendEnd{Status: GivenUp, Code: "no such channel"}
	}
	if m.PIN != "" && m.Text == "" {
		return SendEnd{Status: GivenUp, Code: "sealed text can't be opened"}
	}
	if m.Lapsed && !m.Repeatable {
		return SendEnd{Status: Uncertain, Code: "interrupted"}
	}
	c, a, ok := s.Registry.Channel(ctx, m.Brand, m.Channel)
	if !ok {
		return s.untried(m, mendPause, CodeOff)
	}
	if !m.Answer {
		out, err := s.OptedOut(ctx, m.Brand, m.Channel, m.Address)
		if err != nil {
			return s.untried(m, firstPause, "opt-outs not read")
		}
		if out {
			return SendEnd{Status: GivenUp, Code: string(RecipientOut), Refused: true}
		}
	}
	at, ok, err := s.reserve(ctx, c)
	switch {
	case err != nil:
		return s.untried(m, firstPause, "rate not read")
	case !ok:
		return s.untried(m, maxPause, "rate")
	}
	_ = s.Clock.Sleep(ctx, at.Sub(s.Clock.Now())) // this context is never cancelled
	ref, err := s.send(ctx, c, a, m)
	if err == nil {
		s.Registry.SetTrouble(c, "")
		// The fake channel shows what was sent from the outbox.
		return SendEnd{Status: HandedOn, ProviderRef: ref, Keep: c.Brand.Test}
	}
	return s.judge(ctx, c, m, err)
}

// send hands a message to the adapter. A panic leaves it unknown whether it was sent.
func (s *Sender) send(ctx context.Context, c Channel, a Adapter, m Outbound) (ref string, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	err = prepaid.Guard(func() error {
		ref, err = a.Send(ctx, c, m)
		return err
	})
	if errors.As(err, new(*prepaid.PanicError)) {
		s.Log.Error("adapter panicked", "channel", c.ID(), "outbound", m.ID, "error", err.Error())
		return "", &SendError{Class: UnknownIfSent, Code: "panic"}
	}
	return ref, err
}

// judge decides what follows a failure.
func (s *Sender) judge(ctx context.Context, c Channel, m Outbound, err error) SendEnd {
	failure := &SendError{Class: UnknownIfSent, Code: "unclassified"}
	errors.As(err, &failure)
	if failure.Err != nil {
		s.Log.Info("provider failed", "channel", c.ID(), "outbound", m.ID, "error", failure.Err.Error())
	}
	switch failure.Class {
	case Retryable:
		return s.again(m, failure.Code)
	case Throttled:
		return s.later(m, max(pauseAfter(m.Attempts), failure.After), failure.Code)
	case Misconfigured:
		s.Registry.SetTrouble(c, failure.Code)
		return s.later(m, mendPause, failure.Code)
	case RecipientOut:
		if err := s.OptOut(ctx, m.Brand, m.Channel, m.Address); err != nil {
			return s.later(m, firstPause, "opt-out not stored") // the provider will refuse it again
		}
		return SendEnd{Status: GivenUp, Code: failure.Code, Refused: true}
	case RefusedFor:
		return SendEnd{Status: GivenUp, Code: failure.Code}
	}
	if m.Repeatable {
		return s.again(m, failure.Code)
	}
	return SendEnd{Status: Uncertain, Code: failure.Code}
}

// again tries once more after a growing pause, unless the message has been tried too often.
func (s *Sender) again(m Outbound, code string) SendEnd {
	if m.Attempts >= maxTries {
		return SendEnd{Status: GivenUp, Code: code}
	}
	return s.later(m, pauseAfter(m.Attempts), code)
}

// pauseAfter is how long to wait after so many tries.
func pauseAfter(tries int) time.Duration {
	return min(firstPause<<(2*min(max(tries-1, 0), maxTries)), longPause)
}

// untried is later where the provider was not even asked.
func (s *Sender) untried(m Outbound, pause time.Duration, code string) SendEnd {
	end := s.later(m, pause, code)
	end.Untried = end.Status == Waiting
	return end
}

// later tries again after the pause and up to a fifth more, unless the message has grown too old.
func (s *Sender) later(m Outbound, pause time.Duration, code string) SendEnd {
	at := s.Clock.Now().Add(pause + time.Duration(s.Jitter()*float64(pause)/5))
	if at.Sub(m.CreatedAt) > maxAge {
		return SendEnd{Status: GivenUp, Code: code}
	}
	return SendEnd{Status: Waiting, RunAt: at, Code: code}
}

// reserve returns the time of the channel's next slot; ok is false where that is too long to wait for. Who has sent
// nothing for a second may send a second's messages at once.
func (s *Sender) reserve(ctx context.Context, c Channel) (at time.Time, ok bool, err error) {
	now, perSecond := s.Clock.Now(), rateOf(c)
	if perSecond == 0 {
		return now, true, nil
	}
	every := time.Duration(float64(time.Second) / perSecond)
	return s.Slot(ctx, c.ID(), now.Add(-max(0, time.Second-every)), now.Add(maxPause), every)
}

// rateOf reads the setting "rate", messages a second; 0 for no limit.
func rateOf(c Channel) float64 {
	perSecond, err := strconv.ParseFloat(c.Settings["rate"], 64)
	if err == nil && perSecond > 0 {
		return perSecond
	}
	switch c.Type {
	case "telegram":
		return 25 // 30 over all chats, and room for what goes with a message
	case "twilio", "whatsapp":
		return 10
	}
	return 0
}
