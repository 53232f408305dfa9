package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
)

const (
	noticeLease = time.Minute
	noticeBatch = 50
)

// NotifyDue tells customers of the notices that are due, and returns how many it dealt with. What a turn has told
// already is not told again, except after a crash.
func (h *Handler) NotifyDue(ctx context.Context) (int, error) {
	now := h.c.Clock.Now()
	notices, err := h.c.Services.Notices.ClaimNotices(ctx, now, now.Add(noticeLease), noticeBatch)
	if err != nil {
		return 0, fmt.Errorf("claim notices: %w", err)
	}
	var errs []error
	for _, n := range notices {
		if err := h.deliver(ctx, n); err != nil {
			errs = append(errs, fmt.Errorf("tell notice %s: %w", n.ID, err)) // its lease lapses, and it is tried again
		}
	}
	return len(notices), errors.Join(errs...)
}

// deliver tells one notice, or has it wait. A customer who has texted STOP hears what Answers in noticeKinds, and all else when
// they write. Where no message of ours arrives, another address of theirs is told; where none is left, the notice is held for
// an operator.
func (h *Handler) deliver(ctx context.Context, n Notice) error {
	s, now := &h.c.Services, h.c.Clock.Now()
	out, err := s.Accounts.OptedOut(ctx, n.Brand, n.Address)
	if err != nil {
		return fmt.Errorf("look up opt-out: %w", err)
	}
	kind, err := noticeKindOf(n.About)
	if err != nil {
		return err
	}
	if out.ByWord && !kind.Answers {
		return s.Held.Hold(ctx, n.ID, prepaid.HeldByStop, now)
	}
	if way, ok := h.channelFor(n); ok && !out.At(way) {
		if err := h.send(ctx, n, kind); !errors.Is(err, errTooLate) {
			return err
		}
	}
	moved, err := h.otherWay(ctx, n, kind, out)
	if err != nil {
		return err
	}
	if moved == nil && kind.Optional {
		return s.Notices.HandOver(ctx, n.ID, nil, now)
	}
	if moved == nil {
		h.c.Log.Warn("nobody can be told", "notice", n.ID, "about", n.About, "order", n.Order, "address", n.Address)
		return s.Held.Hold(ctx, n.ID, prepaid.HeldNoWay, now)
	}
	if err := s.Held.Redirect(ctx, *moved); err != nil {
		return err
	}
	return h.send(ctx, *moved, kind)
}

// errTooLate says that the window for our own words is shut, and that no template says them.
var errTooLate = errors.New("the messenger takes our own words no more, and no template says them")

// windowMargin is how long before a window shuts news takes a template: a message may wait for its channel.
const windowMargin = 10 * time.Minute

// isShut reports whether an address has not written on a channel for so long that its messenger takes our own words no more.
func (h *Handler) isShut(ctx context.Context, brand, channel string, a prepaid.Address, can channels.Capabilities) (bool, error) {
	if can.Window == 0 {
		return false, nil
	}
	at, err := h.c.Services.Windows.LastInbound(ctx, brand, channel, a)
	return at.Before(h.c.Clock.Now().Add(windowMargin - can.Window)), err
}

