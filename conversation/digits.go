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

// readPIN reads four digits, with spaces, dashes or quotes about them, and nothing else. "20.00" is an amount.
func readPIN(text string) (prepaid.Secret, bool) {
	if found := numbersAt(tidy(text)); len(found) == 1 && !found[0].plain() {
		return prepaid.Secret{}, false
	}
	return readDigits(text, 4, 4)
}

// readDigits reads between least and most digits; spaces, dashes and dots among them are ignored.
func readDigits(text string, least, most int) (prepaid.Secret, bool) {
	digits := squeeze(tidy(text))
	if len(digits) < least || len(digits) > most || strings.Trim(digits, "0123456789") != "" {
		return prepaid.Secret{}, false
	}
	return prepaid.NewSecret(digits), true
}

func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if isSeparator(r) {
			return -1
		}
		return r
	}, text)
}

// isSeparator reports whether a rune may stand among the digits of one number.
func isSeparator(r rune) bool { return strings.ContainsRune(" -.–—\u2011", r) }

// looksLikePaymentCard reports whether a text holds nothing but a number that a bank card could have.
func looksLikePaymentCard(text string) bool {
	number, ok := readDigits(text, 13, 19)
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
	return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }), func(number string) bool {
		return len(number) >= 4 && len(number) <= 6
	})
}

// maskDigits replaces every run of four or more digits, spaces and dashes ignored, for transcripts and logs. It finds them in
// the text as it is understood: folded.
func maskDigits(text string) string {
	text = fold(text)
	var out strings.Builder
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			out.WriteByte(text[i])
			i++
			continue
		}
		end, count := i, 0
		for j, r := range text[i:] {
			if r >= '0' && r <= '9' {
				count++
				end = i + j + 1
			} else if !isSeparator(r) {
				break
			}
		}
		if count >= 4 {
			out.WriteString("****")
		} else {
			out.WriteString(text[i:end])
		}
		i = end
	}
	return out.String()
}
