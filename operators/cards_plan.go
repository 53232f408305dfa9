package operators

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardBatch describes the cards to generate, in the form that people type.
type CardBatch struct {
	Amount         string // what each is worth: "7.50"
	Quantity       int
	Series         string
	CodeLength     int // 0: the brand's
	Reseller       string
	Expires        string // the last day that they are valid through, "2027-12-31", or a time of it, "2027-12-31 18:00"; "" for no end
	Hold           bool   // treats a test brand's cards like those of any brand: not on sale yet, codes not shown
	AllowGuessable bool
}

// Generate starts making cards. Those of a test brand are on sale at once, unless they are held. It needs no reason. Errors:
// *FieldError, cards.ErrGuessable.
func (c Cards) Generate(ctx context.Context, b CardBatch, by prepaid.By) (cards.Job, error) {
	amount, err := c.amount(b.Amount)
	if err != nil {
		return cards.Job{}, err
	}
	expires, err := c.expiry("valid-through", b.Expires)
	if err != nil {
		return cards.Job{}, err
	}
	return c.Service.StartGenerate(ctx, cards.GenerateRequest{
		Brand: c.Brand.Name, Amount: amount, Quantity: b.Quantity, Series: b.Series, CodeLength: b.CodeLength, Reseller: b.Reseller,
		ExpiresAt: expires, Live: c.Brand.Test && !b.Hold, AllowGuessable: b.AllowGuessable, By: by,
	})
}

// Rekey starts sealing all codes of the brand with the card key in use. It needs no reason.
func (c Cards) Rekey(ctx context.Context, by prepaid.By) (cards.Job, error) {
	return c.Service.StartRekey(ctx, c.Brand.Name, by)
}

// CardSelection selects the cards to work on. All must be set where the query means every card of the brand.
type CardSelection struct {
	CardQuery
	All bool
}

// CardWork is what can be done to many cards: CardRelease, CardEdit, CardDelete or CardExport.
type CardWork interface {
	plan(ctx context.Context, on selected) (CardPlan, error)
}

// selected are the cards that work is planned on.
type selected struct {
	Cards
	filter cards.Filter
	all    bool
	by     prepaid.By
}

// CardPlan is work on many cards that is planned and not started yet.
type CardPlan struct {
	cards.Preview
	Verb string // "release", "lock", "unlock", "void", "edit", "delete" or "export"

	start func(context.Context) (cards.Job, error)
}

// NoCardsError says that there is no card to work on. Plan also returns the plan, which tells which cards would be left alone.
type NoCardsError struct{ Brand, Verb string }

func (e *NoCardsError) Error() string {
	why := ""
	if e.Verb == "export" {
		why = ", since each is exported once, and those that were imported are in a file already"
	}
	return fmt.Sprintf("no card to %s%s: look with pulsa cards list --brand %s and the same filter", e.Verb, why, e.Brand)
}

// Plan tells what the work would do, and changes nothing. Errors: *FieldError, ErrNoReason, cards.ErrOpen (the query means every
// card, and All is not set), cards.ErrGuessable, *NoCardsError.
func (c Cards) Plan(ctx context.Context, s CardSelection, w CardWork, by prepaid.By) (CardPlan, error) {
	filter, err := c.filter(s.CardQuery)
	if err != nil {
		return CardPlan{}, err
	}
	p, err := w.plan(ctx, selected{c, filter, s.All, by})
	if err == nil && p.Cards() == 0 && p.Abandons == "" {
		err = &NoCardsError{c.Brand.Name, p.Verb}
	}
	return p, err
}

// Text says for people what the work would do, a sentence on each line.
func (p CardPlan) Text() string {
	text := ""
	if len(p.Left) > 0 {
		text += "Left alone: " + countText(p.Left) + ".\n"
	}
	if p.Abandons != "" {
		text += fmt.Sprintf("Batch %s is not complete, and can't be resumed afterwards.\n", p.Abandons)
	}
	if p.Cards() > 0 || p.Abandons != "" {
		text += fmt.Sprintf("To %s: %s.\n", p.Verb, cmp.Or(countText(p.Touched), "nothing"))
	}
	return text
}

