package conversation

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"pulsa/prepaid"
)

// currencySigns are the signs and codes of currencies, which are the same in every language.
var currencySigns = map[string]prepaid.Currency{
	"€": "EUR", "eur": "EUR", "$": "USD", "usd": "USD", "£": "GBP", "gbp": "GBP", "¥": "JPY", "jpy": "JPY", "₹": "INR", "inr": "INR",
	"chf": "CHF", "cad": "CAD", "aud": "AUD", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "mad": "MAD", "¢": cents,
}

// cents is the currency of no brand: amounts are typed in whole units.
const cents prepaid.Currency = "cents"

// amountWords are the words of a language that customers write beside an amount: by the currency that they name, or by one of the
// other keys.
type amountWords map[string][]string

// The keys of amountWords that are no currency.
const (
	besidePIN   = "pin"         // may stand between an amount and the PIN: "with my PIN"
	besideFor   = "for"         // whom an amount is for follows
	besideSelf  = "self"        // and means the customer's own number
	besideCents = string(cents) // what no amount is typed in
)

func isAmountWord(key string) bool {
	return slices.Contains([]string{besidePIN, besideFor, besideSelf, besideCents}, key) || prepaid.Currency(key).Valid()
}

// besideAmounts are the words beside an amount that are understood, in lower case: those of every language, since a word that is
// not understood may turn another's money into the brand's.
type besideAmounts struct {
	currencies map[string]prepaid.Currency
	others     map[string]map[string]bool // by key
}

func newBesideAmounts() besideAmounts {
	return besideAmounts{maps.Clone(currencySigns), map[string]map[string]bool{besidePIN: {}, besideFor: {}, besideSelf: {}}}
}

func (b besideAmounts) add(words amountWords) {
	for key, list := range words {
		for _, word := range list {
			word = strings.ToLower(word)
			if others, ok := b.others[key]; ok {
				others[word] = true
			} else {
				b.currencies[word] = prepaid.Currency(key)
			}
		}
	}
}

func (b besideAmounts) is(key, word string) bool { return b.others[key][word] }

func (b besideAmounts) money(word string) bool { return b.currencies[word] != "" }

const minuses = "-−–—"

// otherMoney reports whether the first number of a text is no amount in the brand's currency: the name or sign of another
// currency stands beside it, or a minus before it.
func (b besideAmounts) otherMoney(text string, c prepaid.Currency) bool {
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
		named, known := b.currencies[strings.ToLower(strings.Trim(word, ".,:;!?+()"+minuses))]
		if known && named != c {
			return true
		}
	}
	return false
}

// mistyped reports whether the first number of a text is not written like an amount: "10.005", "10,000", "10.00.00", ".50", and
// "10O" with a letter for a zero. Four digits behind it are a PIN.
func (b besideAmounts) mistyped(text string) bool {
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
	return word != "" && !b.is(besidePIN, word) && !b.money(word)
}
