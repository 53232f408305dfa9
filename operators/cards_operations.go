package operators

import (
	"context"
	"errors"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardsSeen is what a person saw of the cards that they are about to change. It freezes the operation: of other cards it is not done.
type CardsSeen struct {
	Cards int64
	Worth prepaid.Money
	Over  bool // it is worth more than one person may do alone in the brand
}

// OfCards are the cards that an operation is done to: those that fit the query, and are among the serials where there are any.
type OfCards struct {
	Brand   string
	Query   CardQuery
	Serials []string // ticked cards
	All     bool     // every card of the brand is meant, where nothing else says which
	Saw     CardsSeen
}

// On implements Operation.
func (o OfCards) On() Object {
	id := o.Query.Batch
	switch {
	case id != "":
	case o.Query.FromSerial != "" || o.Query.ToSerial != "":
		id = o.Query.FromSerial + ".." + o.Query.ToSerial
	case o.Query.Serial != "":
		id = o.Query.Serial
	case len(o.Serials) > 0:
		id = o.Serials[0]
	}
	return Object{o.Brand, prepaid.OnCards, id}
}

// actOver is the act of what two people must agree on above the brand's limit. What nobody has looked at is above it.
func (o OfCards) actOver() Act {
	if o.Saw.Over || o.Saw.Cards == 0 {
		return ActCardsOver
	}
	return ActCards
}

// CardsOperation is an operation on many cards, which a job does.
type CardsOperation interface {
	Operation
	of() OfCards
	work(ctx context.Context, d *Desk) (CardWork, error)
	sees(CardsSeen) Operation
}

func (o OfCards) of() OfCards { return o }

// SeeCards returns an operation frozen as its person sees it now, and what it would touch. It is what a form shows, and Desk.Do is given.
// Errors: *FieldError, cards.ErrOpen, *NoCardsError, cards.ErrGuessable.
func (d *Desk) SeeCards(ctx context.Context, op CardsOperation) (Operation, CardPlan, error) {
	p, err := d.planCards(ctx, op, planning)
	if err != nil {
		return op, p, err
	}
	return op.sees(p.seen), p, nil
}

// planning stands for whoever will do what is planned; Do asks them why.
var planning = prepaid.By{Who: "plan", Why: "to be said"}

func (d *Desk) planCards(ctx context.Context, op CardsOperation, by prepaid.By) (CardPlan, error) {
	o := op.of()
	c, err := d.Cards(o.Brand)
	if err != nil {
		return CardPlan{}, err
	}
	work, err := op.work(ctx, d)
	if err != nil {
		return CardPlan{}, err
	}
	p, err := c.Plan(ctx, CardSelection{o.Query, o.Serials, o.All}, work, by)
	if err != nil {
		return p, err
	}
	p.seen = CardsSeen{Cards: p.Cards(), Worth: p.Worth(c.Brand.Currency)}
	p.seen.Over = c.Brand.CardsNeedTwo(p.seen.Worth)
	return p, nil
}

// says is what a plan would do, in sentences.
func (p CardPlan) says(what Sentence) Plan {
	does := what.Fill("cards", howManyCards(p.Cards()), "worth", p.seen.Worth, "states", cardsSaid(p.Touched))
	if len(p.Left) > 0 {
		does = does.Then(Say("Left alone: {states}.", "states", cardsSaid(p.Left)))
	}
	if p.Abandons != "" {
		does = does.Then(Say("Its batch is not complete, and can't be gone on with afterwards."))
	}
	return Plan{Does: does, State: Say("{seen}, {states}", "seen", p.seen.text(), "states", cardsSaid(p.Touched))}
}

// howManyCards counts cards.
func howManyCards(n int64) Sentence {
	if n == 1 {
		return Say("1 card")
	}
	return Say("{count} cards", "count", n)
}

// cardsSaid counts cards by where they stand.
func cardsSaid(counts []cards.Count) Sentence {
	var all []Sentence
	for _, c := range counts {
		says := Say("{count} {state}")
		if c.Expired {
			says = Say("{count} expired ({state})")
		}
		all = append(all, says.Fill("count", int64(c.Cards), "state", Word{Kind: "cards.state", Is: string(c.State)}))
	}
	return joined("{first}, {then}", all)
}

func (s CardsSeen) text() Sentence {
	return Say("{cards} worth {worth}", "cards", howManyCards(s.Cards), "worth", s.Worth)
}

// frozen refuses a plan that is not what the person saw.
func (p CardPlan) frozen(saw CardsSeen) error {
	if p.seen != saw {
		return &ChangedError{Was: saw.text(), Is: p.seen.text()}
	}
	return nil
}

// planFrozen is Plan of what is done to exactly the cards that its person saw.
func (d *Desk) planFrozen(ctx context.Context, op CardsOperation, what Sentence) (Plan, error) {
	p, err := d.planCards(ctx, op, planning)
	if err == nil {
		err = p.frozen(op.of().Saw)
	}
	return p.says(what), err
}

// startCards is Carry: it stores the job, with its deed, and the server does it. frozen is false where it must not wait for a new look.
func (d *Desk) startCards(ctx context.Context, op CardsOperation, by prepaid.By, frozen bool) (Result, error) {
	if err := d.notCarried(ctx, by); err != nil {
		return Result{}, err
	}
	p, err := d.planCards(ctx, op, by)
	if err == nil && frozen {
		err = p.frozen(op.of().Saw)
	}
	if err != nil {
		return Result{}, err
	}
	j, err := p.Start(ctx)
	return begun(j), err
}

// notCarried returns prepaid.ErrDone where the operation was carried out before: what it depends on may be otherwise since.
func (d *Desk) notCarried(ctx context.Context, by prepaid.By) error {
	done, err := d.Deeds.Carried(ctx, by.Operation)
	if err == nil && done {
		err = prepaid.ErrDone
	}
	return err
}

func begun(j cards.Job) Result {
	return Result{Text: Say("Job {job} has begun: {cards}.", "job", j.ID, "cards", howManyCards(j.Total)), Job: string(j.ID)}
}

// ReleaseCards puts cards on sale.
type ReleaseCards struct{ OfCards }

// Kind implements Operation.
func (ReleaseCards) Kind() string { return "release cards" }

// Act implements Operation.
func (o ReleaseCards) Act(Actor) Act { return o.actOver() }

func (o ReleaseCards) sees(s CardsSeen) Operation { o.Saw = s; return o }

func (ReleaseCards) work(context.Context, *Desk) (CardWork, error) { return CardRelease{}, nil }

// Plan implements Operation.
func (o ReleaseCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return d.planFrozen(ctx, o, Say("Puts {cards} worth {worth} on sale: {states}."))
}

// Carry implements Operation.
func (o ReleaseCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return d.startCards(ctx, o, by, true)
}

// LockCards withdraws cards for now. It never waits: neither for a second person, nor because a card was spent since one looked.
type LockCards struct{ OfCards }

// Kind implements Operation.
func (LockCards) Kind() string { return "lock cards" }

// Act implements Operation.
func (LockCards) Act(Actor) Act { return ActLockCards }

func (o LockCards) sees(s CardsSeen) Operation { o.Saw = s; return o }

func (LockCards) work(context.Context, *Desk) (CardWork, error) {
	return CardEdit{SetStatus: string(cards.Lock)}, nil
}

// Plan implements Operation.
func (o LockCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := d.planCards(ctx, o, planning)
	return p.says(Say("Locks {cards} worth {worth}: {states}.")), err
}

// Carry implements Operation.
func (o LockCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return d.startCards(ctx, o, by, false)
}

// LockCard locks one card: support may.
type LockCard struct{ Brand, Serial string }

// Kind implements Operation.
func (LockCard) Kind() string { return "lock card" }

// Act implements Operation.
func (LockCard) Act(Actor) Act { return ActLockCard }

// On implements Operation.
func (o LockCard) On() Object { return Object{o.Brand, prepaid.OnCards, o.Serial} }

func (o LockCard) lock() LockCards {
	return LockCards{OfCards{Brand: o.Brand, Query: CardQuery{FromSerial: o.Serial, ToSerial: o.Serial}}}
}

// Plan implements Operation.
func (o LockCard) Plan(ctx context.Context, d *Desk) (Plan, error) {
	if o.Serial == "" {
		return Plan{}, &FieldError{Field: "serial", Err: ErrNoCard}
	}
	return o.lock().Plan(ctx, d)
}

// Carry implements Operation.
func (o LockCard) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if o.Serial == "" {
		return Result{}, &FieldError{Field: "serial", Err: ErrNoCard}
	}
	return o.lock().Carry(ctx, d, by)
}

