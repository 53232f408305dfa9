package reloadly

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Filter narrows a list of transactions; its zero fields fit everything.
type Filter struct {
	TransactionID    ID
	CustomIdentifier string // compared without regard to case, as the next two
	CountryCode      string
	OperatorName     string
	OperatorID       ID
	From, To         time.Time // both included; transactions are dated in whole seconds
	Page, Size       int       // pages begin at 1; size 0 has everything on one
}

// Of is the page of all that fit, and how many they are.
func (f Filter) Of(all []Transaction) (page []Transaction, total int) {
	fits := []Transaction{}
	for _, t := range all {
		if f.fits(t) {
			fits = append(fits, t)
		}
	}
	if f.Size == 0 {
		return fits, len(fits)
	}
	return cut(fits, f.Page, f.Size), len(fits)
}

func (f Filter) fits(t Transaction) bool {
	same := func(wanted string, is Text) bool { return wanted == "" || strings.EqualFold(wanted, string(is)) }
	at, err := time.Parse(wireTime, string(t.TransactionDate))
	return same(f.CustomIdentifier, t.CustomIdentifier) && same(f.CountryCode, t.CountryCode) && same(f.OperatorName, t.OperatorName) &&
		(f.TransactionID == 0 || f.TransactionID == t.TransactionID) && (f.OperatorID == 0 || f.OperatorID == t.OperatorID) &&
		(f.From.IsZero() || err == nil && !at.Before(f.From)) && (f.To.IsZero() || err == nil && !at.After(f.To))
}

// cut is one page of a list.
func cut[T any](all []T, page, size int) []T {
	if page > len(all)/size+1 {
		return []T{}
	}
	from := min((page-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// filterOf reads the filters of a report from its query.
func filterOf(query url.Values) (f Filter, err error) {
	f = Filter{
		CustomIdentifier: query.Get("customIdentifier"), CountryCode: query.Get("countryCode"), OperatorName: query.Get("operatorName"),
	}
	if f.Page, f.Size, err = pageOf(query); err != nil {
		return f, err
	}
	if text := query.Get("operatorId"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 {
			return f, invalid("operatorId must be a number")
		}
		f.OperatorID = ID(id)
	}
	if f.From, err = dateOf(query, "startDate", 0); err != nil {
		return f, err
	}
	f.To, err = dateOf(query, "endDate", 24*time.Hour-time.Second)
	return f, err
}

const (
	standardSize = 200
	maxSize      = 500
	maxPage      = 1 << 30
)

// pageOf is the page that a query asks for. Pages begin at 1, and page 0 is page 1.
func pageOf(query url.Values) (page, size int, err error) {
	read := func(name string) (n int) {
		if text := query.Get(name); text != "" && err == nil {
			if n, err = strconv.Atoi(text); err != nil || n < 0 || n > maxPage {
				n, err = 0, invalid(name+" must be a whole number from 0 to "+strconv.Itoa(maxPage))
			}
		}
		return n
	}
	page, size = max(read("page"), 1), read("size")
	if size == 0 {
		size = standardSize
	}
	return page, min(size, maxSize), err
}

// flagsOf reads flags from a query: each has the value that it has in flags where it is not told.
func flagsOf(query url.Values, flags map[string]*bool) error {
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if text := query.Get(name); text != "" {
			value, err := strconv.ParseBool(strings.ToLower(text))
			if err != nil {
				return invalid(name + " must be true or false")
			}
			*flags[name] = value
		}
	}
	return nil
}

// dateOf reads a date, with or without a time; without one it is late after its beginning. It is of UTC unless it names
// its zone, as ISO 8601 does. Reloadly's own client for Node writes no leading zeros: "2026-1-2 3:4:5".
func dateOf(query url.Values, name string, late time.Duration) (time.Time, error) {
	text := query.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	if day, clock, iso := strings.Cut(text, "T"); iso {
		text = day + " " + strings.Replace(clock, " ", "+", 1) // a plus in a query is a space
	}
	for _, layout := range []string{"2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2 15:4:5Z07:00", "2006-1-2 15:4Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	at, err := time.Parse("2006-1-2", text)
	if err != nil {
		return at, invalid(name + " must be as 2026-01-31, 2026-01-31 23:59:59 or 2026-01-31T23:59:59Z")
	}
	return at.Add(late), nil
}

// pageFor wraps a page, which is page number of size of total.
func pageFor[T any](content []T, total, number, size int) Page[T] {
	pages := (total + size - 1) / size
	unsorted := Sort{Unsorted: true, Empty: true}
	if content == nil {
		content = []T{}
	}
	return Page[T]{
		Content: content, TotalElements: total, TotalPages: pages, Number: number, Size: size, NumberOfElements: len(content),
		First: number == 1, Last: number >= pages, Empty: len(content) == 0, Sort: unsorted,
		Pageable: Pageable{Sort: unsorted, Offset: (number - 1) * size, PageNumber: number, PageSize: size, Paged: true},
	}
}
