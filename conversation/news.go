package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

const (
	newsLease = time.Minute
	newsBatch = 50
)

// TellDue tells the late news that is due, and returns how many notices it dealt with. What a turn has told
// already is not told again, except after a crash.
func (h *Handler) TellDue(ctx context.Context) (int, error) {
	now := h.c.Clock.Now()
	notices, err := h.c.Services.Notices.ClaimNotices(ctx, now, now.Add(newsLease), newsBatch)
	if err != nil {
		return 0, fmt.Errorf("claim notices: %w", err)
	}
	var errs []error
	for _, n := range notices {
		if err := h.tell(ctx, n); err != nil {
			errs = append(errs, fmt.Errorf("tell notice %s: %w", n.ID, err)) // its lease lapses, and it is told again
		}
	}
	return len(notices), errors.Join(errs...)
}

// tell makes one notice a turn whose message id is the notice's. The words leave through the outbox: where the
// channel can't push, by SMS. Who wants no messages hears what answersThem, and all else when they write. Where no message of ours arrives, another address of theirs is told, else an operator.
func (h *Handler) tell(ctx context.Context, n Notice) error {
	s, now := &h.c.Services, h.c.Clock.Now()
	out, err := s.Accounts.OptedOut(ctx, n.Brand, n.Address)
	if err != nil {
		return fmt.Errorf("look up opt-out: %w", err)
	}
	answers := answersThem(n.About)
	if out.ByWord && !answers {
		return s.Held.Hold(ctx, n.ID, HeldByStop, now)
	}
	if way, ok := h.way(n); !ok || out.At(way) {
		moved, err := h.elsewhere(ctx, n)
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
	return h.push(ctx, n, answers)
}

// push tells a notice on its channel. answers says that it goes even to who wants no messages.
func (h *Handler) push(ctx context.Context, n Notice, answers bool) error {
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
	m, err := h.attempt(ctx, c, in, turnKind{take: func(ctx context.Context, t *Turn) error {
		err := h.takeNews(ctx, t, n)
		if !push {
			t.unask(h.engine.table) // an answer by SMS would belong to another conversation
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

// way names the channel by which a notice is pushed; ok is false where there is none (any more).
func (h *Handler) way(n Notice) (channel string, ok bool) {
	c, ok := h.c.Channel(n.Brand, n.Channel)
	can, known := channels.Of(channels.Kind(n.Kind))
	if _, phone := n.Address.Tel(); ok && known && !can.Push && phone {
		_, ok = h.c.Channel(n.Brand, c.Brand.SMSChannel)
		return c.Brand.SMSChannel, ok
	}
	return n.Channel, ok
}

// elsewhere finds another address of a notice's customer that a message of ours reaches; nil where there is none. Only
// who still is the customer at the notice's own address is told elsewhere: a number may have changed hands.
func (h *Handler) elsewhere(ctx context.Context, n Notice) (*Notice, error) {
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

// answersThem reports whether a notice goes even to who wants no messages: it tells how something ended that they began
// themselves, however long ago, or that their number was taken, which they can only contest for 72 hours.
func answersThem(about string) bool {
	switch about {
	case "order", "registered", "setup_completed", "setup_abandoned", "setup_over", "mandate_refused",
		"pin_reset", // which they have asked an operator for
		"number_taken":
		return true
	}
	return false
}

// takeNews says what happened, and puts the question that stood before once more.
func (h *Handler) takeNews(ctx context.Context, t *Turn, n Notice) error {
	t.result = "news"
	if t.session.Language == "" {
		t.setLanguage(t.brand.Language(n.Language))
	}
	t.session.judge(t.now, h.engine.table)
	switch n.About {
	case "registered":
		return h.setupNews(ctx, t, "completed", n)
	case "setup_completed":
		return h.setupNews(ctx, t, "completed", n)
	case "setup_abandoned", "mandate_refused":
		return h.setupNews(ctx, t, "abandoned", n)
	case "pin_reset":
		return h.pinReset(ctx, t)
	}
	return h.inPassing(ctx, t, n)
}

// inPassing says what happened and puts the question that stood before once more; nothing where nothing is to be said.
func (h *Handler) inPassing(ctx context.Context, t *Turn, n Notice) error {
	before := len(t.said)
	if err := h.sayNews(ctx, t, n); err != nil {
		return err
	}
	t.pins = nil // the outbox hands it on
	if t.silent = len(t.said) == before; !t.silent {
		h.again(t)
	}
	return nil
}

// passing are the words for news that changes no conversation.
var passing = map[string]Key{
	"registered": "registration.done", "setup_completed": "pay.done", "setup_abandoned": "", "mandate_refused": "mandate.refused",
	"instrument_ended": "pay.ended", "setup_over": "pay.page_over",
}

// sayNews says what happened, unless it was said before.
func (h *Handler) sayNews(ctx context.Context, t *Turn, n Notice) error {
	switch n.About {
	case "order":
		return h.orderNews(ctx, t, n)
	case "number_taken":
		return h.numberTaken(ctx, t)
	case "gift":
		o, err := h.c.Services.Topups.Order(ctx, n.Order)
		if err == nil && o.Status == topup.Delivered {
			t.sayGift(o.Order)
		}
		return err
	case "number_left", "number_moved", "address_unlinked":
		return h.accountMoved(ctx, t, n)
	case "debit_returned":
		o, err := h.c.Services.Topups.Order(ctx, n.Order)
		if err != nil {
			return err
		}
		t.Say("order.debit_returned", "amount", o.Amount.String(), "order", string(o.ID))
		return nil
	}
	prompt, ok := passing[n.About]
	if !ok {
		return fmt.Errorf("unknown news %q", n.About)
	}
	if prompt != "" {
		t.Say(prompt)
	}
	return nil
}

func (h *Handler) orderNews(ctx context.Context, t *Turn, n Notice) error {
	o, err := h.c.Services.Topups.Order(ctx, n.Order)
	if errors.Is(err, topup.ErrNoOrder) {
		return nil
	}
	if err != nil {
		return err
	}
	t.retold = n.Retold
	telling, err := t.telling(ctx, &h.c.Services, o.Order)
	if err != nil {
		return err
	}
	told := t.session.toldBefore(telling) && !n.Retold || telling.prompt == pinTold // by a turn or an earlier notice
	if told && telling.pin == nil {                                                 // a PIN is told until it is known to be handed on
		return nil
	}
	telling.say(t)
	if o.Status == topup.Delivered && o.Charge.Status == topup.ChargeReturned {
		t.Say("order.debit_returned", "amount", o.Amount.String(), "order", string(o.ID))
	}
	return nil
}

// setupNews moves a conversation that waits for this setup. One that waits for another, or for something else, is told
// in passing: the news may be late. Only a registration that has no page yet ends by whatever page has completed it.
func (h *Handler) setupNews(ctx context.Context, t *Turn, event Event, n Notice) error {
	if n.About == "registered" && t.session.Setup == "" {
		event = "registered"
	} else if !t.awaits(n.ID) {
		return h.inPassing(ctx, t, n)
	}
	if !n.Retold && h.engine.table.transitions[t.session.State][event] != nil {
		t.session.Expired = false
		return h.walk(ctx, t, event)
	}
	return h.inPassing(ctx, t, n)
}

// awaits reports whether a notice tells how a setup of the present flow has ended: the last one that it is known to have
// opened, or the mandate that is being read, which a turn that was killed may have given.
func (t *Turn) awaits(id prepaid.NoticeID) bool {
	s := t.session
	return s.Setup != "" && id == payments.NoticeOf(s.Setup) ||
		s.Mandate.Reference != "" && id == payments.NoticeOf(payments.MandateSetup(t.brand.Name, s.Mandate.Reference))
}
