package payments

import (
	"errors"
	"strings"

	"pulsa/prepaid"
)

// What is wrong with a text that should be an IBAN.
var (
	ErrNoIBAN      = errors.New("not an IBAN")
	ErrNotSEPA     = errors.New("an IBAN of a country outside SEPA")
	ErrIBANLength  = errors.New("an IBAN of another length than its country's")
	ErrIBANChecked = errors.New("an IBAN whose check digits are wrong")
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

// ParseIBAN reads an IBAN as people type it: in small letters, in groups, with the word IBAN before it. Errors:
// ErrNoIBAN, ErrNotSEPA, ErrIBANLength, ErrIBANChecked.
func ParseIBAN(text string) (IBAN, error) {
	number := strings.TrimPrefix(compact(text), "IBAN")
	if len(number) < 5 || len(number) > 34 || !letters(number[:2]) || !digits(number[2:4]) || !alphanumeric(number) {
		return IBAN{}, ErrNoIBAN
	}
	length, sepa := ibanLengths[number[:2]]
	switch {
	case !sepa && mod97(number[4:]+number[:4]) == 1:
		return IBAN{}, ErrNotSEPA
	case !sepa:
		return IBAN{}, ErrNoIBAN
	case len(number) != length:
		return IBAN{}, ErrIBANLength
	case mod97(number[4:]+number[:4]) != 1:
		return IBAN{}, ErrIBANChecked
	}
	return IBAN{prepaid.NewSecret(number)}, nil
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

// compact drops what people put between groups, and makes letters capital.
func compact(text string) string {
	return strings.ToUpper(strings.ReplaceAll(prepaid.Compact(text), ":", ""))
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
