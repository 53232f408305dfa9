package main

import (
	"context"
	"fmt"

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

type channelsListCommand struct {
	ofBrand
	term.Output
}

func (l *channelsListCommand) Run(ctx context.Context, e term.Env, d operators.Channels) error {
	return term.NewTable[operators.ListedChannel](e, l.Output).Least("type", "provider_url").Print(d.List(ctx))
}

type channelsStatusCommand struct {
	ofBrand
	Channel string `arg:"" optional:"" help:"Only this one."`
	term.Output
}

func (s *channelsStatusCommand) Run(ctx context.Context, e term.Env, d operators.Channels) error {
	return term.NewTable[operators.ChannelHealth](e, s.Output).Least("sent_last_hour", "waiting").Print(d.Health(ctx, s.Channel))
}

type channelsTestCommand struct {
	ofBrand
	Channel string `arg:"" optional:"" help:"Only this one."`
}

func (t *channelsTestCommand) Run(ctx context.Context, e term.Env, d operators.Channels) error {
	probed, err := d.Probe(ctx, t.Channel)
	for _, p := range probed {
		if !p.OK {
			err = exitCode(1)
		}
		fmt.Fprintf(e.Stdout, "%s: %s\n  its provider delivers to %s\n", p.Channel, p.Found, p.URL)
	}
	return err
}

// switchFlags are those of enable and disable.
type switchFlags struct {
	ofBrand
	deed
	Channel string `arg:"" help:"Which one."`
}

type channelsEnableCommand struct{ switchFlags }

func (c *channelsEnableCommand) Run(ctx context.Context, e term.Env, d operators.Channels) error {
	done, err := d.Enable(ctx, c.Channel, c.by())
	fmt.Fprint(e.Stdout, done.Text()) // even if its provider could not be told
	return err
}

type channelsDisableCommand struct{ switchFlags }

func (c *channelsDisableCommand) Run(ctx context.Context, e term.Env, d operators.Channels) error {
	done, err := d.Disable(ctx, c.Channel, c.by())
	fmt.Fprint(e.Stdout, done.Text())
	return err
}
