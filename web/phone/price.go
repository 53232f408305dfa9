package phone

import (
	"strconv"
	"strings"

	"pulsa/prepaid"
)

// price is what one SMS segment costs, in ten-thousandths of the brand's currency: providers bill in
// fractions of a cent.
type price int64

const (
	// usualPrice is 0.08, about what a Dutch SMS costs.
	usualPrice price = 800
	highPrice  price = 100 * pricePart
	pricePart        = 10000
)

// readPrice reads "0.08" or "0,08", with four decimals at most; nothing is the usual price.
func readPrice(text string) (price, bool) {
	text = strings.Replace(strings.TrimSpace(text), ",", ".", 1)
	if text == "" {
		return usualPrice, true
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if len(whole) > 4 || len(fraction) > 4 || strings.Trim(whole+fraction, "0123456789") != "" || whole+fraction == "" {
		return usualPrice, false
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", 4-len(fraction)), 10, 64)
	if err != nil || price(n) > highPrice {
		return usualPrice, false
	}
	return price(n), true
}

// number shows the price with the decimals it needs, and as many as said: "0.08", "0.075".
func (p price) number(decimals int) string {
	fraction := strconv.FormatInt(pricePart+int64(p)%pricePart, 10)[1:]
	for len(fraction) > decimals && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	whole := strconv.FormatInt(int64(p)/pricePart, 10)
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// in shows the price as money: "EUR 0.08".
func (p price) in(c prepaid.Currency) string { return string(c) + " " + p.number(c.Decimals()) }
