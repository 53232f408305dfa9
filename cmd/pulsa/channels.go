package main

import (
	"context"
	"fmt"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type channelsCommand struct {
	List    channelsListCommand    `cmd:"" help:"List a brand's channels, and the address that each one's provider delivers to."`
	Status  channelsStatusCommand  `cmd:"" help:"Say which channels are ok, degraded or down, and why."`
	Enable  channelsEnableCommand  `cmd:"" help:"Switch a channel on, here and on every running copy."`
	Disable channelsDisableCommand `cmd:"" help:"Switch a channel off: it answers nothing and sends nothing."`
	Test    channelsTestCommand    `cmd:"" help:"Try the credentials with a call that changes nothing."`
}

type channelsListCommand struct{ brandListing }

func (l *channelsListCommand) Run(ctx context.Context, e term.Env, d *app.ChannelDesk) error {
	return term.NewTable[operators.ListedChannel](e, l.Output).Least("type", "provider_url").Print(d.List(ctx))
}

// channelListing are the flags of commands that list what is to be said of each channel, or one.
type channelListing struct {
	brandListing
	Channel string `arg:"" optional:"" help:"Only this one."`
}

type channelsStatusCommand struct{ channelListing }

func (s *channelsStatusCommand) Run(ctx context.Context, e term.Env, d *app.ChannelDesk) error {
	return term.NewTable[operators.ChannelHealth](e, s.Output).Least("sent_last_hour", "waiting").Print(d.Health(ctx, s.Channel))
}

type channelsTestCommand struct{ channelListing }

func (t *channelsTestCommand) Run(ctx context.Context, e term.Env, d *app.ChannelDesk) error {
	return term.NewTable[operators.ProbedChannel](e, t.Output).Print(d.Probe(ctx, t.Channel))
}

// switchFlags are those of enable and disable.
type switchFlags struct {
	ofBrand
	deed
	Channel string `arg:"" help:"Which one."`
}

type channelsEnableCommand struct{ switchFlags }

func (c *channelsEnableCommand) Run(ctx context.Context, e term.Env, d *app.ChannelDesk) error {
	done, err := d.Enable(ctx, c.Channel, c.by())
	fmt.Fprint(e.Stdout, done.Text()) // even if its provider could not be told
	return err
}

type channelsDisableCommand struct{ switchFlags }

func (c *channelsDisableCommand) Run(ctx context.Context, e term.Env, d *app.ChannelDesk) error {
	done, err := d.Disable(ctx, c.Channel, c.by())
	fmt.Fprint(e.Stdout, done.Text())
	return err
}
