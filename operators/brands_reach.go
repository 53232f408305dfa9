package operators

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pulsa/prepaid"
	"pulsa/topup"
)

// BrandReach counts whom a brand's settings reach.
type BrandReach interface {
	// LanguagesOf counts the customers of a brand by their language.
	LanguagesOf(ctx context.Context, brand string) (map[string]int, error)
	// ChannelsOf counts the addresses of a brand's customers by the channel that they are linked on.
	ChannelsOf(ctx context.Context, brand string) (map[string]int, error)
	// OpenConversations returns the conversations of a brand that wait for an answer in the middle of something.
	OpenConversations(ctx context.Context, brand string) ([]OpenConversation, error)
}

// OpenConversation is a conversation in the middle of something: a registration, a purchase.
type OpenConversation struct {
	Channel string
	Minor   int64 // the amount that is being bought, in minor units of the brand's currency; 0: none yet
}

// Stranded says how many people a change of settings finds with something that it removes, and what becomes of them.
type Stranded struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	Meets string `json:"meets"`
}

func (s Stranded) String() string { return fmt.Sprintf("%d %s: %s", s.Count, s.What, s.Meets) }

// stranded counts whom a change finds with what it removes. next is nil where the brand is withdrawn; now is nil where nothing was in force,
// or nothing that this program understands.
func (s Brands) stranded(ctx context.Context, state BrandState, now, next *prepaid.Brand) ([]Stranded, error) {
	if now == nil || state.Withdrawn {
		return nil, nil
	}
	open, err := s.Reach.OpenConversations(ctx, state.Brand)
	if err != nil {
		return nil, err
	}
	if next == nil {
		return found(nil, "conversations under way", len(open), "they are told that nothing is sold here any more; orders under way are brought to their end"), nil
	}
	all, err := s.strandedLanguages(ctx, now, next)
	if err != nil {
		return nil, err
	}
	kept := map[string]bool{}
	for _, c := range next.Channels {
		kept[c.Name] = true
	}
	linked, err := s.Reach.ChannelsOf(ctx, state.Brand)
	if err != nil {
		return nil, err
	}
	for _, c := range now.Channels {
		if kept[c.Name] {
			continue
		}
		all = found(all, "addresses linked on channel "+c.Name, linked[c.Name], "late news goes to another address of theirs, or to `pulsa customers untold`")
		n := 0
		for _, o := range open {
			if o.Channel == c.Name {
				n++
			}
		}
		all = found(all, "conversations under way on channel "+c.Name, n, "they end; orders under way are brought to their end")
	}
	n := 0
	for _, o := range open {
		if o.Minor != 0 && sells(now, o.Minor) && !sells(next, o.Minor) {
			n++
		}
	}
	return found(all, "purchases under way of an amount that is not sold any more", n, "they are told what is sold, and asked for another amount"), nil
}

func (s Brands) strandedLanguages(ctx context.Context, now, next *prepaid.Brand) ([]Stranded, error) {
	counts, err := s.Reach.LanguagesOf(ctx, now.Name)
	if err != nil {
		return nil, err
	}
	var all []Stranded
	for _, language := range slices.Sorted(maps.Keys(counts)) {
		if slices.Contains(now.Languages, language) && !slices.Contains(next.Languages, language) {
			all = found(all, "customers with language "+language, counts[language], "they are answered in "+next.Languages[0])
		}
	}
	return all, nil
}

// found adds what was counted, unless it is nobody.
func found(all []Stranded, what string, n int, meets string) []Stranded {
	if n == 0 {
		return all
	}
	if n == 1 {
		what = strings.NewReplacer("customers", "customer", "addresses", "address", "conversations", "conversation", "purchases", "purchase").Replace(what)
	}
	return append(all, Stranded{what, n, meets})
}

func sells(b *prepaid.Brand, minor int64) bool {
	return topup.CheckAmount(b, prepaid.Money{Minor: minor, Currency: b.Currency}) == nil
}
