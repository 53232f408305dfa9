package conversation

import (
	"slices"
	"strings"

	"pulsa/cards"
	"pulsa/prepaid"
)

// number is a run of digits with the decimals that belong to it, "10", "10.00", "1234", and where in the text it begins and
// ends.
type number struct {
	text       string
	start, end int
}

func (n number) plain() bool { return !strings.Contains(n.text, ".") }

func (n number) isPIN() bool { return n.plain() && len(n.text) == 4 }

// isLong reports whether a number may be a phone's, or the last part of one.
func (n number) isLong() bool { return len(n.text) >= 6 }

// isGroup reports whether a number behind another may be its last three digits: "500 000".
func (n number) isGroup() bool { return n.plain() && len(n.text) == 3 }

// numbersAt lists the numbers of a text. A comma or point with one or two digits behind it begins decimals; any other separates
// two numbers.
func numbersAt(text string) []number {
	var out []number
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		start := i
		i = digitsEnd(text, i)
		if i+1 < len(text) && (text[i] == '.' || text[i] == ',') {
			if end := digitsEnd(text, i+1); end-i-1 == 1 || end-i-1 == 2 {
				out = append(out, number{text[start:i] + "." + text[i+1:end], start, end})
				i = end
				continue
			}
		}
		out = append(out, number{text[start:i], start, i})
	}
	return out
}

func digitsEnd(text string, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// readPIN reads four digits, however they are grouped, behind words that announce a PIN or none: "4821", "48-21", "PIN: 4821". "20.00" is
// an amount.
func (b besideAmounts) readPIN(text string) (prepaid.Secret, bool) {
	text = b.withoutPINWords(tidy(text))
	if found := numbersAt(text); len(found) == 1 && !found[0].plain() {
		return prepaid.Secret{}, false
	}
	return readCode(text, 4, 4)
}

// withoutPINWords takes the words off that stand before a PIN: "MY PIN IS 4821".
func (b besideAmounts) withoutPINWords(text string) string {
	at := codeStart(text)
	if at <= 0 || slices.ContainsFunc(wordsOf(text[:at]), func(w string) bool { return !b.is(besidePIN, w) }) {
		return text
	}
	return text[at:]
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
