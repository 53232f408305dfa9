package main

import (
	"fmt"
	"strings"

	"pulsa/cards"
	"pulsa/prepaid"
)

// cardFilter are the flags that say which cards are meant. Times are days, or times of RFC 3339; "to" is the
// first that is not meant.
type cardFilter struct {
	Status        []string `help:"new, activated, expired, locked or void; or generated, live, reserved." placeholder:"STATUS"`
	Serial        string   `help:"One card."`
	FromSerial    string   `help:"The first of a range." placeholder:"SERIAL"`
	ToSerial      string   `help:"The last of a range." placeholder:"SERIAL"`
	Series        string   `help:"The series."`
	Batch         string   `help:"What was generated or imported together." placeholder:"JOB"`
	Amount        string   `help:"What a card is worth: 10 or 7.50."`
	Reseller      string   `help:"Who sells them."`
	CreatedFrom   string   `help:"Created then or later." placeholder:"TIME"`
	CreatedTo     string   `help:"Created before." placeholder:"TIME"`
	ExpiresFrom   string   `help:"Expires then or later." placeholder:"TIME"`
	ExpiresTo     string   `help:"Expires before." placeholder:"TIME"`
	ActivatedFrom string   `help:"Activated then or later." placeholder:"TIME"`
	ActivatedTo   string   `help:"Activated before." placeholder:"TIME"`
	Customer      string   `help:"The number that it was spent on: +31612345678." placeholder:"+NUMBER"`
}

func (f cardFilter) filter(b *prepaid.Brand) (cards.Filter, error) {
	filter := cards.Filter{
		Brand: b.Name, Series: f.Series, From: f.FromSerial, To: f.ToSerial, Batch: cards.JobID(f.Batch), Reseller: f.Reseller,
	}
	if f.Serial != "" {
		if f.FromSerial != "" || f.ToSerial != "" {
			return filter, fmt.Errorf("--serial %s: give one card or a range, not both", f.Serial)
		}
		filter.From, filter.To = f.Serial, f.Serial
	}
	for _, status := range f.Status {
		filter.Statuses = append(filter.Statuses, cards.Status(strings.ToLower(status)))
	}
	var err error
	if filter.Amount, err = parseAmount(f.Amount, b); err != nil {
		return filter, err
	}
	if filter.Created, err = parseSpan("created", f.CreatedFrom, f.CreatedTo); err != nil {
		return filter, err
	}
	if filter.Expires, err = parseSpan("expires", f.ExpiresFrom, f.ExpiresTo); err != nil {
		return filter, err
	}
	if filter.Activated, err = parseSpan("activated", f.ActivatedFrom, f.ActivatedTo); err != nil {
		return filter, err
	}
	if f.Customer != "" {
		if filter.Customer, err = prepaid.ParseMSISDN(f.Customer, b.Country); err != nil {
			return filter, fmt.Errorf("--customer: %w; write the number like +31612345678", err)
		}
	}
	return filter, nil
}

func parseSpan(what, from, to string) (s cards.Span, err error) {
	if s.From, err = parseTime("--"+what+"-from", from); err != nil {
		return s, err
	}
	s.To, err = parseTime("--"+what+"-to", to)
	return s, err
}
