package conversation

import (
	"testing"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// brandOf is a brand of another country that sells from one minor unit to ten million.
func brandOf(country string, c prepaid.Currency) *prepaid.Brand {
	b := demoBrand()
	b.Country, b.Currency = country, c
	one := prepaid.Money{Minor: 1, Currency: c}
	b.Amounts = prepaid.AmountRange{Min: one, Max: prepaid.Money{Minor: 1e10, Currency: c}, Step: one}
	return b
}

func TestAmountsAreWrittenAsCustomersWriteThem(t *testing.T) {
	for _, tt := range []struct {
		country  string
		currency prepaid.Currency
		minor    int64
		en, nl   string
	}{
		{"NL", "EUR", 1000, "€10", "€ 10"},
		{"NL", "EUR", 1050, "€10.50", "€ 10,50"},
		{"NL", "EUR", 100050, "€1000.50", "€ 1000,50"},
		{"NL", "EUR", 1000050, "€10.000,50", "€ 10.000,50"}, // no point for decimals where it stands for thousands
		{"GB", "GBP", 1000050, "£10,000.50", "£ 10,000.50"},
		{"US", "USD", 5, "$0.05", "$ 0,05"},
		{"CI", "XOF", 1000, "1000 FCFA", "1000 FCFA"},
		{"ID", "IDR", 1000000, "Rp10.000", "Rp 10.000"},
		{"CL", "CLP", 5000, "$5000", "$ 5000"},
		{"KW", "KWD", 500, "KWD 0.500", "KWD 0.500"},
		{"TN", "TND", 1250, "TND 1,250", "TND 1,250"},
		{"PL", "PLN", 1000, "PLN 10", "PLN 10"}, // zł is not in GSM-7
		{"IN", "INR", 10000000, "INR 1,00,000", "INR 1,00,000"},
		{"IN", "INR", 1000000, "INR 10,000", "INR 10,000"},
		{"IN", "INR", 123456789, "INR 12,34,567.89", "INR 12,34,567.89"},
		{"BD", "BDT", 10000000, "BDT 1,00,000", "BDT 1,00,000"},
		{"PK", "PKR", 10000000, "PKR 100,000", "PKR 100,000"}, // the CLDR of golang.org/x/text has threes here, and in Nepal
		{"LK", "LKR", 10000000, "LKR 100,000", "LKR 100,000"},
		{"JP", "JPY", 15000, "¥15,000", "¥ 15,000"},
		{"CH", "CHF", 1234550, "CHF 12'345.50", "CHF 12'345,50"},
		{"SE", "SEK", 1000, "10 kr", "10 kr"},
	} {
		b := brandOf(tt.country, tt.currency)
		l := mustLanguages(t)
		for language, want := range map[string]string{"en": tt.en, "nl": tt.nl} {
			got := l.byCode[language].compile(b).writes.money(prepaid.Money{Minor: tt.minor, Currency: tt.currency})
			if got != want || !channels.IsGSM7(got) {
				t.Errorf("%s %s %d in %s: %q, want %q", tt.country, tt.currency, tt.minor, language, got, want)
			}
		}
	}
}

func TestDatesAndTimesAreWrittenAsCustomersWriteThem(t *testing.T) {
	b := demoBrand()
	b.TimeZone = time.FixedZone("there", 3*3600)
	p := mustPrompts(t, b)
	at := time.Date(2026, 11, 8, 23, 5, 0, 0, time.UTC)
	for language, want := range map[string]string{"en": "9 Nov 2026 02:05", "nl": "09-11-2026 02.05"} {
		w := p.ByLanguage[language].writes
		if got := w.day(at) + " " + w.hour(at); got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
}

func TestExamplesOfWritingAreUnderstood(t *testing.T) {
	for _, tt := range []struct {
		key, example string
		ok           bool
	}{
		{writesMoney, "€10.50", true}, {writesMoney, "10,50 €", true}, {writesMoney, "€ 10,50", true},
		{writesMoney, "10.50", false}, {writesMoney, "€10", false}, {writesMoney, "€20.50", false}, {writesMoney, "€10x50", false},
		{writesDate, "5.11.2026", true}, {writesDate, "2026-11-05", true}, {writesDate, "November 5, 2026", true},
		{writesDate, "11.2026", false}, {writesDate, "5 novembre 2026", false}, {writesDate, "", false},
		{writesTime, "14.30", true}, {writesTime, "14h30", true}, {writesTime, "2:30 PM", true}, {writesTime, "2:30", false}, {writesTime, "14", false},
		{"colour", "red", false},
	} {
		if err := (writes{tt.key: tt.example}).check(tt.key); (err == nil) != tt.ok {
			t.Errorf("%s %q: %v", tt.key, tt.example, err)
		}
	}
}