// send makes a notice a turn whose message id is the notice's, and puts its words into the outbox: for its own channel, or, where
// that can't push, for the brand's SMS channel. Where the window for our own words is shut, templates say them; errTooLate where they can't.
func (h *Handler) send(ctx context.Context, n Notice, kind noticeKind) error {
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
	shut, err := h.isShut(ctx, n.Brand, n.Channel, n.Address, can)
	if err != nil {
		return err
	}
	now := h.c.Clock.Now()
	in := channels.Inbound{ID: string(n.ID), Address: n.Address, Language: n.Language, Can: can, ReceivedAt: now, Deadline: now.Add(maxDeadline), Redelivers: true}
	m, err := h.runTurn(ctx, c, in, turnKind{answer: func(ctx context.Context, t *Turn) error {
		err := h.answerNotice(ctx, t, n, kind)
		t.news = &news{doubt: kind.doubt()}
		if !push || shut {
			t.withdrawQuestion(h.engine.table) // an answer by SMS would belong to another conversation, and no template asks
		}
		if shut && err == nil && !t.silent && len(t.said) > 0 {
			if t.news.templates, ok = t.templatesFor(c.Templates); !ok {
				return errTooLate
			}
		}
		return err
	}})
	if err != nil {
		return err
	}
	parts := m.Parts
	for i := range parts {
		parts[i].Answer, parts[i].Repeatable = kind.Answers, false
		if !push {
			parts[i].Channel = c.Brand.SMSChannel
		}
	}
	if !told {
		parts = nil
	}
	return h.c.Services.Notices.HandOver(ctx, n.ID, parts, h.c.Clock.Now())
}

// channelFor names the channel by which a notice is pushed; ok is false where there is none (any more), or one that only replies. What is off
// may be on again: messages wait for it.
func (h *Handler) channelFor(n Notice) (channel string, ok bool) {
	c, ok := h.c.Channel(n.Brand, n.Channel)
	can, known := channels.Of(channels.Kind(n.Kind))
	if _, phone := n.Address.Tel(); ok && known && !can.Push && phone {
		_, ok = h.c.Channel(n.Brand, c.Brand.SMSChannel)
		return c.Brand.SMSChannel, ok && !h.c.RepliesOnly(n.Brand, c.Brand.SMSChannel)
	}
	return n.Channel, ok && (known && !can.Push || !h.c.RepliesOnly(n.Brand, n.Channel))
}

// otherWay finds another way to a notice's customer: the SMS of the number that it is for, else another address of theirs. nil where there is
// none.
func (h *Handler) otherWay(ctx context.Context, n Notice, kind noticeKind, out accounts.OptOut) (*Notice, error) {
	c, _ := h.c.Channel(n.Brand, n.Channel)
	if _, phone := n.Address.Tel(); phone && c.Brand != nil && !out.At(n.Channel) {
		can, _ := channels.Of(channels.Kind(n.Kind))
		sms := c.Brand.SMSChannel
		if (n.Channel != sms || can.Window > 0) && !out.At(sms) && h.c.Pushes(ctx, n.Brand, sms) {
			n.Channel, n.Kind, n.Retold = sms, string(channels.SMS), true
			return &n, nil
		}
	}
	return h.otherAddress(ctx, n, kind)
}

// otherAddress finds another address of a notice's customer that a message of ours reaches; nil where there is none. Only
// who still is the customer at the notice's own address is told elsewhere: a number may have changed hands.
func (h *Handler) otherAddress(ctx context.Context, n Notice, kind noticeKind) (*Notice, error) {
	s := &h.c.Services
	c, err := s.Accounts.ByAddress(ctx, n.Brand, n.Address)
	if errors.Is(err, accounts.ErrNoCustomer) || kind.OnlyHere {
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
			shut, err := h.isShut(ctx, n.Brand, way.Channel, k.Address, way.Can)
			if err != nil {
				return nil, err
			}
			if k.Out.Wants(way.Channel) && !shut {
				n.Channel, n.Kind, n.Address, n.Retold = way.Channel, string(way.Can.Kind), k.Address, true
				return &n, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // nobody is an answer
}

// MarkTold writes down what turns have told their customers since it was last called.
func (h *Handler) MarkTold(ctx context.Context) error {
	h.mu.Lock()
	told := h.told
	h.told = prepaid.Told{}
	h.mu.Unlock()
	if told.Nothing() {
		return nil
	}
	err := h.c.Services.Notices.MarkTold(ctx, told, h.c.Clock.Now())
	if err != nil {
		h.addTold(told)
	}
	return err
}

func (h *Handler) addTold(told prepaid.Told) {
	if told.Nothing() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = h.told.And(told)
}
