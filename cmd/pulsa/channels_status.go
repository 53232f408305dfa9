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

// Run implements the command.
func (s *channelsStatusCommand) Run(ctx context.Context, e term.Env) error {
	d, err := s.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	rows, err := d.Health(ctx, s.Channel)
	if err != nil {
		return guessChannel(err)
	}
	err = term.NewTable[operators.ChannelHealth](e, s.Output).Columns("channel", "state", "sent_last_hour", "waiting", "why").
		Least("sent_last_hour", "waiting").Print(rows)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(h operators.ChannelHealth) bool { return h.State == operators.ChannelDown && !h.Intended }) {
		return exitCode(1)
	}
	return nil
}
