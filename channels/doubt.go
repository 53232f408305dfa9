package channels

import (
	"context"
	"errors"
	"slices"
	"time"
)

// How it is found out whether a message was sent. The last look is the end: by then a delivery report would have come.
const (
	firstLook  = 30 * time.Second // after the sending
	doubtEnds  = 10 * time.Minute
	lookFor    = 20 * time.Second // timeout of one look
	doubtLease = time.Minute      // of a message that is looked for
)

// SettleDue finds out about all messages that are due for that, one after the other, and returns how many: whether their sending, which was left
// unclear, has sent them. An error means that the outbox does not answer.
func (s *Sender) SettleDue(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		now := s.c.Clock.Now()
		due, err := s.c.Doubts.ClaimDoubtful(ctx, now, now.Add(doubtLease), 1)
		if err != nil || len(due) == 0 {
			return n, err
		}
		if err := s.settle(context.WithoutCancel(ctx), due[0]); err != nil {
			return n, err
		}
	}
}

// settle looks for one message at its provider. After doubtEnds the doubt ends, whatever was found.
func (s *Sender) settle(ctx context.Context, m Outbound) error {
	found, err := s.find(ctx, m)
	if err != nil {
		s.c.Log.Info("provider can't be asked after a message", "brand", m.Brand, "channel", m.Channel, "outbound", m.ID, "error", err.Error())
	}
	now := s.c.Clock.Now()
	switch {
	case found != nil && found.Status == Failed:
		return s.c.Outbox.EndOutbound(ctx, m.ID, SendEnd{Status: GivenUp, ProviderRef: found.ProviderRef, Code: found.Code, Refused: found.Refused != "", Shut: found.Shut, Now: now})
	case found != nil:
		return s.c.Outbox.EndOutbound(ctx, m.ID, SendEnd{Status: HandedOn, ProviderRef: found.ProviderRef, Delivery: found.Status, Now: now})
	case now.Sub(m.EndedAt) < doubtEnds:
		return s.c.Doubts.AskAgain(ctx, m.ID, nextLook(m.EndedAt, now))
	}
	s.c.Log.Warn("nobody knows whether a message was sent", "brand", m.Brand, "channel", m.Channel, "to", m.Address, "outbound", m.ID, "then", m.Doubt)
	if err := s.c.Doubts.EndDoubt(ctx, m.ID, now); err != nil {
		return err
	}
	s.Wake()
	return nil
}

// nextLook is when a message is looked for again: half a minute after the sending, then after twice as long each time, and at the end.
func nextLook(since, now time.Time) time.Time {
	next := since.Add(firstLook)
	for pause := firstLook; !next.After(now); pause *= 2 {
		next = next.Add(pause)
	}
	if end := since.Add(doubtEnds); next.After(end) {
		return end
	}
	return next
}

// find returns what the provider knows of a message; nil where it knows nothing, or can't be asked.
func (s *Sender) find(ctx context.Context, m Outbound) (*DeliveryReport, error) {
	c, a, ok := s.c.Registry.Channel(ctx, m.Brand, m.Channel)
	finder, able := a.(Finder)
	if !ok || !able || m.Text == "" {
		return nil, nil //nolint:nilnil // nothing is an answer
	}
	within, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	reports, err := finder.Find(within, c, m)
	if err != nil {
		return nil, withCause(err)
	}
	refs := make([]string, len(reports))
	for i, r := range reports {
		refs[i] = r.ProviderRef
	}
	known, err := s.c.Doubts.KnownRefs(ctx, m.Brand, m.Channel, refs)
	if err != nil {
		return nil, err
	}
	for i := range reports {
		if !slices.Contains(known, refs[i]) {
			return &reports[i], nil
		}
	}
	return nil, nil //nolint:nilnil // nothing is an answer
}

// withCause is an adapter's error with what caused it.
func withCause(err error) error {
	var failure *SendError
	if errors.As(err, &failure) && failure.Err != nil {
		return errors.Join(failure, failure.Err)
	}
	return err
}
