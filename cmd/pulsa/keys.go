package main

import (
	"context"

	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type keysCommand struct {
	List    keysListCommand    `cmd:"" help:"List the versions of each key: who has them, which is in use, what is stored under them."`
	Use     keysUseCommand     `cmd:"" help:"Write with another version of a key, on every running copy."`
	History keysHistoryCommand `cmd:"" help:"List which versions were put in use, by whom and why."`
}

type keysListCommand struct {
	settings
	term.Output
}

func (l *keysListCommand) Run(ctx context.Context, e term.Env, k operators.Keys) error {
	return term.NewTable[operators.KeyVersion](e, l.Output).Nothing("no key is in use yet: start the server").Print(k.List(ctx))
}

type keysUseCommand struct {
	settings
	deed
	Key     string `required:"" help:"Which key: pin-pepper, card-key." placeholder:"KEY"`
	Version int    `arg:"" help:"The version to write with."`
}

func (u *keysUseCommand) Run(ctx context.Context, e term.Env, k operators.Keys) error {
	return say(e)(k.Use(ctx, operators.MasterKey(u.Key), u.Version, u.by()))
}

type keysHistoryCommand struct {
	settings
	term.Output
}

func (h *keysHistoryCommand) Run(ctx context.Context, e term.Env, k operators.Keys) error {
	return term.NewTable[operators.KeyUseRow](e, h.Output).Print(k.History(ctx))
}
