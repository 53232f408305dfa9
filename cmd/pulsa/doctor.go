package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type doctorCommand struct {
	settings
	JSON bool `help:"Print one JSON object per finding."`
}

// Run implements the command.
func (d *doctorCommand) Run(ctx context.Context, e term.Env) error {
	c, err := d.load(e, nil)
	if err != nil {
		return err
	}
	return d.print(e.Stdout, app.Examine(ctx, c))
}

func (d *doctorCommand) print(w io.Writer, findings []operators.Finding) error {
	failed := false
	table, out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), json.NewEncoder(w)
	for _, f := range findings {
		failed = failed || f.Level == operators.LevelError
		if d.JSON {
			if err := out.Encode(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Level, f.What, f.Found)
		if f.Do != "" {
			fmt.Fprintf(table, "\t\t  -> %s\n", f.Do)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed {
		return exitCode(1)
	}
	return nil
}
