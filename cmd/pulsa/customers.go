package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
)

type customersCommand struct {
	Show     customersShowCommand     `cmd:"" help:"Show a customer, with the last orders."`
	Unlock   customersUnlockCommand   `cmd:"" help:"Take PIN locks away, or the block of a debt that was paid."`
	Frozen   customersFrozenCommand   `cmd:"" help:"List accounts that are frozen until you decide whose they are."`
	Unfreeze customersUnfreezeCommand `cmd:"" help:"Decide whose a frozen account is."`
	ResetPin customersResetPINCommand `cmd:"" name:"reset-pin" help:"Send the number a code by SMS, with which its owner chooses a new PIN."`
	Number   customersNumberCommand   `cmd:"" help:"Give a customer another number."`
	Mandate  customersMandateCommand  `cmd:"" help:"Show a SEPA mandate that was agreed to by text."`
	Untold   customersUntoldCommand   `cmd:"" help:"List news that no channel can tell a customer, or say that you have told it."`
	Erase    customersEraseCommand    `cmd:"" help:"Erase who a customer is; the books stay."`
}

// whom names a customer by brand and number.
type whom struct {
	settings
	Brand  string `required:"" help:"Whose customer."`
	Number string `arg:"" help:"The number: +31612345678." placeholder:"NUMBER"`
}

// desk opens what operators do with SQL alone, for the customer's brand. The caller closes it.
func (w whom) desk(ctx context.Context, e term.Env) (operators.Whom, *core.Desk, error) {
	m, err := w.parse(w.Number)
	if err != nil {
		return operators.Whom{}, nil, err
	}
	desk, err := w.openDesk(ctx, e, w.Brand)
	return operators.Whom{Brand: w.Brand, MSISDN: m}, desk, err
}

func (w whom) parse(number string) (prepaid.MSISDN, error) {
	m, err := prepaid.ParseE164(number)
	if err != nil {
		return m, fmt.Errorf("%s: %w; write it like +31612345678", number, err)
	}
	return m, nil
}

type customersShowCommand struct {
	whom
	JSON bool `help:"Print JSON."`
}

// Run implements the command.
func (s *customersShowCommand) Run(ctx context.Context, e term.Env) error {
	who, desk, err := s.desk(ctx, e)
	if err != nil {
		return err
	}
	defer desk.Close()
	p, err := desk.Customers.Show(ctx, who)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(e.Stdout).Encode(p)
	}
	return printProfile(e.Stdout, p)
}

func printProfile(w io.Writer, p operators.Profile) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(table, format+"\n", args...) }
	printFields(table, p)
	if !p.FrozenAt.IsZero() {
		line("\tfrozen: see pulsa customers unfreeze")
	}
	for _, m := range p.Mandates {
		line("mandate\t%s\t%s\t%s", m.Reference, m.AgreedAt, m.IBAN)
	}
	for _, a := range p.Addresses {
		line("address\t%s\t%s", a.Address, optedOut(a))
	}
	for _, o := range p.Orders {
		line("order\t%s\t%s\t%s %s\t%s %s", o.ID, o.CreatedAt.Format(time.DateTime), o.Currency, o.Amount, o.Status, o.Reason)
	}
	for _, i := range p.ByHand {
		line("by hand\t%s by %s\t%s\t%s", i.At.Format(time.DateTime), i.Who, i.What, i.Why)
	}
	return table.Flush()
}

// optedOut says how an address has opted out.
func optedOut(a operators.AddressRow) string {
	var said []string
	if a.OptedOut {
		said = append(said, "texted STOP: gets answers alone")
	}
	if len(a.OptedOutAt) > 0 {
		said = append(said, "can't be reached by "+strings.Join(a.OptedOutAt, ", "))
	}
	return cmp.Or(strings.Join(said, "; "), "takes messages")
}

type customersUnlockCommand struct {
	whom
	deed
	Paid bool `help:"The debt was paid by other means: the customer may buy again."`
}

// Run implements the command.
func (u *customersUnlockCommand) Run(ctx context.Context, e term.Env) error {
	by, err := u.by(e)
	if err != nil {
		return err
	}
	who, desk, err := u.desk(ctx, e)
	if err != nil {
		return err
	}
	defer desk.Close()
	unlock := desk.Customers.Unlock
	if u.Paid {
		unlock = desk.Customers.UnlockPaid
	}
	c, err := unlock(ctx, who, by)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "%s is %s, PIN: %s\n", c.Number, c.Status, c.PIN)
	if c.StillBlocked {
		return errors.New("the PIN was not locked: the customer is blocked for a debt that the bank took back; once it is paid, add --paid")
	}
	return nil
}

type customersEraseCommand struct {
	whom
	deed
	DespiteDebt bool `help:"Erase one who owes money: nobody can be asked for it any more."`
}

// Run implements the command.
func (r *customersEraseCommand) Run(ctx context.Context, e term.Env) error {
	by, err := r.by(e)
	if err != nil {
		return err
	}
	who, desk, err := r.desk(ctx, e)
	if err != nil {
		return err
	}
	defer desk.Close()
	if err := desk.OpenErasing(ctx); err != nil {
		return err
	}
	erase := desk.Customers.Erase
	if r.DespiteDebt {
		erase = desk.Customers.EraseDespiteDebt
	}
	addresses, err := erase(ctx, who, by)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "%s is erased: %d addresses are forgotten, orders and ledger stay under a pseudonym\n", who.MSISDN.Masked(), addresses)
	return nil
}
