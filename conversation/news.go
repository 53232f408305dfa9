package conversation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/channels"
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
	var told []prepaid.NoticeID
	var errs []error
	for _, n := range notices {
		if err := h.tell(ctx, n); err != nil {
			errs = append(errs, fmt.Errorf("tell notice %s: %w", n.ID, err)) // its lease lapses, and it is told again
			continue
		}
		told = append(told, n.ID)
	}
	if len(told) > 0 {
		errs = append(errs, h.c.Services.Notices.MarkTold(ctx, told, nil, h.c.Clock.Now()))
	}
	return len(notices), errors.Join(errs...)
}

// tell makes one notice a turn whose message id is the notice's. The words leave through the outbox: where the
// channel can't push, by SMS.
func (h *Handler) tell(ctx context.Context, n Notice) error {
	c, ok := h.c.Channel(n.Brand, n.Channel)
	if !ok {
		h.c.Log.Warn("news for a channel that is not declared any more", "channel", n.Brand+"/"+n.Channel)
		return nil
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
	in := channels.Inbound{ID: string(n.ID), Address: n.Address, Language: n.Language, Can: can, ReceivedAt: now, Deadline: now.Add(maxDeadline)}
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
		parts[i].Answer, parts[i].Repeatable = false, false
		if !push {
			parts[i].Channel = c.Brand.SMSChannel
		}
	}
	if len(parts) == 0 || !told {
		return nil
	}
	return h.c.Outbox.PutOutbound(ctx, parts)
}

// takeNews says what happened, and puts the question that stood before once more.
func (h *Handler) takeNews(ctx context.Context, t *Turn, n Notice) error {
	t.result = "news"
	if t.session.Language == "" {
		t.setLanguage(t.brand.Language(n.Language))
	}
	t.session.judge(t.now, h.engine.table)
	switch n.About {
	case "order":
		return h.orderNews(ctx, t, n)
	case "debit_returned":
		o, err := h.c.Services.Topups.Order(ctx, n.Order)
		if err != nil {
			return err
		}
		t.Say("order.debit_returned", "amount", o.Amount.String(), "order", string(o.ID))
	case "registered":
		return h.setupNews(ctx, t, "completed", "registration.done")
	case "setup_completed":
		return h.setupNews(ctx, t, "completed", "pay.done")
	case "setup_abandoned":
		return h.setupNews(ctx, t, "abandoned", "")
	case "mandate_refused":
		return h.setupNews(ctx, t, "abandoned", "mandate.refused")
	case "instrument_ended":
		t.Say("pay.ended")
	default:
		return fmt.Errorf("unknown news %q", n.About)
	}
	h.again(t)
	return nil
}

func (h *Handler) orderNews(ctx context.Context, t *Turn, n Notice) error {
	o, err := h.c.Services.Topups.Order(ctx, n.Order)
	if errors.Is(err, topup.ErrNoOrder) {
		t.silent = true
		return nil
	}
	if err != nil {
		return err
	}
	telling, err := t.telling(ctx, &h.c.Services, o.Order)
	if err != nil {
		return err
	}
	told := t.session.toldBefore(telling) || telling.prompt == pinTold // by a turn or an earlier notice
	if told && telling.pin == nil {                                    // a PIN is told until it is known to be handed on
		t.silent = true
		return nil
	}
	telling.say(t)
	t.pins = nil // the outbox hands it on
	if o.Status == topup.Delivered && o.Charge.Status == topup.ChargeReturned {
		t.Say("order.debit_returned", "amount", o.Amount.String(), "order", string(o.ID))
	}
	h.again(t)
	return nil
}

// setupNews moves a conversation that waits for the payment page; one that does not is told in passing.
func (h *Handler) setupNews(ctx context.Context, t *Turn, event Event, inPassing string) error {
	state := t.session.State
	if h.engine.table.transitions[state][event] != nil {
		t.session.Expired = false
		return h.walk(ctx, t, event)
	}
	if inPassing == "" {
		t.silent = true
		return nil
	}
	t.Say(inPassing)
	h.again(t)
	return nil
}
