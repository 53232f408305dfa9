package cards

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Filter says which cards of a brand are meant: those that fit all that is set. The zero value of a field
// means any. It holds no secret, and is kept with the work that it stands for.
type Filter struct {
	Brand    string // always set
	Statuses []Status
	Series   string
	From     string // the first serial of a range
	To       string // the last
	Batch    JobID
	Amount   prepaid.Money
	Reseller string
	Created  Span
	Expires  Span
	// Activated and Customer mean spent cards only.
	Activated Span
	Customer  prepaid.MSISDN
	// Now is what "expired" is judged by; the Service sets it.
	Now time.Time
	// Whole leaves out the cards of batches that are not complete; the Service sets it.
	Whole bool
	// Unexported leaves out the cards whose code is in a print file already; the Service sets it.
	Unexported bool
}

// Status is what can be searched for: a word shown to people, or a state.
type Status string

// The statuses: the words that Card.Shown gives, and the states that two of them are made of.
const (
	ShownNew       Status = "new" // generated, live or reserved
	ShownActivated Status = "activated"
	ShownExpired   Status = "expired"
	ShownLocked    Status = "locked"
	ShownVoid      Status = "void"
	OnlyGenerated  Status = "generated" // not on sale yet
	OnlyLive       Status = "live"
	OnlyReserved   Status = "reserved"
)

// statuses lists all, for messages.
func statuses() []Status {
	return []Status{ShownNew, ShownActivated, ShownExpired, ShownLocked, ShownVoid, OnlyGenerated, OnlyLive, OnlyReserved}
}

// Span is a stretch of time from From up to, and without, To. Zero is open.
type Span struct{ From, To time.Time }

// Zero reports whether the span means any time.
func (s Span) Zero() bool { return s.From.IsZero() && s.To.IsZero() }

func (s Span) check() error {
	if !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To) {
		return errors.New("a time span must end after it begins")
	}
	return nil
}

// maxDigits bounds the number in a serial, so that it fits every database's integers and file formats.
const maxDigits = 15

// SplitSerial returns the series and number of a serial such as "101-00000042".
func SplitSerial(serial string) (series string, number int64, ok bool) {
	series, digits, _ := strings.Cut(serial, "-")
	if !seriesFits(series) || digits == "" || len(digits) > maxDigits || strings.Trim(digits, "0123456789") != "" {
		return series, 0, false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return series, number, err == nil
}

// open reports whether nothing but the brand is set.
func (f Filter) open() bool {
	return len(f.Statuses) == 0 && f.Series == "" && f.From == "" && f.To == "" && f.Batch == "" && f.Amount.Zero() &&
		f.Reseller == "" && f.Created.Zero() && f.Expires.Zero() && f.Activated.Zero() && f.Customer == ""
}

// check returns the filter with what follows from it filled in, or an error that says what to change.
func (f Filter) check(currency prepaid.Currency, now time.Time) (Filter, error) {
	f.Now = now
	for _, status := range f.Statuses {
		if !known(status) {
			return f, fmt.Errorf("status %q: choose from %s", status, strings.ReplaceAll(strings.Trim(fmt.Sprint(statuses()), "[]"), " ", ", "))
		}
	}
	if !f.Amount.Zero() && f.Amount.Currency != currency {
		return f, fmt.Errorf("amount must be in %s", currency)
	}
	for _, serial := range []string{f.From, f.To} {
		if serial == "" {
			continue
		}
		series, _, ok := SplitSerial(serial)
		switch {
		case !ok:
			return f, fmt.Errorf("serial %q must be a series, a dash and digits: 101-00000042", serial)
		case f.Series != "" && f.Series != series:
			return f, fmt.Errorf("serial %s is not of series %s: a range lies within one series", serial, f.Series)
		}
		f.Series = series
	}
	_, first, _ := SplitSerial(f.From)
	_, last, _ := SplitSerial(f.To)
	if f.To != "" && first > last {
		return f, fmt.Errorf("serial %s stands behind %s: a range begins with the lower one", f.From, f.To)
	}
	for _, span := range []Span{f.Created, f.Expires, f.Activated} {
		if err := span.check(); err != nil {
			return f, err
		}
	}
	return f, nil
}

func known(status Status) bool {
	for _, s := range statuses() {
		if s == status {
			return true
		}
	}
	return false
}
