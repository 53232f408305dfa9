package conversation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// sayStatus answers STATUS: how the newest order that the sender made or was given stands, and where our messages reach them
// no more. Of what they were given they hear no more than that.
func sayStatus(ctx context.Context, s *Services, t *Turn) {
	number, _ := t.ownNumber()
	c, err := t.sender(ctx, s)
	if err == nil {
		number = c.MSISDN
	}
	if t.err != nil {
		return
	}
	defer t.sayStoppedChannels(ctx, s)
	whose := topup.Whose{Customer: c.ID, Address: t.in.Address, MSISDN: number}
	o, err := s.Topups.Latest(ctx, t.brand.Name, whose)
	switch {
	case errors.Is(err, topup.ErrNoOrder):
		t.Say("status.none")
	case err != nil:
		t.fail(err)
	case !whose.Made(o):
		t.sayGift(o)
	default:
		report, err := t.orderReport(ctx, s, o)
		if err != nil {
			t.fail(err)
			return
		}
		report.sayTo(t)
		if report.pin != nil {
			t.session.hears(report)
		}
		if report.prompt != pinComing {
			ids, err := s.Held.HeldOf(ctx, o.ID) // nobody else could tell it
			t.logError(err)
			t.told.Notices = append(t.told.Notices, ids...)
		}
	}
}

// sayStoppedChannels says where else the customer has stopped our messages at the carrier, and can take it back.
func (t *Turn) sayStoppedChannels(ctx context.Context, s *Services) {
	if t.err != nil {
		return
	}
	known := []accounts.KnownAddress{{Address: t.in.Address, Out: t.optedOut}}
	c, err := t.sender(ctx, s)
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
			t.Say("status.stopped", "place", t.placeOf(k.Address))
		}
	}
}

// placeOf names an address in words for its owner: its number, or the messenger.
func (t *Turn) placeOf(a prepaid.Address) string {
	if m, ok := a.Tel(); ok {
		return m.String()
	}
	scheme, _, _ := strings.Cut(string(a), ":")
	return t.prompts.kind(channels.Kind(scheme))
}
