package main

import (
	"context"
	"fmt"

	"pulsa/cmd/pulsa/term"
)

type customersFrozenCommand struct {
	settings
	Brand string `required:"" help:"Whose customers."`
	JSON  bool   `help:"Print JSON."`
}

// Run implements the command.
func (f *customersFrozenCommand) Run(ctx context.Context, e term.Env) error {
	desk, err := f.openDesk(ctx, e, f.Brand)
	if err != nil {
		return err
	}
	defer desk.Close()
	frozen, err := desk.Customers.Frozen(ctx, f.Brand)
	if err != nil {
		return err
	}
	return term.Rows(e, term.Output{JSON: f.JSON}, frozen)
}

type customersUnfreezeCommand struct {
	whom
	deed
	End bool `help:"Whoever set the last PIN loses the account: their PIN, ways to pay and addresses end. The owner gets it back by FORGOT."`
}

// Run implements the command.
func (u *customersUnfreezeCommand) Run(ctx context.Context, e term.Env) error {
	by, err := u.by(e)
	if err != nil {
		return err
	}
	who, desk, err := u.desk(ctx, e)
	if err != nil {
		return err
	}
	defer desk.Close()
	decide, outcome := desk.Customers.Unfreeze, "stays with whoever set its last PIN"
	if u.End {
		decide, outcome = desk.Customers.UnfreezeForNobody, "is nobody's until the owner of the number texts FORGOT and types the code sent by SMS"
	}
	if err := decide(ctx, who, by); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "%s is no longer frozen and %s\n", who.MSISDN.Masked(), outcome)
	return nil
}

type customersResetPINCommand struct {
	whom
	deed
}

// Run implements the command.
func (r *customersResetPINCommand) Run(ctx context.Context, e term.Env) error {
	by, err := r.by(e)
	if err != nil {
		return err
	}
	who, desk, err := r.desk(ctx, e)
	if err != nil {
		return err
	}
	defer desk.Close()
	if err := desk.Customers.ResetPIN(ctx, who, by); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "%s gets a code by SMS from the running server; it is valid for 10 minutes\n", who.MSISDN.Masked())
	return nil
}
