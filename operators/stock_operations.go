package operators

import (
	"context"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CreateReseller creates a reseller, who can then be given cards.
type CreateReseller struct{ Brand, Name, Title string }

// Kind implements Operation.
func (CreateReseller) Kind() string { return "create reseller" }

// Act implements Operation.
func (CreateReseller) Act(Actor) Act { return ActStock }

// On implements Operation.
func (o CreateReseller) On() Object { return Object{o.Brand, prepaid.OnCards, o.Name} }

// Plan implements Operation. Errors: *FieldError.
func (o CreateReseller) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := d.Cards(o.Brand)
	if err != nil {
		return Plan{}, err
	}
	known, err := c.Service.Resellers(ctx, o.Brand)
	if err != nil {
		return Plan{}, err
	}
	for _, r := range known {
		if r.Name == o.Name {
			return Plan{}, &FieldError{Field: "name", Value: o.Name, Err: cards.ErrResellerExists}
		}
	}
	return Plan{Does: Say("Creates the reseller {name}, who can then be given cards.", "name", o.Name)}, nil
}

// Carry implements Operation.
func (o CreateReseller) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	c, err := d.Cards(o.Brand)
	if err != nil {
		return Result{}, err
	}
	_, err = c.CreateReseller(ctx, o.Name, o.Title, by)
	return Result{Text: Say("Reseller {name} created.", "name", o.Name)}, err
}

// MoveStock delivers cards to a reseller, takes them back, hands them on to another, or writes them off as damaged.
type MoveStock struct {
	Brand      string
	Move       CardStock
	Reseller   string // who has them
	Batch      string
	FromSerial string
	ToSerial   string
}

// Kind implements Operation.
func (MoveStock) Kind() string { return "move stock" }

// Act implements Operation.
func (MoveStock) Act(Actor) Act { return ActStock }

// On implements Operation.
func (o MoveStock) On() Object {
	which := o.Batch
	if which == "" {
		which = o.FromSerial + " to " + o.ToSerial
	}
	return Object{o.Brand, prepaid.OnCards, which}
}

func (o MoveStock) planned(ctx context.Context, d *Desk, by prepaid.By) (CardPlan, error) {
	c, err := d.Cards(o.Brand)
	if err != nil {
		return CardPlan{}, err
	}
	which := CardQuery{Reseller: o.Reseller, Batch: o.Batch, FromSerial: o.FromSerial, ToSerial: o.ToSerial}
	return c.Plan(ctx, CardSelection{CardQuery: which}, o.Move, by)
}

// Plan implements Operation. Errors: *FieldError, *NoCardsError.
func (o MoveStock) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := o.planned(ctx, d, planning)
	if err != nil {
		return Plan{}, err
	}
	does := Say("To {verb}: {states}.", "verb", Word{Kind: "stock.verb", Is: p.Verb}, "states", cardsSaid(p.Touched))
	if len(p.Left) > 0 {
		does = Say("Left alone: {states}.", "states", cardsSaid(p.Left)).Then(does)
	}
	return Plan{Does: does, State: cardsSaid(p.Touched)}, nil
}

// Carry implements Operation: it stores the job, with its deed, and the server does it.
func (o MoveStock) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.notCarried(ctx, by); err != nil {
		return Result{}, err
	}
	p, err := o.planned(ctx, d, by)
	if err != nil {
		return Result{}, err
	}
	d.reached("stock planned")
	j, err := p.Start(ctx)
	return begun(j), err
}

// Statement tells a person what happened to a reseller's stock: Cards.Statement. Errors: *ForbiddenError, and its.
func (d *Desk) Statement(ctx context.Context, a Actor, brand, reseller, from, to string) (Statement, error) {
	if a.Right(ActStock, brand) != May {
		return Statement{}, forbidden(ActStock, brand)
	}
	c, err := d.Cards(brand)
	if err != nil {
		return Statement{}, err
	}
	return c.Statement(ctx, reseller, from, to)
}
