package conversation

import (
	"cmp"
	"context"
	"strconv"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
)

// addressesFlow lists the phones and messengers that are linked to the account, and unlinks one of them.
func addressesFlow() Flow {
	return Flow{
		Name: "addresses",
		States: append(behindPIN("addresses", "addresses.ask_pin"),
			State{Name: "addresses.list", Act: listAddresses},
			State{Name: "addresses.ask", Prompt: "addresses.ask", Help: "help.addresses", Fill: fillPresent, Accept: acceptLinked, Offer: offerLinked, Resume: "addresses.ask_pin"},
			State{Name: "addresses.unlink", Act: unlinkAddress},
		),
		Transitions: append(behindPINTransitions("addresses", "addresses.list"),
			Transition{From: "addresses.list", Event: "only", To: idle},
			Transition{From: "addresses.list", Event: "several", To: "addresses.ask"},
			Transition{From: "addresses.ask", Event: "chosen", To: "addresses.unlink"},
			Transition{From: "addresses.unlink", Event: "unlinked", To: idle},
		),
	}
}

// Linked is an address of the customer's as it stood when it was listed.
type Linked struct {
	Address prepaid.Address `json:"address"`
	Kind    string          `json:"kind,omitempty"`
	At      int64           `json:"at"` // microseconds: when it was linked
}

func listAddresses(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	known, err := s.Accounts.AddressesOf(ctx, c.ID)
	if err != nil {
		return t.fail(err)
	}
	t.session.Linked, t.session.Present = nil, Linked{Address: t.in.Address, Kind: string(t.in.Can.Kind)}
	for _, k := range known {
		l := Linked{Address: k.Address, Kind: k.Kind, At: prepaid.Micros(k.LinkedAt)}
		if k.Address == t.in.Address {
			t.session.Present.At = l.At
			continue
		}
		t.session.Linked = append(t.session.Linked, l)
	}
	if len(t.session.Linked) == 0 {
		t.Say("addresses.only", "place", t.placeAndDay(t.session.Present))
		return "only"
	}
	return "several"
}

func fillPresent(t *Turn) []string { return []string{"place", t.placeAndDay(t.session.Present)} }

// placeAndDay names an address to its owner, masked, and when it was linked: "SMS +316****5678, 2026-11-12".
func (t *Turn) placeAndDay(l Linked) string {
	return t.prompts.Part("addresses.place", "place", t.masked(l), "date", t.prompts.writes.day(prepaid.FromMicros(l.At))).Text
}

// masked names an address to its owner: "SMS +316****5678".
func (t *Turn) masked(l Linked) string {
	m, ok := l.Address.Tel()
	if !ok {
		return t.placeOf(l.Address)
	}
	return t.prompts.kind(cmp.Or(channels.Kind(l.Kind), channels.SMS)) + " " + m.Masked()
}

// offerLinked numbers the addresses that can be unlinked: all but the present one.
func offerLinked(t *Turn) []channels.Choice {
	var choices []channels.Choice
	for i, l := range t.session.Linked {
		choices = append(choices, channels.Choice{ID: strconv.Itoa(i + 1), Label: t.placeAndDay(l)})
	}
	return choices
}

func acceptLinked(t *Turn) (Event, Key) {
	id, ok := channels.ReadChoice(offerLinked(t), t.in)
	if !ok {
		return noEvent, "input.not_a_choice"
	}
	i, _ := strconv.Atoi(id) // offerLinked has made it
	t.session.Unlink = t.session.Linked[i-1]
	return "chosen", ""
}

func unlinkAddress(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.authorised(ctx, s)
	if err != nil {
		return noEvent
	}
	l := t.session.Unlink
	err = s.Accounts.Unlink(ctx, accounts.Unlinking{
		Customer: c.ID, Holder: c.Holder, Address: l.Address, LinkedAt: prepaid.FromMicros(l.At), By: t.place(),
	})
	if err != nil {
		return t.fail(err)
	}
	t.Say("addresses.unlinked", "place", t.masked(l))
	return "unlinked"
}
