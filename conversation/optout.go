package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
)

// readOptOut finds out how the sender has opted out. A message on a channel that nobody can write on who has blocked us
// proves that they have not, or no more.
func (t *Turn) readOptOut(ctx context.Context, s *Services) (err error) {
	if t.out, err = s.Accounts.OptedOut(ctx, t.brand.Name, t.in.Address); err != nil {
		return fmt.Errorf("look up opt-out: %w", err)
	}
	if t.in.Can.MutualBlock && t.in.Signal == channels.NoSignal && t.out.At(t.channel.Name) {
		if err := s.Accounts.OptInAt(ctx, t.brand.Name, t.channel.Name, t.in.Address); err != nil {
			return fmt.Errorf("undo opt-out: %w", err)
		}
		if err := s.Held.Release(ctx, t.brand.Name, t.in.Address); err != nil {
			return err
		}
		t.out.AtCarrier = slices.DeleteFunc(t.out.AtCarrier, func(name string) bool { return name == t.channel.Name })
	}
	if !t.in.Can.Push && t.out.At(t.sms) {
		t.sms = "" // a screen shows what no SMS would bring
	}
	return nil
}

// optOut answers STOP: it opts the sender out, and ends whatever was under way. Where the carrier acts on the word itself, the reply goes to
// its interface for sending: that says so if it has taken the word for its own, and the opt-out is then known as one at
// the carrier. A reply in the response would be dropped without a word.
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
	t.session.leave()
	t.session.State = idle
	t.pushed = t.in.Can.OwnsOptOut
	t.Say("stop.done")
}

// optIn answers START: it opts the sender in again, and lets them hear what has waited. Who unblocks us without a word has not taken back
// a STOP that they have said in words.
func optIn(ctx context.Context, s *Services, t *Turn) {
	if !t.out.ByWord && !t.out.At(t.channel.Name) {
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

// tellHeld says, before the answer to what they have written, what waited for who wants no messages to write.
func (h *Handler) tellHeld(ctx context.Context, t *Turn) {
	held, err := h.c.Services.Held.Held(ctx, t.brand.Name, t.in.Address)
	if err != nil {
		t.fail(err)
		return
	}
	for _, n := range held {
		if err := h.sayNews(ctx, t, n); err != nil {
			t.fail(err)
			return
		}
		t.told = append(t.told, n.ID)
	}
}

// tellStopped says where else the customer has stopped our messages at the carrier, and can take it back.
func (t *Turn) tellStopped(ctx context.Context, s *Services) {
	if t.err != nil {
		return
	}
	known := []accounts.KnownAddress{{Address: t.in.Address, Out: t.out}}
	c, err := t.who(ctx, s)
	if err == nil {
		known, err = s.Accounts.AddressesOf(ctx, c.ID)
	}
	if err != nil && !errors.Is(err, accounts.ErrNoCustomer) {
		t.fail(err)
		return
	}
	for _, k := range known {
		here := func(channel string) bool {
			return t.in.Can.Push && k.Address == t.in.Address && channel == t.channel.Name
		}
		if k.Out.AtCarrier = slices.DeleteFunc(k.Out.AtCarrier, here); len(k.Out.AtCarrier) > 0 {
			t.Say("status.stopped", "place", placeOf(k.Address))
		}
	}
}

// placeOf names an address in words for its owner: its number, or the messenger.
func placeOf(a prepaid.Address) string {
	if m, ok := a.Tel(); ok {
		return m.String()
	}
	scheme, _, _ := strings.Cut(string(a), ":")
	return channels.Kind(scheme).Title()
}
