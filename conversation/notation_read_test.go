package conversation

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pulsa/prepaid"
)

// countriesOf are countries by currency: currencies of 0, 2 and 3 decimals, and every way to mark thousands and decimals.
var countriesOf = map[prepaid.Currency][]string{
	"EUR": {"NL", "DE", "FR", "IE", "AT", "PT"}, "GBP": {"GB"}, "USD": {"US", "EC"}, "CAD": {"CA"}, "MXN": {"MX"}, "BRL": {"BR"}, "ARS": {"AR"}, "CHF": {"CH"},
	"PLN": {"PL"}, "SEK": {"SE"}, "DKK": {"DK"}, "NOK": {"NO"}, "ZAR": {"ZA"}, "INR": {"IN"}, "BDT": {"BD"}, "NPR": {"NP"}, "PKR": {"PK"}, "KES": {"KE"},
	"NGN": {"NG"}, "GHS": {"GH"}, "EGP": {"EG"}, "MAD": {"MA"}, "TRY": {"TR"}, "MMK": {"MM"}, "THB": {"TH"}, "IDR": {"ID"}, "PHP": {"PH"},
	"JPY": {"JP"}, "KRW": {"KR"}, "VND": {"VN"}, "CLP": {"CL"}, "PYG": {"PY"}, "UGX": {"UG"}, "RWF": {"RW"}, "XOF": {"CI", "SN"}, "XAF": {"CM"}, "GNF": {"GN"}, "ISK": {"IS"},
	"KWD": {"KW"}, "BHD": {"BH"}, "OMR": {"OM"}, "JOD": {"JO"}, "IQD": {"IQ"}, "TND": {"TN"}, "LYD": {"LY"},
}

// rangesOf are what brands sell in a currency: whole amounts, quarters, each minor unit up to a thousand, and beyond.
func rangesOf(c prepaid.Currency) []prepaid.AmountRange {
	unit := int64(1)
	for range c.Decimals() {
		unit *= 10
	}
	in := func(minor int64) prepaid.Money { return prepaid.Money{Minor: max(minor, 1), Currency: c} }
	return []prepaid.AmountRange{
		{Min: in(5 * unit), Max: in(100 * unit), Step: in(5 * unit)},
		{Min: in(100 * unit), Max: in(1_000_000 * unit), Step: in(100 * unit)},
		{Min: in(unit / 2), Max: in(200 * unit), Step: in(unit / 4)},
		{Min: in(1), Max: in(1000*unit - 1), Step: in(1)},
		{Min: in(1), Max: in(10_000_000 * unit), Step: in(1)},
	}
}

// someOf are the first amounts of a range and others at random, the small ones more often.
func someOf(r prepaid.AmountRange, random *rand.Rand) []prepaid.Money {
	count := (r.Max.Minor-r.Min.Minor)/r.Step.Minor + 1
	var out []prepaid.Money
	for i := range int64(40) {
		nth := i % count
		if i >= 15 {
			nth = random.Int64N(count) >> random.IntN(20)
		}
		out = append(out, prepaid.Money{Minor: r.Min.Minor + nth*r.Step.Minor, Currency: r.Min.Currency})
	}
	return out
}

func TestWhatIsWrittenReadsBackAsTheSameAmount(t *testing.T) {
	languages := mustLanguages(t)
	for currency, countries := range countriesOf {
		for _, country := range countries {
			random := rand.New(rand.NewPCG(14, 15))
			b := brandOf(country, currency)
			reader := purchaseReader{languages.beside, amountReader{b, marksOf(country).decimal}}
			for _, b.Amounts = range rangesOf(currency) {
				for _, m := range someOf(b.Amounts, random) {
					for _, language := range []string{"en", "nl"} {
						w := notationOf(languages.byCode[language].Writes, b)
						for _, text := range []string{w.money(m), w.typed(m), w.money(m) + " 4821"} {
							if got := reader.read(tidy(text)); !reads(got, m) {
								t.Errorf("%s in %s, %s to %s: %q is read as %+v, not as %s", language, country, b.Amounts.Min, b.Amounts.Max, text, got, m)
							}
						}
					}
				}
			}
		}
	}
}

// reads reports whether an amount was read, or is asked about where a brand sells both 1.250 and 1250 dinars: "1.250" is either.
func reads(p purchase, m prepaid.Money) bool {
	if m.Currency.Decimals() == 3 && len(p.Either) == 2 {
		return slices.Contains(p.Either, m) && max(p.Either[0].Minor, p.Either[1].Minor) == 1000*min(p.Either[0].Minor, p.Either[1].Minor)
	}
	return p.Amount == m && !p.Unclear && !p.BadPIN
}
