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

// lastOrders is how many orders STATUS tells of.
const lastOrders = 3

// sayStatus answers STATUS: how the last orders that the sender made or was given stand, the newest in full, and where our messages
// reach them no more. Of what they were given they hear no more than that.
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
	orders, err := s.Topups.Latest(ctx, t.brand.Name, whose, lastOrders)
	if err != nil {
		t.fail(err)
		return
	}
	if len(orders) == 0 {
		t.Say("status.none")
		return
	}
	newest, before := orders[0], orders[1:]
	on := ""
	if len(before) > 0 || t.daysAgo(newest.CreatedAt) != 0 {
		on = " (" + t.prompts.writes.day(newest.CreatedAt) + ")"
	}
	if !whose.Made(newest) {
		t.sayGift(newest, on)
	} else if !t.sayNewest(ctx, s, newest, on) {
		return
	}
	for _, o := range before {
		prompt := outcome(o)
		if !whose.Made(o) {
			prompt = "status.gift"
		}
		w := t.prompts.writes
		t.Say(prompt, "date", w.day(o.CreatedAt), "amount", w.money(o.Amount), "number", o.MSISDN.String())
	}
}

// sayNewest tells in full how an order of the sender's own stands; false: it failed. on is its day.
func (t *Turn) sayNewest(ctx context.Context, s *Services, o topup.Order, on string) bool {
	report, err := t.orderReport(ctx, s, o)
	if err != nil {
		t.fail(err)
		return false
	}
	report.on = on
	if !t.saysOf(o, report.prompt) { // as news that has waited
		report.sayTo(t)
	}
	if report.pin != nil {
		t.session.hears(report)
	}
	if report.prompt != pinComing {
		ids, err := s.Held.HeldOf(ctx, o.ID) // nobody else could tell it
		t.logError(err)
		t.told.Notices = append(t.told.Notices, ids...)
	}
	return true
}

// saysOf reports whether the reply says something of an order already.
func (t *Turn) saysOf(o topup.Order, prompt Key) bool {
	return slices.ContainsFunc(t.said, func(p Part) bool { return p.Key == prompt && p.Values["order"] == o.ID.Grouped() })
}

// outcomes are the prompts that tell in one line what came of an order, by those that tell it in full.
var outcomes = map[Key]Key{
	"order.delivered": "status.delivered", "order.declined": "status.declined", "order.card_declined": "status.declined",
	"order.refunding": "status.refunding", "order.refunded": "status.refunded", "order.card_refunded": "status.card_refunded",
}

// outcome is the prompt that tells in one line what came of an order, or that it is under way.
func outcome(o topup.Order) Key {
	if key, ended := outcomes[orderPrompt(o)]; ended {
		return key
	}
	return "status.working"
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
