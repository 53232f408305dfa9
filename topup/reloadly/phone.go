package reloadly

import (
	"errors"
	"strings"

	"pulsa/prepaid"
)

// MSISDN is the number as Reloadly reads it: national, or international with or without the plus. Reloadly's own client for
// Node puts a plus before whatever it is given, so "+0612345678" is national too. Errors as of prepaid.ParseMSISDN.
func (p Phone) MSISDN() (prepaid.MSISDN, error) {
	country := strings.ToUpper(string(p.CountryCode))
	m, err := prepaid.ParseMSISDN(string(p.Number), country)
	if !errors.Is(err, prepaid.ErrNotANumber) {
		return m, err
	}
	digits, _ := prepaid.PhoneDigits(string(p.Number))
	if digits, withPlus := strings.CutPrefix(digits, "+"); withPlus {
		return prepaid.ParseMSISDN(digits, country)
	}
	return prepaid.ParseMSISDN("+"+digits, country)
}
