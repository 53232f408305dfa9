package payments

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"pulsa/prepaid"
)

// What is wrong with a text that should be an IBAN.
var (
	ErrNoIBAN      = errors.New("not an IBAN")
	ErrNotSEPA     = errors.New("an IBAN of a country outside SEPA")
	ErrIBANLength  = errors.New("an IBAN of another length than its country's")
	ErrIBANChecked = errors.New("an IBAN whose check digits are wrong")
	ErrIBANs       = errors.New("several IBANs")
)

// IBAN is the number of a bank account that can be debited by SEPA. It is a secret of its owner; what may be shown is
// Display.
type IBAN struct{ prepaid.Secret }

// ibanLengths are those of ISO 13616, for the countries of SEPA. The Channel Islands and the Isle of Man have GB's.
var ibanLengths = map[string]int{
	"AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
	"ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
	"LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15,
	"PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}

// ParseIBAN reads the one IBAN of a text as people type it: in small letters, in groups, with labels, its bank's BIC and names
// around it. beside is what else the text says. Errors: ErrNoIBAN, ErrNotSEPA, ErrIBANLength, ErrIBANChecked, ErrIBANs.
func ParseIBAN(text string) (iban IBAN, beside string, err error) {
	text = prepaid.Fold(text)
	best, number := error(ErrNoIBAN), ""
	for at := 0; at < len(text); {
		found, in, err := nextIBAN(text, at)
		switch {
		case err == nil && number != "" && number != found:
			return IBAN{}, "", ErrIBANs
		case err == nil && number == "":
			number, beside = found, text[:in.start]+" "+text[in.end:]
		case err == nil:
			beside = strings.Replace(beside, text[in.start:in.end], " ", 1)
		case errors.Is(best, ErrNoIBAN) && err != nil:
			best = err
		}
		at = in.end
	}
	switch {
	case number == "":
		return IBAN{}, "", best
	case hasOddNumber(beside):
		return IBAN{}, "", ErrIBANLength // a group too many, or another account
	}
	return IBAN{prepaid.NewSecret(number)}, beside, nil
}

// place is a part of a text.
type place struct{ start, end int }

// nextIBAN looks for an IBAN from a place in a text on, and for where to go on behind it.
func nextIBAN(text string, at int) (number string, in place, err error) {
	for start := at; start < len(text); start++ {
		if !alphanumericAt(text, start) || alphanumericAt(text, start-1) && !strings.EqualFold(text[max(at, start-4):start], "IBAN") {
			continue
		}
		if !beginsIBAN(text, start) {
			continue
		}
		if number, end, err := ibanAt(text, start); !errors.Is(err, ErrNoIBAN) {
			return number, place{start, end}, err
		}
	}
	return "", place{len(text), len(text)}, ErrNoIBAN
}

// ibanAt reads the IBAN that begins at a place in a text, and where it ends.
func ibanAt(text string, at int) (number string, end int, err error) {
	var found strings.Builder
	length := longestIBAN
	for end = at; end < len(text) && found.Len() < length; end++ {
		switch c := text[end]; {
		case alphanumericAt(text, end):
			if isLetter(c) {
				c &^= 0x20 // a capital
			}
			found.WriteByte(c)
		case !maySeparate(c):
			return whyNoIBAN(found.String(), end)
		}
		if number = found.String(); len(number) == 4 {
			if !letters(number[:2]) || !digits(number[2:]) {
				return "", at, ErrNoIBAN
			}
			if known := ibanLengths[number[:2]]; known > 0 {
				length = known
			}
		}
	}
	if number = found.String(); len(number) == length && length != longestIBAN && mod97(number[4:]+number[:4]) == 1 && !alphanumericAt(text, end) {
		return number, end, nil
	}
	for alphanumericAt(text, end) {
		found.WriteByte(text[end])
		end++
	}
	return whyNoIBAN(strings.ToUpper(found.String()), end)
}

// longestIBAN is what ISO 13616 allows.
const longestIBAN = 34

// whyNoIBAN says what is wrong with a text that begins like an IBAN.
func whyNoIBAN(number string, end int) (string, int, error) {
	if len(number) < 5 || !letters(number[:2]) || !digits(number[2:4]) {
		return "", end, ErrNoIBAN
	}
	length, sepa := ibanLengths[number[:2]]
	switch {
	case !sepa && len(number) <= longestIBAN && mod97(number[4:]+number[:4]) == 1:
		return "", end, ErrNotSEPA
	case !sepa:
		return "", end, ErrNoIBAN
	case len(number) != length:
		return "", end, ErrIBANLength
	}
	return "", end, ErrIBANChecked
}

func alphanumericAt(text string, at int) bool {
	return at >= 0 && at < len(text) && (text[at] >= 0x80 || isLetter(text[at]) || isDigit(text[at]))
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// maySeparate reports whether a sign may stand between the groups of an IBAN.
func maySeparate(c byte) bool { return strings.IndexByte(" -.,/'_:\n\r\t", c) >= 0 }

// beginsIBAN reports whether two letters and two digits stand at a place in a text. Every message is asked this.
func beginsIBAN(text string, at int) bool {
	for n := 0; at < len(text); at++ {
		switch c := text[at]; {
		case n < 2 && isLetter(c), n >= 2 && isDigit(c):
			if n++; n == 4 {
				return true
			}
		case n == 0 || !maySeparate(c):
			return false
		}
	}
	return false
}

// hasOddNumber reports whether a text holds digits that are no part of a BIC.
func hasOddNumber(text string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return r == ':' || prepaid.IsSeparator(r) }), func(word string) bool {
		return strings.ContainsAny(word, "0123456789") && !isBIC(strings.ToUpper(word))
	})
}

