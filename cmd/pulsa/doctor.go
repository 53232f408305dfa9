package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"pulsa/app"
	"pulsa/operators"
)

type doctorCommand struct {
	settings
	JSON bool `help:"Print one JSON object per finding."`
}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return "Looks at everything a server needs, changes nothing but the schema (it is migrated as at a start), and may run " +
		"beside a server. Exit code 1 if something is wrong.\n\nExample: pulsa doctor --config pulsa.yaml"
}

// Run implements the command.
func (d *doctorCommand) Run(ctx context.Context, e environ) error {
	c, err := d.load(e, nil)
	if err != nil {
		return err
	}
	return d.print(e.stdout, app.Examine(ctx, c))
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
