package operators

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

// Cards holds the operations on one brand's top-up cards. Work on many cards is a job: Generate, Rekey or CardPlan.Start starts
// it, and Run does it. Unfinished finds an interrupted job, which Run resumes. An import is one call; another call with the same
// file resumes it. All fields are needed. Safe for concurrent use.
type Cards struct {
	Brand   *prepaid.Brand
	Service *cards.Service
	Clock   prepaid.Clock
}

// ErrNoCard says that a brand has no such card.
var ErrNoCard = errors.New("no card")

// CardQuery selects cards, in the form that people type; empty fields mean any. Times are days, or RFC 3339; "to" is exclusive. Days
// begin in UTC, but for expiry, where the last day that a card is valid through counts, in the brand's time zone. A field that can't
// be parsed is a *FieldError.
type CardQuery struct {
	Status        []string // "new", "activated", "expired", "locked", "void"; or "generated", "live", "reserved"
	Serial        string   // one card
	FromSerial    string   // the first of a range
	ToSerial      string   // the last of a range
	Series        string
	Batch         string // the job that made them
	Amount        string // "7.50"
	Reseller      string
	CreatedFrom   string
	CreatedTo     string
	ExpiresFrom   string
	ExpiresTo     string
	ActivatedFrom string
	ActivatedTo   string
	Customer      string // the number that it was spent on
}

// CardRow is a card as lists show it. Times are of RFC 3339, in UTC; "" for never.
type CardRow struct {
	Status       string `json:"status"`
	Serial       string `json:"serial"`
	Amount       string `json:"amount"`
	Currency     string `json:"currency"`
	Reseller     string `json:"reseller"`
	Activated    string `json:"activated"`
	Customer     string `json:"customer"`
	Created      string `json:"created"`
	ValidThrough string `json:"valid_through"` // its last day where the brand sells, "2027-12-31", or a time of it
	Expires      string `json:"expires"`       // the first instant at which it is worth nothing
	State        string `json:"state"`
	Batch        string `json:"batch"`
	Order        string `json:"order"`
}

// CardDetail is a card as it is shown alone.
type CardDetail struct {
	CardRow
	Released string `json:"released"`
	Export   string `json:"export"` // the job that exported its code, or imported it
}

// CardPage says which part of a list is wanted. At most one of After, Before and Last is set; none of them means the first page.
type CardPage struct {
	Sort          cards.Sort // "" is by serial
	Descending    bool
	After, Before string // keys of another page
	Last          bool
	Limit         int // 1 to cards.MaxPage; 0 is 50
}

// CardList is a page of cards. Next and Previous are keys for CardPage; "" where nothing follows or precedes.
type CardList struct {
	Cards          []CardRow
	Next, Previous string
}

// Search lists a page of cards. A page costs the same wherever it is in the list.
func (c Cards) Search(ctx context.Context, q CardQuery, p CardPage) (CardList, error) {
	filter, page, err := c.listing(q, p)
	if err != nil {
		return CardList{}, err
	}
	found, err := c.Service.Search(ctx, filter, page)
	if err != nil {
		return CardList{}, err
	}
	list, now := CardList{Cards: make([]CardRow, len(found.Cards))}, c.Clock.Now()
	for i, card := range found.Cards {
		list.Cards[i] = c.row(card, now)
	}
	if found.Next != nil {
		list.Next = found.Next.String()
	}
	if found.Previous != nil {
		list.Previous = found.Previous.String()
	}
	return list, nil
}

// Each calls row for each card from p on, in order, until row returns an error. It reads pages of cards.MaxPage, so memory does
// not grow with the number of cards.
func (c Cards) Each(ctx context.Context, q CardQuery, p CardPage, row func(CardRow) error) error {
	p.Limit = cards.MaxPage
	for {
		list, err := c.Search(ctx, q, p)
		if err != nil {
			return err
		}
		for _, card := range list.Cards {
			if err := row(card); err != nil {
				return err
			}
		}
		if p.After = list.Next; p.After == "" {
			return nil
		}
	}
}

// Show returns one card; ErrNoCard.
func (c Cards) Show(ctx context.Context, serial string) (CardDetail, error) {
	card, err := c.Service.Card(ctx, c.Brand.Name, serial)
	switch {
	case errors.Is(err, cards.ErrUnknown):
		return CardDetail{}, fmt.Errorf("brand %s has %w with serial %s", c.Brand.Name, ErrNoCard, serial)
	case err != nil:
		return CardDetail{}, err
	}
	return CardDetail{c.row(card, c.Clock.Now()), stamp(card.ReleasedAt), string(card.Export)}, nil
}

func (c Cards) row(card cards.Card, now time.Time) CardRow {
	return CardRow{
		Status: card.Shown(now), Serial: card.Serial, Amount: card.Amount.Number(), Currency: string(card.Amount.Currency), Reseller: card.Reseller,
		Activated: stamp(card.ActivatedAt), Customer: card.ActivatedBy.String(), Created: stamp(card.CreatedAt),
		ValidThrough: c.Brand.ExpiryText(card.ExpiresAt), Expires: stamp(card.ExpiresAt),
		State: string(card.State), Batch: string(card.Batch), Order: string(card.Order),
	}
}
