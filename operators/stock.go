package operators

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardStock moves cards to or from a reseller's stock: deliver, return, transfer, or damage, which makes them void. The selection names
// the batch or the range, and of return and transfer the reseller who has them. It needs a reason.
type CardStock struct {
	As     string
	GiveTo string // of deliver and transfer
}

// stockKinds are the movements by the words that people type.
func stockKinds() map[string]cards.MoveKind {
	return map[string]cards.MoveKind{"deliver": cards.Delivered, "return": cards.Returned, "transfer": cards.Transferred, "damage": cards.Damaged}
}

func (m CardStock) plan(ctx context.Context, on selected) (CardPlan, error) {
	if err := needsReason(on.by); err != nil {
		return CardPlan{}, err
	}
	change := cards.Change{Stock: stockKinds()[m.As]}
	gives := change.Stock == cards.Delivered || change.Stock == cards.Transferred
	takes := change.Stock == cards.Returned || change.Stock == cards.Transferred
	switch {
	case change.Stock == "":
		return CardPlan{}, &FieldError{Field: "as", Value: m.As, Err: errors.New("choose deliver, return, transfer or damage")}
	case on.filter.Batch == "" && (on.filter.From == "" || on.filter.To == ""):
		return CardPlan{}, &FieldError{Field: "batch", Err: errors.New("name the batch, or the first and last serial")}
	case gives && m.GiveTo == "":
		return CardPlan{}, &FieldError{Field: "give-to", Err: errors.New("say who gets them")}
	case !gives && m.GiveTo != "":
		return CardPlan{}, &FieldError{Field: "give-to", Value: m.GiveTo, Err: fmt.Errorf("nobody gets them when you %s them", m.As)}
	case takes && on.filter.Reseller == "":
		return CardPlan{}, &FieldError{Field: "reseller", Err: errors.New("say who has them")}
	case takes && on.filter.Reseller == m.GiveTo:
		return CardPlan{}, &FieldError{Field: "give-to", Value: m.GiveTo, Err: errors.New("has them already")}
	case change.Stock == cards.Delivered && on.filter.Reseller != "":
		return CardPlan{}, &FieldError{Field: "reseller", Value: on.filter.Reseller, Err: errors.New("has them already: transfer them")}
	}
	if change.Stock == cards.Delivered {
		on.filter.Reseller = cards.NoReseller
	}
	if change.Stock == cards.Damaged {
		change.Action = cards.Withdraw
	} else {
		change.Reseller = &m.GiveTo
	}
	p, err := on.planChange(ctx, change)
	p.Verb = m.As
	return p, err
}

// StatementRow is a line of a reseller's statement, as lists show it. What leaves the stock is negative, so that each column adds up.
type StatementRow struct {
	What     string `json:"what"` // "opening", "delivered" …, "closing"
	Cards    int64  `json:"cards"`
	Worth    string `json:"worth"`
	Currency string `json:"currency"`
}

// Statement tells what happened to a reseller's stock in a period: opening, what came and went, and closing, in each currency.
type Statement struct {
	Brand    string         `json:"brand"`
	Reseller string         `json:"reseller"`
	From     string         `json:"from"` // in the brand's time zone
	To       string         `json:"to"`   // the first instant that is not meant
	Rows     []StatementRow `json:"rows"`
}

// Text is the heading, for people.
func (s Statement) Text() string {
	return fmt.Sprintf("Stock of %s, brand %s, from %s until before %s", s.Reseller, s.Brand, s.From, s.To)
}

