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

// Help implements kong.HelpProvider.
func (customersFrozenCommand) Help() string {
	return "Each waits for your decision: somebody who held the number before its PIN was last replaced has answered NOT ME.\n\n" +
		"Example: pulsa customers frozen --brand demo"
}

// Run implements the command.
func (f *customersFrozenCommand) Run(ctx context.Context, e environ) error {
	desk, err := f.openDesk(ctx, e, f.Brand)
	if err != nil {
		return err
	}
	defer desk.Close()
	frozen, err := desk.Customers.Frozen(ctx, f.Brand)
	if err != nil {
		return err
	}
	return term.Rows(e.terminal(), term.Output{JSON: f.JSON}, frozen)
}

type customersUnfreezeCommand struct {
	whom
	deed
	End bool `help:"Whoever set the last PIN loses the account: their PIN, ways to pay and addresses end. The owner gets it back by FORGOT."`
}

// Help implements kong.HelpProvider.
func (customersUnfreezeCommand) Help() string {
	return "Without --end, whoever set the last PIN keeps the account and all that they have set up. With --end they lose it: the owner of " +
		"the number texts FORGOT, gets a code by SMS and chooses a new PIN. Your decision is final: NOT ME can't undo it.\n\n" +
		`Example: pulsa customers unfreeze +31612345678 --brand demo --reason "the provider confirms the change of owner"`
}

// Run implements the command.
func (u *customersUnfreezeCommand) Run(ctx context.Context, e environ) error {
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
	fmt.Fprintf(e.stdout, "%s is no longer frozen and %s\n", who.MSISDN.Masked(), outcome)
	return nil
}

type customersResetPINCommand struct {
	whom
	deed
}

// Help implements kong.HelpProvider.
func (customersResetPINCommand) Help() string {
	return "The owner of the number types the code and chooses a new PIN: nobody can set one for a customer. The running server sends " +
		"the code. A PIN that is set without the old one also ends the way to pay: the customer sets up a new one.\n\n" +
		`Example: pulsa customers reset-pin +31612345678 --brand demo --reason "called from the number"`
}

// Run implements the command.
func (r *customersResetPINCommand) Run(ctx context.Context, e environ) error {
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
	fmt.Fprintf(e.stdout, "%s gets a code by SMS from the running server; it is valid for 10 minutes\n", who.MSISDN.Masked())
	return nil
}
