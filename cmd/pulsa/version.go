package main

import (
	"fmt"

	"pulsa/app/version"
	"pulsa/cmd/pulsa/term"
)

type versionCommand struct{}

func (versionCommand) Run(e term.Env) error {
	fmt.Fprintln(e.Stdout, version.Current())
	return nil
}
