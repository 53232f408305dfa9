package harness

import (
	"context"
	"errors"
	"strings"

	"pulsa/accounts"
	"pulsa/app/core"
	"pulsa/cards"
	"pulsa/channels"
	"pulsa/conversation/talk"
	"pulsa/payments"
	"pulsa/prepaid"
)

// GivenCustomer registers a customer as a conversation would have, and tells them nothing of it. complete completes the
// payment page that is open for a number.
func GivenCustomer(ctx context.Context, p *core.Program, complete func(context.Context, prepaid.MSISDN) error, s talk.Setup, g talk.GivenCustomer) error {
	m, err := prepaid.ParseE164(s.Customer.Number)
	if err != nil {
		return err
	}
	line := p.Brands.Named(s.Brand).SMSChannel // the fake channel is all kinds of channels at once
	places := []accounts.Place{
		{Address: s.Customer.Address(), Channel: line, Kind: s.Customer.Kind},
		{Address: m.Tel(), Channel: line, Kind: string(channels.SMS)},
	}
	if places[0].Address == m.Tel() {
		places = places[:1]
	}
	c, err := p.Accounts.Register(ctx, accounts.Registration{
		Brand: s.Brand, MSISDN: m, PIN: g.PIN, Language: s.Language, Recognised: true,
		Places: places, OperationKey: prepaid.NewToken(),
	})
	if errors.Is(err, accounts.ErrRegistered) { // by a story before this one
		c, err = givenAgain(ctx, p, s, m, g.PIN, places)
	}
	if err != nil {
		return err
	}
	_, err = p.Payments.StartSetup(ctx, payments.StartRequest{ // without an address: nobody is told
		Brand: s.Brand, Customer: c.ID, MSISDN: m, Method: payments.Method(g.Method), OperationKey: prepaid.NewToken(),
	})
	if err != nil {
		return err
	}
	return complete(ctx, m)
}

// givenAgain resets a registered customer to the state of one who has just registered.
func givenAgain(ctx context.Context, p *core.Program, s talk.Setup, m prepaid.MSISDN, pin prepaid.Secret, places []accounts.Place) (accounts.Customer, error) {
	c, err := p.Accounts.ByMSISDN(ctx, s.Brand, m)
	if err == nil {
		err = p.Accounts.ChangePIN(ctx, c, pin)
	}
	for _, place := range places {
		if err == nil {
			err = p.Accounts.Link(ctx, c, place)
		}
	}
	if err == nil {
		err = p.Accounts.SetLanguage(ctx, c.ID, s.Language)
	}
	return c, err
}

// GivenCard adds a card as a story begins with it.
func GivenCard(ctx context.Context, p *core.Program, brand string, g talk.GivenCard) error {
	series, _, _ := strings.Cut(g.Serial, "-")
	card := cards.Card{Serial: g.Serial, Brand: brand, Series: series, Amount: g.Amount, State: cards.Live, CreatedAt: p.Clock.Now()}
	if g.Generated {
		card.State = cards.Generated
	}
	if g.Expires != "" {
		expires, err := p.Brands.Named(brand).ParseExpiry(g.Expires)
		if err != nil {
			return err
		}
		card.ExpiresAt = expires
	}
	return p.Cards.Add(ctx, card, g.Code)
}
