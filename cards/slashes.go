package cards

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// dayOrder says whether the dates with slashes of a file begin with the day or the month. One program has written them all.
type dayOrder uint8

const (
	dayFirst   dayOrder = 1 << iota // 31/12/2026 was seen
	monthFirst                      // 12/31/2026 was seen
)

var (
	slashed     = regexp.MustCompile(`\b([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})\b`)
	slashedYear = regexp.MustCompile(`\b([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})\b`)
)

var (
	errEitherOrder = errors.New("may have the day or the month first, and no date of the file tells which: write it like 2026-12-31")
	errBothOrders  = errors.New("has slashes, and in this file some dates with slashes begin with the day and some with the month: write all like 2026-12-31")
)

// with notes what a text tells of the order.
func (o dayOrder) with(text string) dayOrder {
	d, ok := readSlashed(text)
	switch {
	case !ok:
	case d.first > 12 && d.second <= 12:
		o |= dayFirst
	case d.second > 12 && d.first <= 12:
		o |= monthFirst
	}
	return o
}

// slashedDate is a date with slashes before it is known which of its first two numbers is the day.
type slashedDate struct {
	first, second int
	year          string
}

func readSlashed(text string) (d slashedDate, ok bool) {
	m := slashed.FindStringSubmatch(text)
	if m == nil {
		return slashedDate{}, false
	}
	d.year = m[3]
	d.first, _ = strconv.Atoi(m[1]) // two digits at most, by the pattern
	d.second, _ = strconv.Atoi(m[2])
	return d, true
}

// inISO writes a date with slashes, in a text that may say more, like 2026-12-31. Other texts stay as they are.
func (o dayOrder) inISO(text string) (string, error) {
	if !strings.Contains(text, "/") {
		return text, nil
	}
	if m := slashedYear.FindStringSubmatch(text); m != nil {
		month, _ := strconv.Atoi(m[2])
		day, _ := strconv.Atoi(m[3])
		return slashedYear.ReplaceAllLiteralString(text, fmt.Sprintf("%s-%02d-%02d", m[1], month, day)), nil
	}
	d, ok := readSlashed(text)
	if !ok {
		return text, nil
	}
	day, month := d.first, d.second
	switch {
	case o == dayFirst|monthFirst:
		return "", errBothOrders
	case o == monthFirst:
		day, month = d.second, d.first
	case o == 0 && d.first != d.second && max(d.first, d.second) <= 12:
		return "", errEitherOrder
	}
	return slashed.ReplaceAllLiteralString(text, fmt.Sprintf("%s-%02d-%02d", d.year, month, day)), nil
}

// dateField is a field of a card that holds a date, and how errors call it.
type dateField struct {
	name string
	text *string
}

func (c *printedCard) dates() []dateField {
	return []dateField{{"valid through", &c.validThrough}, {"created", &c.created}, {"activated", &c.activated}}
}

// readOrder reads a file for the order of its dates with slashes. What is wrong with its lines is told later.
func (in importing) readOrder() (o dayOrder, err error) {
	if err := in.rewind(); err != nil {
		return 0, err
	}
	err = in.read(in.file, &ImportError{}, func(p printedCard) error {
		for _, t := range p.dates() {
			o = o.with(*t.text)
		}
		return nil
	})
	return o, err
}

// withoutSlashes writes the dates of a line like 2026-12-31.
func (in importing) withoutSlashes(p printedCard) (printedCard, error) {
	for _, t := range p.dates() {
		text, err := in.order.inISO(*t.text)
		if err != nil {
			return p, fmt.Errorf("%s %w", t.name, err)
		}
		*t.text = text
	}
	return p, nil
}

// finder notes whether a byte was written to it.
type finder struct {
	what  byte
	found bool
}

func (f *finder) Write(p []byte) (int, error) {
	f.found = f.found || bytes.IndexByte(p, f.what) >= 0
	return len(p), nil
}
