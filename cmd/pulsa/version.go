package main

import (
	"fmt"

	"pulsa/app/version"
)

type versionCommand struct{}

// Help implements kong.HelpProvider.
func (versionCommand) Help() string { return "Example: pulsa version" }

// Run implements the command.
func (versionCommand) Run(e environ) error {
	fmt.Fprintln(e.stdout, version.Current())
	return nil
}
