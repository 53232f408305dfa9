package cards

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Group is what a report is divided by.
type Group string

// The groups.
const (
	ByNothing  Group = ""
	BySeries   Group = "series"
	ByReseller Group = "reseller"
	// ByCodeLength is for counting what could be guessed: "14".
	ByCodeLength Group = "code length"
)

func (g Group) check() error {
	switch g {
	case ByNothing, BySeries, ByReseller:
		return nil
	}
	return fmt.Errorf("group %q: choose series or reseller", g)
}

// Count is how many cards are in a state, and what they are worth together.
type Count struct {
	Group    string
	Currency prepaid.Currency
	State    State
	Expired  bool
	Sum
}

// Sum is a number of cards and their worth in minor units.
type Sum struct{ Cards, Minor int64 }

func (s *Sum) add(o Sum) {
	s.Cards += o.Cards
	s.Minor += o.Minor
}

// Balance tells where the cards of a group stand. Issued is the sum of the seven that follow; Liability is
// what may still be redeemed: issued without spent, expired and void.
type Balance struct {
	Group                                                   string
	Currency                                                prepaid.Currency
	Issued                                                  Sum
	Generated, Live, Reserved, Locked, Spent, Expired, Void Sum
	Liability                                               Sum
}

// add counts c in its place. A reserved card is being spent, however old it is.
func (b *Balance) add(c Count) {
	b.Issued.add(c.Sum)
	place := map[State]*Sum{
		Generated: &b.Generated, Live: &b.Live, Reserved: &b.Reserved, Locked: &b.Locked, Spent: &b.Spent, Void: &b.Void,
	}[c.State]
	if c.Expired && c.State != Reserved && c.State != Spent && c.State != Void {
		place = &b.Expired
	}
	if place == nil {
		return
	}
	place.add(c.Sum)
	if place != &b.Spent && place != &b.Void && place != &b.Expired {
		b.Liability.add(c.Sum)
	}
}

// Total sums up balances: one for each currency, of no group.
func Total(balances []Balance) []Balance {
	var totals []Balance
	for _, b := range balances {
		i := slices.IndexFunc(totals, func(t Balance) bool { return t.Currency == b.Currency })
		if i < 0 {
			i, totals = len(totals), append(totals, Balance{Currency: b.Currency})
		}
		t := &totals[i]
		for sum, more := range map[*Sum]Sum{
			&t.Issued: b.Issued, &t.Generated: b.Generated, &t.Live: b.Live, &t.Reserved: b.Reserved, &t.Locked: b.Locked,
			&t.Spent: b.Spent, &t.Expired: b.Expired, &t.Void: b.Void, &t.Liability: b.Liability,
		} {
			sum.add(more)
		}
	}
	return totals
}

// Balances tells where the cards that fit stand, by group and currency, in the order of the groups.
func (s *Service) Balances(ctx context.Context, f Filter, by Group) ([]Balance, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	f, err := s.filter(ctx, f)
	if err != nil {
		return nil, err
	}
	counts, err := s.c.Shelf.CountCards(ctx, f, by)
	if err != nil {
		return nil, fmt.Errorf("count cards: %w", err)
	}
	var balances []Balance
	for _, c := range counts { // in the order of group and currency
		last := len(balances) - 1
		if last < 0 || balances[last].Group != c.Group || balances[last].Currency != c.Currency {
			balances = append(balances, Balance{Group: c.Group, Currency: c.Currency})
			last++
		}
		balances[last].add(c)
	}
	return balances, nil
}

// Redemption is what was spent on one day (UTC) in one group.
type Redemption struct {
	Day      time.Time
	Group    string
	Currency prepaid.Currency
	Sum
}

// Redemptions reports the cards spent in a span of time by day, or by day and group.
func (s *Service) Redemptions(ctx context.Context, brand string, during Span, by Group) ([]Redemption, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	if _, err := s.brand(brand); err != nil {
		return nil, err
	}
	if err := during.check(); err != nil {
		return nil, err
	}
	list, err := s.c.Reports.Redemptions(ctx, brand, during, by)
	if err != nil {
		return nil, fmt.Errorf("report redemptions: %w", err)
	}
	return list, nil
}

// Reseller sells cards. Cards name it.
type Reseller struct {
	Brand     string
	Name      string // "kiosk-7"
	Title     string // "Kiosk Central Station"
	CreatedAt time.Time
	CreatedBy string
}

// NoReseller is what people type for none.
const NoReseller = "none"

// ErrResellerExists says that a reseller can't be created: the name is taken.
var ErrResellerExists = errors.New("a reseller with this name exists already")

// CreateReseller stores a new reseller, and, as a job, who created it and why; ErrResellerExists.
func (s *Service) CreateReseller(ctx context.Context, r Reseller, by prepaid.By) (Reseller, error) {
	if _, err := s.brand(r.Brand); err != nil {
		return r, err
	}
	switch {
	case !resellerFits(r.Name):
		return r, errors.New("a reseller's name has 1 to 40 letters, digits, dashes, dots and single spaces")
	case r.Name == NoReseller:
		return r, fmt.Errorf("a reseller can't be named %q: cards that nobody sells have that", NoReseller)
	case len(r.Title) > 200:
		return r, errors.New("a reseller's title has 200 letters at most")
	case by.Who == "":
		return r, errors.New("say who does it")
	}
	r.CreatedAt, r.CreatedBy = s.c.Clock.Now(), by.Who
	j := Job{
		ID: prepaid.NewID[JobID](), Brand: r.Brand, Kind: KindReseller, State: JobDone, By: by.Who, Why: by.Why,
		CreatedAt: r.CreatedAt, EndedAt: r.CreatedAt,
	}
	if err := s.c.Reports.SaveReseller(ctx, r, j, by); err != nil {
		return r, fmt.Errorf("create reseller %s: %w", r.Name, err)
	}
	return r, nil
}

// Resellers lists a brand's resellers by name.
func (s *Service) Resellers(ctx context.Context, brand string) ([]Reseller, error) {
	if _, err := s.brand(brand); err != nil {
		return nil, err
	}
	return s.c.Reports.Resellers(ctx, brand)
}

// Statement tells where a reseller's cards stand, by series.
func (s *Service) Statement(ctx context.Context, brand, reseller string) ([]Balance, error) {
	if reseller == "" {
		return nil, errors.New("say which reseller")
	}
	return s.Balances(ctx, Filter{Brand: brand, Reseller: reseller}, BySeries)
}

// checkReseller refuses a reseller that nobody has created; "" is none.
func (s *Service) checkReseller(ctx context.Context, brand, name string) error {
	if name == "" {
		return nil
	}
	list, err := s.Resellers(ctx, brand)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i, r := range list {
		if names[i] = r.Name; r.Name == name {
			return nil
		}
	}
	const some = 10
	if len(names) > some {
		names = append(names[:some], "…")
	}
	return fmt.Errorf("brand %s has no reseller %q: create it first, or choose from: %s", brand, name, cmp.Or(strings.Join(names, ", "), "none"))
}

func resellerFits(name string) bool {
	previous := ' '
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r == '-', r == '.':
		case r == ' ' && previous != ' ':
		default:
			return false
		}
		previous = r
	}
	return previous != ' ' && len(name) <= 40
}
