package reloadly

import (
	"net/url"
	"testing"
	"time"
)

func TestDatesAreReadAsClientsWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31":                    "2026-01-31 23:59:59",
		"2026-1-2":                      "2026-01-02 23:59:59",
		"2026-01-02 03:04:05":           "2026-01-02 03:04:05",
		"2026-1-2 3:4:5":                "2026-01-02 03:04:05",
		"2026-1-2 13:4":                 "2026-01-02 13:04:00",
		"2026-01-02T03:04:05":           "2026-01-02 03:04:05",
		"2026-01-02T03:04:05Z":          "2026-01-02 03:04:05",
		"2026-01-02T03:04:05.678Z":      "2026-01-02 03:04:05",
		"2026-01-02T03:04:05+01:00":     "2026-01-02 02:04:05",
		"2026-01-02T03:04:05 01:00":     "2026-01-02 02:04:05",
		"2026-01-02T03:04-05:00":        "2026-01-02 08:04:00",
		"2026-13-01":                    "",
		"2026-01-32 00:00:00":           "",
		"2026-01-02 25:00:00":           "",
		"01-02-2026":                    "",
		"yesterday":                     "",
		"2026-01-02 03:04:05 and later": "",
	} {
		at, err := dateOf(url.Values{"endDate": {text}}, "endDate", 24*time.Hour-time.Second)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is read as %s", text, at)
		case want != "" && (err != nil || at.Format(wireTime) != want || at.Location() != time.UTC):
			t.Errorf("%q is read as %s, %v; want %s", text, at, err, want)
		}
	}
}

func TestNumbersAreReadAsClientsWriteThem(t *testing.T) {
	for _, number := range []string{"0612345678", "612345678", "31612345678", "+31612345678", "0031612345678", "+0612345678", "+612345678", "+0031612345678", "+31 6-12 34 56 78"} {
		if m, err := (Phone{CountryCode: "nl", Number: Text(number)}).MSISDN(); err != nil || m != "31612345678" {
			t.Errorf("%s is read as %s, %v", number, m, err)
		}
	}
	// A number that is right in another country is that country's, not a national one with a plus too many.
	for _, number := range []string{"+61412345678", "+32471234567", "06123", "+06123", "+"} {
		if m, err := (Phone{CountryCode: "NL", Number: Text(number)}).MSISDN(); err == nil {
			t.Errorf("%s is read as %s", number, m)
		}
	}
}
