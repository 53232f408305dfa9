package conversation

import (
	"slices"
	"strings"
	"unicode"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

// purchase is what follows a top-up keyword, as far as it can be read.
type purchase struct {
	Amount  prepaid.Money // zero: none was typed
	PIN     prepaid.Secret
	BadPIN  bool // digits stand where the PIN belongs, but not four
	Unclear bool // another number besides, or an amount that is none
	Extra   bool // it is unclear since a number follows that may be another amount
}

// complete reports whether nothing need be asked.
func (p purchase) complete() bool {
	return !p.Amount.Zero() && !p.PIN.Empty() && !p.BadPIN && !p.Unclear
}

// readPurchase reads "10 1234" as customers type it: "€10", "10,-", "10.00", "10 euro", "eur 10 pin 1234",
// "10,1234", with a signature behind it. The amount comes first; four digits alone are the PIN, unless the brand sells that
// amount. A number behind the PIN is another amount, or who knows what, unless words stand before it: then it is if the brand
// sells it, and else part of a signature, as is all that follows a dash.
func readPurchase(text string, b *prepaid.Brand) purchase {
	p := purchase{Unclear: otherMoney(text, b.Currency) || mistyped(text)}
	if p.Unclear {
		return p
	}
	amountSeen, pinEnd := false, 0
	var behind tail
	for _, n := range numbersAt(text) {
		if pinEnd > 0 { // each piece once: a text may hold thousands of numbers
			behind.add(text[pinEnd:n.start])
			pinEnd = n.end
		}
		token := n.text
		plain := strings.Trim(token, "0123456789") == ""
		switch {
		case !amountSeen && len(token) == 4 && plain && p.PIN.Empty() && !moreNumbers(text, token) && !sells(b, token):
			p.PIN = prepaid.NewSecret(token)
		case !amountSeen:
			m, err := prepaid.ParseMoney(token, b.Currency)
			if err != nil {
				p.Unclear = true
				return p
			}
			p.Amount, amountSeen = m, true
		case p.PIN.Empty() && !p.BadPIN && plain && len(token) == 4:
			p.PIN, pinEnd = prepaid.NewSecret(token), n.end
		case p.PIN.Empty() && !p.BadPIN && plain:
			p.BadPIN = true
		case len(token) >= 6:
			p.Unclear = true // another phone's number? nobody's credit is bought for a guess
		case p.BadPIN && plain && len(token) == 4, pinEnd > 0 && !behind.signed && (!behind.words || sells(b, token)):
			p.Unclear, p.Extra = true, true
		}
	}
	return p
}

// tail is what stands behind the PIN, up to a number: words other than currencies', or a dash before a signature.
type tail struct{ words, signed bool }

func (t *tail) add(text string) {
	t.signed = t.signed || strings.Contains(text, "--") || strings.ContainsAny(text, "–—")
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r) })
	t.words = t.words || slices.ContainsFunc(words, func(w string) bool { return currencyWords[w] == "" })
}

func moreNumbers(text, than string) bool {
	n := numbers(text)
	return len(n) > 1 || n[0] != than
}

// numbers lists the runs of digits of a text, each with the decimals that belong to it: "10", "10.00", "1234".
// A comma or point with other than one or two digits behind it parts two numbers.
func numbers(text string) []string {
	var out []string
	for _, n := range numbersAt(text) {
		out = append(out, n.text)
	}
	return out
}

// number is one of numbers, and where in the text it begins and ends.
type number struct {
	text       string
	start, end int
}

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

func sells(b *prepaid.Brand, token string) bool {
	m, err := prepaid.ParseMoney(token, b.Currency)
	return err == nil && topup.CheckAmount(b, m) == nil
}

// readPIN reads four digits, with spaces, dashes or quotes about them, and nothing else.
func readPIN(text string) (prepaid.Secret, bool) {
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

// mayHoldPIN reports whether there may be a PIN or a one-time code in a text, which need not have been read as one: the
// amount beside it is wrong, or the customer has opted out. It is a number of four to six digits. A phone number that is
// typed in groups is none.
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
