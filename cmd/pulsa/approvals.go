package main

import (
	"context"
	"time"

	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type approvalsCommand struct {
	List   approvalsListCommand   `cmd:"" help:"List what people asked for on the desk and another person must agree to."`
	Decide approvalsDecideCommand `cmd:"" help:"Decide, where nobody but the asker may on the desk."`
}

// ProvideApprovals opens approvals.
func (s settings) ProvideApprovals(ctx context.Context, o *opened) (operators.MachineApprovals, error) {
	return partOf(func(d *core.Desk) (operators.MachineApprovals, error) { return d.Approvals, nil })(s.ProvideDesk(ctx, o))
}

type approvalsListCommand struct {
	someBrand
	Open bool `help:"Only those that wait for a decision, or are being carried out."`
	term.Output
}

func (l *approvalsListCommand) Run(ctx context.Context, e term.Env, a operators.MachineApprovals) error {
	return term.NewTable[operators.ApprovalRow](e, l.Output).Nothing("nobody was asked").Print(a.Rows(ctx, operators.ApprovalFilter{Brand: l.Brand, Open: l.Open}))
}

type approvalsDecideCommand struct {
	settings
	deed
	ID      string `arg:"" help:"Which: see approvals list."`
	Approve bool   `help:"Agree. A running server carries it out." xor:"verdict" required:""`
	Refuse  bool   `help:"Refuse." xor:"verdict" required:""`
}

// carriedWithin is how long the command waits for a running server.
const carriedWithin = 15 * time.Second

func (d *approvalsDecideCommand) Run(ctx context.Context, e term.Env, a operators.MachineApprovals) error {
	verdict := operators.Agree
	if d.Refuse {
		verdict = operators.Refuse
	}
	return say(e)(a.Decide(ctx, operators.ApprovalID(d.ID), verdict, d.by(), carriedWithin))
}
