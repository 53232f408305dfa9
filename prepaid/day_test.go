package prepaid_test

import (
	"testing"
	"time"

	"pulsa/prepaid"
)

// Cairo and Santiago skip a midnight, Havana has one twice.
var dayZones = []string{"UTC", "Europe/Amsterdam", "Africa/Cairo", "America/Santiago", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"}

func TestADayBeginsWhereTheDayBeforeEnds(t *testing.T) {
	for _, name := range dayZones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		b := &prepaid.Brand{TimeZone: zone}
		for day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2029; day = day.AddDate(0, 0, 1) {
			start := b.StartOfDay(day)
			if got := start.Format(time.DateOnly); got != day.Format(time.DateOnly) {
				t.Fatalf("%s: %s begins on %s", name, day.Format(time.DateOnly), got)
			}
			if got := start.Add(-1).Format(time.DateOnly); got != day.AddDate(0, 0, -1).Format(time.DateOnly) {
				t.Fatalf("%s: just before %s begins it is %s", name, day.Format(time.DateOnly), got)
			}
			text := day.Format(time.DateOnly)
			expires, err := b.ParseExpiry(text)
			if err != nil || b.ExpiryText(expires) != text {
				t.Fatalf("%s: %s is read as %s, %v, and written as %s", name, text, expires, err, b.ExpiryText(expires))
			}
		}
	}
}

func TestExpiryIsReadWhereTheBrandSells(t *testing.T) {
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	b := &prepaid.Brand{TimeZone: amsterdam}
	for text, want := range map[string]struct{ expires, shown string }{
		"2027-12-31":           {"2027-12-31T23:00:00Z", "2027-12-31"},
		"2027-06-30":           {"2027-06-30T22:00:00Z", "2027-06-30"},
		"2027-12-31 18:00":     {"2027-12-31T17:00:00Z", "2027-12-31T18:00:00+01:00"},
		"2027-12-31T18:00":     {"2027-12-31T17:00:00Z", "2027-12-31T18:00:00+01:00"},
		"2027-12-31 18:00:30":  {"2027-12-31T17:00:30Z", "2027-12-31T18:00:30+01:00"},
		"2028-01-01T00:00:00Z": {"2028-01-01T00:00:00Z", "2028-01-01T01:00:00+01:00"},
		"2028-01-01 00:00":     {"2027-12-31T23:00:00Z", "2027-12-31"},
	} {
		got, err := b.ParseExpiry(text)
		if err != nil || got.Format(time.RFC3339) != want.expires || b.ExpiryText(got) != want.shown {
			t.Errorf("%s: %s (%s), %v; want %s (%s)", text, got, b.ExpiryText(got), err, want.expires, want.shown)
		}
	}
	for _, text := range []string{"", "soon", "31-12-2027", "2027-02-30", "2027-12-31 25:00", "11111111111111"} {
		if got, err := b.ParseExpiry(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
	if got := b.ExpiryText(time.Time{}); got != "" {
		t.Errorf("never is written as %q", got)
	}
}
