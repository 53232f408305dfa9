package main

import (
	"context"
	"fmt"

	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type keysCommand struct {
	List    keysListCommand    `cmd:"" help:"List the versions of each key: who has them, which is in use, what is stored under them."`
	Use     keysUseCommand     `cmd:"" help:"Write with another version of a key, on every running copy."`
	History keysHistoryCommand `cmd:"" help:"List which versions were put in use, by whom and why."`
}

// onMasterKeys opens the operations on master keys, and calls do with them.
func (s settings) onMasterKeys(ctx context.Context, e term.Env, do func(operators.Keys) error) error {
	return s.onDesk(ctx, e, "", func(d *core.Desk) error {
		keys, err := d.MasterKeys()
		if err != nil {
			return err
		}
		return do(keys)
	})
}

type keysListCommand struct {
	settings
	term.Output
}

func (l *keysListCommand) Run(ctx context.Context, e term.Env) error {
	return l.onMasterKeys(ctx, e, func(k operators.Keys) error {
		return term.NewTable[operators.KeyVersion](e, l.Output).Columns("key", "version", "state", "here", "copies", "stored").
			Show("state", operators.KeyVersion.State).Show("here", operators.KeyVersion.HereText).
			Show("copies", operators.KeyVersion.CopiesText).Show("stored", operators.KeyVersion.StoredText).
			Nothing("no key is in use yet: start the server").PrintResult(k.List(ctx))
	})
}

type keysUseCommand struct {
	settings
	deed
	Key     string `required:"" help:"Which key: pin-pepper, card-key." placeholder:"KEY"`
	Version int    `arg:"" help:"The version to write with."`
}

func (u *keysUseCommand) Run(ctx context.Context, e term.Env) error {
	return u.onMasterKeys(ctx, e, func(k operators.Keys) error {
		key := operators.MasterKey(u.Key)
		changed, err := k.Use(ctx, key, u.Version, u.by(e))
		switch {
		case err != nil:
			return err
		case !changed:
			fmt.Fprintf(e.Stdout, "Version %d of %s is in use already.\n", u.Version, key)
		default:
			fmt.Fprintf(e.Stdout, "Version %d of %s is in use: every running copy writes with it within 5 s. Keep the versions before it:\n"+
				"pulsa keys list tells what is stored under them.\n", u.Version, key)
		}
		return nil
	})
}

type keysHistoryCommand struct {
	settings
	term.Output
}

func (h *keysHistoryCommand) Run(ctx context.Context, e term.Env) error {
	return h.onMasterKeys(ctx, e, func(k operators.Keys) error {
		return term.NewTable[operators.KeyUseRow](e, h.Output).Columns("at", "key", "version", "by", "reason").PrintResult(k.History(ctx))
	})
}
