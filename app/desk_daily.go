package app

import (
	"cmp"
	"context"
	"slices"

	"pulsa/channels"
	"pulsa/operators"
)

// daily tells how a day goes.
func (p *Program) daily() *operators.Daily {
	return &operators.Daily{
		Store: p.DB.Daily, Waits: p.DB.Waits, Channels: p.channelsOf, Guessing: p.Cards.Guessing, Codes: p.DB.Codes.CodeFigures, Wallets: p.wallets,
		Brands: p.Brands, Clock: p.Clock,
	}
}

// wallets returns what our wallets held when they were last read by watchWallet.
func (p *Program) wallets(context.Context) ([]operators.WalletNow, error) {
	var all []operators.WalletNow
	p.walletsRead.Range(func(_, read any) bool {
		all = append(all, read.(operators.WalletNow))
		return true
	})
	slices.SortFunc(all, func(a, b operators.WalletNow) int { return cmp.Compare(a.Network, b.Network) })
	return all, nil
}

// channelsOf are the operations on a brand's channels; a *config.NoBrandError.
func (p *Program) channelsOf(brand string) (operators.Channels, error) {
	b, err := p.Settings.Brand(brand)
	if err != nil {
		return operators.Channels{}, err
	}
	return operators.Channels{Brand: b, Registry: linesOf{p.Registry, brand}, Store: switchesOf{p.DB.Channels, p.Registry}, Outbox: p.DB.Outbox, Leases: p.DB.Leases, BotLease: BotLeaseOf, Clock: p.Clock}, nil
}

// switchesOf is the store of channels, whose switches the registry reads again at once.
type switchesOf struct {
	operators.ChannelStore
	registry *channels.Registry
}

// SetSwitch implements operators.ChannelStore.
func (s switchesOf) SetSwitch(ctx context.Context, c operators.SwitchChange) error {
	defer s.registry.ReadAgain()
	return s.ChannelStore.SetSwitch(ctx, c)
}

// linesOf is the registry of one brand's channels.
type linesOf struct {
	*channels.Registry
	brand string
}

// List implements operators.ChannelRegistry.
func (l linesOf) List(ctx context.Context) []channels.Status {
	return slices.DeleteFunc(l.Registry.List(ctx), func(s channels.Status) bool { return s.Channel.Brand.Name != l.brand })
}

// apiKeys are the operations on developers' keys.
func (p *Program) apiKeys() operators.APIKeys {
	return operators.APIKeys{Keys: p.DB.Developers, Deeds: p.DB.Deeds, Webhooks: p.DB.Webhooks, Service: p.Developers, Clock: p.Clock, Brands: p.Brands, Terms: p.Settings.Terms}
}
