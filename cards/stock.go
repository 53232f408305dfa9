package cards

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Place is where the books have a card. It follows from the card alone: Card.Place.
type Place string

// The places.
const (
	Nowhere       Place = "" // not made yet, or deleted
	InStock       Place = "stock"
	OnSale        Place = "sale" // also while an order is spending it
	LockedInStock Place = "locked in stock"
	LockedOnSale  Place = "locked on sale" // withdrawn for now: whoever has it is still owed its worth
	AtExpired     Place = "expired"
	AtVoid        Place = "void"
	AtSpent       Place = "spent"
)

// Held reports whether cards there are a reseller's stock, or our own.
func (p Place) Held() bool {
	return p == InStock || p == OnSale || p == LockedInStock || p == LockedOnSale
}

// Owed reports whether cards there are in the ledger's card_liability.
func (p Place) Owed() bool { return p == OnSale || p == LockedOnSale }

// Place is where the books have the card. Its expiry counts once it is booked.
func (c Card) Place() Place {
	switch {
	case c.State == Spent:
		return AtSpent
	case c.State == Void:
		return AtVoid
	case c.State == Reserved:
		return OnSale
	case !c.LapsedAt.IsZero():
		return AtExpired
	case c.State == Generated:
		return InStock
	case c.State == Live:
		return OnSale
	case c.ReleasedAt.IsZero():
		return LockedInStock
	}
	return LockedOnSale
}

// MoveKind is what a movement of cards is.
type MoveKind string

// The kinds of movements.
const (
	Opening     MoveKind = "opening" // what there was when the books began
	Made        MoveKind = "made"
	Delivered   MoveKind = "delivered"   // to a reseller, from our own stock
	Returned    MoveKind = "returned"    // by a reseller
	Transferred MoveKind = "transferred" // from one reseller to another
	Damaged     MoveKind = "damaged"     // and therefore void
	Voided      MoveKind = "voided"
	Deleted     MoveKind = "deleted"
	Activated   MoveKind = "activated"
	Expired     MoveKind = "expired"
	Revived     MoveKind = "revived" // they had expired, and are valid for longer
	Released    MoveKind = "released"
	WasLocked   MoveKind = "locked"
	Unlocked    MoveKind = "unlocked"
)

// Movement is one row of the books of cards. Nobody changes it.
type Movement struct {
	ID       string
	Brand    string
	At       time.Time
	Kind     MoveKind
	Reseller string // whose stock it changes; "" is our own
	Batch    JobID
	From, To Place
	Currency prepaid.Currency
	Cards    int64
	Minor    int64  // their face value together
	First    string // serials
	Last     string
	Job      JobID           // the work that it is part of; "" for none
	Order    prepaid.OrderID // that spent the card; "" for none
	Who, Why string
}

// Moves are what a change to a card means for the books, without Brand, At, Job and who. A card that is not there before or after is nil.
// damaged tells why a card is void.
func Moves(before, after *Card, damaged bool) []Movement {
	var moves []Movement
	add := func(c *Card, kind MoveKind, reseller string, from, to Place) {
		moves = append(moves, Movement{Kind: kind, Reseller: reseller, Batch: c.Batch, From: from, To: to, Currency: c.Amount.Currency,
			Cards: 1, Minor: c.Amount.Minor, First: c.Serial, Last: c.Serial})
	}
	switch {
	case before == nil:
		add(after, Made, after.Reseller, Nowhere, after.Place())
		return moves
	case after == nil:
		add(before, Deleted, before.Reseller, before.Place(), Nowhere)
		return moves
	}
	from, to := before.Place(), after.Place()
	if before.Reseller != after.Reseller {
		kind := Transferred
		switch "" {
		case before.Reseller:
			kind = Delivered
		case after.Reseller:
			kind = Returned
		}
		add(before, kind, before.Reseller, from, Nowhere)
		add(after, kind, after.Reseller, Nowhere, from)
	}
	if from != to {
		add(after, kindOf(from, to, damaged), after.Reseller, from, to)
	}
	return moves
}

func kindOf(from, to Place, damaged bool) MoveKind {
	switch {
	case to == AtVoid && damaged:
		return Damaged
	case to == AtVoid:
		return Voided
	case to == AtSpent:
		return Activated
	case to == AtExpired:
		return Expired
	case from == AtExpired:
		return Revived
	case to == LockedInStock || to == LockedOnSale:
		return WasLocked
	case from == LockedInStock || from == LockedOnSale:
		return Unlocked
	}
	return Released
}

// Changed is the card after a mass edit.
func (c Change) Changed(card Card, now time.Time) Card {
	if c.Expires != nil {
		card.ExpiresAt, card.LapsedAt = *c.Expires, time.Time{}
	}
	if c.Reseller != nil {
		card.Reseller = *c.Reseller
	}
	switch c.Action {
	case Release:
		card.State, card.ReleasedAt = Live, now
	case Lock:
		card.State = Locked
	case Unlock:
		card.State = Generated
		if !card.ReleasedAt.IsZero() {
			card.State = Live
		}
	case Withdraw:
		card.State = Void
	}
	return card
}

