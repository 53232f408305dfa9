package cards

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Sort is an order of cards. Equal cards are in the order of their serials.
type Sort string

// The orders. By expiry or activation only cards are listed that expire or are activated at all.
const (
	BySerial    Sort = "serial"
	ByCreated   Sort = "created"
	ByExpires   Sort = "expires"
	ByActivated Sort = "activated"
)

// Key is where a card stands in an order: what a page begins after.
type Key struct {
	At     int64  `json:"at,omitempty"` // the time that is sorted by, in microseconds
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
	case !slices.Contains([]Sort{BySerial, ByCreated, ByExpires, ByActivated}, p.Sort):
		return Listing{}, fmt.Errorf("sort %q: choose serial, created, expires or activated", p.Sort)
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
		list.Next = keyOf(found[len(found)-1], p.Sort)
	}
	if (more && backwards) || p.After != nil {
		list.Previous = keyOf(found[0], p.Sort)
	}
	if backwards && p.Last {
		list.Next = nil
	}
	return list, nil
}

func keyOf(c Card, by Sort) *Key {
	series, number, ok := SplitSerial(c.Serial)
	if !ok {
		series = c.Series
	}
	k := Key{Series: series, Number: number, Serial: c.Serial}
	switch by {
	case ByCreated:
		k.At = c.CreatedAt.UnixMicro()
	case ByExpires:
		k.At = c.ExpiresAt.UnixMicro()
	case ByActivated:
		k.At = c.ActivatedAt.UnixMicro()
	}
	return &k
}

// filter checks a filter. The cards of one generated batch are known by their serials, which finds them
// without reading others.
func (s *Service) filter(ctx context.Context, f Filter) (Filter, error) {
	b, err := s.brand(f.Brand)
	if err != nil {
		return f, err
	}
	if f, err = f.check(b.Currency, s.c.Clock.Now()); err != nil || f.Batch == "" {
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
		f.Series, f.From, f.To = g.Series, g.serial(0), g.serial(g.Quantity-1)
	}
	return f, nil
}
