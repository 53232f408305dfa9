package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/app/core"
	"pulsa/prepaid"
)

type customersNumberCommand struct {
	whom
	To string `arg:"" help:"The new number: +31687654321." placeholder:"NEW"`
	deed
}

// Help implements kong.HelpProvider.
func (customersNumberCommand) Help() string {
	return "For a customer who can't read a code on the old number any more. No code is sent: make sure who they are, and that the new " +
		"number is theirs. They stay the same customer: PIN, way to pay, limits and debts go along, and both numbers are told. " +
		"It is refused while an order of theirs is under way or the account is frozen. The network looks the new number up " +
		"before the first purchase.\n\n" +
		`Example: pulsa customers number +31612345678 +31687654321 --brand demo --reason "ticket 4711: showed passport in the shop"`
}

// Run implements the command.
func (n *customersNumberCommand) Run(ctx context.Context, e environ) error {
	by, err := n.by(e)
	if err != nil {
		return err
	}
	to, err := prepaid.ParseE164(n.To)
	if err != nil {
		return fmt.Errorf("%s: %w; write it like +31687654321", n.To, err)
	}
	config, db, c, err := n.find(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	b := core.BrandsByName(config)[c.Brand]
	if _, err := prepaid.ParseMSISDN(to.String(), b.Country); err != nil {
		return fmt.Errorf("%s: %w", to.Masked(), err)
	}
	if to == c.MSISDN {
		return fmt.Errorf("%s is the customer's number already", to.Masked())
	}
	moved, err := db.Moves.MoveByHand(ctx, accounts.Move{
		Customer: c.ID, Holder: c.Holder, From: c.MSISDN, To: to, SMS: b.SMSChannel,
		OperationKey: "by hand/" + prepaid.NewToken(), At: time.Now().UTC(),
	}, by)
	switch {
	case errors.Is(err, accounts.ErrRegistered):
		return fmt.Errorf("%s has an account of its own: its customer must text CLOSE first, or erase it with pulsa customers erase", to.Masked())
	case errors.Is(err, accounts.ErrFrozen):
		return fmt.Errorf("%s: %w: decide with pulsa customers unfreeze", c.MSISDN.Masked(), err)
	case err != nil:
		return err
	}
	fmt.Fprintf(e.stdout, "%s is now %s: the customer's PIN, way to pay, limits and debts went along\n", c.MSISDN.Masked(), moved.MSISDN.Masked())
	return nil
}
