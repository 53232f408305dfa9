package reloadly

import (
	"strings"

	"pulsa/prepaid"
)

// MSISDN is the number as Reloadly reads it: national, or international with or without the plus. Errors as of
// prepaid.ParseMSISDN.
func (p Phone) MSISDN() (prepaid.MSISDN, error) {
	country := strings.ToUpper(string(p.CountryCode))
	m, err := prepaid.ParseMSISDN(string(p.Number), country)
	if err != nil {
		digits, _ := prepaid.PhoneDigits(string(p.Number))
		m, err = prepaid.ParseMSISDN("+"+strings.TrimPrefix(digits, "+"), country)
	}
	return m, err
}
