package operators

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Sought is what somebody has typed into the search box, as each thing that it may be. An empty field is not looked for.
type Sought struct {
	Order       prepaid.OrderID
	Reference   string                    // a charge's id, or a gateway's or a network's reference
	Serial      string                    // of a card
	Mandate     string                    // a mandate's reference
	Identifier  string                    // a developer's own, in small letters
	Transaction int64                     // of the API
	Numbers     map[string]prepaid.MSISDN // by the brand that reads it so
	Brands      []string                  // in which to look
}

// Found is something that was found.
type Found struct {
	Kind   string // prepaid.OnOrder, OnCustomer or OnCards
	Brand  string
	ID     string // an order's, a customer's, a card's serial
	By     string // by what it was found: FoundByNumber and its like
	Status string
	At     time.Time // when it was made
}

// By what things are found.
const (
	FoundByOrder       = "order"
	FoundByCharge      = "charge"
	FoundByGateway     = "gateway's reference"
	FoundByNetwork     = "network's reference"
	FoundByNumber      = "number"
	FoundBySerial      = "card"
	FoundByMandate     = "mandate"
	FoundByIdentifier  = "developer's identifier"
	FoundByTransaction = "transaction"
)

// SearchStore looks things up, by indexes alone.
type SearchStore interface {
	// Find returns what is found in the brands of s, at most 50 of a kind, the newest first.
	Find(ctx context.Context, s Sought) ([]Found, error)
}

// What the search box answers without looking.
var (
	ErrMaySecret   = errors.New("that may be a PIN or a card's code")
	ErrEmptySearch = errors.New("nothing was typed")
	ErrLongSearch  = errors.New("that is too long")
	errNotSearched = errors.New("search: the store is not open")
)

const (
	maxSearch       = 200 // bytes: more than any reference has
	usualCodeLength = 14  // of card codes, where a brand says nothing
)

// Search finds what people at the desk ask for. Safe for concurrent use.
type Search struct {
	Store     SearchStore
	Sightings SightingStore
	Brands    *prepaid.Brands
	Clock     prepaid.Clock
}

// Find looks up what somebody has typed: an order's number, a charge's or a provider's reference, a phone number as it is spoken, a card's
// serial ("card 101-00000042" where a code could look so), a mandate's reference, a developer's identifier, a transaction ("tx 1234").
// Only brands in which the person has a role are looked in. Whoever has typed a whole number sees that customer's number whole for a
// while. Errors: ErrMaySecret, ErrEmptySearch, ErrLongSearch; the text is in none of them.
func (s Search) Find(ctx context.Context, a Actor, text string) ([]Found, error) {
	if s.Store == nil {
		return nil, errNotSearched
	}
	sought, err := s.read(a, text)
	if err != nil {
		return nil, err
	}
	found, err := s.Store.Find(ctx, sought)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(f Found) bool { return !a.Sees(f.Brand) })
	for _, f := range found {
		if f.Kind != prepaid.OnCustomer || f.By != FoundByNumber {
			continue
		}
		err := s.Sightings.See(ctx, Sighting{Brand: f.Brand, Customer: prepaid.CustomerID(f.ID), Person: a.Person, What: SeesNumber, Until: s.Clock.Now().Add(seenFor)}, nil)
		if err != nil {
			return nil, err
		}
	}
	return once(found), nil
}

// once leaves out what was found before in another way.
func once(found []Found) []Found {
	var all []Found
	for _, f := range found {
		same := func(o Found) bool { return o.Kind == f.Kind && o.ID == f.ID && o.Brand == f.Brand }
		if !slices.ContainsFunc(all, same) {
			all = append(all, f)
		}
	}
	return all
}

// read says what a text may be.
func (s Search) read(a Actor, text string) (Sought, error) {
	text = strings.TrimSpace(prepaid.Fold(text))
	switch {
	case text == "":
		return Sought{}, ErrEmptySearch
	case len(text) > maxSearch:
		return Sought{}, ErrLongSearch
	}
	sought := Sought{Numbers: map[string]prepaid.MSISDN{}}
	var brands []*prepaid.Brand
	for _, b := range s.Brands.AllKnown() {
		if a.Sees(b.Name) {
			brands, sought.Brands = append(brands, b), append(sought.Brands, b.Name)
		}
	}
	if rest, ok := after(text, "tx", "transaction"); ok {
		n, err := strconv.ParseInt(rest, 10, 64)
		if err == nil {
			sought.Transaction = n
			return sought, nil
		}
	}
	if rest, ok := after(text, "card", "serial"); ok {
		sought.Serial = strings.ToUpper(rest)
		return sought, nil
	}
	if s.maySecret(text) {
		return Sought{}, ErrMaySecret
	}
	sought.Order = prepaid.ReadOrderID(text)
	sought.Reference, sought.Serial, sought.Mandate, sought.Identifier = text, strings.ToUpper(text), strings.ToUpper(text), strings.ToLower(text)
	for _, b := range brands {
		if m, ok := readNumberAt(text, b); ok {
			sought.Numbers[b.Name] = m
		}
	}
	return sought, nil
}

// after returns what follows one of the words that a text begins with.
func after(text string, words ...string) (rest string, ok bool) {
	word, rest, _ := strings.Cut(text, " ")
	return strings.TrimSpace(rest), slices.Contains(words, strings.ToLower(word)) && strings.TrimSpace(rest) != ""
}

// maySecret reports whether a text is nothing but four digits, or as many as a card's code has: whatever brand's.
func (s Search) maySecret(text string) bool {
	code, ok := prepaid.Code(text)
	return ok && (len(code) == 4 || slices.ContainsFunc(s.Brands.AllKnown(), func(b *prepaid.Brand) bool {
		return len(code) == cmp.Or(b.Cards.CodeLength, usualCodeLength)
	}))
}

// readNumberAt reads a number as it is spoken where a brand sells, or one of another country in full.
func readNumberAt(text string, b *prepaid.Brand) (prepaid.MSISDN, bool) {
	m, err := prepaid.ParseMSISDN(text, b.Country)
	if err != nil {
		digits, _ := prepaid.PhoneDigits(text)
		m, err = prepaid.ParseE164(digits)
	}
	return m, err == nil
}
