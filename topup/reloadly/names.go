package reloadly

import (
	_ "embed"
	"strings"
)

// The English names of Unicode's CLDR, a line each; Turkey as Reloadly's clients know it.
var (
	//go:embed names/countries.txt
	countryNames string // "NL\tNetherlands"
	//go:embed names/currencies.txt
	currencyNames string // "EUR\t€\tEuro"
)

// CountryName is the English name of an ISO 3166 code, or the code where it has none.
func CountryName(code Text) Text {
	if name := line(countryNames, code); name != "" {
		return Text(name)
	}
	return code
}

// CurrencyName is the English name of an ISO 4217 code, or the code where it has none.
func CurrencyName(code Text) Text {
	if _, name, ok := strings.Cut(line(currencyNames, code), "\t"); ok {
		return Text(name)
	}
	return code
}

// CurrencySymbol is the sign of an ISO 4217 code, or the code where it has none.
func CurrencySymbol(code Text) Text {
	if symbol, _, ok := strings.Cut(line(currencyNames, code), "\t"); ok {
		return Text(symbol)
	}
	return code
}

// line is what stands behind a code in a table.
func line(table string, code Text) string {
	_, rest, ok := strings.Cut("\n"+table, "\n"+string(code)+"\t")
	if !ok || code == "" {
		return ""
	}
	name, _, _ := strings.Cut(rest, "\n")
	return name
}
