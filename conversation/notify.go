package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
)

const (
	newsLease = time.Minute
	newsBatch = 50
)

// NotifyDue tells the late news that is due, and returns how many notices it dealt with. What a turn has told
// already is not told again, except after a crash.
func (h *Handler) NotifyDue(ctx context.Context) (int, error) {
	now := h.c.Clock.Now()
	notices, err := h.c.Services.Notices.ClaimNotices(ctx, now, now.Add(newsLease), newsBatch)
	if err != nil {
		return 0, fmt.Errorf("claim notices: %w", err)
	}
	var errs []error
	for _, n := range notices {
		if err := h.deliver(ctx, n); err != nil {
			errs = append(errs, fmt.Errorf("tell notice %s: %w", n.ID, err)) // its lease lapses, and it is told again
		}
	}
	return len(notices), errors.Join(errs...)
}

// deliver makes one notice a turn whose message id is the notice's. The words leave through the outbox: where the
// channel can't push, by SMS. Who wants no messages hears what answersThem, and all else when they write. Where no message of ours arrives, another address of theirs is told, else an operator.
func (h *Handler) deliver(ctx context.Context, n Notice) error {
	s, now := &h.c.Services, h.c.Clock.Now()
	out, err := s.Accounts.OptedOut(ctx, n.Brand, n.Address)
	if err != nil {
		return fmt.Errorf("look up opt-out: %w", err)
	}
	answers := reachesStopped(n.About)
	if out.ByWord && !answers {
		return s.Held.Hold(ctx, n.ID, HeldByStop, now)
	}
	if way, ok := h.channelFor(n); !ok || out.At(way) {
		moved, err := h.otherAddress(ctx, n)
		if err != nil {
			return err
		}
		if moved == nil && n.About == "gift" { // it was no order of theirs: nobody need call them
			return s.Notices.HandOver(ctx, n.ID, nil, now)
		}
		if moved == nil {
			h.c.Log.Warn("nobody can be told", "notice", n.ID, "about", n.About, "order", n.Order, "address", n.Address)
			return s.Held.Hold(ctx, n.ID, NoWay, now)
		}
		n = *moved
		if err := s.Held.Redirect(ctx, n); err != nil {
			return err
		}
	}
	return h.send(ctx, n, answers)
}

// send tells a notice on its channel. answers says that it goes even to who wants no messages.
func (h *Handler) send(ctx context.Context, n Notice, answers bool) error {
	c, ok := h.c.Channel(n.Brand, n.Channel)
	if !ok {
		return fmt.Errorf("no channel %s/%s", n.Brand, n.Channel)
	}
	can, ok := channels.Of(channels.Kind(n.Kind))
	if !ok {
		return fmt.Errorf("unknown kind %q", n.Kind)
	}
	push, told := can.Push, true
	if !push {
		_, told = n.Address.Tel() // who is no phone looks for themselves
		can, _ = channels.Of(channels.SMS)
	}
	now := h.c.Clock.Now()
	in := channels.Inbound{ID: string(n.ID), Address: n.Address, Language: n.Language, Can: can, ReceivedAt: now, Deadline: now.Add(maxDeadline), Redelivers: true}
	m, err := h.runTurn(ctx, c, in, turnKind{answer: func(ctx context.Context, t *Turn) error {
		err := h.answerNotice(ctx, t, n)
		if !push {
			t.withdrawQuestion(h.engine.table) // an answer by SMS would belong to another conversation
		}
		return err
	}})
	if err != nil {
		return err
	}
	parts := m.Parts
	for i := range parts {
		parts[i].Answer, parts[i].Repeatable = answers, false
		if !push {
			parts[i].Channel = c.Brand.SMSChannel
		}
	}
	if !told {
		parts = nil
	}
	return h.c.Services.Notices.HandOver(ctx, n.ID, parts, h.c.Clock.Now())
}

// channelFor names the channel by which a notice is pushed; ok is false where there is none (any more).
func (h *Handler) channelFor(n Notice) (channel string, ok bool) {
	c, ok := h.c.Channel(n.Brand, n.Channel)
	can, known := channels.Of(channels.Kind(n.Kind))
	if _, phone := n.Address.Tel(); ok && known && !can.Push && phone {
		_, ok = h.c.Channel(n.Brand, c.Brand.SMSChannel)
		return c.Brand.SMSChannel, ok
	}
	return n.Channel, ok
}

// otherAddress finds another address of a notice's customer that a message of ours reaches; nil where there is none. Only
// sender still is the customer at the notice's own address is told elsewhere: a number may have changed hands.
func (h *Handler) otherAddress(ctx context.Context, n Notice) (*Notice, error) {
	s := &h.c.Services
	c, err := s.Accounts.ByAddress(ctx, n.Brand, n.Address)
	if errors.Is(err, accounts.ErrNoCustomer) || n.About == "pin_reset" { // whose code proves the number's own phone
		return nil, nil //nolint:nilnil // nobody is an answer
	}
	if err != nil {
		return nil, err
	}
	known, err := s.Accounts.AddressesOf(ctx, c.ID)
	if err != nil || !slices.ContainsFunc(known, func(k accounts.KnownAddress) bool { return k.Address == n.Address }) {
		return nil, err
	}
	for _, k := range known {
		for _, way := range h.c.Ways(ctx, n.Brand, k.Address) {
			if k.Out.Wants(way.Channel) {
				n.Channel, n.Kind, n.Address, n.Retold = way.Channel, string(way.Can.Kind), k.Address, true
				return &n, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // nobody is an answer
}

// reachesStopped reports whether a notice goes even to who wants no messages: it tells how something ended that they began
// themselves, however long ago, or that their number was taken, which they can only contest for 72 hours.
func reachesStopped(about string) bool {
	switch about {
	case "order", "registered", "setup_completed", "setup_abandoned", "setup_over", "mandate_refused",
		"pin_reset", // which they have asked an operator for
		"number_taken":
		return true
	}
	return false
}

// MarkTold writes down which notices turns have told since it was last called, and which PINs they have shown.
func (h *Handler) MarkTold(ctx context.Context) error {
	h.mu.Lock()
	ids, pins := h.told, h.pins
	h.told, h.pins = nil, nil
	h.mu.Unlock()
	if len(ids)+len(pins) == 0 {
		return nil
	}
	err := h.c.Services.Notices.MarkTold(ctx, ids, pins, h.c.Clock.Now())
	if err != nil {
		h.mu.Lock()
		h.told, h.pins = append(h.told, ids...), append(h.pins, pins...)
		h.mu.Unlock()
	}
	return err
}
