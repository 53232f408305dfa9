package operators

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// CloseDifference closes the open items of an order, or one that has none: somebody has found out why both sides differ.
type CloseDifference struct {
	Brand string
	ID    string // Wait.On.ID
}

// Kind implements Operation.
func (CloseDifference) Kind() string { return "close difference" }

// Act implements Operation.
func (CloseDifference) Act(Actor) Act { return ActBooks }

// On implements Operation.
func (o CloseDifference) On() Object { return Object{o.Brand, prepaid.OnItem, o.ID} }

// Plan implements Operation. Errors: ErrNoOpenItem.
func (o CloseDifference) Plan(ctx context.Context, d *Desk) (Plan, error) {
	items, err := d.Items.ItemsOf(ctx, o.Brand, o.ID)
	if err == nil && len(items) == 0 {
		err = ErrNoOpenItem
	}
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Does: fmt.Sprintf("Closes %d differences. No money moves, and the ledger stays as it is.", len(items))}
	if len(items) == 1 {
		p.Does = "Closes the difference. No money moves, and the ledger stays as it is."
	}
	p.State = "it is open:"
	for _, i := range items {
		p.State += fmt.Sprintf(" %s %s %d/%d", i.Kind, i.Currency, i.Ours, i.Theirs)
	}
	return p, nil
}

// Carry implements Operation.
func (o CloseDifference) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	n, err := d.Items.CloseItems(ctx, o.Brand, o.ID, by, d.Clock.Now())
	if err != nil {
		return Result{}, err
	}
	return Result{Text: fmt.Sprintf("%d differences are closed.", n)}, nil
}

// ItemStore closes differences by what they are about.
type ItemStore interface {
	// ItemsOf lists the open items of an order, or the one of that id, of a brand.
	ItemsOf(ctx context.Context, brand, id string) ([]OpenItem, error)
	// CloseItems closes them, with one deed, and returns how many; ErrNoOpenItem.
	CloseItems(ctx context.Context, brand, id string, by prepaid.By, now time.Time) (int, error)
}

// ErrNoDebt says that a customer owes nothing.
var ErrNoDebt = errors.New("the customer owes nothing")

// BookPaidDebt says that a customer has paid a debt by other means: they may buy again.
type BookPaidDebt struct {
	Brand    string
	Customer prepaid.CustomerID
}

// Kind implements Operation.
func (BookPaidDebt) Kind() string { return "book paid debt" }

// Act implements Operation.
func (BookPaidDebt) Act(Actor) Act { return ActBooks }

// On implements Operation.
func (o BookPaidDebt) On() Object { return Object{o.Brand, prepaid.OnCustomer, string(o.Customer)} }

// Plan implements Operation. Errors: ErrNoDebt, accounts.ErrNoCustomer.
func (o BookPaidDebt) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := d.Customers.Customers.CustomerByID(ctx, o.Customer)
	switch {
	case err != nil:
		return Plan{}, err
	case c.Brand != o.Brand:
		return Plan{}, accounts.ErrNoCustomer
	case c.Status != accounts.Blocked:
		return Plan{}, ErrNoDebt
	}
	return Plan{Does: "Books the debt of " + c.MSISDN.Masked() + " as paid: they may buy again, and no lock is left on their PIN.", State: "the customer owes"}, nil
}

// Carry implements Operation.
func (o BookPaidDebt) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.Customers.Customers.Unlock(ctx, o.Customer, true, by, d.Clock.Now()); err != nil {
		return Result{}, err
	}
	return Result{Text: "The debt is paid: they may buy again."}, nil
}

// TellByHand says that somebody has told a customer what no channel could.
type TellByHand struct {
	Brand  string
	Notice prepaid.NoticeID
}

// Kind implements Operation.
func (TellByHand) Kind() string { return "tell by hand" }

// Act implements Operation.
func (TellByHand) Act(Actor) Act { return ActHelp }

// On implements Operation.
func (o TellByHand) On() Object { return Object{o.Brand, prepaid.OnNotice, string(o.Notice)} }

// Plan implements Operation. Errors: ErrNoNews.
func (o TellByHand) Plan(ctx context.Context, d *Desk) (Plan, error) {
	waits, err := d.Waits.Waiting(ctx, WaitFilter{Brands: []string{o.Brand}, Kind: WaitNews, ID: string(o.Notice), Limit: 1})
	if err == nil && len(waits) == 0 {
		err = ErrNoNews
	}
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: "Says that you have told the customer: nothing is sent any more.", State: "the news is held"}, nil
}

// Carry implements Operation. Errors: ErrNoNews.
func (o TellByHand) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	_, err := d.Customers.Told(ctx, o.Notice, by)
	return Result{Text: "It counts as told."}, err
}
