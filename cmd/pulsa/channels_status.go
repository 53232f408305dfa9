package main

import (
	"context"
	"slices"

	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type channelsStatusCommand struct {
	ofBrand
	Channel string `arg:"" optional:"" help:"Only this one."`
	term.Output
}

// Help implements kong.HelpProvider.
func (channelsStatusCommand) Help() string {
	return "ok: it works. degraded: some messages do not get through, or late. down: none does. " +
		"Exit code 1 if a channel that should work is down.\n\nExample: pulsa channels status --brand demo"
}

// Run implements the command.
func (s *channelsStatusCommand) Run(ctx context.Context, e environ) error {
	d, err := s.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	rows, err := d.Health(ctx, s.Channel)
	if err != nil {
		return guessChannel(err)
	}
	err = term.NewTable[operators.ChannelHealth](e.terminal(), s.Output).Columns("channel", "state", "sent_last_hour", "waiting", "why").
		Least("sent_last_hour", "waiting").Print(rows)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(h operators.ChannelHealth) bool { return h.State == operators.ChannelDown && !h.Intended }) {
		return exitCode(1)
	}
	return nil
}