// isBIC reports whether a word in capitals has the form of ISO 9362: "ABNANL2A", "DEUTDEFF500".
func isBIC(word string) bool {
	return (len(word) == 8 || len(word) == 11) && letters(word[:6]) && alphanumeric(word)
}

// Beside an IBAN: what stands before its holder's name.
var holderLabel = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:t\s*\.?\s*n\s*\.?\s*v\.?|ten\s+name\s+van|(?:in\s+the\s+)?name\s+of|(?:account\s*)?holder|(?:rekening)?houder|naam|name)(?:[\s:.]+|$)(.*)$`)

// HolderBeside finds the holder's name in what stands beside an IBAN; "" where no word says that one follows.
func HolderBeside(text string) string {
	m := holderLabel.FindStringSubmatch(strings.Join(strings.Fields(text), " "))
	if m == nil {
		return ""
	}
	var name []string
	for word := range strings.FieldsSeq(m[1]) {
		plain := strings.ToUpper(strings.Trim(word, ".,:;()"))
		if plain == "BIC" || plain == "SWIFT" || plain == "IBAN" || isBIC(plain) && strings.ContainsAny(plain, "0123456789") || isBIC(plain) && plain == strings.Trim(word, ".,:;()") {
			break
		}
		name = append(name, word)
	}
	return strings.Trim(strings.Join(name, " "), " ,;:()")
}

// Display is what may be shown: "NL** **** 4300".
func (i IBAN) Display() string {
	number := i.Reveal()
	if number == "" {
		return ""
	}
	return number[:2] + "** **** " + number[len(number)-4:]
}

// CheckCreditorID says what is wrong with a SEPA creditor identifier: "DE98ZZZ09999999999". Its letters 5 to 7 are
// the creditor's own and not checked.
func CheckCreditorID(id string) error {
	switch _, sepa := ibanLengths[id[:min(2, len(id))]]; {
	case len(id) < 8 || len(id) > 35 || !alphanumeric(id) || !digits(id[2:4]):
		return errors.New("is not of the form DE98ZZZ09999999999")
	case !sepa:
		return errors.New("is of a country outside SEPA")
	case mod97(id[7:]+id[:4]) != 1:
		return errors.New("has wrong check digits: it is mistyped")
	}
	return nil
}

func letters(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }
func digits(s string) bool  { return strings.Trim(s, "0123456789") == "" }
func alphanumeric(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// mod97 is ISO 7064's check of digits and letters, in which A is 10 and Z is 35: it is 1 where they are right.
func mod97(s string) int {
	rest := 0
	for i := range len(s) {
		if c := s[i]; c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}
