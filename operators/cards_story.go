package operators

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardStoryStep is one thing that was done to a card.
type CardStoryStep struct {
	At   string `json:"at"`
	Job  string `json:"job"`
	What string `json:"what"`
	By   string `json:"by"`
	Why  string `json:"why"`
	Old  string `json:"old"` // "generated, kiosk-7, valid through 2028-12-31"
	New  string `json:"new"`
}

// CardStory is everything that was done to a card, in order, and as it is. The order that spent it is in the card's Order.
type CardStory struct {
	Card  CardDetail
	Gone  bool // it was deleted: Card has its serial alone
	Steps []CardStoryStep
}

// Story tells a card's whole story; ErrNoCard.
func (c Cards) Story(ctx context.Context, serial string) (CardStory, error) {
	s, err := c.Service.Story(ctx, c.Brand.Name, serial)
	switch {
	case errors.Is(err, cards.ErrUnknown):
		return CardStory{}, fmt.Errorf("brand %s has %w with serial %s", c.Brand.Name, ErrNoCard, serial)
	case err != nil:
		return CardStory{}, err
	}
	told := CardStory{Gone: s.Card.State == ""}
	if told.Gone {
		told.Card.Serial = serial
	} else {
		told.Card = CardDetail{c.row(s.Card, c.Clock.Now()), stamp(s.Card.ReleasedAt), string(s.Card.Export)}
		told.Steps = append(told.Steps, CardStoryStep{At: stamp(s.Card.CreatedAt), Job: string(s.Made.ID), What: s.Made.Action(), By: s.Made.By, Why: s.Made.Why, New: s.Made.Summary(c.Brand)})
	}
	for _, step := range s.Steps {
		row := CardStoryStep{At: stamp(step.At), Job: string(step.Job.ID), What: step.Job.Action(), By: step.Job.By, Why: step.Job.Why, Old: c.changeText(step.Old)}
		if row.New = c.changeText(step.New); step.Deleted {
			row.New = "deleted"
		}
		told.Steps = append(told.Steps, row)
	}
	if s.Exported.ID != "" && s.Exported.Kind == cards.KindExport {
		told.Steps = append(told.Steps, CardStoryStep{At: stamp(s.Exported.CreatedAt), Job: string(s.Exported.ID), What: s.Exported.Action(), By: s.Exported.By, Why: s.Exported.Why, New: s.Exported.Wants})
	}
	slices.SortStableFunc(told.Steps, func(a, b CardStoryStep) int { return strings.Compare(a.At, b.At) })
	return told, nil
}

func (c Cards) changeText(was cards.CardChange) string {
	text := string(was.State)
	if was.Reseller != "" {
		text += ", " + was.Reseller
	}
	if !was.ExpiresAt.IsZero() {
		text += ", valid through " + c.Brand.ExpiryText(was.ExpiresAt)
	}
	return text
}

// IncidentRow counts the cards of an incident in one state.
type IncidentRow struct {
	State   string `json:"state"`
	Expired bool   `json:"expired"`
	Cards   int64  `json:"cards"`
	Worth   string `json:"worth"`
}

// Incident is what is known of cards that were stolen or lost: how they stand, and which were spent since a time, by whom.
type Incident struct {
	Cards       int64
	Worth       prepaid.Money
	States      []IncidentRow
	Spent       CardList // since then, the newest first; numbers masked where the Cards say so
	SpentCards  int64    // since then
	SpentWorth  prepaid.Money
	At          string
	Since       string
	LiveNow     int64 // what a thief can spend: to be locked
	LiveNowCost prepaid.Money
}

// Incident tells how the cards of a query stand, and which were spent since a day or time ("": ever), a page of them.
func (c Cards) Incident(ctx context.Context, q CardQuery, since string, page CardPage) (Incident, error) {
	zero := prepaid.Money{Currency: c.Brand.Currency}
	i := Incident{At: stamp(c.Clock.Now()), Since: since, Worth: zero, SpentWorth: zero, LiveNowCost: zero}
	filter, err := c.filter(q)
	if err != nil {
		return i, err
	}
	counts, err := c.Service.Counts(ctx, filter)
	if err != nil {
		return i, err
	}
	for _, n := range counts {
		worth := prepaid.Money{Minor: n.Minor, Currency: n.Currency}
		i.Cards, i.Worth.Minor = i.Cards+n.Cards, i.Worth.Minor+n.Minor
		i.States = append(i.States, IncidentRow{string(n.State), n.Expired, n.Cards, worth.Number()})
		if n.State == cards.Live && !n.Expired {
			i.LiveNow, i.LiveNowCost.Minor = i.LiveNow+n.Cards, i.LiveNowCost.Minor+n.Minor
		}
	}
	q.Status, q.ActivatedFrom, q.ActivatedTo = []string{string(cards.ShownActivated)}, since, ""
	page.Sort, page.Descending = cards.ByActivated, true
	if i.Spent, err = c.Search(ctx, q, page); err != nil {
		return i, err
	}
	if filter, err = c.filter(q); err != nil {
		return i, err
	}
	if counts, err = c.Service.Counts(ctx, filter); err != nil {
		return i, err
	}
	for _, n := range counts {
		i.SpentCards, i.SpentWorth.Minor = i.SpentCards+n.Cards, i.SpentWorth.Minor+n.Minor
	}
	return i, nil
}
