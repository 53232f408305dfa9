package prepaid

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 code: "EUR".
type Currency string

// decimalsOther lists the currencies of ISO 4217 that do not have two decimals.
var decimalsOther = map[Currency]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}

// Decimals is how many digits follow the point: EUR 2, JPY 0, KWD 3.
func (c Currency) Decimals() int {
	if n, ok := decimalsOther[c]; ok {
		return n
	}
	return 2
}

// Valid reports whether c looks like an ISO 4217 code: three capital letters.
func (c Currency) Valid() bool {
	if len(c) != 3 {
		return false
	}
	for _, r := range c {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return true
}

// Money is an exact amount in the currency's minor unit: {1000, "EUR"} is ten euros.
type Money struct {
	Minor    int64
	Currency Currency
}

// Why a text is no amount.
var (
	ErrNotMoney        = errors.New("not an amount of money")
	ErrTooManyDecimals = errors.New("more decimals than the currency has")
	ErrOverflow        = errors.New("amount too large")
)

// ParseMoney reads a plain decimal number in c: "10", "10.5", "10.00". It returns ErrNotMoney (also for
// a sign or an exponent), ErrTooManyDecimals or ErrOverflow. What customers type goes through
// conversation's reader first, which knows "€10" and "10,-".
func ParseMoney(text string, c Currency) (Money, error) {
	whole, fraction, point := strings.Cut(text, ".")
	if whole == "" || (point && fraction == "") || !digits(whole) || !digits(fraction) {
		return Money{}, ErrNotMoney
	}
	decimals := c.Decimals()
	if len(fraction) > decimals {
		if strings.Trim(fraction[decimals:], "0") != "" {
			return Money{}, ErrTooManyDecimals
		}
		fraction = fraction[:decimals]
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil {
		return Money{}, ErrOverflow
	}
	return Money{minor, c}, nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// Number shows the amount without its currency: "10.00".
func (m Money) Number() string {
	decimals := m.Currency.Decimals()
	sign, minor := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, minor = "-", uint64(-(m.Minor+1))+1 // math.MinInt64 has no positive twin
	}
	text := strconv.FormatUint(minor, 10)
	if decimals == 0 {
		return sign + text
	}
	for len(text) <= decimals {
		text = "0" + text
	}
	return sign + text[:len(text)-decimals] + "." + text[len(text)-decimals:]
}

// Typed shows the amount as a customer would type it: "10", "7.50".
func (m Money) Typed() string {
	whole, fraction, _ := strings.Cut(m.Number(), ".")
	if strings.Trim(fraction, "0") == "" {
		return whole
	}
	return whole + "." + fraction
}

// String shows the amount the same in every language, in plain GSM-7: "EUR 10.00".
func (m Money) String() string { return string(m.Currency) + " " + m.Number() }

// Neg is the amount taken away.
func (m Money) Neg() Money { return Money{-m.Minor, m.Currency} }

// Zero reports whether the amount is nothing.
func (m Money) Zero() bool { return m.Minor == 0 }

// Add returns m + n. It fails where the currencies differ or the sum overflows.
func (m Money) Add(n Money) (Money, error) {
	if m.Currency != n.Currency {
		return Money{}, fmt.Errorf("add %s to %s: currencies differ", n.Currency, m.Currency)
	}
	if (n.Minor > 0 && m.Minor > math.MaxInt64-n.Minor) || (n.Minor < 0 && m.Minor < math.MinInt64-n.Minor) {
		return Money{}, ErrOverflow
	}
	return Money{m.Minor + n.Minor, m.Currency}, nil
}
