package prepaid

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestParseMSISDN(t *testing.T) {
	tests := []struct {
		text, country string
		want          MSISDN
		err           error
	}{
		{"0612345678", "NL", "31612345678", nil},
		{"06 12 34 56 78", "NL", "31612345678", nil},
		{"06-12345678", "NL", "31612345678", nil},
		{"+31612345678", "NL", "31612345678", nil},
		{"0031612345678", "NL", "31612345678", nil},
		{"+31 (0)6 12345678", "NL", "31612345678", nil},
		{"０６１２３４５６７８", "NL", "31612345678", nil},
		{"612345678", "NL", "31612345678", nil},
		{"0201234567", "NL", "", ErrNotMobile},
		{"+447400123456", "NL", "", ErrOtherCountry},
		{"+447400123456", "GB", "447400123456", nil},
		{"06123", "NL", "", ErrNotANumber},
		{"061234567890123", "NL", "", ErrNotANumber},
		{"0612345678 ext 12", "NL", "", ErrNotANumber},
		{"06-1234-KOOP", "NL", "", ErrNotANumber},
		{"", "NL", "", ErrNotANumber},
		{"+", "NL", "", ErrNotANumber},
		{strings.Repeat("1", 10000), "NL", "", ErrNotANumber},
		{"+18095551234", "DO", "18095551234", nil}, // fixed line or mobile: nobody can tell
	}
	for _, tt := range tests {
		got, err := ParseMSISDN(tt.text, tt.country)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q in %s: %q, %v; want %q, %v", tt.text, tt.country, string(got), err, string(tt.want), tt.err)
		}
	}
}

func TestNumbersAreMaskedInLogs(t *testing.T) {
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("turn", "msisdn", MSISDN("31612345678"), "from", MSISDN("31612345678").Tel(), "chat", Address("telegram:3527118"))
	for _, secret := range []string{"612345678", "3527118"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("log shows %s: %s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "+316****5678") {
		t.Errorf("log lacks the masked number: %s", log.String())
	}
}

func TestFreshNumbersAreValidAndDiffer(t *testing.T) {
	seen := map[MSISDN]bool{}
	for _, country := range []string{"NL", "GB", "DE", "BE", "FR", "US", "NG", "HT", "JP"} {
		for n := range 200 {
			m, err := FreshMSISDN(country, n*3999)
			if err != nil {
				t.Fatalf("%s %d: %v", country, n, err)
			}
			if seen[m] {
				t.Fatalf("%s is there twice", m)
			}
			seen[m] = true
		}
	}
}

func FuzzParseMSISDN(f *testing.F) {
	f.Add("0612345678", "NL")
	f.Add("+1 (809) 555-1234", "DO")
	f.Fuzz(func(t *testing.T, text, country string) {
		m, err := ParseMSISDN(text, country)
		if err != nil {
			return
		}
		if again, err := ParseMSISDN(m.String(), country); err != nil || again != m {
			t.Errorf("%q gives %q, which gives %q, %v", text, string(m), string(again), err)
		}
	})
}
