package conversation

import (
	"strings"
	"unicode"

	"pulsa/prepaid"
)

// currencyWords are how customers write currencies beside an amount.
var currencyWords = map[string]prepaid.Currency{
	"€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR",
	"$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD",
	"£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "pond": "GBP",
	"¥": "JPY", "jpy": "JPY", "yen": "JPY", "chf": "CHF", "cad": "CAD", "aud": "AUD",
	"cent": cents, "cents": cents, "ct": cents, "cts": cents, "eurocent": cents, "¢": cents, "pence": cents,
	"sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "mad": "MAD", "inr": "INR", "₹": "INR",
}

// cents is the currency of no brand: amounts are typed in whole units.
const cents prepaid.Currency = "cents"

const minuses = "-−–—"

// otherMoney reports whether the first number of a text is no amount in the brand's currency: the name or sign of another
// currency stands beside it, or a minus before it.
func otherMoney(text string, c prepaid.Currency) bool {
	start := strings.IndexAny(text, "0123456789")
	if start < 0 {
		return false
	}
	end := digitsEnd(text, start)
	for end < len(text) && (text[end] == '.' || text[end] == ',' || isDigit(text[end])) {
		end++
	}
	before := strings.Fields(text[:start])
	glued := start > 0 && text[start-1] != ' ' && len(before) > 0
	if glued && strings.ContainsAny(before[len(before)-1], minuses) && strings.Trim(before[len(before)-1], minuses+"+€$£") == "" {
		return true
	}
	var beside []string
	if len(before) > 0 {
		beside = append(beside, before[len(before)-1])
	}
	if after := strings.Fields(text[end:]); len(after) > 0 {
		beside = append(beside, after[0])
	}
	for _, word := range beside {
		named, known := currencyWords[strings.ToLower(strings.Trim(word, ".,:;!?+()"+minuses))]
		if known && named != c {
			return true
		}
	}
	return false
}

// mistyped reports whether the first number of a text is not written like an amount: "10.005", "10,000", "10.00.00", ".50", and
// "10O" with a letter for a zero. Four digits behind it are a PIN.
func mistyped(text string) bool {
	start := strings.IndexAny(text, "0123456789")
	if start < 0 {
		return false
	}
	if start > 0 && strings.IndexByte(".,", text[start-1]) >= 0 && (start == 1 || text[start-2] == ' ') {
		return true
	}
	rest := text[digitsEnd(text, start):]
	for groups := 0; len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') && isDigit(rest[1]); groups++ {
		end := digitsEnd(rest, 1)
		if n := end - 1; n == 3 || groups > 0 && n < 4 {
			return true
		}
		rest = rest[end:]
	}
	word := strings.ToLower(rest[:len(rest)-len(strings.TrimLeftFunc(rest, unicode.IsLetter))])
	return word != "" && word != "e" && word != "pin" && currencyWords[word] == ""
}
