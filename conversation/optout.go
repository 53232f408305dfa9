package conversation

import (
	"context"
	"fmt"
	"slices"

	"pulsa/channels"
)

// readOptOut looks up how the sender has opted out. Where a customer who has blocked us can't write, a message undoes that
// opt-out.
func (t *Turn) readOptOut(ctx context.Context, s *Services) (err error) {
	if t.optedOut, err = s.Accounts.OptedOut(ctx, t.brand.Name, t.in.Address); err != nil {
		return fmt.Errorf("look up opt-out: %w", err)
	}
	if t.in.Can.MutualBlock && t.in.Signal == channels.NoSignal && t.optedOut.At(t.channel.Name) {
		if err := s.Accounts.OptInAt(ctx, t.brand.Name, t.channel.Name, t.in.Address); err != nil {
			return fmt.Errorf("undo opt-out: %w", err)
		}
		if err := s.Held.Release(ctx, t.brand.Name, t.in.Address); err != nil {
			return err
		}
		t.optedOut.AtCarrier = slices.DeleteFunc(t.optedOut.AtCarrier, func(name string) bool { return name == t.channel.Name })
	}
	if !t.in.Can.Push && t.optedOut.At(t.sms) {
		t.sms = "" // the SMS would not arrive: show it on the screen
	}
	return nil
}

// optOut answers STOP: it opts the sender out, and ends whatever was under way. Where the carrier
// acts on the word itself, the reply goes through the provider's API and not into the response, which would be dropped silently:
// the API's error says that the carrier has opted the customer out.
func optOut(ctx context.Context, s *Services, t *Turn) {
	var err error
	if t.in.Signal == channels.OptedOut {
		err = s.Accounts.OptOutAt(ctx, t.brand.Name, t.channel.Name, t.in.Address)
	} else {
		err = s.Accounts.OptOut(ctx, t.brand.Name, t.in.Address)
	}
	if err != nil {
		t.fail(err)
		return
	}
	t.session.endFlow()
	t.session.State = idle
	t.viaOutbox = t.in.Can.OwnsOptOut
	t.Say("stop.done")
}

// optIn answers START: it opts the sender in again, and lets them hear what has waited. A customer who
// unblocks us has not taken back a STOP that they have texted.
func optIn(ctx context.Context, s *Services, t *Turn) {
	if !t.optedOut.ByWord && !t.optedOut.At(t.channel.Name) {
		t.Say("start.welcome")
		return
	}
	in := s.Accounts.OptIn
	if t.in.Text == "" {
		in = s.Accounts.OptInAt
	}
	if err := in(ctx, t.brand.Name, t.channel.Name, t.in.Address); err != nil {
		t.fail(err)
		return
	}
	if err := s.Held.Release(ctx, t.brand.Name, t.in.Address); err != nil {
		t.fail(err)
		return
	}
	t.Say("start.done")
}

// sayHeldNotices tells a customer who has texted STOP what has waited for their next message, before that is answered.
func (h *Handler) sayHeldNotices(ctx context.Context, t *Turn) {
	held, err := h.c.Services.Held.Held(ctx, t.brand.Name, t.in.Address)
	if err != nil {
		t.fail(err)
		return
	}
	for _, n := range held {
		kind, err := noticeKindOf(n.About)
		if err == nil {
			err = h.sayNotice(ctx, t, n, kind)
		}
		if err != nil {
			t.fail(err)
			return
		}
		t.told.Notices = append(t.told.Notices, n.ID)
	}
}
