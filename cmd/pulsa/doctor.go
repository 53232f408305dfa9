package main

import (
	"context"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type doctorCommand struct {
	settings
	term.Output
}

func (d *doctorCommand) Run(ctx context.Context, e term.Env) error {
	c, err := d.load(e, nil)
	if err != nil {
		return err
	}
	table, failed := term.NewTable[operators.Finding](e, d.Output).Columns("level", "what", "found"), false
	for _, f := range app.Examine(ctx, c) {
		failed = failed || f.Level == operators.LevelError
		if err := table.Row(f); err != nil {
			return err
		}
		if f.Do != "" && d.IsText() {
			if err := table.Row(operators.Finding{Found: "  -> " + f.Do}); err != nil {
				return err
			}
		}
	}
	if err := table.End(); err != nil || !failed {
		return err
	}
	return exitCode(1)
}
