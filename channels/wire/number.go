package wire

import (
	"strings"

	"pulsa/prepaid"
)

// Numbers says how a gateway writes customers' numbers.
type Numbers string

// The ways to write numbers.
const (
	International Numbers = "international" // with the country's code
	National      Numbers = "national"      // as they are dialled within the country, mostly
)

// Read reads a customer's number: "+31612345678", "31612345678", "0031612345678", or as within the country where it begins
// with a single 0 or all numbers come so. ok is false for what is no phone's.
func (n Numbers) Read(from, country string) (m prepaid.MSISDN, ok bool) {
	digits, ok := prepaid.PhoneDigits(from)
	if !ok {
		return "", false
	}
	switch {
	case strings.HasPrefix(digits, "00"):
		digits = "+" + digits[2:]
	case n == National && !strings.HasPrefix(digits, "+"), strings.HasPrefix(digits, "0"):
		if m, err := prepaid.ParseMSISDN(digits, country); err == nil {
			return m, true
		}
	}
	m, err := prepaid.ParseE164("+" + strings.TrimPrefix(digits, "+"))
	return m, err == nil
}