// Question asks whether the work is to be started: "Release 3 cards of brand acme?"
func (p CardPlan) Question() string {
	return fmt.Sprintf("%s%s %s of brand %s?", strings.ToUpper(p.Verb[:1]), p.Verb[1:], cards.HowMany(p.Cards(), "card"), p.Filter.Brand)
}

// countText lists counts of cards: "3 generated, 2 live, 1 expired (locked)".
func countText(counts []cards.Count) string {
	parts := make([]string, len(counts))
	for i, c := range counts {
		name := string(c.State)
		if c.Expired {
			name = "expired (" + name + ")"
		}
		parts[i] = fmt.Sprintf("%d %s", c.Cards, name)
	}
	return strings.Join(parts, ", ")
}

// Start starts the work; Cards.Run does it.
func (p CardPlan) Start(ctx context.Context) (cards.Job, error) { return p.start(ctx) }

// CardRelease puts cards on sale. It needs no reason.
type CardRelease struct{}

func (CardRelease) plan(ctx context.Context, on selected) (CardPlan, error) {
	return on.planChange(ctx, cards.Change{Action: cards.Release})
}

// CardEdit changes cards that were never spent. Its fields are the new values, in the form that people type; "" keeps the old one.
type CardEdit struct {
	SetExpires     string // the last day that they are valid through, or "never" for no end
	SetReseller    string // a reseller, or "none"
	SetStatus      string // "lock", "unlock", "void" or "preserve"
	AllowGuessable bool
}

func (e CardEdit) plan(ctx context.Context, on selected) (CardPlan, error) {
	if err := needsReason(on.by); err != nil {
		return CardPlan{}, err
	}
	change := cards.Change{AllowGuessable: e.AllowGuessable}
	if e.SetStatus != "preserve" {
		change.Action = cards.Action(e.SetStatus)
	}
	switch e.SetExpires {
	case "":
	case "never":
		change.Expires = new(time.Time)
	default:
		expires, err := on.expiry("set-valid-through", e.SetExpires)
		if err != nil {
			return CardPlan{}, err
		}
		change.Expires = &expires
	}
	switch e.SetReseller {
	case "":
	case cards.NoReseller:
		change.Reseller = new(string)
	default:
		change.Reseller = &e.SetReseller
	}
	return on.planChange(ctx, change)
}

func (on selected) planChange(ctx context.Context, change cards.Change) (CardPlan, error) {
	p, err := on.Service.PreviewEdit(ctx, on.filter, change, on.all)
	if err != nil {
		return CardPlan{}, err
	}
	return CardPlan{p, cmp.Or(string(change.Action), "edit"), func(ctx context.Context) (cards.Job, error) {
		return on.Service.StartEdit(ctx, p, change, on.by)
	}}, nil
}

// CardDelete deletes cards that were never spent.
type CardDelete struct{}

func (CardDelete) plan(ctx context.Context, on selected) (CardPlan, error) {
	if err := needsReason(on.by); err != nil {
		return CardPlan{}, err
	}
	p, err := on.Service.PreviewDelete(ctx, on.filter, on.all)
	if err != nil {
		return CardPlan{}, err
	}
	return CardPlan{p, "delete", func(ctx context.Context) (cards.Job, error) { return on.Service.StartDelete(ctx, p, on.by) }}, nil
}

// CardExport writes a print file. It needs a reason if the codes are in plain text.
type CardExport struct {
	Recipient []string // of age: "age1…"
	Out       string   // a file that does not exist yet
	Plaintext bool
}

func (e CardExport) plan(ctx context.Context, on selected) (CardPlan, error) {
	out, err := newFile(e.Out)
	if err != nil {
		return CardPlan{}, err
	}
	spec := cards.ExportSpec{Recipients: e.Recipient, Plaintext: e.Plaintext, Name: out}
	if err := spec.Check(on.by); err != nil {
		return CardPlan{}, err
	}
	p, err := on.Service.PreviewExport(ctx, on.filter, on.all)
	if err != nil {
		return CardPlan{}, err
	}
	return CardPlan{p, "export", func(ctx context.Context) (cards.Job, error) { return on.Service.StartExport(ctx, p, spec, on.by) }}, nil
}