// Statement tells what happened to a reseller's stock from one day until before another, in the brand's time zone. "" is the first of this
// month, and now. Errors: *FieldError, cards.ErrNoPeriod.
func (c Cards) Statement(ctx context.Context, reseller, from, to string) (Statement, error) {
	now := c.Brand.Local(c.Clock.Now())
	during := cards.Span{From: c.Brand.StartOfDay(now.AddDate(0, 0, 1-now.Day())), To: now}
	var err error
	if from != "" {
		if during.From, err = c.day("from", from); err != nil {
			return Statement{}, err
		}
	}
	if to != "" {
		if during.To, err = c.day("to", to); err != nil {
			return Statement{}, err
		}
	}
	s := Statement{Brand: c.Brand.Name, Reseller: reseller, From: c.moment(during.From), To: c.moment(during.To)}
	lines, err := c.Service.StatementOf(ctx, c.Brand.Name, reseller, during)
	for _, l := range lines {
		for _, row := range []struct {
			what string
			sum  cards.Sum
		}{
			{"opening", l.Opening}, {"delivered", l.Delivered}, {"returned", l.Returned}, {"transferred", l.Transferred}, {"damaged", l.Damaged},
			{"voided", l.Voided}, {"activated", l.Activated}, {"expired", l.Expired}, {"closing", l.Closing},
		} {
			s.Rows = append(s.Rows, StatementRow{row.what, row.sum.Cards, signed(row.sum.Minor, l.Currency), string(l.Currency)})
		}
	}
	return s, err
}

// signed is an amount that may be negative, without its currency.
func signed(minor int64, currency prepaid.Currency) string {
	if minor < 0 {
		return "-" + prepaid.Money{Minor: -minor, Currency: currency}.Number()
	}
	return prepaid.Money{Minor: minor, Currency: currency}.Number()
}

// day reads a day as its first instant where the brand sells.
func (c Cards) day(field, text string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, &FieldError{Field: field, Value: text, Err: errors.New("write a day such as 2027-01-31")}
	}
	return c.Brand.StartOfDay(day), nil
}

// moment is a day where it is the first instant of one, and else a time, in the brand's zone.
func (c Cards) moment(t time.Time) string {
	local := c.Brand.Local(t)
	if t.Equal(c.Brand.StartOfDay(local)) {
		return local.Format(time.DateOnly)
	}
	return local.Format(time.RFC3339)
}

// StandingRow tells where a reseller's cards stood, each by number and worth.
type StandingRow struct {
	Reseller     string `json:"reseller"` // "": our own stock
	OnSale       int64  `json:"on_sale"`
	OnSaleWorth  string `json:"on_sale_worth"`
	InStock      int64  `json:"in_stock"`
	InStockWorth string `json:"in_stock_worth"`
	Locked       int64  `json:"locked"`
	LockedWorth  string `json:"locked_worth"`
	Expired      int64  `json:"expired"`
	ExpiredWorth string `json:"expired_worth"`
	Owed         string `json:"owed"` // on sale, or locked after that: what the ledger's card_liability has of them
	Currency     string `json:"currency"`
}

// Cells are what people see of the row.
func (r StandingRow) Cells() [][2]string {
	reseller := r.Reseller
	if reseller == "" {
		reseller = cards.NoReseller
	}
	return [][2]string{{"reseller", reseller}, {"on_sale", fmt.Sprint(r.OnSale)}, {"in_stock", fmt.Sprint(r.InStock)}, {"locked", fmt.Sprint(r.Locked)},
		{"expired", fmt.Sprint(r.Expired)}, {"on_sale_worth", r.OnSaleWorth}, {"owed", r.Owed}, {"currency", r.Currency}}
}

// Standing tells where the brand's cards stood at the end of a day, in its time zone, by reseller; "" is now. Errors: *FieldError.
func (c Cards) Standing(ctx context.Context, day string) ([]StandingRow, error) {
	before := c.Clock.Now().Add(time.Microsecond)
	if day != "" {
		from, err := c.day("day", day)
		if err != nil {
			return nil, err
		}
		before = c.Brand.StartOfDay(c.Brand.Local(from).AddDate(0, 0, 1))
	}
	found, err := c.Service.StandingsAt(ctx, c.Brand.Name, before)
	rows := make([]StandingRow, len(found))
	for i, s := range found {
		worth := func(sums ...cards.Sum) string {
			var all cards.Sum
			for _, one := range sums {
				all.Minor += one.Minor
			}
			return signed(all.Minor, s.Currency)
		}
		rows[i] = StandingRow{s.Reseller, s.OnSale.Cards, worth(s.OnSale), s.InStock.Cards, worth(s.InStock),
			s.LockedOnSale.Cards + s.LockedInStock.Cards, worth(s.LockedOnSale, s.LockedInStock), s.Expired.Cards, worth(s.Expired), worth(s.Owed), string(s.Currency)}
	}
	return rows, err
}
