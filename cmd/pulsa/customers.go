package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// with calls do with the customer.
func (w whom) with(ctx context.Context, e term.Env, do func(*core.Desk, operators.Whom) error) error {
	m, err := operators.ReadNumber(w.Number)
	if err != nil {
		return err
	}
	return w.onDesk(ctx, e, w.Brand, func(d *core.Desk) error { return do(d, operators.Whom{Brand: w.Brand, MSISDN: m}) })
}

// act is with for operations that are kept on record. It prints the text that do returns, unless do fails.
func (w whom) act(ctx context.Context, e term.Env, r deed, do func(*core.Desk, operators.Whom, prepaid.By) (string, error)) error {
	return w.with(ctx, e, func(d *core.Desk, who operators.Whom) error {
		said, err := do(d, who, r.by(e))
		if err == nil {
			fmt.Fprintln(e.Stdout, said)
		}
		return err
	})
}

type customersShowCommand struct {
	whom
	JSON bool `help:"Print JSON."`
}

func (s *customersShowCommand) Run(ctx context.Context, e term.Env) error {
	return s.with(ctx, e, func(d *core.Desk, who operators.Whom) error {
		p, err := d.Customers.Show(ctx, who)
		if err != nil {
			return err
		}
		return term.NewTable[operators.Profile](e, term.Output{JSON: s.JSON}).RecordOf(p, p.Facts())
	})
}

type customersMandateCommand struct {
	settings
	Reference string `arg:"" help:"The mandate's reference, or the 12 letters that the gateway's begins with."`
	JSON      bool   `help:"Print JSON."`
}

func (m *customersMandateCommand) Run(ctx context.Context, e term.Env) error {
	return m.onDesk(ctx, e, "", func(d *core.Desk) error {
		found, err := d.Customers.Mandate(ctx, strings.ToUpper(m.Reference))
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("no mandate's reference begins with %s", m.Reference)
		}
		for i := 0; err == nil && i < len(found); i++ {
			err = term.NewTable[operators.MandateRow](e, term.Output{JSON: m.JSON}).RecordOf(found[i], found[i].Facts())
		}
		return err
	})
}

type customersFrozenCommand struct {
	settings
	term.Output
	Brand string `required:"" help:"Whose customers."`
}

func (f *customersFrozenCommand) Run(ctx context.Context, e term.Env) error {
	return f.onDesk(ctx, e, f.Brand, func(d *core.Desk) error {
		return term.NewTable[operators.FrozenRow](e, f.Output).PrintResult(d.Customers.Frozen(ctx, f.Brand))
	})
}

type customersUntoldCommand struct {
	settings
	deed
	term.Output
	Brand string `help:"Only news of this brand."`
	Told  string `help:"You have told the customer this news: its id in the list." placeholder:"NEWS"`
	Limit int    `help:"How many to list at most, oldest first." default:"50"`
}

func (u *customersUntoldCommand) Run(ctx context.Context, e term.Env) error {
	if u.Limit < 1 {
		return errLimit
	}
	return u.onDesk(ctx, e, u.Brand, func(d *core.Desk) error {
		if u.Told == "" {
			return term.NewTable[operators.UntoldRow](e, u.Output).Columns(operators.UntoldColumns()...).
				PrintResult(d.Customers.Untold(ctx, u.Brand, u.Limit))
		}
		err := d.Customers.Told(ctx, prepaid.NoticeID(u.Told), u.by(e))
		if err == nil {
			fmt.Fprintf(e.Stdout, "%s was told\n", u.Told)
		}
		return err
	})
}

type customersUnlockCommand struct {
	whom
	deed
	Paid bool `help:"The debt was paid by other means: the customer may buy again."`
}

func (u *customersUnlockCommand) Run(ctx context.Context, e term.Env) error {
	return u.act(ctx, e, u.deed, func(d *core.Desk, who operators.Whom, by prepaid.By) (string, error) {
		unlock := d.Customers.Unlock
		if u.Paid {
			unlock = d.Customers.UnlockPaid
		}
		c, err := unlock(ctx, who, by)
		said := fmt.Sprintf("%s is %s, PIN: %s", c.Number, c.Status, c.PIN)
		if c.StillBlocked {
			fmt.Fprintln(e.Stdout, said)
			err = errors.New("the PIN was not locked: the customer is blocked for a debt that the bank took back; once it is paid, add --paid")
		}
		return said, err
	})
}

type customersUnfreezeCommand struct {
	whom
	deed
	End bool `help:"Whoever set the last PIN loses the account: their PIN, ways to pay and addresses end. The owner gets it back by FORGOT."`
}

func (u *customersUnfreezeCommand) Run(ctx context.Context, e term.Env) error {
	return u.act(ctx, e, u.deed, func(d *core.Desk, who operators.Whom, by prepaid.By) (string, error) {
		decide, outcome := d.Customers.Unfreeze, "stays with whoever set its last PIN"
		if u.End {
			decide, outcome = d.Customers.UnfreezeForNobody, "is nobody's until the owner of the number texts FORGOT and types the code sent by SMS"
		}
		return who.MSISDN.Masked() + " is no longer frozen and " + outcome, decide(ctx, who, by)
	})
}

type customersResetPINCommand struct {
	whom
	deed
}

func (r *customersResetPINCommand) Run(ctx context.Context, e term.Env) error {
	return r.act(ctx, e, r.deed, func(d *core.Desk, who operators.Whom, by prepaid.By) (string, error) {
		said := who.MSISDN.Masked() + " gets a code by SMS from the running server; it is valid for 10 minutes"
		return said, d.Customers.ResetPIN(ctx, who, by)
	})
}

type customersNumberCommand struct {
	whom
	To string `arg:"" help:"The new number: +31687654321." placeholder:"NEW"`
	deed
}

func (n *customersNumberCommand) Run(ctx context.Context, e term.Env) error {
	return n.act(ctx, e, n.deed, func(d *core.Desk, who operators.Whom, by prepaid.By) (string, error) {
		to, err := operators.ReadNumber(n.To)
		if err != nil {
			return "", err
		}
		number, err := d.Customers.Move(ctx, who, to, by)
		return who.MSISDN.Masked() + " is now " + number + ": the customer's PIN, way to pay, limits and debts went along", err
	})
}

type customersEraseCommand struct {
	whom
	deed
	DespiteDebt bool `help:"Erase one who owes money: nobody can be asked for it any more."`
}

func (c *customersEraseCommand) Run(ctx context.Context, e term.Env) error {
	return c.act(ctx, e, c.deed, func(d *core.Desk, who operators.Whom, by prepaid.By) (string, error) {
		if err := d.OpenErasing(ctx); err != nil {
			return "", err
		}
		erase := d.Customers.Erase
		if c.DespiteDebt {
			erase = d.Customers.EraseDespiteDebt
		}
		n, err := erase(ctx, who, by)
		return fmt.Sprintf("%s is erased: %d addresses are forgotten, orders and ledger stay under a pseudonym", who.MSISDN.Masked(), n), err
	})
}
