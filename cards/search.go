package cards

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/prepaid"
)

// Sort is an order of cards. Equal cards are in the order of their serials.
type Sort string

// The orders. By expiry or activation only cards are listed that expire or are activated at all. By status they
// are in the order of StatusRanges.
const (
	BySerial    Sort = "serial"
	ByCreated   Sort = "created"
	ByExpires   Sort = "expires"
	ByActivated Sort = "activated"
	ByAmount    Sort = "amount"
	BySeller    Sort = "reseller"
	ByStatus    Sort = "status"
)

// Sorts lists all, for help texts and menus.
func Sorts() []Sort {
	return []Sort{BySerial, ByCreated, ByExpires, ByActivated, ByAmount, BySeller, ByStatus}
}

// Key is where a card stands in an order: what a page begins after.
type Key struct {
	Range  int    `json:"range,omitempty"` // by status: the index of its range
	At     int64  `json:"at,omitempty"`    // the time that is sorted by, in microseconds, or the amount
	Text   string `json:"text,omitempty"`  // the reseller that is sorted by
	Series string `json:"series"`
	Number int64  `json:"number"`
	Serial string `json:"serial"`
}

// ErrNoKey says that a text is no key of a page.
var ErrNoKey = errors.New("not the key of a page")

// String is the key as it stands in links and commands.
func (k Key) String() string {
	text, _ := json.Marshal(k) // strings and numbers only
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParseKey is the inverse of Key.String; ErrNoKey.
func ParseKey(text string) (Key, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Key{}, ErrNoKey
	}
	var k Key
	if err := json.Unmarshal(raw, &k); err != nil || k.Serial == "" {
		return Key{}, ErrNoKey
	}
	return k, nil
}

// MaxPage is how many cards a page has at most.
const MaxPage = 1000

// Page says which part of a listing is wanted. At most one of After, Before and Last is set; none is the
// first page.
type Page struct {
	Sort       Sort // "" is BySerial
	Descending bool
	After      *Key
	Before     *Key
	Last       bool
	Limit      int // 0 is 50
}

// Listing is one page. Next and Previous are nil where nothing follows or precedes.
type Listing struct {
	Cards          []Card
	Next, Previous *Key
}

// Search lists cards, a page at a time; every page costs the same, wherever it is.
func (s *Service) Search(ctx context.Context, f Filter, p Page) (Listing, error) {
	f, err := s.filter(ctx, f)
	if err != nil {
		return Listing{}, err
	}
	if p.Sort == "" {
		p.Sort = BySerial
	}
	if p.Limit == 0 {
		p.Limit = 50
	}
	switch {
	case !slices.Contains(Sorts(), p.Sort):
		return Listing{}, fmt.Errorf("sort %q: choose from %v", p.Sort, Sorts())
	case p.Limit < 1 || p.Limit > MaxPage:
		return Listing{}, fmt.Errorf("a page has 1 to %d cards", MaxPage)
	}
	return s.page(ctx, f, p)
}

// page reads one card more than wanted, to know whether the listing goes on. A page before a key, and the
// last one, are read backwards.
func (s *Service) page(ctx context.Context, f Filter, p Page) (Listing, error) {
	backwards := p.Before != nil || p.Last
	from := p.After
	if backwards {
		from = p.Before
	}
	found, err := s.c.Shelf.ListCards(ctx, f, p.Sort, p.Descending != backwards, from, p.Limit+1)
	if err != nil {
		return Listing{}, fmt.Errorf("list cards: %w", err)
	}
	more := len(found) > p.Limit
	found = found[:min(len(found), p.Limit)]
	if backwards {
		slices.Reverse(found)
	}
	list := Listing{Cards: found}
	if len(found) == 0 {
		return list, nil
	}
	if more || p.Before != nil {
		list.Next = keyOf(found[len(found)-1], p.Sort, f.Now)
	}
	if (more && backwards) || p.After != nil {
		list.Previous = keyOf(found[0], p.Sort, f.Now)
	}
	if backwards && p.Last {
		list.Next = nil
	}
	return list, nil
}

// serialKey is where a card stands in the order of serials.
func serialKey(c Card) *Key {
	series, number, ok := SplitSerial(c.Serial)
	if !ok {
		series = c.Series
	}
	return &Key{Series: series, Number: number, Serial: c.Serial}
}

func keyOf(c Card, by Sort, now time.Time) *Key {
	k := serialKey(c)
	switch by {
	case ByCreated:
		k.At = prepaid.Micros(c.CreatedAt)
	case ByExpires:
		k.At = prepaid.Micros(c.ExpiresAt)
	case ByActivated:
		k.At = prepaid.Micros(c.ActivatedAt)
	case ByAmount:
		k.At = c.Amount.Minor
	case BySeller:
		k.Text = c.Reseller
	case ByStatus:
		k.Range, k.At = c.statusRange(now), prepaid.Micros(c.ExpiresAt)
	}
	return k
}

// StatusRange is a stretch of the order by status: cards of one state that expire alike, in the order of expiry.
type StatusRange struct {
	Status Status // what people see
	State  State
	Expiry Expiry
}

// Expiry tells apart when cards expire.
type Expiry int

// The expiries.
const (
	Whenever Expiry = iota
	Never
	Later
	Past
)

// StatusRanges are the order by status. Each can be found by state and expiry, as they are stored.
func StatusRanges() []StatusRange {
	return []StatusRange{
		{ShownNew, Generated, Never}, {ShownNew, Generated, Later}, {ShownNew, Live, Never}, {ShownNew, Live, Later},
		{ShownNew, Reserved, Whenever}, {ShownActivated, Spent, Whenever},
		{ShownExpired, Generated, Past}, {ShownExpired, Live, Past}, {ShownExpired, Locked, Past},
		{ShownLocked, Locked, Never}, {ShownLocked, Locked, Later}, {ShownVoid, Void, Whenever},
	}
}

// Fits reports whether cards of the range have one of the statuses; none means any.
func (r StatusRange) Fits(statuses []Status) bool {
	return len(statuses) == 0 || slices.Contains(statuses, r.Status) || r.Expiry != Past && slices.Contains(statuses, Status(r.State))
}

func (c Card) statusRange(now time.Time) int {
	expiry := Later
	switch {
	case c.ExpiresAt.IsZero():
		expiry = Never
	case !now.Before(c.ExpiresAt):
		expiry = Past
	}
	return slices.IndexFunc(StatusRanges(), func(r StatusRange) bool {
		return r.State == c.State && (r.Expiry == Whenever || r.Expiry == expiry)
	})
}

// filter checks a filter. The cards of one generated batch are known by their serials, which finds them
// without reading others.
func (s *Service) filter(ctx context.Context, f Filter) (Filter, error) {
	b, err := s.brand(f.Brand)
	if err != nil {
		return f, err
	}
	if f, err = f.check(b.Currency, s.c.Clock.Now()); err != nil {
		return f, err
	}
	if err := s.checkReseller(ctx, f.Brand, f.Reseller); err != nil || f.Batch == "" {
		return f, err
	}
	batch, err := s.Job(ctx, f.Batch)
	switch {
	case err != nil:
		return f, err
	case batch.Brand != f.Brand || !batch.Kind.makes():
		return f, fmt.Errorf("job %s has made no cards of brand %s", f.Batch, f.Brand)
	}
	if g := batch.Spec.Generate; g != nil && f.Series == "" {
		f.Series, f.From, f.To = g.Series, g.Serial(0), g.Serial(g.Quantity-1)
	}
	return f, nil
}