// ReopenCards unlocks cards: they are again what they were.
type ReopenCards struct{ OfCards }

// Kind implements Operation.
func (ReopenCards) Kind() string { return "unlock cards" }

// Act implements Operation.
func (ReopenCards) Act(Actor) Act { return ActCards }

func (o ReopenCards) sees(s CardsSeen) Operation { o.Saw = s; return o }

func (ReopenCards) work(context.Context, *Desk) (CardWork, error) {
	return CardEdit{SetStatus: string(cards.Unlock)}, nil
}

// Plan implements Operation.
func (o ReopenCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return d.planFrozen(ctx, o, Say("Unlocks {cards} worth {worth}: {states}."))
}

// Carry implements Operation.
func (o ReopenCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return d.startCards(ctx, o, by, true)
}

// VoidCards withdraws cards for good.
type VoidCards struct{ OfCards }

// Kind implements Operation.
func (VoidCards) Kind() string { return "void cards" }

// Act implements Operation.
func (o VoidCards) Act(Actor) Act { return o.actOver() }

func (o VoidCards) sees(s CardsSeen) Operation { o.Saw = s; return o }

func (VoidCards) work(context.Context, *Desk) (CardWork, error) {
	return CardEdit{SetStatus: string(cards.Withdraw)}, nil
}

