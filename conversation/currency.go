package conversation

import (
	"strings"

	"pulsa/prepaid"
)

// currencyWords are how customers write currencies beside an amount.
var currencyWords = map[string]prepaid.Currency{
	"€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR",
	"$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD",
	"£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "pond": "GBP",
	"¥": "JPY", "jpy": "JPY", "yen": "JPY", "chf": "CHF", "cad": "CAD", "aud": "AUD",
	"sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "mad": "MAD", "inr": "INR", "₹": "INR",
}

// otherMoney reports whether an amount is typed that can't be meant in the brand's currency: another's name or sign
// stands beside the first number, or a minus before it.
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
	if glued && strings.ContainsAny(before[len(before)-1], "-−") && strings.Trim(before[len(before)-1], "-−+€$£") == "" {
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
		named, known := currencyWords[strings.ToLower(strings.Trim(word, ".,:;!?-−+()"))]
		if known && named != c {
			return true
		}
	}
	return false
}
