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

// Run implements the command.
func (f *flowsCommand) Run(_ context.Context, e term.Env) error {
	found := false
	for _, flow := range conversation.Flows() {
		if f.Flow != "" && f.Flow != flow.Name {
			continue
		}
		found = true
		text, err := conversation.Diagram(flow, f.Format)
		if err != nil {
			return err
		}
		comment := "%%"
		if f.Format == conversation.Dot {
			comment = "//"
		}
		fmt.Fprintf(e.Stdout, "%s flow %s\n%s\n", comment, flow.Name, text)
	}
	if !found {
		return fmt.Errorf("there is no flow %q: pulsa flows draws all", f.Flow)
	}
	return nil
}