// Plan implements Operation.
func (o VoidCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return d.planFrozen(ctx, o, Say("Makes {cards} worth {worth} void, for good: {states}."))
}

// Carry implements Operation.
func (o VoidCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return d.startCards(ctx, o, by, true)
}

// EditCards sets what its fields say, and preserves what they leave empty.
type EditCards struct {
	OfCards
	SetExpires     string // as CardEdit's
	SetReseller    string
	SetStatus      string
	AllowGuessable bool
}

// Kind implements Operation.
func (EditCards) Kind() string { return "edit cards" }

// Act implements Operation: an edit that makes cards void is above the limit as voiding them is.
func (o EditCards) Act(Actor) Act {
	if o.SetStatus == string(cards.Withdraw) {
		return o.actOver()
	}
	return ActCards
}

func (o EditCards) sees(s CardsSeen) Operation { o.Saw = s; return o }

func (o EditCards) work(context.Context, *Desk) (CardWork, error) {
	return CardEdit{SetExpires: o.SetExpires, SetReseller: o.SetReseller, SetStatus: o.SetStatus, AllowGuessable: o.AllowGuessable}, nil
}

// Plan implements Operation.
func (o EditCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return d.planFrozen(ctx, o, Say("Changes {cards} worth {worth}: {states}."))
}

// Carry implements Operation.
func (o EditCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return d.startCards(ctx, o, by, true)
}

// DeleteCards deletes cards that were never spent.
type DeleteCards struct {
	OfCards
	Typed string // the brand's name, typed by who means it
}

// Kind implements Operation.
func (DeleteCards) Kind() string { return "delete cards" }

// Act implements Operation.
func (o DeleteCards) Act(Actor) Act { return o.actOver() }

func (o DeleteCards) sees(s CardsSeen) Operation { o.Saw = s; return o }

func (o DeleteCards) work(context.Context, *Desk) (CardWork, error) {
	if o.Typed != o.Brand {
		return nil, &FieldError{Field: "brand", Value: o.Typed, Err: errors.New("type the brand's name: " + o.Brand)}
	}
	return CardDelete{}, nil
}

// Plan implements Operation.
func (o DeleteCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return d.planFrozen(ctx, o, Say("Deletes {cards} worth {worth}: {states}."))
}

// Carry implements Operation.
func (o DeleteCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return d.startCards(ctx, o, by, true)
}

// ExportCards has a print file made for stored printers: only they can open it. It waits on the server until it is fetched.
type ExportCards struct {
	OfCards
	Printers []string // by name
}

// Kind implements Operation.
func (ExportCards) Kind() string { return "export cards" }

// Act implements Operation.
func (o ExportCards) Act(Actor) Act { return o.actOver() }

func (o ExportCards) sees(s CardsSeen) Operation { o.Saw = s; return o }

func (o ExportCards) work(ctx context.Context, d *Desk) (CardWork, error) {
	printers, err := d.printers(ctx, o.Brand, o.Printers)
	return cardKeep{printers}, err
}

// Plan implements Operation.
func (o ExportCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := d.planFrozen(ctx, o, Say("Exports {cards} worth {worth}: {states}."))
	if err != nil {
		return p, err
	}
	printers, err := d.printers(ctx, o.Brand, o.Printers)
	to := printersText(printers)
	p.Does = p.Does.Then(Say("Only {printers} can open the file.", "printers", to))
	p.State = Say("{seen}, for {printers}", "seen", p.State, "printers", to)
	return p, err
}

// Carry implements Operation.
func (o ExportCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return d.startCards(ctx, o, by, true)
}

// GenerateCards makes new cards. They are not on sale, and their codes are shown to nobody.
type GenerateCards struct {
	Brand string
	Batch CardBatch
}

// Kind implements Operation.
func (GenerateCards) Kind() string { return "generate cards" }

// Act implements Operation.
func (GenerateCards) Act(Actor) Act { return ActCards }

// On implements Operation.
func (o GenerateCards) On() Object { return Object{o.Brand, prepaid.OnCards, ""} }

// Plan implements Operation.
func (o GenerateCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := d.Cards(o.Brand)
	if err != nil {
		return Plan{}, err
	}
	p, err := c.PlanGenerate(ctx, o.Batch)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: p.says()}, nil
}

// Carry implements Operation.
func (o GenerateCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.notCarried(ctx, by); err != nil {
		return Result{}, err
	}
	c, err := d.Cards(o.Brand)
	if err != nil {
		return Result{}, err
	}
	o.Batch.Hold = true
	j, err := c.Generate(ctx, o.Batch, by)
	return begun(j), err
}
