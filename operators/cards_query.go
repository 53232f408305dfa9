package operators

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

// filter reads the query.
func (c Cards) filter(q CardQuery) (cards.Filter, error) {
	f := cards.Filter{
		Brand: c.Brand.Name, Series: q.Series, From: q.FromSerial, To: q.ToSerial, Batch: cards.JobID(q.Batch), Reseller: q.Reseller,
	}
	if q.Serial != "" {
		if q.FromSerial != "" || q.ToSerial != "" {
			return f, &FieldError{Field: "serial", Value: q.Serial, Err: errors.New("give one card or a range, not both")}
		}
		f.From, f.To = q.Serial, q.Serial
	}
	for _, status := range q.Status {
		f.Statuses = append(f.Statuses, cards.Status(strings.ToLower(status)))
	}
	var err error
	if f.Amount, err = c.amount(q.Amount); err != nil {
		return f, err
	}
	for _, span := range []struct {
		of             *cards.Span
		name, from, to string
	}{
		{&f.Created, "created-", q.CreatedFrom, q.CreatedTo},
		{&f.Activated, "activated-", q.ActivatedFrom, q.ActivatedTo},
	} {
		if *span.of, err = readSpan(span.name, span.from, span.to); err != nil {
			return f, err
		}
	}
	if f.Expires.From, err = c.expiryBound("expires-from", q.ExpiresFrom); err != nil {
		return f, err
	}
	if f.Expires.To, err = c.expiryBound("expires-to", q.ExpiresTo); err != nil {
		return f, err
	}
	if q.Customer != "" {
		if f.Customer, err = prepaid.ParseMSISDN(q.Customer, c.Brand.Country); err != nil {
			return f, &FieldError{Field: "customer", Err: fmt.Errorf("%w; write the number like +31612345678", err)}
		}
	}
	return f, nil
}

// amount reads an amount in the brand's currency; "" is none.
func (c Cards) amount(text string) (prepaid.Money, error) {
	if text == "" {
		return prepaid.Money{}, nil
	}
	amount, err := prepaid.ParseMoney(text, c.Brand.Currency)
	if err != nil {
		return amount, &FieldError{Field: "amount", Value: text, Err: fmt.Errorf("%w; write it like %s", err, c.Brand.Amounts.Min.Number())}
	}
	return amount, nil
}

// readSpan reads the fields named prefix+"from" and prefix+"to".
func readSpan(prefix, from, to string) (s cards.Span, err error) {
	if s.From, err = readTime(prefix+"from", from); err != nil {
		return s, err
	}
	s.To, err = readTime(prefix+"to", to)
	return s, err
}

// expiry reads until when cards are valid; "" is the zero time.
func (c Cards) expiry(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := c.Brand.ParseExpiry(text)
	if err != nil {
		return t, &FieldError{Field: field, Value: text, Err: err}
	}
	return t, nil
}

// expiryBound reads where a span of expiries begins or ends. A card whose last day is the day before a day expires as that day
// begins, and stands before it.
func (c Cards) expiryBound(field, text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return c.Brand.StartOfDay(day).Add(time.Microsecond).UTC(), nil
	}
	return c.expiry(field, text)
}

// readTime reads a field; "" is the zero time.
func readTime(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := parseTime(text)
	if err != nil {
		return t, &FieldError{Field: field, Value: text, Err: err}
	}
	return t, nil
}

// parseTime reads a day, which stands for its beginning in UTC, or a time of RFC 3339.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("write a day like 2027-12-31, or a time like 2027-12-31T18:00:00Z")
}

// listing reads a query and a page.
func (c Cards) listing(q CardQuery, p CardPage) (cards.Filter, cards.Page, error) {
	page := cards.Page{Sort: p.Sort, Descending: p.Descending, Last: p.Last, Limit: p.Limit}
	if err := positiveLimit(p.Limit); err != nil {
		return cards.Filter{}, page, err
	}
	filter, err := c.filter(q)
	if err != nil {
		return filter, page, err
	}
	if page.After, err = readKey(p.After); err != nil {
		return filter, page, err
	}
	page.Before, err = readKey(p.Before)
	return filter, page, err
}

func readKey(text string) (*cards.Key, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no key: the page begins at the end of the list
	}
	k, err := cards.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no key of a page: copy it from the end of a listing", text)
	}
	return &k, nil
}
