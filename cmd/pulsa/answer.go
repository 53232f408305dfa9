package main

import (
	"encoding/json"
	"fmt"

	"pulsa/cmd/pulsa/term"
)

// answer is what a command prints that answers with one object.
type answer struct {
	JSON bool `help:"Print JSON."`
}

func (a answer) print(e term.Env, object any, text string) error {
	if a.JSON {
		return json.NewEncoder(e.Stdout).Encode(object)
	}
	_, err := fmt.Fprint(e.Stdout, text)
	return err
}