// Stock keeps the books of cards. Cards, CardJobs and orders write them, each in the transaction of what happens to the cards.
type Stock interface {
	// Movements sums up a brand's movements before a time, and apart those before since, of one reseller or, with nil, of all.
	Movements(ctx context.Context, brand string, reseller *string, since, before time.Time) ([]MovementSum, error)
	// LapseCards books the expiry of the next n cards of a brand whose time has come, and returns how many they were.
	LapseCards(ctx context.Context, brand string, now time.Time, n int) (int, error)
}

// MovementSum sums up movements that are alike.
type MovementSum struct {
	Before   bool // of before the period
	Kind     MoveKind
	Reseller string
	Currency prepaid.Currency
	From, To Place
	Sum
}

// StatementLine is what happened to a reseller's stock in one currency. Closing is the sum of the others.
type StatementLine struct {
	Currency                                                                                prepaid.Currency
	Opening, Delivered, Returned, Transferred, Damaged, Voided, Activated, Expired, Closing Sum
}

// column is the sum that a movement belongs to.
func (l *StatementLine) column(m MovementSum) *Sum {
	if m.Before || m.Kind == Opening {
		return &l.Opening
	}
	switch m.Kind {
	case Made, Delivered:
		return &l.Delivered
	case Returned:
		return &l.Returned
	case Transferred:
		return &l.Transferred
	case Damaged:
		return &l.Damaged
	case Activated:
		return &l.Activated
	case Expired, Revived:
		return &l.Expired
	}
	return &l.Voided
}

// ErrNoPeriod says that a statement's period does not end after it begins.
var ErrNoPeriod = errors.New("a period must end after it begins")

// StatementOf tells what happened to a reseller's stock from one time until before another, by currency. What leaves the stock is negative.
func (s *Service) StatementOf(ctx context.Context, brand, reseller string, during Span) ([]StatementLine, error) {
	if reseller == "" {
		return nil, errors.New("say which reseller")
	}
	if !during.From.Before(during.To) {
		return nil, ErrNoPeriod
	}
	if err := s.checkReseller(ctx, brand, reseller); err != nil {
		return nil, err
	}
	sums, err := s.c.Stock.Movements(ctx, brand, &reseller, during.From, during.To)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", err)
	}
	return lines(sums), nil
}

func lines(sums []MovementSum) []StatementLine {
	var list []StatementLine
	at := map[prepaid.Currency]int{}
	for _, m := range sums {
		n := held(m.To) - held(m.From)
		if n == 0 {
			continue
		}
		i, known := at[m.Currency]
		if !known {
			i = len(list)
			at[m.Currency], list = i, append(list, StatementLine{Currency: m.Currency})
		}
		moved := Sum{n * m.Cards, n * m.Minor}
		list[i].column(m).add(moved)
		list[i].Closing.add(moved)
	}
	return list
}

func held(p Place) int64 {
	if p.Held() {
		return 1
	}
	return 0
}

// Standing tells where a reseller's cards stood at a time. Owed is what the ledger's card_liability has of them, but for orders under way.
type Standing struct {
	Reseller                                              string
	Currency                                              prepaid.Currency
	OnSale, InStock, LockedOnSale, LockedInStock, Expired Sum
	Owed                                                  Sum
}

func (s *Standing) place(p Place) *Sum {
	switch p {
	case OnSale:
		return &s.OnSale
	case InStock:
		return &s.InStock
	case LockedOnSale:
		return &s.LockedOnSale
	case LockedInStock:
		return &s.LockedInStock
	case AtExpired:
		return &s.Expired
	}
	return &Sum{} // what is spent, void or gone is nobody's
}

// StandingsAt tells where a brand's cards stood before a time, by reseller and currency.
func (s *Service) StandingsAt(ctx context.Context, brand string, before time.Time) ([]Standing, error) {
	if _, err := s.brand(brand); err != nil {
		return nil, err
	}
	sums, err := s.c.Stock.Movements(ctx, brand, nil, time.Time{}, before)
	if err != nil {
		return nil, fmt.Errorf("liability: %w", err)
	}
	var list []Standing
	for _, m := range sums { // in the order of reseller and currency
		last := len(list) - 1
		if last < 0 || list[last].Reseller != m.Reseller || list[last].Currency != m.Currency {
			list = append(list, Standing{Reseller: m.Reseller, Currency: m.Currency})
			last++
		}
		of := &list[last]
		minus := Sum{-m.Cards, -m.Minor}
		of.place(m.To).add(m.Sum)
		of.place(m.From).add(minus)
		if m.To.Owed() {
			of.Owed.add(m.Sum)
		}
		if m.From.Owed() {
			of.Owed.add(minus)
		}
	}
	return list, nil
}

// Lapse books what has expired: a chunk in each transaction, until nothing is left. It returns how many cards that were.
func (s *Service) Lapse(ctx context.Context, brand string) (int, error) {
	all := 0
	for {
		n, err := s.c.Stock.LapseCards(ctx, brand, s.c.Clock.Now(), s.c.Chunk)
		if all += n; err != nil || n < s.c.Chunk {
			return all, err
		}
	}
}
