package talk

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"pulsa/prepaid"
)

var moneyInScript = regexp.MustCompile(`^([A-Z]{3}) ?(\d+(?:\.\d+)?)$`)

// scriptMoney reads an amount as scripts write it: "EUR 10.00".
func scriptMoney(text string) (prepaid.Money, bool) {
	found := moneyInScript.FindStringSubmatch(text)
	if found == nil {
		return prepaid.Money{}, false
	}
	m, err := prepaid.ParseMoney(found[2], prepaid.Currency(found[1]))
	return m, err == nil
}

// moneySigns are how languages write currencies beside their codes. A sign of several currencies may be any of them.
func moneySigns() map[string][]prepaid.Currency {
	return map[string][]prepaid.Currency{
		"€": {"EUR"}, "euro": {"EUR"}, "euros": {"EUR"},
		"£": {"GBP", "EGP", "GIP", "FKP", "SHP"}, "pound": {"GBP"}, "pounds": {"GBP"},
		"¥": {"JPY", "CNY"}, "₹": {"INR"}, "₽": {"RUB"}, "₦": {"NGN"}, "₵": {"GHS"}, "₱": {"PHP"}, "₺": {"TRY"}, "₴": {"UAH"},
		"₫": {"VND"}, "₩": {"KRW"}, "₪": {"ILS"}, "৳": {"BDT"}, "r$": {"BRL"}, "rp": {"IDR"}, "ksh": {"KES"}, "kr": {"SEK", "NOK", "DKK", "ISK"},
		"zł": {"PLN"}, "fr": {"CHF"}, "cfa": {"XOF", "XAF"}, "fcfa": {"XOF", "XAF"}, "f": {"XOF", "XAF"},
		"$": {"USD", "CAD", "AUD", "NZD", "MXN", "CLP", "COP", "ARS", "SGD", "HKD"}, "us$": {"USD"}, "dollar": {"USD"}, "dollars": {"USD"},
	}
}

// sameMoney reports whether shown is the amount, however a language writes it: "€10", "10,00 EUR", "10 euro". Where
// it shows no currency it is in the brand's.
func sameMoney(want prepaid.Money, shown string, brand prepaid.Currency) bool {
	m, ok := shownMoney(shown, want.Currency, brand)
	return ok && m == want
}

// inScript is an amount of the brand's as scripts write it, and any other text as it is: "EUR 10.00" for "€ 10".
func inScript(shown string, brand prepaid.Currency) string {
	if m, ok := shownMoney(shown, brand, ""); ok {
		return m.String()
	}
	return shown
}

var amountWithin = regexp.MustCompile(`(?:[A-Z]{3}|\p{L}{0,4}\p{Sc}|\pL{1,4}\.?) ?(?:\d+(?:[.,' ]\d{3})*)(?:[.,]\d{1,3})?|\d+(?:[.,' ]\d{3})*(?:[.,]\d{1,3})? ?(?:\p{Sc}|\pL{2,5})`)

// allInScript is a text whose amounts of the brand's are written as scripts write them: "EUR 10.00 for +316…" for "€10 for +316…".
func allInScript(text string, brand prepaid.Currency) string {
	return amountWithin.ReplaceAllStringFunc(text, func(shown string) string { return inScript(shown, brand) })
}

// shownMoney reads an amount in the currency c as languages write it. Where it shows no currency it is in the brand's.
func shownMoney(shown string, c, brand prepaid.Currency) (prepaid.Money, bool) {
	shown = strings.TrimSpace(prepaid.Fold(shown))
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	first, last := strings.IndexFunc(shown, isDigit), strings.LastIndexFunc(shown, isDigit)
	if first < 0 {
		return prepaid.Money{}, false
	}
	before, number, after := shown[:first], shown[first:last+1], shown[last+1:]
	after = strings.TrimLeft(after, ",.-–/=") // "10,-", "1000/="
	before, negative := strings.CutSuffix(strings.TrimSpace(before), "-")
	if negative || !inCurrency(before, after, c, brand) {
		return prepaid.Money{}, false
	}
	plain, ok := plainNumber(number, c.Decimals())
	if !ok {
		return prepaid.Money{}, false
	}
	m, err := prepaid.ParseMoney(plain, c)
	return m, err == nil
}

// inCurrency reports whether what stands around a number names the currency.
func inCurrency(before, after string, want, brand prepaid.Currency) bool {
	name := strings.TrimSpace(strings.TrimSpace(before) + strings.TrimSpace(after))
	if name == "" {
		return want == brand
	}
	if strings.TrimSpace(before) != "" && strings.TrimSpace(after) != "" {
		return false
	}
	if name == string(want) {
		return true
	}
	sign := strings.ToLower(name)
	if sign != "r$" && sign != "us$" {
		sign = strings.TrimSuffix(sign, ".")
	}
	return slices.Contains(moneySigns()[sign], want)
}

// plainNumber makes "1.000,50", "1 000,5", "1'000.50" and, in lakhs, "1,00,000" a plain decimal number.
func plainNumber(text string, decimals int) (string, bool) {
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	point := strings.LastIndexFunc(text, func(r rune) bool { return r == '.' || r == ',' })
	whole, fraction := text, ""
	if point >= 0 {
		behind := text[point+1:]
		grouped := len(behind) == 3 && decimals != 3 || len(behind) == 3 && strings.Count(text, text[point:point+1]) > 1
		if !grouped {
			if len(behind) > decimals {
				return "", false
			}
			whole, fraction = text[:point], behind
		}
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return !isDigit(r) })
	if strings.ContainsFunc(whole, func(r rune) bool { return !isDigit(r) && !unicode.IsSpace(r) && !strings.ContainsRune(".,'’", r) }) {
		return "", false
	}
	last := len(groups) - 1
	lakhs := last > 1 && len(groups[1]) == 2
	for i, group := range groups {
		size := 3
		if lakhs && i < last {
			size = 2
		}
		if i > 0 && len(group) != size {
			return "", false
		}
	}
	number := strings.Join(groups, "")
	if fraction != "" {
		number += "." + fraction
	}
	return number, number != ""
}
