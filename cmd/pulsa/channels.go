package main

import (
	"context"
	"errors"
	"fmt"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
)

type channelsCommand struct {
	List    channelsListCommand    `cmd:"" help:"List a brand's channels, and the address that each one's provider delivers to."`
	Status  channelsStatusCommand  `cmd:"" help:"Say which channels are ok, degraded or down, and why."`
	Enable  channelsEnableCommand  `cmd:"" help:"Switch a channel on, here and on every running copy."`
	Disable channelsDisableCommand `cmd:"" help:"Switch a channel off: it answers nothing and sends nothing."`
	Test    channelsTestCommand    `cmd:"" help:"Try the credentials with a call that changes nothing."`
}

// ofBrand are the flags of every command about one brand's channels.
type ofBrand struct {
	settings
	Brand string `required:"" help:"Whose channels."`
}

// channelDesk is what these commands work with. A running server is not needed.
type channelDesk struct {
	operators.Channels
	db *store.DB
}

// open opens the store. The caller closes it.
func (o ofBrand) open(ctx context.Context, e term.Env) (*channelDesk, error) {
	c, err := o.load(e, nil)
	if err != nil {
		return nil, err
	}
	brand, err := c.Brand(o.Brand)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, c.Database(), store.Options{})
	if err != nil {
		return nil, err
	}
	clock := prepaid.SystemClock{}
	registry := channels.NewRegistry([]*prepaid.Brand{brand}, c.PublicURL, db.Channels, clock)
	for _, a := range append(app.Providers(clock), fake.New(db.Outbox, clock)) {
		if err := registry.Register(a); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return &channelDesk{operators.Channels{Brand: brand, Registry: registry, Store: db.Channels, Outbox: db.Outbox, Leases: db.Leases,
		BotLease: app.BotLeaseOf, Clock: clock}, db}, nil
}

func (d *channelDesk) close() { _ = d.db.Close() }

// guessChannel adds to an error about an unknown channel which one was meant.
func guessChannel(err error) error {
	var unknown *operators.UnknownChannelError
	if errors.As(err, &unknown) {
		return fmt.Errorf("%w%s", err, config.DidYouMean(unknown.Channel, unknown.Known))
	}
	return err
}

type channelsListCommand struct {
	ofBrand
	term.Output
}

// Run implements the command.
func (l *channelsListCommand) Run(ctx context.Context, e term.Env) error {
	d, err := l.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	rows, err := d.List(ctx)
	if err != nil {
		return err
	}
	return term.NewTable[operators.ListedChannel](e, l.Output).Columns("channel", "type", "state", "provider_url").
		Show("state", channelState).Least("type", "provider_url").Print(rows)
}

// channelState says for people whether a channel is on, and who decided that.
func channelState(r operators.ListedChannel) string {
	state := "off"
	switch {
	case r.Problem != "":
		state = "off: " + r.Problem
	case r.On:
		state = "on"
	}
	if r.SwitchedBy != "" {
		state += " (switched by " + r.SwitchedBy + ", " + term.Stamp(r.SwitchedAt) + ")"
	}
	return state
}

type channelsTestCommand struct {
	ofBrand
	Channel string `arg:"" optional:"" help:"Only this one."`
}

// Run implements the command.
func (t *channelsTestCommand) Run(ctx context.Context, e term.Env) error {
	d, err := t.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	probed, err := d.Probe(ctx, t.Channel)
	if err != nil {
		return guessChannel(err)
	}
	failed := false
	for _, p := range probed {
		failed = failed || !p.OK
		fmt.Fprintf(e.Stdout, "%s: %s\n  its provider delivers to %s\n", p.Channel, p.Found, p.URL)
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

// switchFlags are those of enable and disable.
type switchFlags struct {
	ofBrand
	actor
	Channel string `arg:"" help:"Which one."`
}

type channelsEnableCommand struct{ switchFlags }

// Run implements the command.
func (c *channelsEnableCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	done, err := d.Enable(ctx, c.Channel, prepaid.By{Who: c.who(e)})
	printSwitched(e, done, "on")
	switch done.Provider {
	case operators.ProviderNotified:
		fmt.Fprintf(e.Stdout, "Its provider delivers to %s\n", done.URL)
	case operators.ProviderByHand:
		fmt.Fprintf(e.Stdout, "Let its provider deliver to %s\n", done.URL)
	}
	return guessChannel(err)
}

type channelsDisableCommand struct{ switchFlags }

// Run implements the command.
func (c *channelsDisableCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	done, err := d.Disable(ctx, c.Channel, prepaid.By{Who: c.who(e)})
	printSwitched(e, done, "off")
	switch done.Provider {
	case operators.ProviderNotified:
		fmt.Fprintln(e.Stdout, "Its provider delivers no more.")
	case operators.ProviderByHand:
		fmt.Fprintf(e.Stdout, "Its provider still delivers to %s, in vain, until that is changed there.\n", done.URL)
	}
	return guessChannel(err)
}

// printSwitched prints that a channel is on or off, if it was switched.
func printSwitched(e term.Env, s operators.Switched, state string) {
	if s.Channel != "" {
		fmt.Fprintf(e.Stdout, "%s is %s. Running copies know within %.0f seconds.\n", s.Channel, state, operators.SwitchKnownWithin.Seconds())
	}
}
