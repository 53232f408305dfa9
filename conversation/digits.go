package conversation

import (
	"slices"
	"strings"

	"pulsa/cards"
	"pulsa/prepaid"
)

// number is a run of digits, and where in the text it begins and ends.
type number struct {
	text       string
	start, end int
}

func (n number) isPIN() bool { return len(n.text) == 4 }

// isLong reports whether a number may be a phone's, or the last part of one.
func (n number) isLong() bool { return len(n.text) >= 6 }

// numbersAt lists the runs of digits of a tidy text.
func numbersAt(text string) []number {
	var out []number
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		out = append(out, number{text[start:i], start, i})
	}
	return out
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// readPIN reads four digits, however they are grouped, and nothing else. "20.00" is an amount.
func readPIN(text string) (prepaid.Secret, bool) {
	if whole, rest, ok := cutAny(tidy(text), ".,"); ok && strings.Trim(whole+rest, "0123456789") == "" && rest != "" {
		return prepaid.Secret{}, false
	}
	return readCode(text, 4, 4)
}

// cutAny cuts a text at the first of some signs.
func cutAny(text, signs string) (before, after string, found bool) {
	if i := strings.IndexAny(text, signs); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// codeStart finds where the first word with a digit begins its code, whose first letters may be meant for digits: "CODE O123"; -1
// where there is no digit.
func codeStart(text string) int {
	at := strings.IndexAny(text, "0123456789")
	if at <= 0 {
		return at
	}
	word := text[strings.LastIndexByte(text[:at], ' ')+1 : at]
	if strings.Trim(word, "OIL") == "" {
		at -= len(word)
	}
	return at
}

// readCode reads a code of between least and most digits: see prepaid.Code.
func readCode(text string, least, most int) (prepaid.Secret, bool) {
	code, ok := prepaid.Code(text)
	if !ok || len(code) < least || len(code) > most {
		return prepaid.Secret{}, false
	}
	return prepaid.NewSecret(code), true
}

// looksLikePaymentCard reports whether a text holds nothing but a number that a bank card could have.
func looksLikePaymentCard(text string) bool {
	number, ok := readCode(text, 13, 19)
	return ok && cards.Luhn(number.Reveal())
}

// mayHoldPIN reports whether a text holds a number of four to six digits, which may be a PIN or a one-time code even where it was
// not read as one, because the amount beside it was wrong or the customer has opted out. The groups of a phone number do not
// count.
func mayHoldPIN(text, country string) bool {
	text = tidy(text)
	if _, err := prepaid.ParseMSISDN(text, country); err == nil {
		return false
	}
	isCode := func(text string) bool {
		_, ok := readCode(text, 4, 6)
		return ok
	}
	isOther := func(r rune) bool { return r < '0' || r > '9' }
	return isCode(text) || slices.ContainsFunc(strings.Fields(text), isCode) || slices.ContainsFunc(strings.FieldsFunc(text, isOther), isCode)
}
