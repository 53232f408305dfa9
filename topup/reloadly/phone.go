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
		m, err = prepaid.ParseMSISDN("+"+strings.TrimLeft(string(p.Number), "+ "), country)
	}
	return m, err
}
