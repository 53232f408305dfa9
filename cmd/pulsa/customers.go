package main

import (
	"context"

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
	ofBrand
	Number string `arg:"" help:"The number: +31612345678." placeholder:"NUMBER"`
}

// ProvideWhom reads who is meant.
func (w whom) ProvideWhom() (operators.Whom, error) {
	m, err := operators.ReadNumber(w.Number)
	return operators.Whom{Brand: w.Brand, MSISDN: m}, err
}

type customersShowCommand struct {
	whom
	answer
}

func (s *customersShowCommand) Run(ctx context.Context, e term.Env, who operators.Whom, d *core.Desk) error {
	return term.NewTable[operators.Profile](e, s.output()).Record(d.Customers.Show(ctx, who))
}

type customersMandateCommand struct {
	settings
	Reference string `arg:"" help:"The mandate's reference, or the 12 letters that the gateway's begins with."`
	answer
}

func (m *customersMandateCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	found, err := d.Customers.Mandate(ctx, m.Reference)
	for i := 0; err == nil && i < len(found); i++ {
		err = term.NewTable[operators.MandateRow](e, m.output()).Record(found[i], nil)
	}
	return err
}

type customersFrozenCommand struct {
	ofBrand
	term.Output
}

func (f *customersFrozenCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return term.NewTable[operators.FrozenRow](e, f.Output).Print(d.Customers.Frozen(ctx, f.Brand))
}

type customersUntoldCommand struct {
	someBrand
	deed
	term.Output
	Told  string `help:"You have told the customer this news: its id in the list." placeholder:"NEWS"`
	Limit int    `help:"How many to list at most, oldest first." default:"50"`
}

func (u *customersUntoldCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	if u.Told != "" {
		return say(e)(d.Customers.Told(ctx, prepaid.NoticeID(u.Told), u.by()))
	}
	return term.NewTable[operators.UntoldRow](e, u.Output).Print(d.Customers.Untold(ctx, u.Brand, u.Limit))
}

type customersUnlockCommand struct {
	whom
	deed
	Paid bool `help:"The debt was paid by other means: the customer may buy again."`
}

func (u *customersUnlockCommand) Run(ctx context.Context, e term.Env, who operators.Whom, d *core.Desk) error {
	if u.Paid {
		return say(e)(d.Customers.UnlockPaid(ctx, who, u.by()))
	}
	return say(e)(d.Customers.Unlock(ctx, who, u.by()))
}

type customersUnfreezeCommand struct {
	whom
	deed
	End bool `help:"Whoever set the last PIN loses the account: their PIN, ways to pay and addresses end. The owner gets it back by FORGOT."`
}

func (u *customersUnfreezeCommand) Run(ctx context.Context, e term.Env, who operators.Whom, d *core.Desk) error {
	if u.End {
		return say(e)(d.Customers.UnfreezeForNobody(ctx, who, u.by()))
	}
	return say(e)(d.Customers.Unfreeze(ctx, who, u.by()))
}

type customersResetPINCommand struct {
	whom
	deed
}

func (r *customersResetPINCommand) Run(ctx context.Context, e term.Env, who operators.Whom, d *core.Desk) error {
	return say(e)(d.Customers.ResetPIN(ctx, who, r.by()))
}

type customersNumberCommand struct {
	whom
	To string `arg:"" help:"The new number: +31687654321." placeholder:"NEW"`
	deed
}

func (n *customersNumberCommand) Run(ctx context.Context, e term.Env, who operators.Whom, d *core.Desk) error {
	to, err := operators.ReadNumber(n.To)
	if err != nil {
		return err
	}
	return say(e)(d.Customers.Move(ctx, who, to, n.by()))
}

type customersEraseCommand struct {
	whom
	deed
	DespiteDebt bool `help:"Erase one who owes money: nobody can be asked for it any more."`
}

func (c *customersEraseCommand) Run(ctx context.Context, e term.Env, who operators.Whom, d *core.Desk) error {
	if err := d.OpenErasing(ctx); err != nil {
		return err
	}
	if c.DespiteDebt {
		return say(e)(d.Customers.EraseDespiteDebt(ctx, who, c.by()))
	}
	return say(e)(d.Customers.Erase(ctx, who, c.by()))
}
