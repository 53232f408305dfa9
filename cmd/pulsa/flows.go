package main

import (
	"context"
	"fmt"

	"pulsa/cmd/pulsa/term"
	"pulsa/conversation"
)

type flowsCommand struct {
	Format conversation.DiagramFormat `help:"mermaid or dot." enum:"mermaid,dot" default:"mermaid"`
	Flow   string                     `arg:"" optional:"" help:"Only this flow: registration, topup, redeem, pin, pay or lang."`
}

func (f *flowsCommand) Run(_ context.Context, e term.Env) error {
	drawn, err := conversation.Diagrams(f.Format, f.Flow)
	fmt.Fprint(e.Stdout, drawn)
	return err
}
