package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"pulsa/accounts"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/channels"
	"pulsa/store"
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
	_, db, err := f.openFor(ctx, e, f.Brand)
	if err != nil {
		return err
	}
	defer db.Close()
	frozen, err := db.Customers.Frozen(ctx, f.Brand)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	listed := []any{}
	for _, c := range frozen {
		fmt.Fprintf(table, "%s\t%s\tfrozen %s\trecovered %s\n", c.ID, c.MSISDN.Masked(), c.FrozenAt.Format(time.DateTime), c.RecoveredAt.Format(time.DateTime))
		listed = append(listed, map[string]any{"id": c.ID, "number": c.MSISDN.Masked(), "frozen_at": c.FrozenAt, "recovered_at": c.RecoveredAt})
	}
	if f.JSON {
		return json.NewEncoder(e.stdout).Encode(listed)
	}
	return table.Flush()
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
	_, db, c, err := u.find(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	decide, outcome := db.Customers.Unfreeze, "stays with whoever set its last PIN"
	if u.End {
		decide, outcome = db.Customers.UnfreezeForNobody, "is nobody's until the owner of the number texts FORGOT and types the code sent by SMS"
	}
	if err := decide(ctx, c.ID, by, time.Now().UTC()); err != nil {
		return fmt.Errorf("%s at %s: %w", c.MSISDN.Masked(), c.Brand, err)
	}
	fmt.Fprintf(e.stdout, "%s is no longer frozen and %s\n", c.MSISDN.Masked(), outcome)
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
	config, db, c, err := r.find(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	line := core.BrandsByName(config)[r.Brand].SMSChannel
	on, err := smsIsOn(ctx, db, config, r.Brand, line)
	if err != nil {
		return err
	}
	if !on {
		return fmt.Errorf("no code can be sent: %s/%s, which carries SMS, is off: switch it on with pulsa channels enable", r.Brand, line)
	}
	place := accounts.Place{Address: c.MSISDN.Tel(), Channel: line, Kind: string(channels.SMS)}
	if err := db.Customers.ResetPIN(ctx, c.ID, place, by, time.Now().UTC()); err != nil {
		return fmt.Errorf("%s at %s: %w", c.MSISDN.Masked(), c.Brand, err)
	}
	fmt.Fprintf(e.stdout, "%s gets a code by SMS from the running server; it is valid for 10 minutes\n", c.MSISDN.Masked())
	return nil
}

// smsIsOn reports whether a brand's channel for SMS is switched on.
func smsIsOn(ctx context.Context, db *store.DB, c config.Config, brand, line string) (bool, error) {
	switches, err := db.Channels.Switches(ctx)
	if err != nil {
		return false, err
	}
	on, set := switches[brand+"/"+line]
	if set {
		return on, nil
	}
	for _, channel := range core.BrandsByName(c)[brand].Channels {
		if channel.Name == line {
			return !channel.Disabled, nil
		}
	}
	return false, nil
}
