package prepaid

import (
	"errors"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own
)

// Local is t as clocks show it where the brand sells; in UTC where no time zone is set.
func (b *Brand) Local(t time.Time) time.Time {
	if b.TimeZone == nil {
		return t.UTC()
	}
	return t.In(b.TimeZone)
}

// StartOfDay is the first instant of a day (only its year, month and day are read) where the brand sells. Where clocks go
// forward at midnight it is 01:00.
func (b *Brand) StartOfDay(day time.Time) time.Time {
	zone := b.TimeZone
	if zone == nil {
		zone = time.UTC
	}
	year, month, date := day.Date()
	t := time.Date(year, month, date, 0, 0, 0, 0, zone)
	change, next := t.ZoneBounds()
	if t.Day() != date { // time.Date took a midnight that is skipped for one of the day before
		return next
	}
	if change.IsZero() {
		return t
	}
	_, now := t.Zone()
	_, before := change.Add(-1).In(zone).Zone()
	if first := t.Add(time.Duration(now-before) * time.Second); first.Before(change) && first.Day() == date {
		return first // of two midnights
	}
	return t
}

// ParseExpiry reads until when something is good: a day, whose end counts ("2027-12-31"), or a time of it
// ("2027-12-31 18:00"), both where the brand sells, or a time of RFC 3339. It returns the first instant at which it is no
// longer good.
func (b *Brand) ParseExpiry(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return b.StartOfDay(day.AddDate(0, 0, 1)).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, b.Local(time.Time{}).Location()); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("write a day like 2027-12-31, which counts, or a time like 2027-12-31 18:00")
}

// ExpiryText is the inverse of ParseExpiry: the last day, or a time of RFC 3339 where it is not good until the end of one;
// "" for the zero time.
func (b *Brand) ExpiryText(expires time.Time) string {
	if expires.IsZero() {
		return ""
	}
	local := b.Local(expires)
	if expires.Equal(b.StartOfDay(local)) {
		return b.Local(expires.Add(-1)).Format(time.DateOnly)
	}
	return local.Format(time.RFC3339)
}
