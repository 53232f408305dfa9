package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"pulsa/accounts"
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
	return "They wait for you: somebody who had the number before its last recovery has answered NOT ME.\n\n" +
		"Example: pulsa customers frozen --brand demo"
}

// Run implements the command.
func (f *customersFrozenCommand) Run(ctx context.Context, e environ) error {
	_, db, err := f.openFor(ctx, e, f.Brand)
	if err != nil {
		return err
	}
	defer db.Close()
	frozen, err := db.Frozen(ctx, f.Brand)
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
	End bool `help:"The number was taken over by somebody whose it is not: their PIN, ways to pay and addresses end too."`
}

// Help implements kong.HelpProvider.
func (customersUnfreezeCommand) Help() string {
	return "Decides whose a frozen account is. Without --end whoever set the last PIN keeps it, and all that they have set up. With --end " +
		"nobody does: whose the number is proves it by FORGOT, with a code by SMS. Nobody may answer NOT ME to what was decided.\n\n" +
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
	decide, outcome := db.Unfreeze, "stays with whoever set its last PIN"
	if u.End {
		decide, outcome = db.UnfreezeForNobody, "is nobody's until its owner proves the number: by FORGOT, with a code by SMS"
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
	return "The number's own phone gets a code by SMS. Its owner answers with it and chooses a PIN: nobody sets one for another. The running " +
		"server sends it. As after every new PIN without the old one, how to pay is set up anew.\n\n" +
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
	line := brandsByName(config)[r.Brand].SMSChannel
	on, err := smsIsOn(ctx, db, config, r.Brand, line)
	if err != nil {
		return err
	}
	if !on {
		return fmt.Errorf("no code can be sent: %s/%s, which carries SMS, is off: pulsa channels enable switches it on", r.Brand, line)
	}
	place := accounts.Place{Address: c.MSISDN.Tel(), Channel: line, Kind: string(channels.SMS)}
	if err := db.ResetPIN(ctx, c.ID, place, by, time.Now().UTC()); err != nil {
		return fmt.Errorf("%s at %s: %w", c.MSISDN.Masked(), c.Brand, err)
	}
	fmt.Fprintf(e.stdout, "%s gets a code by SMS, which is valid for 10 minutes\n", c.MSISDN.Masked())
	return nil
}

// smsIsOn reports whether a brand's channel for SMS is switched on.
func smsIsOn(ctx context.Context, db *store.DB, c Config, brand, line string) (bool, error) {
	switches, err := db.Switches(ctx)
	if err != nil {
		return false, err
	}
	on, set := switches[brand+"/"+line]
	if set {
		return on, nil
	}
	for _, channel := range brandsByName(c)[brand].Channels {
		if channel.Name == line {
			return !channel.Disabled, nil
		}
	}
	return false, nil
}
